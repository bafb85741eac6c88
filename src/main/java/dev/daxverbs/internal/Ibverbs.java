package dev.daxverbs.internal;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The functions of libibverbs that report through errno, linked by hand as jextract's downcalls do not capture it.
 * Each gives what the C function gives; a null pointer or a negative number means that {@link NativeCall#errno()} says why.
 */
public final class Ibverbs {
    private static final String LIBRARY = "libibverbs.so.1";
    private static final Optional<String> MISSING = load();

    private Ibverbs() {
    }

    /**
     * Why libibverbs cannot be used on this machine, if so.
     *
     * @return the reason and the remedy; empty where the library is there
     */
    public static Optional<String> missing() {
        return MISSING;
    }

    @SuppressWarnings("restricted")
    private static Optional<String> load() {
        try {
            SymbolLookup.libraryLookup(LIBRARY, Arena.global());
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(LIBRARY + " cannot be loaded (" + e.getMessage()
                    + "): install the packages libibverbs1 and ibverbs-providers");
        }
    }

    /** {@code struct ibv_device **ibv_get_device_list(int *num_devices)}. */
    public static MemorySegment getDeviceList(MemorySegment count) {
        return pointer(Handles.GET_DEVICE_LIST, count);
    }

    /** {@code struct ibv_context *ibv_open_device(struct ibv_device *device)}. */
    public static MemorySegment openDevice(MemorySegment device) {
        return pointer(Handles.OPEN_DEVICE, device);
    }

    /** {@code int ibv_close_device(struct ibv_context *context)}. */
    public static int closeDevice(MemorySegment context) {
        return number(Handles.CLOSE_DEVICE, context);
    }

    /** {@code struct ibv_pd *ibv_alloc_pd(struct ibv_context *context)}. */
    public static MemorySegment allocPd(MemorySegment context) {
        return pointer(Handles.ALLOC_PD, context);
    }

    /** {@code struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova, unsigned int access)}. */
    public static MemorySegment regMr(MemorySegment pd, MemorySegment address, long length, int access) {
        try {
            return (MemorySegment) Handles.REG_MR.invokeExact(NativeCall.errnoSegment(), pd, address, length, address.address(),
                    access);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code struct ibv_comp_channel *ibv_create_comp_channel(struct ibv_context *context)}. */
    public static MemorySegment createCompChannel(MemorySegment context) {
        return pointer(Handles.CREATE_COMP_CHANNEL, context);
    }

    /**
     * {@code struct ibv_cq *ibv_create_cq(struct ibv_context *context, int cqe, void *cq_context,
     * struct ibv_comp_channel *channel, int comp_vector)}.
     */
    public static MemorySegment createCq(MemorySegment context, int cqe, MemorySegment channel, int vector) {
        try {
            return (MemorySegment) Handles.CREATE_CQ.invokeExact(NativeCall.errnoSegment(), context, cqe, MemorySegment.NULL,
                    channel, vector);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int ibv_get_cq_event(struct ibv_comp_channel *channel, struct ibv_cq **cq, void **cq_context)}. */
    public static int getCqEvent(MemorySegment channel, MemorySegment cq, MemorySegment cqContext) {
        try {
            return (int) Handles.GET_CQ_EVENT.invokeExact(NativeCall.errnoSegment(), channel, cq, cqContext);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int ibv_get_async_event(struct ibv_context *context, struct ibv_async_event *event)}. */
    public static int getAsyncEvent(MemorySegment context, MemorySegment event) {
        try {
            return (int) Handles.GET_ASYNC_EVENT.invokeExact(NativeCall.errnoSegment(), context, event);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code struct ibv_qp *ibv_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *attributes)}. */
    public static MemorySegment createQp(MemorySegment pd, MemorySegment attributes) {
        try {
            return (MemorySegment) Handles.CREATE_QP.invokeExact(NativeCall.errnoSegment(), pd, attributes);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /**
     * {@code ssize_t _ibv_query_gid_table(struct ibv_context *context, struct ibv_gid_entry *entries, size_t max_entries,
     * uint32_t flags, size_t entry_size)}: returns a negated errno itself.
     */
    public static long queryGidTable(MemorySegment context, MemorySegment entries, long maximum, long entrySize) {
        return LibIbverbs._ibv_query_gid_table(context, entries, maximum, 0, entrySize);
    }

    private static MemorySegment pointer(MethodHandle handle, MemorySegment argument) {
        try {
            return (MemorySegment) handle.invokeExact(NativeCall.errnoSegment(), argument);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    private static int number(MethodHandle handle, MemorySegment argument) {
        try {
            return (int) handle.invokeExact(NativeCall.errnoSegment(), argument);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** Linked on first use, so that {@link #missing} can be asked where the library is not. */
    private static final class Handles {
        static final MethodHandle GET_DEVICE_LIST = NativeCall.capturingErrno(LibIbverbs.ibv_get_device_list$address(),
                LibIbverbs.ibv_get_device_list$descriptor());
        static final MethodHandle OPEN_DEVICE = NativeCall.capturingErrno(LibIbverbs.ibv_open_device$address(),
                LibIbverbs.ibv_open_device$descriptor());
        static final MethodHandle CLOSE_DEVICE = NativeCall.capturingErrno(LibIbverbs.ibv_close_device$address(),
                LibIbverbs.ibv_close_device$descriptor());
        static final MethodHandle ALLOC_PD = NativeCall.capturingErrno(LibIbverbs.ibv_alloc_pd$address(),
                LibIbverbs.ibv_alloc_pd$descriptor());
        static final MethodHandle REG_MR = NativeCall.capturingErrno(LibIbverbs.ibv_reg_mr_iova2$address(),
                LibIbverbs.ibv_reg_mr_iova2$descriptor());
        static final MethodHandle CREATE_COMP_CHANNEL = NativeCall.capturingErrno(
                LibIbverbs.ibv_create_comp_channel$address(), LibIbverbs.ibv_create_comp_channel$descriptor());
        static final MethodHandle CREATE_CQ = NativeCall.capturingErrno(LibIbverbs.ibv_create_cq$address(),
                LibIbverbs.ibv_create_cq$descriptor());
        static final MethodHandle GET_CQ_EVENT = NativeCall.capturingErrno(LibIbverbs.ibv_get_cq_event$address(),
                LibIbverbs.ibv_get_cq_event$descriptor());
        static final MethodHandle GET_ASYNC_EVENT = NativeCall.capturingErrno(LibIbverbs.ibv_get_async_event$address(),
                LibIbverbs.ibv_get_async_event$descriptor());
        static final MethodHandle CREATE_QP = NativeCall.capturingErrno(LibIbverbs.ibv_create_qp$address(),
                LibIbverbs.ibv_create_qp$descriptor());

        private Handles() {
        }
    }
}
