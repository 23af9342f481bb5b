#!/bin/sh
# Fails when SQL could be made of data: a file that hands text to SQLite makes no text, and no text is handed over elsewhere.
# Values go into a statement by sqlite3_bind_*() alone. Run by `make check`, or by hand: tests/check-sql.sh [SOURCE_TREE].
set -u
LC_ALL=C
export LC_ALL

source_tree=${1:-${srcdir:-.}}
failures=0

complain() {
    echo "$1"
    failures=$((failures + 1))
}

cd "$source_tree" || exit 99
takers=$(grep -lE 'sqlite3_(exec|prepare|prepare_v[23]|prepare16[_v23]*|get_table)[[:space:]]*\(' -r src plugins)
[ -n "$takers" ] || complain "nobody hands SQL to SQLite: what is this looking at?"

for file in $takers src/store/sqlite_sql.c; do
    case $file in
    src/store/sqlite*.c) ;;
    *) complain "$file: SQL belongs into src/store/sqlite*.c" ;;
    esac
    # The texts of errors are made with g_set_error(), and nothing else.
    made=$(grep -nE '(printf|g_strconcat|g_strjoin|g_string_|GString|strn?cat|stpcpy|memcpy)' "$file")
    [ -z "$made" ] || complain "$file: makes text, and hands text to SQLite:
$made"
done

anywhere=$(grep -rnE 'sqlite3_(v?mprintf|v?snprintf|str_)' src plugins)
[ -z "$anywhere" ] || complain "SQLite's own printf is for SQL:
$anywhere"

[ "$failures" -eq 0 ] && echo "no SQL is made of data in: $(echo "$takers" | tr '\n' ' ')"
[ "$failures" -eq 0 ]
