# shellcheck shell=bash
# Sourced by the scripts that run programs of examples/, after lib/install.sh and lib/jdk.sh. They set scripts and project (folders), and work in
# the project's folder from build_examples on.

# Simple compilation and collection: the guest's processors are emulated, and the programs short.
# shellcheck disable=SC2034 # for those who source this
JAVA_OPTIONS=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -Djava.awt.headless=true
    -cp 'examples/target/libraries/*:examples/target/*')

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# The script has a function usage.
wrong_usage() {
    say "$*"
    usage >&2
    exit 2
}

# json_target FILE: its absolute path; fails where nothing could be written there
json_target() {
    [ -d "$(dirname "$1")" ] || fail "the folder of $1 does not exist"
    [ ! -d "$1" ] || fail "$1 is a folder"
    realpath "$1"
}

# build_examples FOLDER: whatever was built last serves as long as no source is newer. The jars are looked at apart: a clean takes them away.
# The log goes to the folder.
build_examples() {
    local log=$1/build.log built=examples/target/libraries/.built
    if [ -e "$built" ] && compgen -G 'examples/target/daxverbs-examples-*.jar' > /dev/null &&
        [ -z "$(find pom.xml src/main bindings examples/pom.xml examples/src/main -newer "$built" -print -quit)" ]; then
        return
    fi
    install_missing mvn:maven
    echo "building the library and the examples"
    # Maven itself on this JDK, too, and its tools first: older ones cannot read what they are to package.
    export JAVA_HOME=$JDK PATH=$JDK/bin:$PATH
    local begun
    begun=$(mktemp -p "$1") # a source that is changed from now on may not be in what is built
    if ! { maven -f pom.xml install -Dmaven.test.skip=true && maven -f examples/pom.xml package -Dmaven.test.skip=true; } > "$log" 2>&1; then
        grep -F '[ERROR]' "$log" | head -n 20 >&2
        rm -f "$begun"
        fail "the build failed; all of it is in $log"
    fi
    mv "$begun" "$built"
}

has_rdma_device() { compgen -G '/sys/class/infiniband/*' > /dev/null; }

# needs_rdma_tools: what a program needs that runs on this machine
needs_rdma_tools() { install_missing ibv_devices:ibverbs-utils /etc/libibverbs.d:ibverbs-providers; }
