#!/bin/sh
# Breaks leases of a file: breaker.sh FILE SIZE SOURCE. Reads one word a line, does what it says to the file by other processes
# than the one that holds the lease, and answers each with a line: "done", or "failed". ("command": so that the shell does not
# end when a file cannot be opened.)
file=$1 size=$2 source=$3

# The file is held open from before it is cut until it is whole again, so nobody can take a lease while it is short.
truncate_and_extend() {
    command exec 3<> "$file" || return
    truncate -s 0 "$file" && truncate -s "$size" "$file"
    status=$?
    exec 3>&-
    return "$status"
}

while read -r word; do
    case $word in
        read) command : < "$file" ;;
        append) command : >> "$file" ;;
        truncate) truncate_and_extend ;;
        copy) cp "$source" "$file" ;;
        *) false ;;
    esac && echo "done" || echo "failed"
done
