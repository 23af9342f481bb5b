#!/bin/bash
# A short soak (bench/soak.mjs: every door under load, drops, kills) of a plugin that was built with a sanitizer, in Debian's Janus,
# which was not. Fails on what AddressSanitizer or UndefinedBehaviorSanitizer find at all, and on races that have part in our code.
#   bench/soak_sanitized.sh BUILD SECONDS      BUILD: a build with --enable-sanitizer=address,undefined or =thread
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/common.sh"
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CALL_PLUGIN=$(plugin_of "$build")
export CALL_PLUGIN

if grep -q -e '-fsanitize=thread' "$build/Makefile"; then
    # What orders GLib's and Janus's threads, neither of which it sees into.
    # shellcheck disable=SC2046
    gcc -O1 -g -fPIC -shared -fsanitize=thread $(pkg-config --cflags glib-2.0) "$root/tests/lib/tsan-glib.c" -o "$work/tsan-glib.so" -ldl
    CALL_PRELOAD=$(gcc -print-file-name=libtsan.so):$work/tsan-glib.so
    # What jansson does to a tree is seen, but not that its reference counts are atomic.
    echo called_from_lib:libjansson.so >"$work/suppressions"
    export TSAN_OPTIONS="report_signal_unsafe=0:exitcode=0:log_path=$work/report:suppressions=$work/suppressions"
else
    CALL_PRELOAD=$(gcc -print-file-name=libasan.so)
    # Janus is ended as it is in every test, by a signal, and frees as much as it likes.
    export ASAN_OPTIONS="detect_leaks=0:log_path=$work/report" UBSAN_OPTIONS="print_stacktrace=1:log_path=$work/report"
fi
# GLib's own allocator would hide what they look for.
export CALL_PRELOAD G_SLICE=always-malloc

node "$root/bench/soak.mjs" --seconds "$2" --memory-is-free
for report in "$work"/report*; do
    [ -e "$report" ] || continue
    # Janus's own races are its own.
    if [ -z "${TSAN_OPTIONS-}" ] || grep -q libjanus_call "$report"; then
        cat "$report"
        exit 1
    fi
done
