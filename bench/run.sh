#!/bin/bash
# Measures the plugin beside its peers on this machine, and makes bench/REPORT.md and its plots of it. Takes about twelve minutes;
# nothing else should run meanwhile.
#   bench/run.sh [--rounds N] [--only PART,...] [--peers NAME,...]
#   bench/run.sh --quick      every part for a moment, into a temporary folder: is the machinery well?
# What it needs: scripts/setup.sh bench, and a build in build/ (or BENCH_BUILD).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
. scripts/common.sh
export BENCH_BUILD=${BENCH_BUILD:-$root/build}

[ -f "$BENCH_BUILD/Makefile" ] || { echo "run.sh: no build in $BENCH_BUILD (CONTRIBUTING.md)" >&2 && exit 2; }
export CALL_PLUGIN=$BENCH_BUILD/.libs/libjanus_call.so

programs=(libjanus_call.la bench/load/load bench/peers/forward/libjanus_forward.la)
for name in relay raw_store; do [ ! -f "bench/$name.c" ] || programs+=("bench/$name"); done
make -C "$BENCH_BUILD" -s "${programs[@]}" >"$BENCH_BUILD/bench-build.log" 2>&1 || { cat "$BENCH_BUILD/bench-build.log" >&2 && exit 2; }

# A socket is an open file, at both ends.
ulimit -n "$(ulimit -Hn)"

is_quick=
for argument in "$@"; do [ "$argument" != --quick ] || is_quick=yes; done
results=bench/results
out=bench
# The users' server is built from source for SQLite, which takes minutes; without it, it is left out.
[ -n "$is_quick" ] || [ -d tests/users-server/node_modules/better-sqlite3 ] ||
    (cd tests/users-server && npm ci --include=optional --no-audit --no-fund >&2) || true
if [ -n "$is_quick" ]; then
    out=$(mktemp -d)
    results=$out/results
    trap 'rm -rf "$out"' EXIT
fi
node bench/measure.mjs "$@" --out "$results"
node bench/report.mjs --results "$results" --out "$out"
[ -z "$is_quick" ] || node bench/check_quick.mjs "$results" "$out"
