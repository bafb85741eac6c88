/**
 * The load generator behind {@code scripts/stream}: RDMA transfers against a file's mapping from several queue pairs, compared byte for byte, while
 * other processes do with the file what they like. See docs/stream.md.
 *
 * <p>Vocabulary: a <b>place</b> is where one transfer at a time works, with ranges of the file that no other place has; it <b>puts</b> a pattern into
 * the file by one way and <b>gets</b> it back by another. A <b>moment</b> is what the lease was like at some time; between two moments it
 * was <b>quiet</b> if the lease was held throughout. A <b>lane</b> is the send queue or the receive queue of a queue pair.
 *
 * <p>Threads: one for each pair of queue pairs (posts, polls, compares); one for each breaker; the main thread prints.
 */
package dev.daxverbs.examples.stream;
