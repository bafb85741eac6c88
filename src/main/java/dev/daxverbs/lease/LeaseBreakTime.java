package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;

/**
 * How long the kernel lets an opener wait before it breaks a lease by force: {@code /proc/sys/fs/lease-break-time}, see {@code proc_sys_fs(5)}.
 *
 * @param ns nanoseconds; zero if it waits for ever
 */
record LeaseBreakTime(long ns) {
    private static final String SETTING = "/proc/sys/fs/lease-break-time";
    /** The kernel counts ticks, of 1 to 10 ms, and the first one is not whole. */
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final MemorySegment TEXT = Arena.global().allocate(32); // guarded by the class
    private static final LeaseBreakTime USUAL = new LeaseBreakTime(TimeUnit.SECONDS.toNanos(45));

    /** Stays open: the thread that hears breaks reads it once for each, and thousands of files can break at once. */
    private static final class Descriptor {
        static final int FD = Posix.open(SETTING, LibC.O_RDONLY(), 0);
    }

    /**
     * As it is now: an administrator may change it at any time, and it counts from the beginning of a break.
     *
     * <p>An opener waits for this, and in a process with few breaks it is interpreted: strings and arenas would be a fifth of the wait.
     */
    static synchronized LeaseBreakTime now() {
        long length = Posix.pread(Descriptor.FD, TEXT, 0); // "45\n"; negative without /proc: the kernel has the setting all the same
        long seconds = 0;
        int digits = 0;
        for (long i = 0; i < length; i++) {
            int digit = TEXT.get(ValueLayout.JAVA_BYTE, i) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            seconds = 10 * seconds + digit;
            digits++;
        }
        boolean isNegative = length > 0 && TEXT.get(ValueLayout.JAVA_BYTE, 0) == '-'; // to the kernel that is as good as zero
        return digits == 0 && !isNegative ? USUAL : new LeaseBreakTime(TimeUnit.SECONDS.toNanos(seconds));
    }

    /** What a holder gets to answer a break. */
    long forHolderNs() {
        return (ns == 0 ? USUAL.ns : ns) / 2;
    }

    /** Whether it has passed since {@code sinceNs}, so that the kernel may have forced a break that began after that. */
    boolean isOver(long sinceNs) {
        return ns != 0 && System.nanoTime() - sinceNs >= ns - TICK_NS;
    }
}
