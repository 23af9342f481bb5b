#!/bin/bash
# Breaks the core in many small ways, one at a time, and sees whether the simulation notices: a checker that finds nothing
# may be blind. usage: test-mutants.sh [--seeds N] [NAME...]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seeds=10000
if [ "${1:-}" = --seeds ]; then
    seeds=$2
    shift 2
fi

# name | file in src/core | perl: what is broken. A mutant that changes nothing is an error: it must follow the code.
mutants() {
    cat <<'TABLE'
caller-may-accept | on_accept.c | s/found\.is_caller \|\| !sender->device/!sender->device/
caller-may-reject | on_reject.c | s/if \(found\.is_caller\)/if (FALSE)/
second-accept-succeeds | on_accept.c | s/ &&\s+strcmp\(record->answered_by, device->id\) == 0/ \&\& device/
second-accept-wins | transition.c | s/(    \{CALL_ACCEPTED, HAPPENS_SIGNAL)/    {CALL_ACCEPTED, HAPPENS_ACCEPT, CALL_ACCEPTED, ACTION_ANSWER, CAUSE_NONE},\n$1/
table-ring-unknown | transition.c | s/    \{CALL_RINGING, HAPPENS_RING, .*?\},\n//
table-accept-unknown | transition.c | s/    \{CALL_RINGING, HAPPENS_ACCEPT, .*?\},\n//
table-accept-closes | transition.c | s/CALL_ACCEPTED, ACTION_ANSWER, CAUSE_NONE/CALL_ENDED, ACTION_CLOSE, CAUSE_HANGUP/
table-reject-cancels | transition.c | s/HAPPENS_REJECT, CALL_REJECTED/HAPPENS_REJECT, CALL_CANCELLED/
table-reject-says-busy | transition.c | s/ACTION_CLOSE, CAUSE_DECLINED/ACTION_CLOSE, CAUSE_BUSY/
table-cancel-rejects | transition.c | s/HAPPENS_CANCEL, CALL_CANCELLED/HAPPENS_CANCEL, CALL_REJECTED/
table-ring-end-cancels | transition.c | s/HAPPENS_RING_END, CALL_TIMEOUT/HAPPENS_RING_END, CALL_CANCELLED/
table-caller-lost-times-out | transition.c | s/HAPPENS_CALLER_LOST, CALL_CANCELLED/HAPPENS_CALLER_LOST, CALL_TIMEOUT/
table-replaced-ring-ends | transition.c | s/(CALL_RINGING, HAPPENS_REPLACE), CALL_CANCELLED/$1, CALL_ENDED/
table-replaced-call-goes-on | transition.c | s/    \{CALL_ACCEPTED, HAPPENS_REPLACE, .*?\},\n//
table-admin-ends-a-ring | transition.c | s/(CALL_RINGING, HAPPENS_ADMIN_END), CALL_CANCELLED/$1, CALL_ENDED/
table-admin-end-hangs-up | transition.c | s/(CALL_ACCEPTED, HAPPENS_ADMIN_END, CALL_ENDED, ACTION_CLOSE), CAUSE_ADMIN/$1, CAUSE_HANGUP/
table-hang-up-fails | transition.c | s/HAPPENS_HANG_UP, CALL_ENDED/HAPPENS_HANG_UP, CALL_FAILED/
table-signal-while-it-rings | transition.c | s/(    \{CALL_ACCEPTED, HAPPENS_SIGNAL)/    {CALL_RINGING, HAPPENS_SIGNAL, CALL_RINGING, ACTION_PASS_ON, CAUSE_NONE},\n$1/
table-update-unknown | transition.c | s/    \{CALL_ACCEPTED, HAPPENS_UPDATE, .*?\},\n//
table-away-unknown | transition.c | s/    \{CALL_ACCEPTED, HAPPENS_AWAY, .*?\},\n//
table-back-unknown | transition.c | s/    \{CALL_ACCEPTED, HAPPENS_BACK, .*?\},\n//
table-device-lost-fails | transition.c | s/HAPPENS_DEVICE_LOST, CALL_ENDED/HAPPENS_DEVICE_LOST, CALL_FAILED/
table-max-duration-hangs-up | transition.c | s/ACTION_CLOSE, CAUSE_MAX_DURATION/ACTION_CLOSE, CAUSE_HANGUP/
siblings-not-told | calls.c | s/tell\(effects, sibling, &message\)/message_clear(&message)/
caller-not-told-of-accept | calls.c | s/(MESSAGE_ACCEPTED.*?)tell\(effects, calling, &message\)/$1message_clear(&message)/s
ring-timer-outlives-accept | calls.c | s/if \(call->state == CALL_RINGING\)\n        consider_ring/if (call->state <= CALL_ACCEPTED)\n        consider_ring/
no-caller-grace | calls.c | s/    if \(!calling->address\)\n        consider\(/    if (FALSE)\n        consider(/
caller-grace-in-call | calls.c | s/timers->in_call_grace_us/timers->caller_grace_us/
no-max-duration | calls.c | s/if \(timers->max_duration_us\)/if (FALSE)/
unreachable-not-disarmed | calls.c | s/if \(!was_rung && hub->settings\.reveal_presence\)/if (hub->settings.reveal_presence)/
unreachable-tells-presence | calls.c | s/if \(!was_rung && hub->settings\.reveal_presence\)/if (!was_rung)/
ringing-tells-presence | calls.c | s/if \(call->is_alerting \|\| !hub->settings\.reveal_presence\)/if (call->is_alerting)/
ringing-told-twice | calls.c | s/call->is_alerting = TRUE;//
rev-same-at-accept | calls.c | s/(next->status = CALL_ACCEPTED;\n)    next->rev\+\+;/$1/
rev-same-at-close | calls.c | s/(next->cause = cause;\n)    next->rev\+\+;/$1/
rev-same-when-away | calls.c | s/(static void note_presence.*?)next->rev\+\+;/$1/s
own-request-told-too | calls.c | s/if \(leg->device == occurrence->by\)/if (FALSE)/
peer-not-told-at-accept | calls.c | s/if \(!calling->address\)\n        tell_peer_state/if (FALSE)\n        tell_peer_state/
deadline-not-rescheduled | calls.c | s/(tell\(effects, device, &message\);\n)    call_reschedule\(hub, call\);/$1/
deadline-kept-at-return | on_register.c | s/(TRACE_BACK, device\);\n)            call_reschedule\(hub, call\);/$1/
tombstone-not-kept | calls.c | s/ended_keep\(hub, call->caller, call->record\);//
tombstones-not-bounded | ended.c | s/while \(user->ended\.length > hub->settings\.limits\.max_ended_per_user\)/while (FALSE)/
tombstones-not-forgotten | ended.c | s/ \|\|\s+oldest->ended_us \+ ENDED_KEPT_US <= hub->now_us//
ended-not-in-snapshot | on_register.c | s/ended->ended_us \+ ENDED_KEPT_US > hub->now_us/FALSE/
early-end-not-remembered | on_end.c | s/    user_remember_early_end\(.*?\);/    (void)user;/s
early-end-taken-twice | user.c | s/if \(strcmp\(end->call_id, call_id\) == 0\) \{.*?return TRUE;/if (strcmp(end->call_id, call_id) == 0) {\n            return TRUE;/s
push-while-a-device-rings | calls.c | s/if \(leg->is_alerting \|\| !leg->says_so\)/if (FALSE)/
push-although-it-said-so | calls.c | s/if \(leg->is_alerting \|\| !leg->says_so\)/if (!leg->says_so)/
push-twice | calls.c | s/    call->was_pushed = TRUE;\n//
push-not-stopped-at-accept | calls.c | s/(CHANGE_ACCEPTED, call->record\);\n    if \()stops_push\)/$1FALSE)/
push-not-stopped-at-close | calls.c | s/if \(stops_push\)(\n        stop_push\(call, effects\);\n    effects_record\(effects, call->is_veiled)/if (FALSE)$1/
push-not-at-once | on_initiate.c | s/    call_push_at_once\(hub, call, effects\);\n//
push-of-a-drop-forgotten | calls.c | s/(call_drop_leg\(call, device\);\n)    call_reschedule\(hub, call\);/$1/
push-of-a-busy-call | calls.c | s/call->was_pushed \|\| call->is_veiled \|\|/call->was_pushed ||/
ringing-leg-kept | presence.c | s/if \(leg && leg->state == LEG_RINGING\)/if (FALSE)/
away-not-noted | presence.c | s/    note_away\(hub, device, effects\);//
grace-not-stopped | presence.c | s/(void hub_place_device.*?)    deadlines_set\(&hub->deadlines, &device->deadline, device->expires_us\);\n/$1/s
takeover-keeps-address | presence.c | s/(void hub_place_device.*?)    take_off_address\(hub, device\);\n(.*?)    device->address = event->from;/$1$2    if (!device->address)\n        device->address = event->from;/s
takeover-not-told | on_register.c | s/    else if \(device->address\)\n        tell_replaced\(hub, device, effects\);//
takeover-rings-not | on_register.c | s/    announce_ringing_calls\(hub, device, effects\);\n    confirm/    if (was_away)\n        announce_ringing_calls(hub, device, effects);\n    confirm/
refresh-rings-twice | on_register.c | s/(#include "core\/hub-private\.h"\n)(.*?set_name\(here.*?\n)/$1static void announce_ringing_calls(Hub *, Device *, Effects *);\n$2    announce_ringing_calls(hub, here, effects);\n/s
late-ring-announced | on_register.c | s/call->ring_end_us - hub->now_us < RING_WORTH_ANNOUNCING_US/FALSE/
any-nameless-returns | user.c | s/if \(found\)\n            return NULL;//
too-many-devices | on_register.c | s/user_present_devices\(user\) >= /user_present_devices(user) > /
unregister-leaves-calls | on_unregister.c | s/hub_remove_device\(hub, sender->device, sender->device, effects\)/hub_lose_device(hub, sender->device, effects)/
unregister-says-admin | on_unregister.c | s/sender->device, sender->device, effects/sender->device, NULL, effects/
too-many-live-calls | on_initiate.c | s/sender->user->calls->len >= hub/sender->user->calls->len > hub/
busy-one-too-late | on_initiate.c | s/call->callee->calls->len < hub/call->callee->calls->len <= hub/
veil-forgotten | on_initiate.c | s/if \(!hub->settings\.reveal_presence\)/if (FALSE)/
veil-says-busy | record.c | s/seen = record->veil\.is_set \? veiled_view\(&record->veil\) : full_view\(record\);/seen = full_view(record);/
unreachable-seen | record.c | s/if \(seen\.cause == CAUSE_UNREACHABLE\)/if (FALSE)/
glare-not-refused | on_initiate.c | s/if \(refuse_glare\(event, sender, effects\)\)/if (FALSE && refuse_glare(event, sender, effects))/
replaced-by-other-device | on_initiate.c | s/call_leg\(call, 0\)->device != sender->device/call->caller != sender->user/
repeat-rings-twice | on_initiate.c | s/event->initiate\.call_id && \(answer_taken_id\(hub, event, sender, effects\) \|\|/event->initiate.call_id \&\& (/
id-of-others-taken | on_initiate.c | s/if \(callee && hub_find_call/if (FALSE && hub_find_call/
own-timeout-ignored | call.c | s/record->facts->ring_ms \* 1000/45 * G_USEC_PER_SEC/
callee-end-cancels | on_end.c | s/found->is_caller \? HAPPENS_CANCEL : HAPPENS_REJECT/HAPPENS_CANCEL/
repeat-of-end-refused | on_end.c | s/return is_repeat_of_close\(found, user, CALL_ENDED\) \|\|/return FALSE \&\&/
signal-from-outside | on_signal.c | s/ &&\s+!call_leg_of\(found\.call, sender->device\)/ \&\& FALSE/
replaced-handle-ends-device | presence.c | s/(void hub_place_device.*?)    take_off_address\(hub, device\);\n/$1/s
stored-call-ignored | lookup.c | s/if \(found\.record \|\| !event->stored \|\| !is_party\(event->stored->facts, sender->user\)\)/if (TRUE)/
stored-call-counts-more | lookup.c | s/if \(found\.record \|\| !event->stored \|\|/if (!event->stored ||/
stored-calls-shown-twice | on_register.c | s/if \(!hub_find_call\(hub, user, record->facts->call_id\)\.record\)/if (TRUE)/
operator-acts-as-user | on_end.c | s/if \(event->is_operator\)\n        return HAPPENS_ADMIN_END;//
cause-not-as-seen | calls.c | s/record_view\(call->record, message\.view\)\.cause/call->record->cause/
backends-early-end-lost | on_end.c | s/User \*user = sender->user \? /if (!sender->user)\n        return;\n    User *user = sender->user ? /
expired-device-rings | on_initiate.c | s/if \(device_is_present\(device\)\)/if (device->address)/
expired-may-ask | hub.c | s/if \(is_expired_for/if (FALSE \&\& is_expired_for/
expired-cut-from-call | hub.c | s/if \(event->kind != EVENT_SIGNAL && .*?return TRUE;/return TRUE;/s
expired-leg-kept | presence.c | s/(static void end_registration.*?)    drop_ringing_legs\(hub, device\);\n/$1/s
expired-not-told | presence.c | s/(static void end_registration.*?)    effects_send\(effects, device->address, &message\);\n/$1    message_clear(&message);\n/s
expired-not-forgotten | hub.c | s/        hub_forget_expired\(hub, user\);\n//
expired-rings-not-when-renewed | on_register.c | s/(static void refresh.*?)if \(was_expired\)\n/$1if (FALSE)\n/s
token-not-renewed | on_register.c | s/(static void refresh.*?)    hub_place_device\(hub, here, event\);\n/$1/s
token-before-call | deadline.c | s/a->kind < b->kind/a->kind > b->kind/
requests-not-counted | hub.c | s/wait_us = event->is_counted/wait_us = TRUE/
registers-not-counted | on_register.c | s/if \(wait_us\)\n        effects_refuse_for_now/wait_us = 0;\n    if (wait_us)\n        effects_refuse_for_now/
calls-not-counted | on_initiate.c | s/(wait_us = pace_call.*?;)/$1\n    wait_us = 0;/s
relayed-not-counted | on_signal.c | s/if \(!wait_us\)/if (TRUE)/
tokens-come-back-early | bucket.c | s/rate->period_us \/ rate->tokens;/rate->period_us \/ rate->tokens \/ 2;/
pace-forgotten-with-user | hub.c | s/if \(settled_us > hub->now_us\)/if (FALSE)/
too-many-users | on_register.c | s/hub->stats\.registered_users >= limits->max_users/FALSE/
too-many-calls-in-all | on_initiate.c | s/hub->stats\.live_calls >= hub->settings\.limits\.max_calls/FALSE/
joins-another-call | on_join.c | s/strcmp\(call_id\(seat->call\), event->join\.call_id\) == 0 \? seat/TRUE ? seat/
registered-handle-joins | on_join.c | s/if \(g_hash_table_contains\(hub->by_address, event->from\)\) \{/if (FALSE) {/
joined-handle-registers | on_register.c | s/g_hash_table_contains\(hub->by_seat, event->from\)/FALSE/
joins-two-calls | on_join.c | s/ \|\| \(here && here != seat\)//
joins-a-second-time | on_join.c | s/g_hash_table_contains\(hub->spent, event->from\)/FALSE/
handle-spent-for-good | on_gone.c | s/    g_hash_table_remove\(hub->spent, event->from\);\n//
caller-joins-with-offer | on_join.c | s/jsep->kind == JSEP_NONE \? NULL/TRUE ? NULL/
callee-joins-with-answer | on_join.c | s/jsep->kind == JSEP_OFFER \? NULL/jsep->text ? NULL/
media-not-counted | on_join.c | s/if \(!wait_us\)\n        return TRUE;/if (TRUE)\n        return TRUE;/
seat-outlives-handle | on_gone.c | s/    if \(seat\)\n        seat_leave\(hub, seat, effects\);\n//
older-handle-keeps-seat | seats.c | s/    seat_leave\(hub, seat, effects\);\n(    seat->address = address)/$1/
second-offer-taken | seats.c | s/if \(call->talk\.is_pending\)\n        return TURN_TAKEN;//
offer-to-nobody-taken | seats.c | s/if \(!other_seat\(seat\)->address\)\n        return TURN_ALONE;/if (FALSE)\n        return TURN_ALONE;/
answer-to-nothing-taken | seats.c | s/return TURN_NOTHING;/return TURN_OK;/
late-answer-refused | seats.c | s/call->seats\[talk->answering\]\.stale_answers\+\+;//
silent-answer-passed-on | seats.c | s/if \(talk->is_silent\)\n        return;//
outdated-answer-passed-on | seats.c | s/if \(talk->is_outdated\) \{/if (FALSE) {/
two-offers-to-one | seats.c | s/if \(talk->is_pending && talk->answering == SIDE_CALLER\) \{/if (FALSE) {/
rejoin-is-outdated | seats.c | s/talk->is_pending = talk->is_outdated = FALSE;/talk->is_pending = FALSE;/
answered-offer-still-wanted | seats.c | s/if \(seat->side == SIDE_CALLER\)\n        talk->is_wanted = FALSE;//
later-offer-not-kept | seats.c | s/if \(seat->side == SIDE_CALLEE\)\n        keep_offer\(call, offer\);//
rejoin-keeps-turn | seats.c | s/if \(talk->is_pending && talk->answering == seat->side\)\n        talk->is_pending = talk->is_outdated = FALSE;\n    go_down/go_down/
repeat-offers-twice | seats.c | s/if \(seat->side == SIDE_CALLEE \|\| !is_repeat\)/if (TRUE)/
linked-alone | seats.c | s/(static void order_link.*?)if \(!call->seats\[SIDE_CALLER\]\.address \|\| !call->seats\[SIDE_CALLEE\]\.address\)/$1if (FALSE)/s
not-linked | seats.c | s/    order_link\(seat->call, effects\);\n//
media-outlives-call | calls.c | s/    seats_close\(hub, call, effects\);\n//
room-not-made | seats.c | s/    order_room\(call, effects\);\n//
others-are-told-tokens | seats.c | s/\|\| !leg \|\|/||/
tokens-mixed-up | seats.c | s/\? SIDE_CALLER : SIDE_CALLEE;\n    return \(Join\)/? SIDE_CALLEE : SIDE_CALLER;\n    return (Join)/
no-media-timer | calls.c | s/if \(call->awaits_media && !call->is_media_held\)/if (FALSE)/
media-timer-of-p2p | calls.c | s/record->facts->mode == MODE_RELAY;/record->facts->mode != MODE_NONE;/
media-timer-not-held | calls.c | s/        hold_media_timer\(hub, call\);\n        return;/        return;/
media-timer-held-for-good | calls.c | s/    run_media_timer\(hub, call\);\n//
media-timer-starts-anew | calls.c | s/hub->now_us \+ call->media_left_us/hub->now_us + hub->settings.timers.media_us/
media-timer-outlives-media | calls.c | s/        call->awaits_media = FALSE;\n/        ;\n/
lost-media-not-told | seats.c | s/(static void go_down.*?)if \(device->address\)/$1if (FALSE)/s
media-back-not-told | seats.c | s/(static void go_up.*?)if \(was_lost && device->address\)/$1if (FALSE)/s
lost-media-told-twice | presence.c | s/if \(!seat_has_lost_media\(&call->seats\[side\]\)\)/if (TRUE)/
back-before-its-media | on_register.c | s/if \(call_is_absent\(call, device\)\)\n        call_catch_up/if (FALSE)\n        call_catch_up/
media-does-not-count | calls.c | s/if \(seat->is_up\)\n        return DEADLINE_NEVER;//
lost-media-has-no-grace | calls.c | s/if \(seat->was_up\)\n        return seat->down_since_us;//
media-without-device | presence.c | s/if \(next_own_call\(device\)\)\n        keep_away\(hub, device\);\n    else\n        forget_device/forget_device/
recorded-without-folder | on_record.c | s/if \(!hub->settings\.can_record\)/if (FALSE)/
report-of-a-live-call | on_media_report.c | s/if \(!found\.record \|\| found\.call\)/if (!found.record)/
report-of-another-call | on_media_report.c | s/found\.record->facts->created_ms != event->media\.created_ms/FALSE/
TABLE
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

read -ra cc <<<"${CC:-gcc}"
read -ra glib <<<"$(pkg-config --cflags --libs glib-2.0)"
read -ra jansson <<<"$(pkg-config --cflags --libs jansson)"
flags=(-std=gnu11 -O1 -I"$root/src" -I"$root/tests/simulation")

compile() { # OBJECT SOURCE
    "${cc[@]}" "${flags[@]}" -c "$2" -o "$1" "${glib[@]}" "${jansson[@]}"
}

link_programs() { # DIRECTORY, with src/core's objects in it
    "${cc[@]}" "$1"/core/*.o "$work"/simulate/*.o -o "$1/simulate" "${glib[@]}"
    "${cc[@]}" "$1"/core/*.o "$work"/wire/*.o "$work"/presence/*.o -o "$1/presence" "${glib[@]}" "${jansson[@]}"
}

compile_all() {
    local source name
    mkdir -p "$work"/{core,wire,simulate,presence}
    for source in "$root"/src/core/*.c "$root"/src/wire/*.c "$root"/tests/simulation/*.c; do
        name=$(basename "$source" .c)
        case "$source" in
        */core/*) compile "$work/core/$name.o" "$source" ;;
        */wire/*) compile "$work/wire/$name.o" "$source" ;;
        */presence.c) compile "$work/presence/$name.o" "$source" ;;
        */options.c)
            compile "$work/simulate/$name.o" "$source"
            cp "$work/simulate/$name.o" "$work/presence/"
            ;;
        *) compile "$work/simulate/$name.o" "$source" ;;
        esac
    done
}

seed_of() { # what a failing program printed
    sed -n -E 's/^(.*: )?seed ([0-9]+)[ ,:].*/\2/p' "$1" | head -n 1
}

# Leaves one line in NAME.result: killed, survived or broken.
try_mutant() { # NAME FILE EDIT
    local dir=$work/mutant-$1 program
    mkdir -p "$dir/core"
    cp "$work"/core/*.o "$dir/core/"
    perl -0pe "$3" "$root/src/core/$2" >"$dir/$2"
    if cmp -s "$dir/$2" "$root/src/core/$2"; then
        echo "broken: it changes nothing in $2" >"$dir.result"
    elif ! { compile "$dir/core/${2%.c}.o" "$dir/$2" && link_programs "$dir"; } >"$dir.log" 2>&1; then
        echo "broken: it does not compile: $(grep -m 1 error "$dir.log")" >"$dir.result"
    else
        echo survived >"$dir.result"
        for program in simulate presence; do
            if (timeout 120 "$dir/$program" --count "$seeds" >"$dir.log" 2>&1 || exit 1) 2>/dev/null; then continue; fi
            echo "killed by $program, seed $(seed_of "$dir.log")" >"$dir.result"
            break
        done
    fi
    rm -rf "$dir"
}

compile_all
mkdir -p "$work/plain/core"
cp "$work"/core/*.o "$work/plain/core/"
link_programs "$work/plain"
"$work/plain/simulate" --count "$seeds" >/dev/null
"$work/plain/presence" --count "$seeds" >/dev/null

names=()
while IFS='|' read -r name file edit; do
    name=${name// /} file=${file// /} edit=${edit# }
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    names+=("$name")
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
    try_mutant "$name" "$file" "$edit" &
done < <(mutants)
wait

killed=0
for name in "${names[@]}"; do
    result=$(cat "$work/mutant-$name.result")
    [[ $result != killed* ]] || killed=$((killed + 1))
    printf '%-28s %s\n' "$name" "$result"
done
if [ "$killed" -eq "${#names[@]}" ]; then
    echo "ok 1 $killed of ${#names[@]} mutants killed within $seeds seeds"
else
    echo "not ok 1 $killed of ${#names[@]} mutants killed within $seeds seeds"
    exit 1
fi
