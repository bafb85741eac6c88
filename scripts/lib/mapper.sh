# shellcheck shell=bash
# The C library of examples/native, for --memory c-library. Sourced after lib/install.sh, by scripts that work in the project's folder.

# The guest has no compiler: it is built here, for both.
build_mapper() {
    local library=examples/target/native/libmapper.so source=examples/native/mapper.c
    if [ ! -e "$library" ] || [ "$source" -nt "$library" ]; then
        install_missing gcc:gcc /usr/include/stdio.h:libc6-dev
        mkdir -p "${library%/*}"
        gcc -O1 -Wall -Wextra -Werror -shared -fPIC -o "$library" "$source"
    fi
}
