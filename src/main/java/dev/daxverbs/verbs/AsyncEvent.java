package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_async_event;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongFunction;

/**
 * Something happened to a device, a port or a queue that is no completion ({@code struct ibv_async_event};
 * ibv_get_async_event(3)). It has been acknowledged. A value; any thread may use it.
 *
 * @param type what happened
 * @param port the port that it is about, if it is about one
 * @param object the queue pair or completion queue that it is about; empty if it is about none, or about one that is being closed
 */
public record AsyncEvent(AsyncEventType type, OptionalInt port, Optional<VerbsObject> object) {

    /**
     * Reads a {@code struct ibv_async_event}.
     *
     * @param byAddress gives the object of a native address, or null
     */
    static AsyncEvent read(MemorySegment event, LongFunction<VerbsObject> byAddress) {
        AsyncEventType type = AsyncEventType.of(ibv_async_event.event_type(event));
        MemorySegment element = ibv_async_event.element(event);
        return switch (type.subject()) {
            case PORT -> new AsyncEvent(type, OptionalInt.of(ibv_async_event.element.port_num(element)), Optional.empty());
            case QUEUE_PAIR -> about(type, byAddress.apply(ibv_async_event.element.qp(element).address()));
            case COMPLETION_QUEUE -> about(type, byAddress.apply(ibv_async_event.element.cq(element).address()));
            case DEVICE, OTHER -> about(type, null);
        };
    }

    private static AsyncEvent about(AsyncEventType type, VerbsObject object) {
        return new AsyncEvent(type, OptionalInt.empty(), Optional.ofNullable(object));
    }
}
