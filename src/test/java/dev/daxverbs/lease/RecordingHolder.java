package dev.daxverbs.lease;

import dev.daxverbs.testing.Eventually;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A holder that keeps what it is told, can be made to linger in {@code onBreak}, and notices two callbacks at the same time. */
final class RecordingHolder implements LeaseHolder {
    final BlockingQueue<LeaseBreak> breaks = new LinkedBlockingQueue<>();
    final BlockingQueue<LeaseBreak> forced = new LinkedBlockingQueue<>();
    final BlockingQueue<FileLease> regained = new LinkedBlockingQueue<>();
    final AtomicInteger breaksDone = new AtomicInteger();
    final AtomicInteger overlaps = new AtomicInteger();
    private final AtomicInteger inside = new AtomicInteger();
    private volatile CountDownLatch release = new CountDownLatch(0);

    /** Lets the next {@code onBreak} not return before {@link #letGo}. */
    RecordingHolder lingering() {
        release = new CountDownLatch(1);
        return this;
    }

    void letGo() {
        release.countDown();
    }

    LeaseBreak awaitBreak() {
        return Eventually.take("a break", breaks);
    }

    void awaitRegained() {
        Eventually.take("the lease regained", regained);
    }

    @Override
    public void onBreak(LeaseBreak event) {
        enter();
        breaks.add(event);
        Eventually.await("the test lets go", release);
        breaksDone.incrementAndGet();
        inside.decrementAndGet();
    }

    @Override
    public void onRegained(FileLease lease) {
        enter();
        regained.add(lease);
        inside.decrementAndGet();
    }

    @Override
    public void onForced(LeaseBreak event) {
        enter();
        forced.add(event);
        inside.decrementAndGet();
    }

    private void enter() {
        if (inside.incrementAndGet() != 1) {
            overlaps.incrementAndGet();
        }
    }
}
