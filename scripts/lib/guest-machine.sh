# shellcheck shell=bash
# Boots the guest and watches over it. Sourced by scripts/guest, which sets project, recipe, cache, kernel, cpus,
# memory, limit, environment and command, and defines say and wrong_usage.
# shellcheck disable=SC2154

boot_limit=240    # seconds from the start of qemu to a running command; 10 are usual
silence_limit=60  # seconds without any event of the guest, which ticks every two
kept_logs=20      # consoles of the latest guests
nvdimm_sizes=(768M 512M 128M) # what "first" tells them by

# What a value of an option of qemu looks like: commas are doubled.
for_qemu() { printf '%s' "${1//,/,,}"; }

# The emulator that the image brings along, see make_qemu.
qemu_command() {
    local tree=$image/qemu/usr
    qemu_command=(env "QEMU_MODULE_DIR=$tree/lib/x86_64-linux-gnu/qemu" "$tree/lib64/ld-linux-x86-64.so.2"
        --library-path "$tree/lib/x86_64-linux-gnu" "$tree/bin/qemu-system-x86_64"
        -L "$tree/share/seabios" -L "$tree/share/qemu")
}

# Options of qemu that decide who executes the guest's instructions.
tcg_options=(-accel "tcg,thread=multi,tb-size=512" -cpu max)
kvm_options=(-accel kvm -cpu host)

# KVM may be there and still not run a stock kernel, so it has to boot one before it is believed. The answer
# holds until the machine boots anew.
accelerator() {
    local remembered=$cache/accelerator key answer=tcg
    key="$(cat /proc/sys/kernel/random/boot_id) $(uname -r)"
    if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
        if [ -e "$remembered" ] && [ "$(head -1 "$remembered")" = "$key" ]; then
            tail -1 "$remembered"
            return
        fi
        if timeout -k 1 20 "${qemu_command[@]}" -machine q35 "${kvm_options[@]}" -m 512M -nodefaults -display none -no-reboot \
            -nic none -serial stdio -kernel "$image/kernel-backports" -initrd "$image/initramfs-backports" \
            -append "console=ttyS0 quiet panic=-1 daxverbs.trial" < /dev/null 2>&1 |
            grep -q "daxverbs: the trial boot succeeded"; then
            answer=kvm
        else
            say "/dev/kvm does not run the guest's kernel: emulating the processors"
        fi
        printf '%s\n%s\n' "$key" "$answer" > "$remembered.$$"
        mv "$remembered.$$" "$remembered"
    fi
    echo "$answer"
}

# What the guest's bash is to execute, quoted so that every byte of the arguments survives.
write_command() {
    local assignment
    printf 'cd %q || exit 125\n' "$project"
    for assignment in ${environment[0]+"${environment[@]}"}; do
        printf 'export %s=%q\n' "${assignment%%=*}" "${assignment#*=}"
    done
    printf 'exec'
    printf ' %q' "${command[@]}"
    printf '\n'
}

write_settings() {
    printf 'DAXVERBS_ROOT=%q\n' "$project"
    printf 'DAXVERBS_TERMINAL=%q\n' "${interactive:+$(stty size)}"
}

# The options of qemu for the machine that the folder $work belongs to.
qemu_options() {
    local name size
    # shellcheck disable=SC2054 # the commas are qemu's
    options=(-machine "q35,nvdimm=on" -smp "$cpus" -m "$memory,slots=4,maxmem=256G"
        -nodefaults -no-user-config -display none -monitor none -no-reboot -nic none
        -kernel "$image/kernel-$kernel" -initrd "$image/initramfs-$kernel"
        -append "console=ttyS0 quiet panic=-1 oops=panic mitigations=off audit=0 no_timer_check random.trust_cpu=on tsc=reliable"
        -chardev "file,id=console,path=$(for_qemu "$log"),append=on" -serial chardev:console
        -drive "file=$(for_qemu "$image/root.erofs"),format=raw,if=virtio,readonly=on"
        -drive "file=$(for_qemu "$work/pagecache"),format=raw,if=virtio,cache=unsafe"
        -fsdev "local,id=share,path=$(for_qemu "$project"),security_model=none,multidevs=remap"
        -device virtio-9p-pci,fsdev=share,mount_tag=share
        # Writes of the guest to its ports have reached their files when they return: nothing is lost at the end.
        -device virtio-serial-pci,ioeventfd=off)
    for name in first settings command; do
        options+=(-fw_cfg "name=opt/daxverbs/$name,file=$(for_qemu "$work/$name")")
    done
    for name in control stdout stderr; do
        options+=(-chardev "file,id=$name,path=$(for_qemu "$work/$name")"
            -device "virtserialport,chardev=$name,name=daxverbs.$name")
    done
    for size in "${nvdimm_sizes[@]}"; do
        options+=(-object "memory-backend-file,id=nvdimm-$size,share=on,mem-path=$(for_qemu "$work/nvdimm-$size"),size=$size"
            -device "nvdimm,memdev=nvdimm-$size")
    done
    if [ -n "$interactive" ]; then
        # shellcheck disable=SC2054 # the commas are qemu's
        options+=(-chardev stdio,id=terminal,signal=off -serial chardev:terminal)
    fi
    case $(accelerator) in
        kvm) options+=("${kvm_options[@]}") ;;
        *) options+=("${tcg_options[@]}") ;;
    esac
}

