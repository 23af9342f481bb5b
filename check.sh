#!/bin/bash
# Sets up the machine, builds in every way, runs all tests, and closes with "N passed, N failed".
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: ./check.sh [--long] [SUITE...]
       ./check.sh --coverage
  --long      more repetitions of what is random
  --coverage  only the tests that need no server, and which lines and branches of the core and the wire they reach
  SUITE       only these, of:
USAGE
    printf '    %s\n' "${build_suites[@]}" "${unit_suites[@]}" "${core_suites[@]}" "${alone_suites[@]}"
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"
. scripts/common.sh

# The first ones together, then the second ones together; the last ones, which wait for time, one by one.
build_suites=(build-gcc build-clang)
unit_suites=(unit-asan unit-tsan)
core_suites=(unit-gcc core model php)
alone_suites=(soak bench fuzz e2e e2e-asan client browser)

results=$root/build/check
is_long=${CALL_LONG:-}

# --- what a suite is made of; each runs in a process of its own and ends with `result PASSED FAILED` ---

result() {
    echo "$1 $2" >"$results/$suite.result"
    [ "$2" -eq 0 ]
}

# A suite of one check: the command succeeds or not.
one_check() {
    if "$@"; then result 1 0; else result 0 1; fi
}

# A shell of its own, so that each of its steps has to succeed.
build_with() {
    bash -euc 'configure_and_make "build/check-$0" everything --enable-werror CC="$0"' "$1"
}

