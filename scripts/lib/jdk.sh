# shellcheck shell=bash
# Sourced. The JDK and Maven that build the project.

# find_jdk: sets JDK to the home of a JDK of 22 or later: JAVA_HOME, or the newest where JDKs usually are; installs one if there is none.
find_jdk() {
    JDK=$(newest_jdk)
    if [ -z "$JDK" ]; then
        local package
        for package in openjdk-25-jdk-headless openjdk-24-jdk-headless openjdk-23-jdk-headless openjdk-22-jdk-headless; do
            if apt-cache show "$package" > /dev/null 2>&1; then
                install_missing "no-such-command-$package:$package" || true
                JDK=$(newest_jdk)
                [ -z "$JDK" ] || return 0
            fi
        done
        printf 'no JDK of 22 or later in JAVA_HOME, /usr/lib/jvm, /opt, ~/.sdkman or ~/.jdks, and no package has one: install one and set JAVA_HOME\n' >&2
        return 1
    fi
}

newest_jdk() {
    local home best='' best_version=21 version
    for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/*jdk* "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/*; do
        if [ ! -x "$home/bin/javac" ] || [ ! -r "$home/release" ]; then
            continue
        fi
        version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
        if [ "${version:-0}" -gt "$best_version" ]; then
            best=$home best_version=$version
        fi
    done
    printf '%s' "$best"
}

# maven ARGUMENT...: Maven, quiet about downloads
maven() {
    mvn --batch-mode --no-transfer-progress "$@"
}
