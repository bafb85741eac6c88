package dev.daxverbs.benchmarks;

import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

/** Writes as users of the library do. */
final class LibraryWriter implements BindingOverhead.Writer {
    private static final int BYTES = 8;

    private final SendWorkRequests requests = new SendWorkRequests(1);
    private final WorkCompletions completions = new WorkCompletions(1);
    private final Loopback loopback;

    LibraryWriter(Loopback loopback) {
        this.loopback = loopback;
    }

    @Override
    public void fill(long wrId) {
        requests.clear();
        requests.write(wrId).local(loopback.buffer(), 0, BYTES).remote(loopback.target(), 0).signaled();
    }

    @Override
    public long postAndPoll() {
        if (loopback.requester().postSend(requests) != 1 || loopback.requesterQueue().poll(completions) != 1 || !completions.isSuccess(0)) {
            throw new IllegalStateException("the write did not complete");
        }
        return completions.wrId(0);
    }

    @Override
    public void close() throws Exception {
        loopback.close();
    }
}
