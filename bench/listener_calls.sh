#!/bin/bash
# Instructions that a call (initiate, incoming, reject, rejected, two replies) costs on the listener's thread, from what lws hands over
# to what it is given, counted by callgrind with the store in memory.
# usage: bench/listener_calls.sh [PROGRAM [CALLS [PROFILE]]]   (PROFILE: where callgrind's file is left)
# Ends with 77 (skipped) without valgrind.
set -euo pipefail

program=${1:-bench/listener_calls}
calls=${2:-3000}

[ -x "$program" ] || { echo "listener_calls.sh: there is no $program: make bench/listener_calls" >&2 && exit 2; }
command -v callgrind_annotate >/dev/null || { echo "listener_calls.sh: skipped: valgrind is not installed" && exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
profile=${3:-$work/profile}

valgrind --tool=callgrind --callgrind-out-file="$profile" --toggle-collect=hear_and_flush --toggle-collect=look_at_time "$program" "$calls" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2 && exit 2; }
callgrind_annotate --inclusive=yes --threshold=100 --auto=no "$profile" | sed -E 's/\([^)]*\)//; s/\[[^]]*\]//' |
    awk 'NF >= 2 { print $1, $2 }' >"$work/functions"

# Inclusive instructions of a function, a call.
of() { # FUNCTION
    awk -v name="$1" -v calls="$calls" '$2 ~ ":" name "$" { gsub(",", "", $1); if ($1 + 0 > most) most = $1 + 0 }
        END { printf "%.0f", most / calls }' "$work/functions"
}

printf '%d instructions a call on the listener (lws_write %d, body_read %d, request_parse_body %d, service_request_then %d, hub_step %d)\n' \
    "$(of hear_and_flush)" "$(of lws_write)" "$(of body_read)" "$(of request_parse_body)" "$(of service_request_then)" "$(of hub_step)"
