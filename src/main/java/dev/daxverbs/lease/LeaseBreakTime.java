package dev.daxverbs.lease;

import dev.daxverbs.internal.KernelText;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * How long the kernel lets an opener wait before it breaks a lease by force: {@code /proc/sys/fs/lease-break-time}, see {@code proc_sys_fs(5)}.
 *
 * @param ns nanoseconds; zero if it waits for ever
 */
record LeaseBreakTime(long ns) {
    private static final Path SETTING = Path.of("/proc/sys/fs/lease-break-time");
    private static final LeaseBreakTime USUAL = new LeaseBreakTime(TimeUnit.SECONDS.toNanos(45));

    /** As it is now: an administrator may change it at any time, and it counts from the beginning of a break. */
    static LeaseBreakTime now() {
        try {
            return new LeaseBreakTime(TimeUnit.SECONDS.toNanos(Math.max(0, Integer.parseInt(KernelText.read(SETTING)))));
        } catch (IOException | NumberFormatException e) {
            return USUAL; // no /proc: the kernel has the setting all the same
        }
    }

    /** What a holder gets to answer a break. */
    long forHolderNs() {
        return (ns == 0 ? USUAL.ns : ns) / 2;
    }

    /** Whether the kernel has forced a break, as far as time tells, that was heard at {@code heardNs}. */
    boolean isOver(long heardNs) {
        return ns != 0 && System.nanoTime() - heardNs >= ns;
    }
}
