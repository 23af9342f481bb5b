#!/bin/bash
# Instructions inside hub_step(), counted by callgrind, for the same script in a world of 100 users and 10 live calls and in one
# of 10,000 and 1,000; then time and memory, which are printed and not judged.
# usage: bench/steps.sh [PROGRAM]   (default: bench/steps of this folder's build)
# Ends with 1 when the large world costs more than 1.1 times the small one, with 77 (skipped) without valgrind.
set -euo pipefail

program=${1:-bench/steps}
most=1.10

[ -x "$program" ] || { echo "steps.sh: there is no $program: make bench/steps" >&2 && exit 2; }
command -v callgrind_annotate >/dev/null || { echo "steps.sh: skipped: valgrind is not installed" && exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "KIND INSTRUCTIONS" for each kind of step; a function may be listed twice, under two spellings of its file's name.
count() { # USERS CALLS
    valgrind --tool=callgrind --callgrind-out-file="$work/out.$1" --toggle-collect=hub_step \
        --separate-callers1=hub_step "$program" run "$1" "$2" >"$work/counts.$1" 2>"$work/log.$1" ||
        { cat "$work/log.$1" >&2 && exit 2; }
    callgrind_annotate --inclusive=yes --threshold=100 --auto=no "$work/out.$1" |
        sed -n -E "s/^ *([0-9,]+) .*:hub_step'step_([a-z]+).*/\2 \1/p" | tr -d , >"$work/instructions.$1"
}

per_step() { # USERS
    awk 'NR == FNR { count[$1] = $2; next }
         $1 in count && !seen[$1]++ { printf "%s %.1f\n", $1, $2 / count[$1]; sum += $2; steps += count[$1] }
         END { printf "all %.1f\n", sum / steps }' "$work/counts.$1" "$work/instructions.$1"
}

count 100 10
count 10000 1000
per_step 100 >"$work/small"
per_step 10000 >"$work/large"

awk -v most="$most" '
    NR == FNR { small[$1] = $2; next }
    FNR == 1 { printf "%-10s %10s %14s %8s\n", "instr/step", "100 users", "10,000 users", "ratio" }
    { ratio = $2 / small[$1]; kinds++; printf "%-10s %10.0f %14.0f %8.3f\n", $1, small[$1], $2, ratio }
    END {
        if (kinds < 9) { print "not ok 1 callgrind saw too few kinds of steps"; exit 2 }
        printf "%s 1 a step in the large world costs %.3f times that in the small one, at most %.2f\n", \
            ratio <= most ? "ok" : "not ok", ratio, most
        exit ratio > most
    }' "$work/small" "$work/large" || status=$?

"$program" time
"$program" memory
exit "${status:-0}"
