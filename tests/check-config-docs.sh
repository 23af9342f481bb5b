#!/bin/sh
# Fails when the sample configuration or docs/configuration.md differ from the table in src/base/config.c.
set -u

top=${srcdir:-.}
print=${1:-tests/lib/print-config}
failed=0

compare() { # MODE FILE
    if ! "$print" "$1" | diff -u "$top/$2" -; then
        echo "$2 is not what the table says: run make update-docs"
        failed=1
    fi
}

[ -x "$print" ] || { echo "there is no $print"; exit 1; }
compare sample conf/janus.plugin.call.jcfg.sample
compare markdown docs/configuration.md
exit $failed
