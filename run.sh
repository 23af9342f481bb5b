#!/bin/bash
# Sets up the machine, builds the plugin and runs Janus with it and the page on 127.0.0.1, until Ctrl-C or SIGTERM.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: ./run.sh [--port N] [--state DIR] [--try]
  --port N     WebSocket on N, HTTP on N+1, the Admin API on N+2, the page on N+3, the listener on N+4 (default: 8188)
  --state DIR  where the configuration, the database, the log, the page and the Admin API's secret are (default: build/run)
  --try        let three devices play a rejected call, print every message, and stop
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$root/scripts/common.sh"

port=8188
state=$root/build/run
is_try=
while [ $# -gt 0 ]; do
    case "$1" in
    --port) port=${2-} && shift 2 ;;
    --state) state=${2-} && shift 2 ;;
    --try) is_try=yes && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac || { usage >&2 && exit 2; }
done
[[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 65531 ]] || fail "--port must be a number from 1 to 65531"
[ -n "$state" ] || fail "--state needs a folder"
# The caller's folder is where a relative --state begins.
mkdir -p "$state"
state=$(cd "$state" && pwd)
http=$((port + 1)) admin=$((port + 2)) page=$((port + 3)) listener=$((port + 4))
name=call-$$-$RANDOM$RANDOM
cd "$root"

# --- ending ---

janus_pid=
page_pid=
leave() {
    trap '' INT TERM HUP PIPE
    [ -z "$janus_pid" ] || end_child "$janus_pid" || echo "$me: Janus did not stop when it was asked to: killed" >&2
    end_children
}
# Being stopped is success once it ran.
stopped_status=130
trap leave EXIT
trap 'exit "$stopped_status"' INT TERM HUP
# Nobody reads our output any more: that ends us as well, in order.
trap 'exit "$stopped_status"' PIPE

say() {
    printf '%s\n' "$*" 2>/dev/null || exit "$stopped_status"
}

# --- what Janus needs ---

build() {
    local log=$root/build/build.log
    say "building"
    mkdir -p "$root/build"
    exec 8>"$root/build/.lock"
    flock 8
    step bash -euc 'make_configure; configure_and_make build all' >"$log" 2>&1 ||
        { cat "$log" >&2 && fail "the build failed (this is $log)"; }
    exec 8>&-
    plugin=$(plugin_of "$root/build") || fail "the build made no libjanus_call.so"
}