# count_make_check DIR STATUS: adds up what `make check` left in a folder, the cases of GLib's tests, and the scripts as one
# each. If it failed although no test did, that is one more failure.
count_make_check() {
    local trs log ok not_ok passed=0 failed=0
    while IFS= read -r trs; do
        log=${trs%.trs}.log
        ok=$(grep -c '^ *ok [0-9]' "$log") || true
        not_ok=$(grep -c '^ *not ok [0-9]' "$log") || true
        if grep -q '^:test-result: PASS' "$trs"; then
            [ "$ok" -gt 0 ] || ok=1
        elif ! grep -q '^:test-result: SKIP' "$trs"; then
            echo "--- ${log#"$root/"}"
            cat "$log"
            [ "$not_ok" -gt 0 ] || not_ok=1
        fi
        passed=$((passed + ok)) failed=$((failed + not_ok))
    done < <(find "$1/tests" -name '*.trs')
    [ "$2" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    [ "$passed" -gt 0 ] || failed=$((failed + 1))
    result "$passed" "$failed"
}

# Runs all unit, scenario, simulation, contract and plugin tests of a build folder.
make_check_in() {
    local status=0
    find "$1/tests" -name '*.trs' -delete
    mkdir -p "$results/tmp"
    TMPDIR=$results/tmp make -C "$1" --no-print-directory -s -j2 check >"$results/$suite.make" 2>&1 || status=$?
    [ "$status" -eq 0 ] || tail -n 30 "$results/$suite.make"
    count_make_check "$1" "$status"
}

make_check_with() {
    (configure_and_make "build/check-$1" all --enable-werror --enable-sanitizer="$2" CFLAGS='-g -O1')
    make_check_in "$root/build/check-$1"
}

# The same in the ordinary build, where the simulation runs all of its schedules.
make_check_plain() {
    [ -z "$is_long" ] || build/check-gcc/tests/simulation/simulate --from 1000000 --count 2000000
    make_check_in "$root/build/check-gcc"
}

# Which lines and branches of src/core and src/wire the tests reach; those of an assertion that never fails count as well.
coverage() {
    local dir=$root/build/check-coverage passed failed
    (configure_and_make build/check-coverage all CFLAGS='-g -O0 --coverage -fprofile-update=atomic')
    find "$dir" -name '*.gcda' -delete
    make_check_in "$dir" || true
    read -r passed failed <"$results/$suite.result"
    if (cd "$dir" && gcovr --root "$root" --filter "$root/src/core/" --filter "$root/src/wire/" --print-summary \
        --fail-under-line 95 --fail-under-branch 90 src 2>/dev/null); then
        result $((passed + 1)) "$failed"
    else
        result "$passed" $((failed + 1))
    fi
}

# What the core is worth, and what its tests are: mutants that must be found, instructions that must not grow.
core_checks() {
    local target passed=0 failed=0
    for target in check-mutants check-steps; do
        if make -C build/check-gcc --no-print-directory -s "$target"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
    result "$passed" "$failed"
}

# The model, one check for each size and property; with --long larger ones, and its mutants.
model() {
    local status=0 passed failed
    tests/model/run.sh ${is_long:+--long} | tee "$results/$suite.out" || status=$?
    read -r passed failed < <(sed -n 's/^model: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$results/$suite.out") ||
        fail "the model did not run to its end (status $status)"
    if [ -n "$is_long" ]; then
        if tests/model/test-mutants.sh; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    fi
    result "$passed" "$failed"
}

# The benchmarks' machinery, for a moment, and what a call costs in the plugin among 100 users and among 10,000.
benchmarks() {
    BENCH_BUILD=$root/build/check-gcc bench/run.sh --quick &&
        make -C build/check-gcc --no-print-directory -s check-plugin-calls
}

# Many calls through the service and the store, then a short one of mixed traffic against Janus: neither memory nor speed may suffer.
# With --long that traffic once more under each sanitizer.
soak() {
    local plugin sanitizer passed=0 failed=0
    plugin=$(plugin_of "$root/build/check-gcc") || fail "there is no plugin in build/check-gcc"
    make -C build/check-gcc --no-print-directory -s bench/soak_calls || fail "bench/soak_calls was not built"
    if build/check-gcc/bench/soak_calls --calls "$1"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    if CALL_PLUGIN=$plugin node bench/soak.mjs --seconds "$2"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    for sanitizer in ${is_long:+asan tsan}; do
        if bench/soak_sanitized.sh "build/check-$sanitizer" 120; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
    result "$passed" "$failed"
}

# The unit tests of the example of a backend.
php_units() {
    local passed failed status=0
    mkdir -p "$results/tmp"
    TMPDIR=$results/tmp phpunit -c examples/laravel/phpunit.xml --log-junit "$results/php.xml" || status=$?
    read -r passed failed < <(php -r '
        $all = simplexml_load_file($argv[1])->testsuite;
        $failed = $all["failures"] + $all["errors"];
        echo $all["tests"] - $all["skipped"] - $failed, " ", $failed, "\n";' "$results/php.xml") || fail "phpunit did not run to its end"
    [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    [ "$passed" -gt 0 ] || failed=$((failed + 1))
    result "$passed" "$failed"
}

# Every fuzzer, first on what was found before; two at a time.
fuzz() {
    local status=0 dir=$root/build/check-fuzz passed failed=0
    (configure_and_make build/check-fuzz fuzzers --enable-werror --enable-fuzzers CC=clang CFLAGS='-g -O2')
    FUZZ_WORK=$results/fuzz tests/fuzz/run.sh "$dir" "$1" | tee "$results/$suite.out" || status=$?
    passed=$(grep -c ' executions, ' "$results/$suite.out") || true
    failed=$(grep -c ': a finding$' "$results/$suite.out") || true
    [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    result "$passed" "$failed"
}

# end_to_end BUILD [variables]: the files of tests/e2e, or those of the folder in `folder`.
end_to_end() {
    local counts plugin files=()
    plugin=$(plugin_of "$root/$1") || fail "there is no plugin in $1"
    shift
    [ -z "${folder-}" ] || files=("$folder"/*.test.mjs)
    mkdir -p "$results/tmp"
    env TMPDIR="$results/tmp" CALL_PLUGIN="$plugin" "$@" node tests/e2e/run.mjs "${files[@]}" | tee "$results/$suite.out" || true
    counts=$(sed -n 's/^e2e: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$results/$suite.out")
    # shellcheck disable=SC2086
    result $counts
}

run_suite() {
    local long=()
    [ -z "$is_long" ] || long=(E2E_BURSTS=1000 E2E_SHUTDOWNS=50 E2E_KILLS=200 E2E_DEAD_MS=60000 E2E_RATE_MS=30000 E2E_MEDIA_CALLS=1000 E2E_RING_MS=60000 E2E_LONG=1 E2E_FILE_TIMEOUT_MS=2400000)
    case "$suite" in
    build-gcc) one_check build_with gcc ;;
    build-clang) one_check build_with clang ;;
    unit-asan) make_check_with asan address,undefined ;;
    unit-tsan) make_check_with tsan thread ;;
    unit-gcc) make_check_plain ;;
    core) core_checks ;;
    coverage) coverage ;;
    php) php_units ;;
    model) model ;;
    bench) one_check benchmarks ;;
    soak) if [ -n "$is_long" ]; then soak 1000000 "${SOAK_SECONDS:-120}"; else soak 100000 20; fi ;;
    fuzz) if [ -n "$is_long" ]; then fuzz "${FUZZ_SECONDS:-1800}"; else fuzz 12; fi ;;
    e2e) end_to_end build/check-gcc "${long[@]}" ;;
    e2e-asan)
        # Janus itself is an ordinary build, so the sanitizer is loaded before it; run.sh has its own build, and memory
        # and speed are not what they are without it.
        end_to_end build/check-asan "${long[@]}" E2E_SKIP=run-script,slow-reader,proxy,webhooks-rate,java E2E_LOCKED_MS=3000 ASAN_OPTIONS=detect_leaks=0 \
            CALL_PRELOAD="$(gcc -print-file-name=libasan.so)"
        ;;
    client) folder=tests/client end_to_end build/check-gcc ;;
    # Two browsers at once are as many as a small machine has patience for.
    browser) folder=tests/browser end_to_end build/check-gcc E2E_CONCURRENCY=2 "${long[@]}" ;;
    *) fail "there is no suite $suite" ;;
    esac
}

# --- running the suites ---

# start_suite NAME: in the background.
start_suite() {
    rm -f "$results/$1.result"
    CALL_LONG=$is_long spawn bash "$root/check.sh" --run-suite "$1" >"$results/$1.log" 2>&1
    started[$1]=$SECONDS
    running[$1]=$child
}

passed=0
failed=0
declare -A started running

finish_suite() {
    local name=$1 status=0 ok not_ok
    wait "${running[$name]}" || status=$?
    forget "${running[$name]}"
    if ! read -r ok not_ok 2>/dev/null <"$results/$name.result"; then
        ok=0 not_ok=1
        echo "$name did not run to its end (status $status)"
    fi
    [ "$not_ok" -eq 0 ] || { echo "--- $name failed:" && cat "$results/$name.log"; }
    grep -E '^(chaos|fuzz|memory|model|speed|records|reject|offline): ' "$results/$name.log" | sed "s/^/$name: /; s/^fuzz: fuzz:/fuzz:/; s/^model: model:/model:/" || true
    [ "$name" != coverage ] || sed -n '/Code Coverage Report/,$p' "$results/$name.log"
    passed=$((passed + ok)) failed=$((failed + not_ok))
    printf '%-12s %5d passed, %d failed, %4d s\n' "$name" "$ok" "$not_ok" $((SECONDS - started[$name]))
}

# All of these at once.
run_together() {
    local name
    for name in "$@"; do start_suite "$name"; done
    for name in "$@"; do finish_suite "$name"; done
}

trap 'trap "" INT TERM HUP; end_children' EXIT
trap 'exit 130' INT TERM HUP

chosen=()
packages=check
while [ $# -gt 0 ]; do
    case "$1" in
    --long) is_long=yes ;;
    --coverage) chosen+=(coverage) && packages=coverage ;;
    --run-suite)
        suite=$2
        trap - EXIT
        run_suite
        exit
        ;;
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) chosen+=("$1") ;;
    esac
    shift
done

scripts/setup.sh "$packages"
mkdir -p "$results"
exec 9>"$root/build/.check"
flock -n 9 || fail "another check.sh runs here"
rm -rf "${results:?}"/*
npm_packages tests/e2e tests/client tests/browser tests/users-server html-demo
step bash -euc make_configure >"$results/autogen.log" 2>&1 || { cat "$results/autogen.log" >&2 && fail "autogen.sh failed"; }

if [ "${#chosen[@]}" -gt 0 ]; then
    for name in "${chosen[@]}"; do run_together "$name"; done
else
    run_together "${build_suites[@]}"
    run_together "${unit_suites[@]}"
    run_together "${core_suites[@]}"
    for name in "${alone_suites[@]}"; do run_together "$name"; done
fi
echo "check.sh took $SECONDS s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
