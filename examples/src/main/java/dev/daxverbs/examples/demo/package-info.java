/**
 * The demonstration behind {@code scripts/demo}: RDMA transfers to a mapped file while other processes break its lease. See docs/demo.md.
 *
 * <p>Vocabulary: a <b>break</b> is one operation of another process on the file; the <b>epoch</b> tells whether one is under way;
 * a <b>loopback</b> is two queue pairs of one device, connected to each other; a transfer is <b>compared</b> when it completed in a quiet
 * epoch, and <b>lost</b> if the file then does not agree.
 *
 * <p>Threads of a scenario: one for the load (posts, polls, compares), one for the breaker, one for the progress display, which reads
 * counters only.
 */
package dev.daxverbs.examples.demo;
