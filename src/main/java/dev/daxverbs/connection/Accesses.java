package dev.daxverbs.connection;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.grant.GrantSource;
import dev.daxverbs.internal.DaemonThreads;
import dev.daxverbs.internal.PumpThreads;

import java.lang.System.Logger;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What the other side asks to be done with regions of this side's in its device's place: done in the order in which it was asked, and
 * answered in that order. What waits for a file keeps what is behind it waiting. The {@link Conversation} bounds how much is here.
 *
 * <p>Thread use: any thread may add; a thread of the pumps executes, one at a time. A flush waits for storage, for as long as that takes,
 * so it has threads of its own: breaks must not wait for one.
 */
final class Accesses {
    private static final Logger LOGGER = System.getLogger("dev.daxverbs.connection");
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Executor FLUSHING = Executors.newCachedThreadPool(DaemonThreads.numbered("daxverbs-flush-"));

    /**
     * One that is to be done.
     *
     * @param access what
     * @param source the region's; null if it was refused
     * @param status why it was refused; else OK
     */
    private record Entry(Message.Access access, GrantSource source, AccessStatus status) {
    }

    private final Consumer<Message.Answer> answers;
    private final Runnable counter;
    private final Deque<Entry> entries = new ArrayDeque<>(); // guarded by itself
    private boolean running; // somebody executes, or will; guarded by entries
    private boolean ended; // guarded by entries

    /**
     * Begins.
     *
     * @param answers takes the answers; does not wait
     * @param counter is called for each that was done
     */
    Accesses(Consumer<Message.Answer> answers, Runnable counter) {
        this.answers = answers;
        this.counter = counter;
    }

    /**
     * Adds one.
     *
     * @param access what is to be done, with data that nobody changes any more
     * @param source the region's, or null if it is refused
     * @param status why it is refused; else OK
     */
    void add(Message.Access access, GrantSource source, AccessStatus status) {
        synchronized (entries) {
            if (ended) {
                return;
            }
            entries.add(new Entry(access, source, status));
            if (running) {
                return;
            }
            running = true;
        }
        PumpThreads.run(() -> run(false));
    }

    /** The connection has ended: what has not begun will not be done. */
    void end() {
        synchronized (entries) {
            ended = true;
            entries.clear();
        }
    }

    private void run(boolean mayFlush) {
        while (true) {
            Entry entry;
            synchronized (entries) {
                entry = entries.peek();
                if (entry == null) {
                    running = false;
                    return;
                }
            }
            if (entry.access() instanceof Message.Flush != mayFlush) {
                if (mayFlush) {
                    PumpThreads.run(() -> run(false));
                } else {
                    FLUSHING.execute(() -> run(true));
                }
                return;
            }
            Message.Answer answer = entry.status() == AccessStatus.OK ? execute(entry)
                    : new Message.Done(entry.access().sequence(), entry.status());
            if (answer == null) {
                PumpThreads.runAfter(PAUSE_NS, () -> run(false)); // a flush finds its way again
                return;
            }
            synchronized (entries) {
                entries.poll();
            }
            if (entry.status() == AccessStatus.OK) {
                counter.run();
            }
            answers.accept(answer);
        }
    }

    /** Does it; null if that has to be tried again. */
    private static Message.Answer execute(Entry entry) {
        try {
            return executeOrThrow(entry);
        } catch (RuntimeException e) {
            LOGGER.log(Logger.Level.WARNING, "an access by message: " + entry.access().type(), e);
            return new Message.Done(entry.access().sequence(), AccessStatus.FAILED); // nobody must wait for it for ever
        }
    }

    private static Message.Answer executeOrThrow(Entry entry) {
        GrantSource source = entry.source();
        return switch (entry.access()) {
            case Message.Write write -> done(write, source.write(write.offset(), write.data()), null);
            case Message.Read read -> {
                ByteBuffer data = ByteBuffer.allocate((int) read.lengthBytes());
                yield done(read, source.read(read.offset(), data), new Message.Data(read.sequence(), data));
            }
            case Message.CompareAndSwap swap -> change(swap, source, before -> before == swap.expected() ? swap.desired() : before);
            case Message.FetchAndAdd add -> change(add, source, before -> before + add.addend());
            case Message.Flush flush -> done(flush, source.flush(flush.offset(), flush.lengthBytes()), null);
        };
    }

    private static Message.Answer change(Message.Access access, GrantSource source, GrantSource.Change change) {
        long[] before = new long[1];
        GrantSource.Outcome outcome = source.change(access.offset(), change, before, Accesses::nothing);
        return done(access, outcome, new Message.Value(access.sequence(), before[0]));
    }

    private static void nothing() {
        // it looks again in a moment anyway
    }

    private static Message.Answer done(Message.Access access, GrantSource.Outcome outcome, Message.Answer result) {
        AccessStatus status = switch (outcome) {
            case LATER -> null;
            case DONE -> AccessStatus.OK;
            case TRUNCATED -> AccessStatus.TRUNCATED;
            case CLOSED -> AccessStatus.REGION;
            case FAILED -> AccessStatus.FAILED;
            case DEVICES -> AccessStatus.GRANTED;
        };
        return status == null ? null : status == AccessStatus.OK && result != null ? result : new Message.Done(access.sequence(), status);
    }
}
