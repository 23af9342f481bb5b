#!/bin/sh
# Fails when an arrow between the layers is drawn the wrong way: by an #include under src/ or plugins/, or by what the
# core library wants from outside. Run by `make check`, or by hand: tests/check-layers.sh [SOURCE_TREE [CORE_LIBRARY]].
set -u
LC_ALL=C
export LC_ALL

source_tree=${1:-${srcdir:-.}}
core_library=${2:-.libs/libcore.a}
nm=${NM:-nm}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM
failures=0

# Which layers the files of a layer may include. A layer may always include itself.
may_include() {
    case $1 in
    core) echo "" ;;
    base) echo "" ;;
    media) echo "" ;;
    ports) echo "core" ;;
    wire) echo "core" ;;
    service) echo "core ports base" ;;
    store | auth | notify) echo "core ports base" ;;
    listener) echo "core ports base service wire media" ;;
    # The door that also puts the house together.
    plugins) echo "core ports base service wire media store auth notify listener" ;;
    *) return 1 ;;
    esac
}

# Which headers in angle brackets the core may include, and who may include those of jansson and of Janus.
may_include_system() {
    case $2 in
    janus/*) [ "$1" = plugins ] ;;
    jansson.h) [ "$1" = wire ] || [ "$1" = auth ] || [ "$1" = plugins ] || [ "$1" = listener ] ;;
    jwt.h) [ "$1" = auth ] ;;
    openssl/*) [ "$1" = auth ] || [ "$1" = listener ] ;;
    libwebsockets.h | ev.h) [ "$1" = listener ] ;;
    glib.h | inttypes.h | limits.h | stdbool.h | stddef.h | stdint.h | stdlib.h | string.h) true ;;
    *) [ "$1" != core ] ;;
    esac
}

complain() {
    echo "$1"
    failures=$((failures + 1))
}

layer_of() {
    case $1 in
    src/*/*) layer=${1#src/} && echo "${layer%%/*}" ;;
    plugins/*) echo plugins ;;
    esac
}

check_own_include() { # FILE LINE LAYER HEADER
    case $4 in
    *..*) complain "$1:$2: \"$4\": write the layer and the file, not a way there" ;;
    call-config.h) [ "$3" != core ] || complain "$1:$2: the core knows nothing of how it was configured" ;;
    */*)
        case " $3 $(may_include "$3") " in
        *" ${4%%/*} "*) ;;
        *) complain "$1:$2: $3 may not include \"$4\" (it may include: $3 $(may_include "$3"))" ;;
        esac
        ;;
    *) [ "$3" = plugins ] || complain "$1:$2: \"$4\": write the layer too: \"$3/$4\"" ;;
    esac
}

# Lines `FILE LINE LAYER "HEADER`, or with < for ".
list_includes() {
    while read -r file; do
        sed -n -e '/^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]/{=;s/^[^"<]*\(["<][^">]*\)[">].*/\1/p;}' \
            "$source_tree/$file" | paste -d ' ' - - |
            while read -r line header; do echo "$file $line $(layer_of "$file") $header"; done
    done
}

check_includes() {
    (cd "$source_tree" && find src plugins -name '*.[ch]' 2>/dev/null) | sort >"$scratch/files"
    [ -s "$scratch/files" ] || complain "no sources under $source_tree"
    while read -r file; do
        may_include "$(layer_of "$file")" >/dev/null ||
            complain "$file: this layer is not known to tests/check-layers.sh"
    done <"$scratch/files"
    list_includes <"$scratch/files" >"$scratch/includes"
    while read -r file line layer header; do
        case $header in
        '"'*) check_own_include "$file" "$line" "$layer" "${header#?}" ;;
        *) may_include_system "$layer" "${header#?}" ||
            complain "$file:$line: $layer may not include $header>" ;;
        esac
    done <"$scratch/includes"
    echo "looked at $(wc -l <"$scratch/includes") includes of $(wc -l <"$scratch/files") files"
}

