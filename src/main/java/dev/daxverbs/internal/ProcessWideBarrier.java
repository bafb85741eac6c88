package dev.daxverbs.internal;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.daxverbs.bindings.libc.LibC;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/**
 * A full memory barrier that one thread executes for all threads of the process: {@code membarrier(2)}.
 *
 * <p>When {@link #execute} returns, each other thread has, at some moment since its call, passed through a full barrier in its own program
 * order: a running one by an interrupt of its processor, another by the switch that took it off. So of a thread's store and its later
 * load, with nothing but program order between them, either the store is visible to the caller after {@code execute}, or the load sees
 * what the caller stored before. That is for the processor; the thread's compiler must keep the two in program order as well.
 *
 * <p>Any thread may call it. It waits for the other processors' interrupts, not for threads: some microseconds.
 */
final class ProcessWideBarrier {
    /** {@code long syscall(SYS_membarrier, int cmd, unsigned int flags, int cpu_id)}. */
    private static final MethodHandle MEMBARRIER = NativeCall.capturingErrno(LibC.syscall.address(),
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT), Linker.Option.firstVariadicArg(1));

    /** 0, or the negated errno: {@code ENOSYS} of a kernel without it (before 4.14), {@code EINVAL}, {@code EPERM} of a seccomp filter. */
    private static final int REGISTERED = membarrier(LibC.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED());

    private ProcessWideBarrier() {
    }

    /** Whether the kernel has it and lets this process use it; the same answer for the life of the process. */
    static boolean isAvailable() {
        return REGISTERED == 0;
    }

    /**
     * Executes the barrier in all threads.
     *
     * @throws IllegalStateException if the kernel refuses, although it had registered the process: a seccomp filter that came later
     *         ({@code EPERM}). {@code ENOMEM} alone, which kernels before 5.5 answer when they are out of memory, does not lead to it.
     */
    static void execute() {
        int result = membarrier(LibC.MEMBARRIER_CMD_PRIVATE_EXPEDITED());
        if (result == 0) {
            return;
        }
        int slower = membarrier(LibC.MEMBARRIER_CMD_GLOBAL()); // milliseconds, but it allocates nothing and needs no registration
        if (slower != 0) {
            throw new IllegalStateException(("membarrier(PRIVATE_EXPEDITED): %s; membarrier(GLOBAL): %s:"
                    + " allow them in the seccomp filter, or start with -D%s=%s")
                    .formatted(Errno.name(-result), Errno.name(-slower), Gate.VARIANT_PROPERTY, Gate.FENCE));
        }
    }

    private static int membarrier(int command) {
        try {
            long result = (long) MEMBARRIER.invokeExact(NativeCall.errnoSegment(), (long) LibC.SYS_membarrier(), command, 0, 0);
            return result == -1 ? -NativeCall.errno() : (int) result;
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }
}
