#!/bin/sh
# Fails unless the plugin exports exactly one symbol, `create`: Janus loads plugins with RTLD_GLOBAL, so any other name
# could take the place of another plugin's. Run by `make check`, or by hand: tests/check-exports.sh [PLUGIN].
set -u
LC_ALL=C
export LC_ALL

plugin=${1:-.libs/libjanus_call.so}
nm=${NM:-nm}

[ -f "$plugin" ] || { echo "there is no $plugin"; exit 1; }
# shellcheck disable=SC2086 # libtool's NM has an option of its own
names=$($nm -D -P --defined-only "$plugin") || { echo "$nm $plugin failed"; exit 1; }
# A build with sanitizers or coverage has names of theirs.
exported=$(printf '%s\n' "$names" | awk '{ print $1 }' |
    grep -vE '^_*(asan|odr_asan|ubsan|tsan|sanitizer|sancov|gcov|llvm)_|^__(odr_asan|start|stop)' | sort | tr '\n' ' ')
if [ "$exported" != "create " ]; then
    echo "$plugin exports: ${exported:-nothing}"
    echo "it must export: create"
    exit 1
fi
echo "$plugin exports create and nothing else"
