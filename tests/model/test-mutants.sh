#!/bin/bash
# Breaks the model in many small ways, one at a time, and its table row by row, and sees whether Spin notices: properties that hold
# whatever happens say nothing. usage: test-mutants.sh [NAME...]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# name | checks of run.sh, until one finds it | file | perl: what is broken. A mutant that changes nothing is an error.
mutants() {
    cat <<'TABLE'
caller-may-accept | devices | call.pml | s/(define ACCEPT_MEANS\(d\) \()IS_CALLEE/$1IS_PARTY/
stranger-may-accept | devices | call.pml | s/(define ACCEPT_MEANS\(d\) \()IS_CALLEE\(d\)/$1true/
stranger-may-end | devices | call.pml | s/(define END_MEANS\(d\) \()IS_PARTY\(d\)/$1true/
caller-may-reject | devices | call.pml | s/(define REJECT_MEANS\(d\) \()IS_CALLEE/$1IS_PARTY/
signal-from-outside | devices | call.pml | s/(define SIGNAL_MEANS.*?) && leg\[d\] == IN_CALL/$1/
end-means-too-much | devices | call.pml | s/(define LIVE_END_MEANS.*)\(is_caller ->/$1(true ->/
late-accept-wins | devices | table.pml | s/(    :: else)/    :: from == CALL_ACCEPTED && on == HAPPENS_ACCEPT -> to = CALL_ACCEPTED; action = ACTION_ANSWER; cause = CAUSE_NONE\n$1/
accept-after-the-end | devices | table.pml | s/(    :: else)/    :: from == CALL_TIMEOUT && on == HAPPENS_ACCEPT -> to = CALL_ACCEPTED; action = ACTION_ANSWER; cause = CAUSE_NONE\n$1/
timer-runs-on-at-accept | devices | call.pml | s/:: action != NO_ACTION -> reschedule/:: action != NO_ACTION && action != ACTION_ANSWER -> reschedule/
timer-runs-on-at-close | devices | call.pml | s/:: action != NO_ACTION -> reschedule/:: action != NO_ACTION && action != ACTION_CLOSE -> reschedule/
siblings-not-stopped | devices | call.pml | s/            say\(i, ELSEWHERE, true\);\n//
sibling-keeps-its-leg | devices | call.pml | s/(say\(i, ELSEWHERE, true\));\n            leg\[i\] = NO_LEG/$1/
closed-twice | devices | call.pml | s/(i != by -> )say\(i, st, true\)/$1say(i, st, true); say(i, st, true)/
own-request-told-too | devices | call.pml | s/leg\[i\] != NO_LEG && i != by -> say/leg[i] != NO_LEG -> say/
caller-not-told-of-reject | devices | call.pml | s/leg\[i\] != NO_LEG && i != by -> say/leg[i] != NO_LEG && i != by && !(i == CALLER && st == CALL_REJECTED) -> say/
caller-not-told-of-accept | devices | call.pml | s/    say\(CALLER, CALL_ACCEPTED, false\);\n//
told-after-the-end | devices | call.pml | s/(    keep\(\)\n\}\n\n\/\* --- what each of them)/    say(CALLER, st, false);\n$1/
rev-same-at-accept | devices | call.pml | s/(inline answer.*?)    rev\+\+;\n/$1/s
rev-same-at-close | devices | call.pml | s/(inline close_call.*?)    rev\+\+;\n/$1/s
rev-same-when-it-rings | devices | call.pml | s/(inline note_ring.*?)        rev\+\+;\n/$1/s
rev-same-when-away | returns | call.pml | s/(inline note_presence.*?)    rev\+\+;\n/$1/s
push-not-stopped | devices | call.pml | s/(    leg\[d\] = IN_CALL;\n    keep\(\);\n)    stop_push\(\);\n/$1/
push-twice | devices | call.pml | s/    was_pushed = true;\n//
leaving-leaves-the-call | devices | call.pml | s/:: MAY_LEAVE -> happens = LEAVE_MEANS\(who\)/:: MAY_LEAVE -> happens = NOTHING/
end-not-stored | devices crash | call.pml | s/(    stop_push\(\);\n)    keep\(\)\n(\}\n\n\/\* --- what each of them)/$1    skip\n$2/
accept-not-stored | devices crash | call.pml | s/(leg\[d\] = IN_CALL;\n)    keep\(\);\n/$1/
drop-keeps-the-leg | returns | call.pml | s/(inline lose_device.*?)        leg\[d\] = NO_LEG;\n/$1/s
drop-not-noted | returns | call.pml | s/apply\(HAPPENS_AWAY, NOBODY, d, CAUSE_NONE\)/skip/
return-not-noted | returns | call.pml | s/apply\(HAPPENS_BACK, NOBODY, d, CAUSE_NONE\)/skip/
return-rings-not | returns | call.pml | s/(CALL_RINGING ->\n)        announce\(d\);\n/$1/
grace-runs-on-at-return | returns | call.pml | s/(leg\[d\] == CALLING -> )reschedule\(\)(\n    :: else -> skip\n    fi\n\}\n\n\/\* A registration)/$1skip$2/
old-end-takes-the-new | returns | call.pml | s/up && late_end\[d\] -> late_end/CAN_STEP && late_end[d] -> lose_device(d); wake_timer(); late_end/
snapshot-without-ended | returns | call.pml | s/(inline snapshot\(d\).*?    fi;\n)/$1    heard = (IS_FINAL(heard) -> NO_CALL : heard);\n/s
snapshot-says-it-rings | devices | call.pml | s/(:: st == CALL_ACCEPTED .*?heard = )ELSEWHERE/$1CALL_RINGING/
no-recovery | crash | call.pml | s/:: IS_LIVE\(db\) ->/:: false ->/
recovery-by-one-revision | crash | call.pml | s/db_rev \+ RECOVERED_REVS/db_rev + 1/
confirmed-before-stored | crash | call.pml | s/ && db != NO_CALL && db_rev >= owed_rev\[d\]/ \&\& true/
old-call-made-anew | crash | call.pml | s/at\[d\] && !IS_KNOWN && CAN_STEP/at[d] \&\& st == NO_CALL \&\& CAN_STEP/
store-out-of-order | crash | call.pml | s/:: MAY_CRASH -> journal!st,rev/:: MAY_CRASH -> if :: len(journal) == 1 -> journal?i,n; journal!st,rev; journal!i,n :: else -> journal!st,rev fi/
lost-wake | devices | call.pml | s/(inline finish\(\)\n\{\n)    wake_timer\(\);\n/$1/
ring-never-ends | away | call.pml | s/:: due & (DUE_RING_END|DUE_UNREACHED) -> happens/:: false -> happens/g
grace-never-ends | away | call.pml | s/:: due & DUE_DEVICE_LOST -> happens/:: false -> happens/
reply-never-comes | stored | call.pml | s/up && owes\[1\] &&/false \&\&/
nothing-is-written | stored | call.pml | s/up && len\(journal\) > 0 ->/false ->/
stays-down | stored | call.pml | s/:: d_step \{ !up -> recover/:: d_step { false -> recover/
TABLE
    # Each row of the table: not there, and with another outcome.
    awk '/^    :: from == /{ rows++ } END { for (i = 1; i <= rows; i++) {
        printf "row-%d-gone | devices returns crash | table.pml | my $n = 0; s/(:: from == )(?=CALL)/++$n == %d ? \":: false \\&\\& from == \" : $1/ge\n", i, i
        printf "row-%d-leads-elsewhere | devices returns crash | table.pml | my $n = 0; s/-> to = (CALL_\\w+)(?=;)/++$n == %d ? ($1 eq \"CALL_ENDED\" ? \"-> to = CALL_FAILED\" : \"-> to = CALL_ENDED\") : \"-> to = $1\"/ge\n", i, i
    } }' "$root/table.pml"
}

command -v spin >/dev/null || { echo "test-mutants.sh: skipped: spin is not installed" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Leaves one line in NAME.result: found, survived or broken.
try_mutant() { # NAME CHECKS FILE EDIT
    local dir=$work/$1 check found
    mkdir "$dir"
    cp "$root"/*.pml "$dir/"
    perl -0pe "$4" "$root/$3" >"$dir/$3"
    if cmp -s "$dir/$3" "$root/$3"; then
        echo "broken: it changes nothing in $3" >"$dir.result"
        return
    fi
    echo survived >"$dir.result"
    for check in $2; do
        if found=$("$root/run.sh" --in "$dir" "$check"); then continue; fi
        case "$found" in
        *'no model') echo "broken: ${found}" >"$dir.result" ;;
        *) echo "found by $found" >"$dir.result" ;;
        esac
        break
    done
    rm -rf "$dir"
}

names=()
while IFS='|' read -r name checks file edit; do
    name=${name// /} file=${file// /} edit=${edit# }
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    names+=("$name")
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
    try_mutant "$name" "$checks" "$file" "$edit" &
done < <(mutants | sed 's/| *\([^|]*\) *| \(call\|table\).pml/|\1|\2.pml/')
wait

found=0
for name in "${names[@]}"; do
    result=$(cat "$work/$name.result")
    [[ $result != found* ]] || found=$((found + 1))
    printf '%-26s %s\n' "$name" "$result"
done
if [ "${#names[@]}" -gt 0 ] && [ "$found" -eq "${#names[@]}" ]; then
    echo "ok 1 $found of ${#names[@]} mutants of the model found"
else
    echo "not ok 1 $found of ${#names[@]} mutants of the model found"
    exit 1
fi
