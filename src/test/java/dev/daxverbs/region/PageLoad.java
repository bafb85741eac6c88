package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;

import dev.daxverbs.testing.RegionPair;

import java.util.concurrent.CompletableFuture;

/** Writes to the first pages of a region as fast as they complete, each with content of its own, and looks at the order. */
final class PageLoad {
    private PageLoad() {
    }

    /** Something that runs beside the load. */
    interface Course {
        void run() throws Exception;
    }

    /** Loads until the course has ended; then compares the pages of the file with what was written last. Returns how many writes there were. */
    static long during(RegionPair pair, MemoryRegion region, Course course) throws Exception {
        CompletableFuture<Void> running = CompletableFuture.runAsync(() -> {
            try {
                course.run();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        long next = 0;
        long completed = 0;
        while (!running.isDone() || completed < next) {
            while (!running.isDone() && next - completed < DEPTH && pair.write(next, (byte) next, region, next % DEPTH)) {
                next++;
            }
            for (String done : pair.completeNow()) {
                if (!done.equals(completed + " SUCCESS")) {
                    throw new AssertionError(done + " in place of " + completed);
                }
                completed++;
            }
        }
        running.get();
        compare(region, next);
        return next;
    }

    private static void compare(MemoryRegion region, long next) {
        long firstPage = (region.address() - region.mapping().segment().address() + region.mapping().offset()) / RegionPair.PAGE;
        for (long last = Math.max(0, next - DEPTH); last < next; last++) {
            byte content = RegionPair.byteOf(region.mapping().file(), firstPage + last % DEPTH);
            if (content != (byte) last) {
                throw new AssertionError("page %d has %d in place of %d".formatted(last % DEPTH, content, (byte) last));
            }
        }
    }
}
