#!/bin/sh
# Fails when docs/states.md differs from the table in src/core/transition.c.
set -u

top=${srcdir:-.}
print=${1:-tests/lib/print-states}

[ -x "$print" ] || { echo "there is no $print"; exit 1; }
if ! "$print" | diff -u "$top/docs/states.md" -; then
  echo "docs/states.md is not what the table says: run make update-docs"
  exit 1
fi
