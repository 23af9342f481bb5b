#!/bin/bash
# Has Spin look at everything that the model can do: that nothing wrong ever happens, and that what must happen does.
# usage: run.sh [--long] [CHECK...]    CHECK: a name of the table below; `all` only runs by its name
#        run.sh --in DIR CHECK...      the same with the model of another folder, without a word but the result
# Prints the states that were stored and the depth that was reached. Ends with 1 on an error or when not everything was looked at,
# with 77 (skipped) without Spin.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
model=$root
memory_mb=${MODEL_MEMORY:-6000}

# name | when | sizes | what must happen; without it: nothing wrong may
checks() {
    cat <<'TABLE'
devices | short | CALLEES=2 CUTS=0 CRASHES=0 QUITS=1 |
returns | short | CALLEES=1 CUTS=1 CRASHES=0 MORTAL=1 |
crash   | short | CALLEES=1 CUTS=0 CRASHES=1 |
away    | short | CALLEES=1 CUTS=1 CRASHES=0 MORTAL=1 ENDLESS=1 | ring away
stored  | short | CALLEES=1 CUTS=0 CRASHES=1 | stored written answered
told    | long  | CALLEES=1 CUTS=0 CRASHES=1 | phone caller
both    | long  | CALLEES=1 CUTS=1 CRASHES=1 QUITS=1 MORTAL=1 |
drops   | long  | CALLEES=1 CUTS=2 CRASHES=0 QUITS=1 |
crashes | long  | CALLEES=1 CUTS=0 CRASHES=2 |
sibling-returns | long | CALLEES=2 CUTS=1 CRASHES=0 |
sibling-crash   | long | CALLEES=2 CUTS=0 CRASHES=1 |
live-siblings   | long | CALLEES=2 CUTS=0 CRASHES=0 | ring phone
live-drops      | long | CALLEES=1 CUTS=2 CRASHES=0 MORTAL=1 ENDLESS=1 | ring phone away
live-both       | long | CALLEES=1 CUTS=1 CRASHES=1 | stored phone
all     | hand  | CALLEES=2 CUTS=1 CRASHES=1 FINGERPRINTS=1 |
TABLE
}

command -v spin >/dev/null || { echo "run.sh: skipped: spin is not installed" && exit 77; }

is_long='' is_quiet=''
while [ $# -gt 0 ]; do
    case "$1" in
    --long) is_long=yes ;;
    --in) model=$2 is_quiet=yes && shift ;;
    -*) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    *) break ;;
    esac
    shift
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# generate SIZES CLAIMS: makes Spin's verifier of this size.
generate() {
    local size defines=() flags=(-DSAFETY -DNOFAIR) states=-DCOLLAPSE
    for size in $1; do defines+=("-D$size"); done
    [[ $1 != *FINGERPRINTS=1* ]] || states=-DHC4
    if [ -n "$2" ]; then
        defines+=(-DLIVENESS)
        flags=(-DNFAIR=4)
    fi
    spin -a "${defines[@]}" -o3 call.pml >spin.log || { cat spin.log && return 1; }
    gcc -w "${MODEL_CFLAGS:--O1}" "${flags[@]}" "$states" -DVECTORSZ=1024 "-DMEMLIM=$memory_mb" -o pan pan.c
}

# verify CLAIM: looks at all of it, and sees to it that it was all.
verify() {
    local options=(-m1000000 -w22)
    [ -z "$1" ] || options+=(-a -f -N "$1")
    ./pan "${options[@]}" >pan.log 2>&1 || return 1
    ! grep -qE 'Search not completed|max search depth too small|out of memory|error:' pan.log && grep -q 'errors: 0$' pan.log
}

value() { sed -nE "s/$1/\1/p" pan.log | head -n 1; }

# What was wrong, in one line, and how it came to that.
explain() { # SIZES CLAIM
    local size defines=()
    sed -nE 's/^pan:[0-9]*: (.*) \(at depth.*/\1/p' pan.log | cut -c 1-90 | head -n 1 >found
    [ -z "$is_quiet" ] || return 0
    cat pan.log
    for size in $1 ${2:+LIVENESS}; do defines+=("-D$size"); done
    [ ! -e call.pml.trail ] || spin "${defines[@]}" -t -p -k call.pml.trail call.pml 2>&1 | tail -n 60
}

run_claim() { # NAME SIZES CLAIM
    if verify "$3"; then
        [ -n "$is_quiet" ] || printf 'model: %-15s %9s states, depth %4s, %6s s: %s (%s)\n' "$1" "$(value ' *([0-9]+) states, stored.*')" \
            "$(value '.*depth reached ([0-9]+),.*')" "$(value 'pan: elapsed time ([0-9.]+) .*')" "${3:-nothing wrong}" "$2"
        return
    fi
    [ -n "$is_quiet" ] || echo "--- $1: ${3:-something wrong} ($2)"
    explain "$2" "$3"
    return 1
}

# Counts in passed and failed, one each claim.
run_check() { # NAME SIZES CLAIMS
    local claim
    mkdir "$work/$1"
    cd "$work/$1"
    cp "$model"/*.pml .
    if ! generate "$2" "$3"; then
        echo 'it is no model' >found
        failed=$((failed + 1))
        return
    fi
    [ -n "$3" ] || set -- "$1" "$2" safety
    for claim in $3; do
        if run_claim "$1" "$2" "${claim#safety}"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            [ -z "$is_quiet" ] || { echo "$1${claim:+, $claim}: $(cat found)" && exit 1; }
        fi
    done
}

passed=0 failed=0
while IFS='|' read -r name when sizes claims; do
    read -r name <<<"$name"
    read -r when <<<"$when"
    read -r sizes <<<"$sizes"
    read -r claims <<<"$claims" || true
    if [ $# -gt 0 ]; then
        [[ " $* " == *" $name "* ]] || continue
    elif [ "$when" = hand ] || { [ "$when" = long ] && [ -z "$is_long" ]; }; then
        continue
    fi
    run_check "$name" "$sizes" "$claims"
done < <(checks)
[ -n "$is_quiet" ] || echo "model: $passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
