package dev.daxverbs.internal;

import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The calls of the hot path, into the provider of a device: {@code post_send}, {@code post_recv}, {@code poll_cq}.
 *
 * <p><b>Ordinary and critical.</b> An ordinary downcall tells the JVM twice that the thread changes its state, on the way into native code and
 * back, which costs some 8 ns. A critical one ({@link Linker.Option#critical}) leaves that out: for the JVM the thread is still in Java. So
 * whoever wants all threads at a safepoint, as every garbage collection does, waits until the call returns, and all other threads of the
 * process wait with it. That is nothing for a provider that writes a few cache lines and rings a doorbell in mapped memory. It would be
 * wrong for one that makes a system call, in which the thread may be for as long as the kernel likes: rxe and siw move the data
 * in there. So calls are critical for providers that are known to make none, and ordinary for all others.
 *
 * <p><b>How it is known.</b> By the file that the function itself lies in: {@code libmlx5.so.1.25.56.0} or {@code librxe-rdmav57.so}. Names of
 * devices are the administrator's choice, and the driver that sysfs links a device to is, for rxe and siw on some kernels, that of
 * the network card below. A provider without a function of its own has one of libibverbs', whose file is in no list.
 *
 * <p>The list is of rdma-core's main branch of August 2026 (version 65), looked up in {@code providers/}: those that call {@code ibv_cmd_post_send},
 * {@code ibv_cmd_poll_cq} or write to the command descriptor in these functions are rxe, siw, hfi1verbs and ipathverbs. Left out as well
 * are cxgb4, which rings its doorbell by a system call while the device's queue of them is full, vmw_pvrdma, whose doorbell is
 * the hypervisor's work, and what is not in rdma-core. Providers of the list may make a system call where a queue pair fails, once.
 *
 * <p>System property {@value #PROPERTY}: {@value #ORDINARY} or {@value #CRITICAL} chooses for all providers; anything else is as nothing.
 *
 * <p>Thread use: any thread. The functions are called with addresses, so their caller keeps the memory reachable.
 */
public final class DeviceCalls {
    /** System property: which calls to use, whatever the provider. */
    public static final String PROPERTY = "dev.daxverbs.deviceCalls";
    /** Value of {@link #PROPERTY}. */
    public static final String ORDINARY = "ordinary";
    /** Value of {@link #PROPERTY}. */
    public static final String CRITICAL = "critical";

    /** A critical call is for no more than this many requests or completions, so that it ends soon. */
    private static final int CRITICAL_AT_MOST = 64;

    private static final Set<String> WITHOUT_SYSTEM_CALLS = Set.of("bnxt_re", "efa", "erdma", "hns", "ionic", "irdma", "mana", "mlx4", "mlx5",
            "mthca", "ocrdma", "qedr");
    /** Of a provider's file: {@code libmlx5.so.1.25.56.0}, {@code libirdma-rdmav57.so}. */
    private static final Pattern PROVIDER = Pattern.compile("(?:.*/)?lib([a-z0-9_]+?)(?:-rdmav[0-9]+)?\\.so(?:\\..*)?");

    /** What was found out of a function, by its address. Providers are never unloaded. */
    private static final Map<Long, Boolean> FOUND = new ConcurrentHashMap<>();

    // Pointers are passed as numbers: where they are as long, which is everywhere that this library runs, C cannot tell. A segment would be
    // looked through for its address and its arena with each call.
    private static final FunctionDescriptor POST = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);
    private static final FunctionDescriptor POLL = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG);
    private static final MethodHandle POST_ORDINARY = link(POST);
    private static final MethodHandle POST_CRITICAL = link(POST, Linker.Option.critical(false));
    private static final MethodHandle POLL_ORDINARY = link(POLL);
    private static final MethodHandle POLL_CRITICAL = link(POLL, Linker.Option.critical(false));

    private DeviceCalls() {
    }

    @SuppressWarnings("restricted")
    private static MethodHandle link(FunctionDescriptor descriptor, Linker.Option... options) {
        return Linker.nativeLinker().downcallHandle(descriptor, options);
    }

    /**
     * Whether a provider's function may be called critically.
     *
     * @param function its {@code post_send}, {@code post_recv} or {@code poll_cq}
     * @return true if it is known to make no system call, or if {@link #PROPERTY} says so; false if its file cannot be found out
     */
    public static boolean mayBeCritical(MemorySegment function) {
        String chosen = System.getProperty(PROPERTY, "");
        return switch (chosen) {
            case ORDINARY -> false;
            case CRITICAL -> true;
            default -> FOUND.computeIfAbsent(function.address(), address -> isWithoutSystemCalls(fileOf(address)));
        };
    }

    /** Whether a file is that of a provider which makes no system call when it posts and polls. */
    static boolean isWithoutSystemCalls(String file) {
        Matcher matcher = PROVIDER.matcher(file);
        return matcher.matches() && WITHOUT_SYSTEM_CALLS.contains(matcher.group(1));
    }

    private static String fileOf(long address) {
        try (Mappings mappings = Mappings.open()) {
            Mapping mapping = mappings.atOrAfter(address);
            return mapping != null && mapping.start() <= address ? mapping.name() : "";
        } catch (UncheckedIOException e) { // no descriptor left, or no /proc: ordinary calls are never wrong
            return "";
        }
    }

    /**
     * {@code int post_send(struct ibv_qp *qp, struct ibv_send_wr *wr, struct ibv_send_wr **bad_wr)}, and likewise {@code post_recv}.
     *
     * @param critical whether {@link #mayBeCritical} allows it
     * @param count how many requests the list has
     */
    public static int post(boolean critical, MemorySegment function, long queuePair, long first, long bad, int count) {
        try {
            return critical && count <= CRITICAL_AT_MOST ? (int) POST_CRITICAL.invokeExact(function, queuePair, first, bad)
                    : (int) POST_ORDINARY.invokeExact(function, queuePair, first, bad);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /**
     * {@code int poll_cq(struct ibv_cq *cq, int num_entries, struct ibv_wc *wc)}.
     *
     * @param critical whether {@link #mayBeCritical} allows it
     */
    public static int poll(boolean critical, MemorySegment function, long queue, int entries, long completions) {
        try {
            return critical && entries <= CRITICAL_AT_MOST ? (int) POLL_CRITICAL.invokeExact(function, queue, entries, completions)
                    : (int) POLL_ORDINARY.invokeExact(function, queue, entries, completions);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }
}
