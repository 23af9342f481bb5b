#!/bin/bash
# Installs what a bare Debian 12 machine lacks for run.sh or check.sh; does nothing when all is there.
#   scripts/setup.sh run|try|check|coverage|bench
# run, try: build the plugin, start Janus, serve the page or play the scripted users. check: what the tests need, too.
# coverage: check, and what counts covered lines. bench: check, and the servers that ours is measured against.
set -euo pipefail

fail() {
    echo "setup: $*" >&2
    exit 1
}

run_packages=(build-essential autoconf automake libtool pkg-config libglib2.0-dev libjansson-dev
    libconfig-dev libcurl4-openssl-dev libsqlite3-dev libjwt-dev libssl-dev libev-dev
    libwebsockets-dev libwebsockets-evlib-ev janus janus-dev perl)
check_packages=(chromium clang clang-format fonts-dejavu-core libclang-rt-14-dev llvm-14 spin sqlite3 valgrind
    libgoogle-gson-java libokhttp-java openjdk-17-jdk-headless
    curl janus-tools php-cli php-curl php-guzzlehttp-guzzle php-laravel-framework php-mbstring php-sqlite3 php-xml phpunit)

needed_packages() {
    printf '%s\n' "${run_packages[@]}"
    case "$1" in
    check) printf '%s\n' "${check_packages[@]}" ;;
    coverage) printf '%s\n' "${check_packages[@]}" gcovr ;;
    bench) printf '%s\n' "${check_packages[@]}" kamailio ;;
    esac
    # Node may have come from elsewhere than Debian.
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

missing_packages() {
    comm -23 <(needed_packages "$1" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "needs root (or sudo) to install: ${missing[*]}"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@"
}

install_packages() {
    echo "setup: installing ${missing[*]}" >&2
    # An index that was fetched before may do; a bare machine has none.
    apt install --no-install-recommends "${missing[@]}" >&2 && return
    apt update >&2
    apt install --no-install-recommends "${missing[@]}" >&2
}

what=${1:-run}
case "$what" in
run | try | check | coverage | bench) ;;
*) fail "usage: scripts/setup.sh run|try|check|coverage|bench" ;;
esac
command -v dpkg-query >/dev/null || fail "this installs packages on Debian 12; elsewhere, install by hand: $(needed_packages "$what" | tr '\n' ' ')"

mapfile -t missing < <(missing_packages "$what")
[ "${#missing[@]}" -eq 0 ] || install_packages
