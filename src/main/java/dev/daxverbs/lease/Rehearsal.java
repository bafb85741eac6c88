package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.DaemonThreads;
import dev.daxverbs.internal.Posix;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * One break of a file that is nobody's, gone through as soon as the process takes its first lease, in the background.
 *
 * <p>A JVM loads and links what it runs for the first time, and all that a break needs would be run for the first time in the first break, with an opener
 * waiting: some hundred milliseconds, and many seconds on processors that are slow and busy. So it is run before. Where that cannot be done
 * (no memfd, no leases on it), nothing is lost but this.
 */
final class Rehearsal implements LeaseHolder {
    private static final long PATIENCE_S = 60;

    private final CountDownLatch regained = new CountDownLatch(1);

    private Rehearsal() {
    }

    /** Starts it; returns at once. */
    static void start() {
        try {
            DaemonThreads.named("daxverbs-lease-rehearsal").start(Rehearsal::run);
        } catch (OutOfMemoryError e) {
            // No thread to be had for what is not needed.
        }
    }

    /**
     * Goes through it.
     *
     * @return whether there was a break, and the lease again after it
     */
    static boolean run() {
        int file = memory();
        if (file < 0) {
            return false;
        }
        FileLease lease = null;
        try {
            Rehearsal holder = new Rehearsal();
            lease = FileLease.take(file, "rehearsal", LeaseType.WRITE, holder);
            int opened = Posix.open("/proc/self/fd/" + file, LibC.O_RDONLY() | LibC.O_NONBLOCK(), 0); // refused, and a break has begun
            if (opened >= 0) {
                Posix.close(opened);
                return false;
            }
            return holder.regained.await(PATIENCE_S, TimeUnit.SECONDS);
        } catch (LeaseUnavailableException | InterruptedException e) {
            return false; // not here
        } finally {
            if (lease != null) {
                lease.close();
            }
            Posix.close(file);
        }
    }

    /** A memfd that was opened: the description that memfd_create(2) gives is not counted as one that writes, and gets no lease on some kernels. */
    private static int memory() {
        int made = Posix.memfdCreate("daxverbs-lease-rehearsal");
        if (made < 0) {
            return made;
        }
        try {
            return Posix.open("/proc/self/fd/" + made, LibC.O_RDWR() | LibC.O_CLOEXEC(), 0);
        } finally {
            Posix.close(made);
        }
    }

    @Override
    public void onBreak(LeaseBreak event) {
    }

    @Override
    public void onRegained(FileLease lease) {
        regained.countDown();
    }
}