find_janus() {
    janus=$(command -v janus || echo /opt/janus/bin/janus)
    [ -x "$janus" ] || fail "there is no janus on this machine"
    for modules in /usr/lib/*/janus /opt/janus/lib/janus /usr/local/lib/janus; do
        [ -f "$modules/transports/libjanus_websockets.so" ] && return
    done
    fail "Janus has no WebSocket transport (libjanus_websockets.so)"
}

is_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

check_ports() {
    local taken
    for taken in "$port" "$http" "$admin" "$page" "$listener"; do
        ! is_taken "$taken" || fail "port $taken of 127.0.0.1 is in use (another Janus?): try --port N; $port to $listener must be free"
    done
}

lock_state() {
    exec 9>"$state/.lock"
    flock -n 9 || fail "another run.sh uses $state: give --state DIR"
}

write_secret() {
    local file=$state/admin_secret
    [ -s "$file" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$file"
    chmod 600 "$file"
    secret=$(cat "$file")
}

link_modules() {
    rm -rf "$state/modules"
    mkdir -p "$state"/modules/{plugins,transports,events,loggers}
    ln -s "$modules"/transports/libjanus_{websockets,http}.so "$state/modules/transports/"
    ln -s "$plugin" "$state/modules/plugins/"
    # Group calls and the mode "room" are VideoRoom's.
    [ ! -f "$modules/plugins/libjanus_videoroom.so" ] ||
        ln -s "$modules/plugins/libjanus_videoroom.so" "$state/modules/plugins/"
}

write_configuration() {
    mkdir -p "$state/conf"
    cat >"$state/conf/janus.jcfg" <<JCFG
general: {
    configs_folder = "$state/conf"
    plugins_folder = "$state/modules/plugins"
    transports_folder = "$state/modules/transports"
    events_folder = "$state/modules/events"
    loggers_folder = "$state/modules/loggers"
    log_to_stdout = false
    log_to_file = "$state/janus.log"
    debug_level = 4
    debug_timestamps = true
    debug_colors = false
    admin_secret = "$secret"
    server_name = "$name"
    session_timeout = 60
    reclaim_session_timeout = 0
    event_loops = 64
    task_pool_size = 16
}
JCFG
    cat >"$state/conf/janus.transport.websockets.jcfg" <<JCFG
general: {
    json = "compact"
    ws = true
    ws_ip = "127.0.0.1"
    ws_port = $port
    wss = false
    pingpong_trigger = 15
    pingpong_timeout = 10
}
admin: {
    admin_ws = false
    admin_wss = false
}
JCFG
    cat >"$state/conf/janus.transport.http.jcfg" <<JCFG
general: {
    json = "compact"
    base_path = "/janus"
    http = true
    ip = "127.0.0.1"
    port = $http
    https = false
}
admin: {
    admin_base_path = "/admin"
    admin_http = true
    admin_ip = "127.0.0.1"
    admin_port = $admin
    admin_https = false
}
JCFG
    # Anybody may say who they are, and ask as often as they like: for trying on this machine only. The bounds let one pair
    # make 200 calls a second.
    cat >"$state/conf/janus.plugin.call.jcfg" <<JCFG
general: {
    events = false
    log_calls = true
    reveal_presence = true
    auth = "open"
}
limits: {
    max_devices = 100
    max_live_calls = 50
    requests_per_second = 0
    calls_per_minute = 0
    relayed_bytes_per_second = 0
    registrations_per_second = 0
    read_bytes_per_second = 0
}
store: {
    type = "sqlite"
    path = "$state/calls.sqlite"
    max_waiting_replies = 8
}
listener: {
    enabled = true
    port = $listener
}
media: {
    room_admin_key = "$secret"
}
JCFG
    # Rooms are made by the plugin, and by nobody else.
    printf 'general: {\n    admin_key = "%s"\n}\n' "$secret" >"$state/conf/janus.plugin.videoroom.jcfg"
}

# --- running it ---

# Every device is an open file.
raise_open_files() {
    local limit
    limit=$(ulimit -H -n)
    [ "$limit" != unlimited ] && [ "$limit" -lt 65536 ] || limit=65536
    ulimit -S -n "$limit"
}

start_janus() {
    [ ! -f "$state/janus.log" ] || mv -f "$state/janus.log" "$state/janus.log.1"
    raise_open_files
    spawn "$janus" -F "$state/conf" >"$state/janus.out" 2>&1 </dev/null
    janus_pid=$child
}

is_running() {
    kill -0 "$janus_pid" 2>/dev/null
}

# The core's own answer over HTTP: that it is this very Janus, and that it has our plugin.
answers_http() {
    local answer
    answer=$({
        exec 3<>"/dev/tcp/127.0.0.1/$http"
        printf 'GET /janus/info HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
        timeout 2 cat <&3
    } 2>/dev/null | tr -d '\0') || true
    [[ $answer == *"\"$name\""* ]] || return 1
    [[ $answer == *'"janus.plugin.call"'* ]] || died "Janus did not load the plugin"
}

# A ping over WebSocket: the handshake, then one frame (masked with zeros, so that it reads as it is).
answers_websocket() (
    LC_ALL=C
    ping='{"janus":"ping","transaction":"run"}'
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
    printf '%s\r\n' 'GET / HTTP/1.1' 'Host: 127.0.0.1' 'Upgrade: websocket' 'Connection: Upgrade' \
        'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: YW55IHNpeHRlZW4gYnl0ZQ==' \
        'Sec-WebSocket-Protocol: janus-protocol' '' >&3
    while IFS= read -r -t 2 -u 3 line && [ "$line" != $'\r' ]; do :; done
    printf "\\x81\\x$(printf %x $((128 + ${#ping})))\\0\\0\\0\\0%s" "$ping" >&3
    IFS= read -r -t 2 -d '}' -u 3 answer
    [[ $answer == *'"pong"'* ]]
)

died() {
    echo "$me: $1; the end of $state/janus.log:" >&2
    tail -n 20 "$state/janus.log" "$state/janus.out" >&2 2>/dev/null || true
    exit 1
}

wait_for_answer() {
    local tries=300
    until answers_http && answers_websocket; do
        is_running || died "Janus ended before it answered"
        [ "$tries" -gt 0 ] || died "Janus does not answer"
        tries=$((tries - 1))
        sleep 0.05
    done
}

# A Janus that is asked to stop before its HTTP transport's last thread runs waits for that thread for ever.
wait_for_threads() {
    local tries=100
    until grep -q 'HTTP transport timer started' "$state/janus.log" || [ "$tries" -eq 0 ]; do
        tries=$((tries - 1))
        sleep 0.05
    done
}

# --- the page ---

# One run.sh of this checkout at a time; the lock is let go of whatever becomes of it.
packages() {
    local status=0
    exec 8>"$root/build/.lock"
    flock 8
    npm_packages "$1" || status=$?
    exec 8>&-
    return "$status"
}

build_page() {
    packages "$root/html-demo" || return
    step node "$root/html-demo/build.mjs" --out "$state/page" --server "ws://127.0.0.1:$port" --listener "http://127.0.0.1:$listener"
}

page_answers() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$page"
        printf 'GET /config.js HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
        [[ $(timeout 2 cat <&3) == *"ws://127.0.0.1:$port"* ]]
    ) 2>/dev/null
}

start_page() {
    local tries=200
    # Janus is worth having without it, such as where npm cannot be reached.
    build_page || { echo "$me: no page: its packages could not be had of npm" >&2 && return; }
    spawn node "$root/scripts/serve.mjs" "$state/page" --port "$page" >"$state/page.log" 2>&1 </dev/null
    page_pid=$child
    until page_answers; do
        kill -0 "$page_pid" 2>/dev/null || fail "the page's server ended: $(cat "$state/page.log")"
        [ "$tries" -gt 0 ] || fail "the page's server does not answer"
        tries=$((tries - 1))
        sleep 0.05
    done
}

tell_how() {
    say "Janus runs with janus.plugin.call: HTTP http://127.0.0.1:$http/janus, Admin API http://127.0.0.1:$admin/admin"
    say "  listener       ws://127.0.0.1:$listener (call.v1)"
    say "  configuration  $state/conf"
    say "  log            $state/janus.log"
    say "  Admin secret   $state/admin_secret"
    say "Devices in terminals: docs/testing-by-hand.md. All at once: ./run.sh --try"
    [ -z "$page_pid" ] || say "Open this page in two tabs and call yourself; Ctrl-C stops it all:"
    [ -z "$page_pid" ] || say "  http://127.0.0.1:$page/"
    stopped_status=0
    say "ready ws://127.0.0.1:$port"
}

# Returns when nobody reads our output any more; no shell can ask that of a pipe or a socket. Or when Janus is gone: bash's
# `wait -n` misses a child that ended before it.
# shellcheck disable=SC2016 # it is Perl
wait_unread='my $poll = IO::Poll->new; $poll->mask(\*STDOUT => POLLHUP | POLLERR);
    1 until $poll->poll(1) > 0 || !kill(0, $ARGV[0])'

# Until a signal (a trap leaves), the end of Janus, or the end of whoever reads our output.
attend() {
    spawn perl -MIO::Poll=POLLHUP,POLLERR -e "$wait_unread" "$janus_pid" 2>/dev/null
    wait -n "$janus_pid" "$child" || true
    is_running || died "Janus ended by itself"
    exit 0
}

if [ -n "$is_try" ]; then "$root/scripts/setup.sh" try; else "$root/scripts/setup.sh" run; fi
lock_state
check_ports
build
find_janus
umask 077
write_secret
link_modules
write_configuration
start_janus
wait_for_answer
wait_for_threads
[ -n "$is_try" ] || { start_page && tell_how && attend; }

packages "$root/tests/e2e"
step node "$root/scripts/try.mjs" --url "ws://127.0.0.1:$port"
end_child "$janus_pid" || fail "Janus did not stop when it was asked to: killed"
