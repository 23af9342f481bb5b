#!/bin/sh
# Fails when the transitions of the model in tests/model are not those of src/core/transition.c, or when the model has others than
# these. That it uses each of them, tests/model/test-mutants.sh shows: each row that is changed is noticed.
set -u

top=${srcdir:-.}
print=${1:-tests/lib/print-table}

[ -x "$print" ] || { echo "there is no $print"; exit 1; }
if ! "$print" | diff -u "$top/tests/model/table.pml" -; then
  echo "tests/model/table.pml is not what the table says: run make update-docs"
  exit 1
fi
grep -q '^#include "table.pml"$' "$top/tests/model/call.pml" || { echo "call.pml does not include table.pml"; exit 1; }
# A call's state changes at these places and nowhere else, and there only to what the table says, or to ringing, or to nothing.
others=$(grep -nE '\bst = ' "$top/tests/model/call.pml" | grep -vE '\bst = (to|CALL_RINGING|NO_CALL)\b')
[ -z "$others" ] || { echo "call.pml sets a state past the table: $others"; exit 1; }
