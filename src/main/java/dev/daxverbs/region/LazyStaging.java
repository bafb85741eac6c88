package dev.daxverbs.region;

import java.util.function.Supplier;

/** A {@link StagingPool} that is made when it is first needed. Thread use: any. */
final class LazyStaging implements AutoCloseable {
    private final Supplier<StagingPool> maker;
    private volatile StagingPool pool; // written under this

    /** @param maker makes the pool, or throws; then the next who needs it tries again */
    LazyStaging(Supplier<StagingPool> maker) {
        this.maker = maker;
    }

    StagingPool get() {
        StagingPool made = pool;
        return made != null ? made : make();
    }

    private synchronized StagingPool make() {
        if (pool == null) {
            pool = maker.get();
        }
        return pool;
    }

    /** Closes what was made; who needs it after that gets another. */
    @Override
    public synchronized void close() {
        if (pool != null) {
            pool.close();
            pool = null;
        }
    }
}
