package dev.daxverbs.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.daxverbs.bindings.libc.LibC;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A process in which {@link Gate} finds a given situation when it is initialized: prints its variant, then checks that owner and seizer
 * exclude each other. Knows nothing but the library, as it is started without the tests' libraries.
 */
final class GateChild {
    /** Exit status where the kernel has no seccomp filters. */
    static final int NO_SECCOMP = 77;

    private static final int OPERATIONS = 200_000;
    private static final int SEIZURES = 2_000;

    /** Plain, as the gate orders what both do to it. */
    private static long count;

    private GateChild() {
    }

    /** Exit status 0 if all is well, with the variant as a line of the output. */
    public static void main(String... arguments) throws Exception {
        switch (arguments[0]) {
            case "fence" -> System.setProperty(Gate.VARIANT_PROPERTY, Gate.FENCE);
            case "filtered" -> forbidMembarrier();
            default -> { }
        }
        System.out.println(Gate.variant());
        Gate gate = new Gate();
        if (arguments[0].equals("filtered-later")) {
            refusesToSeize(gate);
        } else {
            excludes(gate);
        }
    }

    /** A seizure without its barrier would be none, so it must not pretend to be one; and the gate works as before. */
    private static void refusesToSeize(Gate gate) throws Exception {
        CountDownLatch refused = new CountDownLatch(1);
        boolean[] seized = new boolean[1];
        Thread other = Thread.ofPlatform().daemon().start(() -> { // older than the filter, so not filtered
            try {
                refused.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            gate.seize();
            seized[0] = true;
            gate.release();
        });
        forbidMembarrier();
        for (Runnable seizure : List.<Runnable>of(gate::seize, () -> Gate.seizeAll(List.of(gate)))) {
            try {
                seizure.run();
                throw new AssertionError("seized without membarrier");
            } catch (IllegalStateException expected) {
                System.out.println(expected.getMessage());
            }
        }
        if (!gate.enter()) {
            throw new AssertionError("the gate is closed");
        }
        gate.exit();
        refused.countDown();
        if (!other.join(Duration.ofSeconds(60)) || !seized[0]) {
            throw new AssertionError("the refused seizures still hold the gate");
        }
    }

    private static void excludes(Gate gate) throws InterruptedException {
        Thread owner = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < OPERATIONS; i++) {
                gate.enter();
                count++;
                gate.exit();
            }
        });
        for (int i = 0; i < SEIZURES; i++) {
            gate.seize();
            count++;
            gate.release();
        }
        owner.join();
        if (count != OPERATIONS + SEIZURES) {
            throw new AssertionError("count=%d of %d".formatted(count, OPERATIONS + SEIZURES));
        }
    }

    /**
     * {@code int prctl(int option, unsigned long, unsigned long, unsigned long, unsigned long)} with a filter that answers
     * {@code membarrier} with EPERM, as container runtimes' filters answer what they do not know. It holds for the calling thread, and
     * those that it starts.
     */
    private static void forbidMembarrier() throws Exception {
        final long setNoNewPrivileges = 38;
        final long setSeccomp = 22;
        final long modeFilter = 2;
        MethodHandle prctl = NativeCall.capturingErrno(Linker.nativeLinker().defaultLookup().find("prctl").orElseThrow(),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG), Linker.Option.firstVariadicArg(1));
        long[] instructions = {
            instruction(0x20, 0, 0, 0), // load the number of the system call
            instruction(0x15, 0, 1, LibC.SYS_membarrier()), // if it is not this, skip one
            instruction(0x06, 0, 0, 0x00050000 | Errno.EPERM), // return SECCOMP_RET_ERRNO
            instruction(0x06, 0, 0, 0x7fff0000), // return SECCOMP_RET_ALLOW
        };
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate(16, 8); // struct sock_fprog: unsigned short len; struct sock_filter *filter
            program.set(JAVA_SHORT, 0, (short) instructions.length);
            program.set(ADDRESS, 8, arena.allocateFrom(JAVA_LONG, instructions));
            int failed = (int) prctl.invokeExact(NativeCall.errnoSegment(), (int) setNoNewPrivileges, 1L, 0L, 0L, 0L);
            failed = failed != 0 ? failed
                    : (int) prctl.invokeExact(NativeCall.errnoSegment(), (int) setSeccomp, modeFilter, program.address(), 0L, 0L);
            if (failed != 0) {
                System.out.println("prctl: " + Errno.name(NativeCall.errno()));
                System.exit(NativeCall.errno() == Errno.EINVAL ? NO_SECCOMP : 1);
            }
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code struct sock_filter}: 16 bits of code, 8 of jt, 8 of jf, 32 of k. */
    private static long instruction(int code, int whenTrue, int whenFalse, int k) {
        return code | (long) whenTrue << 16 | (long) whenFalse << 24 | (long) k << 32;
    }
}
