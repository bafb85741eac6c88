package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.libc.siginfo_t;
import dev.daxverbs.bindings.libc.sigset_t;
import dev.daxverbs.bindings.libc.timespec;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * Signals received by waiting for them: blocked in one thread, taken from its queue with {@code sigtimedwait(2)}.
 * Confined to the thread that made it, which must be a platform thread and must block the signals before anything
 * can send them: an unblocked real-time signal ends the process.
 */
public final class Signals {
    private static final MethodHandle PTHREAD_SIGMASK =
            NativeCall.capturingErrno(LibC.pthread_sigmask$address(), LibC.pthread_sigmask$descriptor());
    private static final MethodHandle SIGTIMEDWAIT =
            NativeCall.capturingErrno(LibC.sigtimedwait$address(), LibC.sigtimedwait$descriptor());

    /** Of si_fd; the accessors of nested structs make a slice for each level, and a break waits for each. */
    private static final long DESCRIPTOR = siginfo_t._sifields$offset() + siginfo_t._sifields._sigpoll$offset()
            + siginfo_t._sifields._sigpoll.si_fd$offset();

    private final MemorySegment set;
    private final MemorySegment info;
    private final MemorySegment timeout;

    /**
     * Blocks signals in the current thread.
     *
     * @param arena how long this object is used
     * @param signals numbers of the signals
     */
    public Signals(Arena arena, int... signals) {
        set = sigset_t.allocate(arena);
        info = siginfo_t.allocate(arena);
        timeout = timespec.allocate(arena);
        changeMask("SIG_BLOCK", LibC.SIG_BLOCK(), set, signals);
    }

    /**
     * Unblocks signals in the current thread: one that a thread with blocked signals started begins with them blocked too,
     * and so do the processes it starts.
     *
     * @param signals numbers of the signals
     */
    public static void unblock(int... signals) {
        try (Arena arena = Arena.ofConfined()) {
            changeMask("SIG_UNBLOCK", LibC.SIG_UNBLOCK(), sigset_t.allocate(arena), signals);
        }
    }

    /** {@code int pthread_sigmask(int how, const sigset_t *set, sigset_t *oldset)}, which returns its errno. */
    private static void changeMask(String name, int how, MemorySegment set, int... signals) {
        LibC.sigemptyset(set);
        for (int signal : signals) {
            LibC.sigaddset(set, signal);
        }
        int failed;
        try {
            failed = (int) PTHREAD_SIGMASK.invokeExact(NativeCall.errnoSegment(), how, set, MemorySegment.NULL);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
        if (failed != 0) {
            throw new IllegalStateException("pthread_sigmask(" + name + ", signals=" + Arrays.toString(signals) + "): "
                    + Errno.name(failed));
        }
    }

    /**
     * {@code int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)}.
     *
     * @param timeoutNs nanoseconds to wait at most
     * @return the number of the signal, or a negated errno: {@code -EAGAIN} after the timeout, {@code -EINTR}
     */
    public int await(long timeoutNs) {
        timespec.tv_sec(timeout, timeoutNs / 1_000_000_000L);
        timespec.tv_nsec(timeout, timeoutNs % 1_000_000_000L);
        try {
            int signal = (int) SIGTIMEDWAIT.invokeExact(NativeCall.errnoSegment(), set, info, timeout);
            return signal == -1 ? -NativeCall.errno() : signal;
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** The {@code si_fd} of the signal that {@link #await} returned last: for a lease, the descriptor given to F_SETLEASE. */
    public int fileDescriptor() {
        return info.get(LibC.C_INT, DESCRIPTOR);
    }

    /** {@code pid_t gettid(void)}: the kernel's number of the current thread. */
    public static int currentThreadId() {
        return LibC.gettid();
    }

    /** The first real-time signal that the C library leaves to applications ({@code SIGRTMIN}). */
    public static int firstRealTime() {
        return LibC.__libc_current_sigrtmin();
    }

    /** The last real-time signal ({@code SIGRTMAX}). */
    public static int lastRealTime() {
        return LibC.__libc_current_sigrtmax();
    }
}
