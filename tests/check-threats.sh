#!/bin/sh
# Holds the threat model against its tests: each row of the table in SECURITY.md is played by a test in tests/e2e/ whose
# title begins with the row's id, each such test has its row, and each test or file that a row names is there. Run by `make check`,
# or by hand: tests/check-threats.sh [SOURCE_TREE].
set -u
LC_ALL=C
export LC_ALL

source_tree=${1:-${srcdir:-.}}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM
failures=0

complain() {
    echo "$1"
    failures=$((failures + 1))
}

cd "$source_tree" || exit 99
[ -d tests/e2e ] || { echo "a distribution has no end-to-end tests" && exit 77; }
sed -n 's/^| *\(T[0-9][0-9]*\) *|.*/\1/p' SECURITY.md | sort >"$scratch/rows"
sed -n "s/^ *test('\(T[0-9][0-9]*\) .*/\1/p" tests/e2e/*.test.mjs | sort -u >"$scratch/tests"

[ -s "$scratch/rows" ] || complain "SECURITY.md has no threat model"
for id in $(uniq -d "$scratch/rows"); do complain "SECURITY.md: $id is there twice"; done
for id in $(sort -u "$scratch/rows" | comm -23 - "$scratch/tests"); do complain "SECURITY.md: no test plays $id"; done
for id in $(sort -u "$scratch/rows" | comm -13 - "$scratch/tests"); do complain "tests/e2e: $id has no row in SECURITY.md"; done

# What the rows name, in the table's last column and elsewhere on the page.
grep -oE '`(tests|conf|docs)/[A-Za-z0-9_./-]+`' SECURITY.md | tr -d '`' | sort -u >"$scratch/named"
while read -r file; do
    [ -e "$file" ] || complain "SECURITY.md: there is no $file"
done <"$scratch/named"

[ "$failures" -eq 0 ] && echo "$(wc -l <"$scratch/rows") rows, each with its test"
[ "$failures" -eq 0 ]
