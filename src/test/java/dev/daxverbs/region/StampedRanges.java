package dev.daxverbs.region;

import dev.daxverbs.internal.MappingWitness;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Something to be kept that needs no device, and shows by itself whether it was made of the memory that is there now: what the first eight
 * bytes of each page said when it was made. Tests write there what has never been anywhere else.
 */
final class StampedRanges implements KeptRanges.Source<StampedRanges.Stamps> {
    static final long PAGE = Posix.PAGE_SIZE;

    /** What was there. */
    static final class Stamps {
        final long start;
        final long end;
        final int access;
        final long[] perPage;
        final AtomicInteger ends = new AtomicInteger();

        private Stamps(MemorySegment segment, int access) {
            start = segment.address();
            end = start + segment.byteSize();
            this.access = access;
            perPage = new long[(int) ((end - firstPage(start) + PAGE - 1) / PAGE)];
            for (int i = 0; i < perPage.length; i++) {
                long offset = firstPage(start) + i * PAGE - start;
                perPage[i] = offset < 0 || offset + 8 > segment.byteSize() ? 0 : segment.get(ValueLayout.JAVA_LONG, offset);
            }
        }

        private static long firstPage(long address) {
            return address & -PAGE;
        }

        /** Whether what is there now is what was there. */
        boolean isOf(MemorySegment segment) {
            for (long offset = -segment.address() & PAGE - 1; offset + 8 <= segment.byteSize(); offset += PAGE) {
                int page = (int) ((segment.address() + offset - firstPage(start)) / PAGE);
                if (perPage[page] != segment.get(ValueLayout.JAVA_LONG, offset)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String toString() {
            return "stamps of 0x%x".formatted(start);
        }
    }

    final AtomicInteger made = new AtomicInteger();
    final AtomicInteger present = new AtomicInteger();
    final AtomicLong presentBytes = new AtomicLong();
    final AtomicInteger mostPresent = new AtomicInteger();
    final AtomicLong mostPresentBytes = new AtomicLong();
    final List<String> mistakes = new ArrayList<>(); // guarded by itself
    /** While it is set, making waits for it. */
    volatile CountDownLatch holdUp;
    final AtomicInteger heldUp = new AtomicInteger();
    /** How many there can be at a time; as a limit of locked memory. */
    volatile int room = Integer.MAX_VALUE;
    volatile boolean failsToEnd;

    static final class NoRoomException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Override
    public void check(MemorySegment segment, int access) {
        if (!segment.isNative() || segment.byteSize() == 0 || segment.isReadOnly() && (access & AccessFlag.LOCAL_WRITE.bit()) != 0) {
            throw new IllegalArgumentException(segment.toString());
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException(segment.toString());
        }
        if (!segment.isAccessibleBy(Thread.currentThread())) {
            throw new WrongThreadException(segment.toString());
        }
    }

    @Override
    public Stamps make(MemorySegment segment, int access) throws IOException {
        CountDownLatch latch = holdUp;
        if (latch != null) {
            heldUp.incrementAndGet();
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
        Stamps stamps = new Stamps(segment, access);
        if (present.incrementAndGet() > room) {
            present.decrementAndGet();
            throw new NoRoomException();
        }
        made.incrementAndGet();
        mostPresent.accumulateAndGet(present.get(), Math::max);
        mostPresentBytes.accumulateAndGet(presentBytes.addAndGet(KeptRange.pinnedBytes(stamps.start, stamps.end)), Math::max);
        return stamps;
    }

    @Override
    public boolean isExhausted(Exception failure) {
        return failure instanceof NoRoomException;
    }

    @Override
    public MappingWitness witness(MemorySegment segment) {
        return MappingWitness.of(segment.address(), segment.address() + segment.byteSize());
    }

    @Override
    public void end(Stamps stamps) {
        if (failsToEnd) {
            throw new IllegalStateException("cannot be ended: " + stamps);
        }
        if (stamps.ends.incrementAndGet() != 1) {
            synchronized (mistakes) {
                mistakes.add("ended twice: " + stamps);
            }
        }
        present.decrementAndGet();
        presentBytes.addAndGet(-KeptRange.pinnedBytes(stamps.start, stamps.end));
    }
}