# What the core may want from outside: GLib's containers, memory and text, and libc's of the same kind.
allowed='^(
    g_(array|byte_array|bytes|direct|hash_table|hash|int|int64|double|list|node|ptr_array|queue|sequence|slist|tree)_.*
    g_(ref_string|rc_box|atomic_rc_box|ref_count|atomic_ref_count)_.*
    g_(string|str|strv|ascii|utf8|unichar)_.*
    g_(str[a-z0-9]+|snprintf|vsnprintf|boxed_free)
    g_(malloc|malloc0|malloc_n|malloc0_n|realloc|realloc_n|try_malloc|free|free_sized|memdup2|qsort_with_data)
    g_slice_(alloc|alloc0|copy|free1|free_chain_with_offset)
    g_(assertion_message.*|abort)
    (mem|str|stp)[a-z]+
    (snprintf|vsnprintf|qsort|qsort_r|bsearch|abs|labs|llabs|abort|__assert_fail)
    (isalnum|isalpha|isdigit|isspace|isxdigit|tolower|toupper|__ctype_[a-z_]*_loc)
    __(mem|str|stp|snprintf|vsnprintf)[a-z]*_chk
    __isoc[0-9]+_str[a-z]+
    (__stack_chk_fail|__stack_chk_guard|_GLOBAL_OFFSET_TABLE_)
    __(asan|ubsan|tsan|msan|lsan|sanitizer|gcov|llvm|odr_asan)_.*
)$'

# What it must not want, and what that would be. The first row that matches is said; anything else that is not allowed
# is refused too.
kind_of() {
    case $1 in
    g_get_*time* | g_date_time_* | g_timer_* | g_usleep | time | clock* | gettimeofday | localtime* | gmtime* | *sleep)
        echo "the clock: time comes in with the event" ;;
    g_random_* | g_rand_* | g_uuid_* | rand | rand_r | srand | random | *rand48* | getrandom | getentropy | arc4random*)
        echo "random numbers: they come in with the event" ;;
    g_thread_* | g_mutex_* | g_rec_mutex_* | g_rw_lock_* | g_cond_* | g_once_* | g_private_* | g_async_queue_* | pthread_* | \
        mtx_* | thrd_* | sem_*)
        echo "threads and locks: the service has them" ;;
    g_main_* | g_source_* | g_timeout_* | g_idle_* | g_io_* | poll | epoll_* | select)
        echo "a loop: the service has it" ;;
    g_file_* | g_mkdir* | g_dir_* | g_key_file_* | open | open64 | openat* | close | read | write | unlink | rename | stat | \
        fstat | mkdir | fopen* | fclose | fread | fwrite | fflush | fseek* | fgets | getline)
        echo "files: the core does no I/O" ;;
    g_socket* | g_inet_* | g_resolver_* | socket | connect | bind | listen | accept | send* | recv* | getaddrinfo)
        echo "sockets: the core does no I/O" ;;
    g_log* | g_print* | g_message | g_warn* | g_return_if_fail_warning | printf | fprintf | vfprintf | puts | \
        fputs | fputc | putchar | perror | syslog | __*printf_chk | stdout | stderr)
        echo "output: only plugins/ and src/base/ log; a bug is a g_assert" ;;
    json_*) echo "JSON: wire/ has it" ;;
    janus_*) echo "Janus: plugins/ has it" ;;
    config_* | log_* | sqlite3_*) echo "another layer's business" ;;
    g_getenv | getenv | g_get_*) echo "the surroundings: what is configured comes in as settings" ;;
    *) echo "not in the list of what is allowed" ;;
    esac
}

# A name that another object of the library defines is not from outside. `nm -P`: name, type, ...
wanted_from_outside() {
    awk '$2 ~ /^[A-TVX-Z]$/ { defined[$1] } $2 ~ /^[Uwv]$/ { wanted[$1] }
              END { for (name in wanted) if (!(name in defined)) print name }' | sort
}

check_core_symbols() {
    if [ ! -f "$core_library" ]; then
        complain "there is no $core_library"
        return
    fi
    # shellcheck disable=SC2086 # libtool's NM has an option of its own
    $nm -P "$core_library" >"$scratch/symbols" || complain "$nm $core_library failed"
    grep -q ' T ' "$scratch/symbols" || complain "$core_library defines no function"
    wanted_from_outside <"$scratch/symbols" >"$scratch/wanted"
    pattern=$(printf '%s' "$allowed" | tr -d ' ' | tr '\n' '|' | sed 's/(|/(/g;s/|)/)/g')
    grep -vE "$pattern" "$scratch/wanted" >"$scratch/refused"
    while read -r name; do
        complain "$core_library: $name: $(kind_of "$name")"
    done <"$scratch/refused"
    echo "looked at $(wc -l <"$scratch/wanted") names that the core wants from outside"
}

check_includes
check_core_symbols
if [ "$failures" -gt 0 ]; then
    echo "$failures wrong"
    exit 1
fi
