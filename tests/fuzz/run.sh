#!/bin/bash
# Runs the fuzzers of a build with --enable-fuzzers, two at a time: what was found before, then the seeds and on from there.
#   tests/fuzz/run.sh BUILD SECONDS [FUZZER...]
# FUZZ_WORK is where what it finds goes, and the corpora that grow (default: BUILD/fuzz). Fails when there is a finding.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
seconds=$2
shift 2
work=${FUZZ_WORK:-$build/fuzz}
[ $# -gt 0 ] || set -- request config token plugin engineio socketio sessions

# GLib's own allocator would hide what ASan looks for.
export G_SLICE=always-malloc
export ASAN_OPTIONS=malloc_context_size=10:quarantine_size_mb=32:allocator_may_return_null=1

# run_fuzzer NAME: its log is in the work folder.
run_fuzzer() {
    local name=$1 limits=(-timeout=5 -rss_limit_mb=1500 -max_len=4096 -seed=1 -print_funcs=0 -entropic=0)
    local dict=()

    mkdir -p "$work/$name"
    [ ! -f "$here/$name.dict" ] || dict=("-dict=$here/$name.dict")
    find "$here/regressions/$name" "$here/corpus/$name" -type f -print0 |
        xargs -0 -r "$build/tests/fuzz/fuzz-$name" "${limits[@]}" -artifact_prefix="$work/$name-"
    "$build/tests/fuzz/fuzz-$name" "${limits[@]}" "${dict[@]}" -max_total_time="$seconds" -print_final_stats=1 \
        -artifact_prefix="$work/$name-" "$work/$name" "$here/corpus/$name"
}

# finish NAME STATUS: one line for people.
finish() {
    local log=$work/$1.log executions edges
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    if [ "$2" -ne 0 ]; then
        echo "fuzz: $1: a finding"
        grep -E '^fuzz: |ERROR|SUMMARY|Test unit written|^ +#[0-9]+ ' "$log" | head -n 40
        return 1
    fi
    echo "fuzz: $1: ${executions:-0} executions, ${edges:-0} edges"
    [ "${executions:-0}" -gt 0 ]
}

mkdir -p "$work"
failures=0
while [ $# -gt 0 ]; do
    run_fuzzer "$1" >"$work/$1.log" 2>&1 &
    first=$! second=
    if [ $# -gt 1 ]; then
        run_fuzzer "$2" >"$work/$2.log" 2>&1 &
        second=$!
    fi
    status=0
    wait "$first" || status=$?
    finish "$1" "$status" || failures=$((failures + 1))
    shift
    if [ -n "$second" ]; then
        status=0
        wait "$second" || status=$?
        finish "$1" "$status" || failures=$((failures + 1))
        shift
    fi
done
[ "$failures" -eq 0 ]
