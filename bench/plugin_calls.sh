#!/bin/bash
# Instructions that a call (initiate, incoming, reject, rejected) costs in the plugin, from handle_message() to its end and in the
# writer's thread, counted by callgrind in a fake Janus with 100 registered users and with 10,000. What the fake Janus's
# push_event() does is taken out and shown: with a real one that is the transport's share.
# usage: bench/plugin_calls.sh [PROGRAM [CALLS]]
# Ends with 1 when 10,000 users cost more than 1.1 times what 100 do, with 77 (skipped) without valgrind.
set -euo pipefail

program=${1:-bench/plugin_calls}
calls=${2:-2000}
most=1.10

[ -x "$program" ] || { echo "plugin_calls.sh: there is no $program: make bench/plugin_calls" >&2 && exit 2; }
command -v callgrind_annotate >/dev/null || { echo "plugin_calls.sh: skipped: valgrind is not installed" && exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Inclusive instructions of a function in a profile; a function may be listed twice, under two spellings of its file's name.
of() { # FUNCTION FILE
    awk -v name="$1" '$2 ~ ":" name "$" { gsub(",", "", $1); if ($1 + 0 > most) most = $1 + 0 } END { print most + 0 }' "$2"
}

# A profile of the calls alone: users register outside of it.
count() { # USERS STORE
    local out="$work/$2.$1"
    valgrind --tool=callgrind --callgrind-out-file="$out" --toggle-collect=counted_request --toggle-collect=write_records \
        "$program" "$1" "$calls" "$2" >"$out.log" 2>&1 || { cat "$out.log" >&2 && exit 2; }
    callgrind_annotate --inclusive=yes --threshold=100 --auto=no "$out" | sed -E 's/\[[^]]*\]//; s/\([^)]*\)//' |
        awk 'NF >= 2 { print $1, $2 }' >"$out.functions"
}

part() { # FUNCTION USERS STORE
    awk -v sum="$(of "$1" "$work/$3.$2.functions")" -v calls="$calls" 'BEGIN { printf "%.0f", sum / calls }'
}

status=0
for store in memory sqlite; do
    count 100 "$store"
    count 10000 "$store"
    declare -A ours=()
    for users in 100 10000; do
        message=$(part handle_message "$users" "$store")
        pushed=$(part push_event "$users" "$store")
        writer=$(part write_records "$users" "$store")
        ours[$users]=$((message - pushed + writer))
        printf '%-7s %6d users: %7d instructions a call in ours (request_parse %d, hub_step %d, write_message and write_reply %d, the writer %d), %d pushing\n' \
            "$store" "$users" "${ours[$users]}" "$(part request_parse "$users" "$store")" "$(part hub_step "$users" "$store")" \
            $(($(part write_message "$users" "$store") + $(part write_reply "$users" "$store"))) "$writer" "$pushed"
    done
    awk -v small="${ours[100]}" -v large="${ours[10000]}" -v most="$most" -v store="$store" 'BEGIN {
        ratio = large / small
        printf "%s %s: a call among 10,000 users costs %.3f times one among 100, at most %.2f\n", \
            ratio <= most ? "ok" : "not ok", store, ratio, most
        exit ratio > most
    }' || status=1
done
exit "$status"