# Nothing of a guest outlives this script: not its processes, not its files.
machine_end() {
    # What the command said is still to be written, unless nobody wants it any more.
    trap 'kill ${tails[0]+"${tails[@]}"} 2> /dev/null || true' INT TERM HUP
    [ -z "$qemu" ] || kill -KILL "$qemu" 2> /dev/null || true
    [ -z "$interrupted" ] || kill ${tails[0]+"${tails[@]}"} 2> /dev/null || true
    wait 2> /dev/null || wait 2> /dev/null || true
    [ -z "$interactive" ] || stty "$interactive" || true
    rm -rf "$work"
    # shellcheck disable=SC2012 # the names of logs are our own
    (cd "$cache/logs" && ls -t | tail -n "+$((kept_logs + 1))" | xargs -r rm -f) || true
}

# machine_fail STATUS MESSAGE: the end of a guest that did not tell an exit status
machine_fail() {
    local status=$1
    shift
    [ -z "$interactive" ] || stty "$interactive"
    say "$*; the last lines of its console ($log):"
    tail -n 25 "$log" | tr -d '\r' | sed 's/^/    /' >&2
    exit "$status"
}

# Starts qemu and what carries the command's output to ours.
machine_boot() {
    local size
    for size in "${nvdimm_sizes[@]}"; do
        rm -f "$work/nvdimm-$size"
        truncate -s "$size" "$work/nvdimm-$size"
    done
    rm -f "$work/pagecache"
    truncate -s 1G "$work/pagecache"
    : > "$work/stdout"
    : > "$work/stderr"
    # setpriv: should this script be killed the hard way, qemu ends with it.
    setpriv --pdeathsig KILL "${qemu_command[@]}" "${options[@]}" <&"$input" >&"$output" {control}>&- 2>> "$log" &
    qemu=$!
    if [ -n "$interactive" ]; then
        return
    fi
    # Not pipes but files between qemu and the output: a reader that is slow or gone must not stop the guest's processor.
    tail -c +1 -s 0.1 --pid="$qemu" -f "$work/stdout" {control}>&- &
    tails=($!)
    tail -c +1 -s 0.1 --pid="$qemu" -f "$work/stderr" >&2 {control}>&- &
    tails+=($!)
}

# Reads the guest's events until it tells an exit status. Returns 1 when it went off before it was ready.
machine_watch() {
    local event='' part='' ready='' booted=$SECONDS heard=$SECONDS
    while :; do
        if IFS= read -r -t 0.5 part <&"$control"; then
            event+=$part
            heard=$SECONDS
            case $event in
                tick) ;;
                ready)
                    ready=yes
                    # They last as long as qemu has them open, and no longer.
                    rm -f "$work"/nvdimm-* "$work/pagecache"
                    ;;
                'exit '*) exit "${event#exit }" ;;
                'failed '*) machine_fail 125 "the guest ${event#failed }" ;;
                *) say "the guest said '$event'" ;;
            esac
            event=
            continue
        fi
        event+=$part # the time may be over in the middle of a line
        if ! kill -0 "$qemu" 2> /dev/null; then
            [ -n "$ready" ] || return 1
            machine_fail 125 "the guest went off without an exit status (panic?)"
        elif [ "$limit" -gt 0 ] && [ $((SECONDS - started)) -ge "$limit" ]; then
            machine_fail 124 "the limit of $limit s is over"
        elif [ -z "$ready" ] && [ $((SECONDS - booted)) -ge "$boot_limit" ]; then
            machine_fail 125 "the guest did not boot in $boot_limit s"
        elif [ -n "$ready" ] && [ $((SECONDS - heard)) -ge "$silence_limit" ]; then
            machine_fail 125 "the guest hangs: no sign of life for $silence_limit s"
        elif [ ${#tails[@]} -gt 0 ] && ! { kill -0 "${tails[0]}" && kill -0 "${tails[1]}"; } 2> /dev/null; then
            exit 141 # nobody reads the output any more, as with a broken pipe
        fi
    done
}

# Without a command: a shell on this terminal, whose settings are kept, as qemu changes them.
prepare_terminal() {
    if [ ${#command[@]} -gt 0 ]; then
        exec {input}< /dev/null {output}> /dev/null
        limit=${limit:-3600}
        return
    fi
    { [ -t 0 ] && [ -t 1 ]; } || wrong_usage "a shell needs a terminal: give a command after --"
    interactive=$(stty -g)
    exec {input}<&0 {output}>&1
    limit=${limit:-0}
    command=(bash)
    environment=("TERM=${TERM:-vt100}" ${environment[0]+"${environment[@]}"})
}

machine_run() {
    local image work log qemu='' tails=() qemu_command=() options=() control input output interactive='' interrupted=''
    local started=$SECONDS
    image=$(image_path)
    prepare_terminal
    qemu_command
    mkdir -p "$cache/logs"
    log=$cache/logs/$(date +%Y%m%d-%H%M%S)-$$.log
    : > "$log"
    work=$(mktemp -d "${TMPDIR:-/tmp}/daxverbs-guest.XXXXXX")
    trap machine_end EXIT
    trap 'interrupted=yes; exit 130' INT
    trap 'interrupted=yes; exit 143' TERM
    trap 'interrupted=yes; exit 129' HUP

    cp "$recipe/first" "$work/first"
    write_command > "$work/command"
    write_settings > "$work/settings"
    mkfifo "$work/control"
    exec {control}<> "$work/control"
    qemu_options
    [ -z "$interactive" ] || say "booting (the console is in $log)"
    machine_boot
    # The command has not run yet, so it does no harm to begin again, should the boot have died.
    machine_watch || {
        say "the guest went off while it booted, trying once more"
        machine_boot
        machine_watch || machine_fail 125 "the guest went off while it booted"
    }
}
