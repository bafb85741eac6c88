package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
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
    private static final int LONGEST_TEXT_BYTES = 32;
    private static final LeaseBreakTime USUAL = new LeaseBreakTime(TimeUnit.SECONDS.toNanos(45));

    /** Stays open: the thread that hears breaks reads it once for each, and thousands of files can break at once. */
    private static final class Descriptor {
        static final int FD = Posix.open(SETTING, LibC.O_RDONLY(), 0);
    }

    /** As it is now: an administrator may change it at any time, and it counts from the beginning of a break. */
    static LeaseBreakTime now() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(LONGEST_TEXT_BYTES);
            long length = Posix.pread(Descriptor.FD, text, 0);
            if (length <= 0) {
                return USUAL; // no /proc: the kernel has the setting all the same
            }
            String digits = new String(text.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII).strip();
            return new LeaseBreakTime(TimeUnit.SECONDS.toNanos(Math.max(0, Integer.parseInt(digits))));
        } catch (NumberFormatException e) {
            return USUAL;
        }
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
