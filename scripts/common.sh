# What run.sh and check.sh share: messages, long steps that can be stopped, the build, the packages of npm.
# To be sourced; expects `root`, the folder of the project.
# shellcheck shell=bash disable=SC2154

me=$(basename "$0")

fail() {
    echo "$me: $*" >&2
    exit 1
}

# --- processes: every child is the leader of a group of its own, so that it can be ended with all that it started ---

children=()

# Runs a command in the background; its process id is in `child`. The kernel ends it should we be killed; if that
# happens before it has asked for this, it sees that its parent is another. (bash, which keeps exported functions.)
spawn() {
    local parent=$BASHPID
    # shellcheck disable=SC2016 # the inner shell's
    setsid setpriv --pdeathsig TERM bash -c '[ "$PPID" -eq "$0" ] && exec "$@"' "$parent" "$@" &
    child=$!
    children+=("$child")
}

forget() {
    local pid kept=()
    for pid in "${children[@]}"; do
        [ "$pid" = "$1" ] || kept+=("$pid")
    done
    children=("${kept[@]}")
}

# Runs a command and waits for it; a trapped signal ends it at once.
step() {
    local pid status=0
    spawn "$@"
    pid=$child
    wait "$pid" || status=$?
    forget "$pid"
    return "$status"
}

# Ends a child: asks it and its group first, insists after 10 s. Succeeds if asking was enough.
end_child() {
    local pid=$1 tries=200 status=0
    forget "$pid"
    kill -TERM -- "-$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do
        if [ "$tries" -eq 0 ]; then
            status=1
            break
        fi
        tries=$((tries - 1))
        sleep 0.05
    done
    # What is left of its group has outlived it.
    kill -KILL -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    return "$status"
}

end_children() {
    local pid
    for pid in "${children[@]}"; do
        kill -TERM -- "-$pid" 2>/dev/null || true
    done
    while [ "${#children[@]}" -gt 0 ]; do
        end_child "${children[0]}" || true
    done
}

# --- the build ---

# Makes `configure` if it is missing or older than what it is made from.
make_configure() {
    local source
    for source in configure.ac Makefile.am m4/*.m4; do
        if [ ! -x configure ] || [ "$source" -nt configure ]; then
            ./autogen.sh
            return
        fi
    done
}

# configure_and_make DIR TARGET [configure's arguments]: builds in DIR, configuring anew when the arguments changed.
configure_and_make() {
    local dir=$1 target=$2 source
    shift 2
    source=$PWD
    mkdir -p "$dir"
    cd "$dir" || return
    if [ ! -f Makefile ] || [ "$source/configure" -nt config.status ] || [ "$*" != "$(cat .arguments 2>/dev/null)" ]; then
        "$source/configure" --quiet "$@"
        echo "$*" >.arguments
    fi
    make --no-print-directory -s -j2 "$target"
}

export -f make_configure configure_and_make

# Where libtool put the plugin of a build folder.
plugin_of() {
    local file
    for file in "$1/.libs/libjanus_call.so" "$1/plugins/.libs/libjanus_call.so"; do
        [ -f "$file" ] || continue
        echo "$file"
        return
    done
    return 1
}

# --- npm ---

# npm_packages FOLDER...: installs what a folder's lock names, unless it is there. The tries use what the end-to-end tests do.
npm_packages() {
    local folder
    for folder in "$@"; do
        [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && continue
        step npm ci --prefix "$folder" --prefer-offline --loglevel=error >&2 || return
        touch "$folder/node_modules/.package-lock.json"
    done
}
