package dev.daxverbs.benchmarks;

import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

/** A thread that keeps so many writes of a page under way; or, for none, has written one page. */
final class SteadyWrites implements AutoCloseable {
    private final Loopback loopback;
    private final int depth;
    private final WorkCompletions completions;
    private final SendWorkRequests requests;
    private final long pages;
    private final Thread thread;
    private volatile boolean stopped;
    private volatile String failure;
    private long posted;
    private long completed;

    SteadyWrites(Loopback loopback, int depth) {
        this.loopback = loopback;
        this.depth = depth;
        pages = loopback.target().byteSize() / Loopback.PAGE_BYTES;
        requests = new SendWorkRequests(Math.max(1, depth));
        completions = new WorkCompletions(Math.max(1, depth));
        post(1);
        while (completed < posted) {
            poll();
        }
        check();
        thread = new Thread(this::run, "steady-writes");
        thread.setDaemon(true);
        if (depth > 0) {
            thread.start();
        }
    }

    private void run() {
        while (!stopped && failure == null) {
            if (posted - completed < depth) {
                post((int) (depth - (posted - completed)));
            }
            poll();
        }
        while (completed < posted && failure == null) {
            poll();
        }
    }

    private void post(int count) {
        requests.clear();
        for (int i = 0; i < count; i++) {
            long page = (posted + i) % pages;
            requests.write(posted + i).local(loopback.buffer(), page * Loopback.PAGE_BYTES, Loopback.PAGE_BYTES)
                    .remote(loopback.target(), page * Loopback.PAGE_BYTES).signaled();
        }
        posted += loopback.requester().postSend(requests);
    }

    private void poll() {
        int count = loopback.requesterQueue().poll(completions);
        for (int i = 0; i < count; i++) {
            if (!completions.isSuccess(i) || completions.wrId(i) != completed) {
                failure = "wr_id=%d, expected %d: %s".formatted(completions.wrId(i), completed, completions.status(i));
            }
            completed++;
        }
        if (count == 0) {
            Thread.onSpinWait();
        }
    }

    /** Throws if a write has failed, or was out of order. */
    void check() {
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    @Override
    public void close() throws InterruptedException {
        stopped = true;
        thread.join();
        check();
    }
}
