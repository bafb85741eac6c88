# shellcheck shell=bash
# The guest's image and its cache. Sourced by scripts/guest, which sets recipe, and defines say and install_missing.
#
# $cache/guest/<hash of the recipe>/    an image, complete since it is renamed to this name at its end
# $cache/guest/new.*/                   one being built, or left by a build that was killed
# $cache/guest/lock                     held by the build
# $cache/guest/accelerator              what runs the guests of this machine, see guest-machine.sh
# $cache/guest/logs/                    consoles of the latest guests
# shellcheck disable=SC2154
cache=$(realpath -m "${DAXVERBS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/daxverbs}/guest")

# What the image is made from. "first" is handed to the guest at each run and thus no part of it.
image_recipe=(build init make-initramfs modules packages)

image_path() {
    local hash
    hash=$(cd "$recipe" && sha256sum "${image_recipe[@]}" | sha256sum)
    echo "$cache/${hash:0:16}"
}

image_build() {
    local image new
    image=$(image_path)
    [ ! -d "$image" ] || return 0

    install_missing mmdebstrap:mmdebstrap mount:mount mkfs.erofs:erofs-utils cpio:cpio \
        xz:xz-utils zstd:zstd depmod:kmod objcopy:binutils flock:util-linux setpriv:util-linux \
        /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring || exit
    mkdir -p "$cache"
    exec {lock}> "$cache/lock"
    flock -n "$lock" || { say "another build is running, waiting for it" && flock "$lock"; }
    if [ ! -d "$image" ]; then
        # Whoever holds the lock knows that no other build is running: what lies there was left behind.
        as_root rm -rf --one-file-system "$cache"/new.*
        new=$(mktemp -d "$cache/new.XXXXXX")
        chmod 755 "$new"
        PATH=$PATH:/usr/sbin:/sbin "$recipe/build" "$new" {lock}>&- || {
            as_root rm -rf --one-file-system "$new"
            say "the image could not be built (the messages are above)"
            exit 125
        }
        mv "$new" "$image"
        say "built $image"
    fi
    exec {lock}>&-
}

image_clean() {
    local folder image
    image=$(image_path)
    [ -d "$cache" ] || return 0
    exec {lock}> "$cache/lock"
    flock -n "$lock" || { say "a build is running: nothing removed" && exit 1; }
    for folder in "$cache"/*/; do
        folder=${folder%/}
        case $folder in
            "$image" | "$cache/logs") ;;
            *) as_root rm -rf --one-file-system "$folder" && say "removed $folder" ;;
        esac
    done
    rm -f "$cache/accelerator"
    exec {lock}>&-
}
