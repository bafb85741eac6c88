# shellcheck shell=bash
# Installs what a script of this project needs from the machine's own packages. To be sourced:
#
#     source "$(dirname "${BASH_SOURCE[0]}")/lib/install.sh"
#     install_missing cpio:cpio mkfs.erofs:erofs-utils /usr/include/infiniband/verbs.h:libibverbs-dev || exit
#
# install_missing THING:PACKAGE...
#     THING is a command, or the absolute path of a file when it holds a slash; PACKAGE is the package of Debian and
#     Ubuntu that brings it. Where everything is there it costs no process and touches nothing. Otherwise it runs
#     apt-get (through sudo when not root, and never asking a question) on Debian, Ubuntu and their relatives; elsewhere,
#     and when that fails, it prints one line that names what is missing and returns 1.
#     Nothing goes to stdout, so it may be used in scripts whose output is parsed.
#
# as_root COMMAND...
#     runs it directly as root, else through sudo. Returns 1 with one line when neither is possible.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        printf '%s: needs root for "%s": run it as root or install sudo\n' "${0##*/}" "$*" >&2
        return 1
    fi
}

# Whether THING is there. Administrators' commands count even where the caller's PATH leaves their folders out.
_is_there() {
    case $1 in
        */*) [ -e "$1" ] ;;
        *) command -v "$1" > /dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
    esac
}

# Succeeds on Debian, Ubuntu and what calls itself like them, told by os-release (apt-get alone exists elsewhere, too).
_is_debian_like() {
    command -v apt-get > /dev/null && grep -Eqs '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release
}

# The lists of packages may be older than the packages of the mirror, so a failed install is tried once more after
# an update. Fresh containers have no lists at all: the first try then fails at once.
_apt_install() {
    local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    "${apt[@]}" install --no-install-recommends "$@" > /dev/null 2>&1 && return
    "${apt[@]}" update >&2 && "${apt[@]}" install --no-install-recommends "$@" >&2
}

install_missing() {
    local pair things=() packages=()
    for pair in "$@"; do
        if ! _is_there "${pair%:*}"; then
            things+=("${pair%:*}")
            packages+=("${pair##*:}")
        fi
    done
    [ ${#things[@]} -gt 0 ] || return 0

    if ! _is_debian_like; then
        printf '%s: missing: %s. Install them (packages of Debian: %s) and try again.\n' \
            "${0##*/}" "${things[*]}" "${packages[*]}" >&2
        return 1
    fi
    printf '%s: installing %s\n' "${0##*/}" "${packages[*]}" >&2
    if ! _apt_install "${packages[@]}"; then
        printf '%s: missing: %s; apt-get could not install %s (its messages are above).\n' \
            "${0##*/}" "${things[*]}" "${packages[*]}" >&2
        return 1
    fi
    for pair in "$@"; do
        if ! _is_there "${pair%:*}"; then
            printf '%s: missing: %s, although its package %s is installed now.\n' "${0##*/}" "${pair%:*}" "${pair##*:}" >&2
            return 1
        fi
    done
}
