/**
 * RDMA verbs: one type for each noun of libibverbs.
 *
 * <p>{@link dev.daxverbs.verbs.Device} lists and opens devices; {@link dev.daxverbs.verbs.DeviceContext} is an open one, and makes
 * {@link dev.daxverbs.verbs.ProtectionDomain}s, {@link dev.daxverbs.verbs.CompletionQueue}s and
 * {@link dev.daxverbs.verbs.CompletionChannel}s; a protection domain makes {@link dev.daxverbs.verbs.MemoryRegistration}s and
 * {@link dev.daxverbs.verbs.QueuePair}s. Here nothing watches the files under registered memory: that is what the layers above are for.
 *
 * <p><b>Names</b> are those of C where a limit or a status is meant ({@code max_qp_wr} is {@code maxQpWr()},
 * {@code IBV_WC_REM_ACCESS_ERR} is {@code REM_ACCESS_ERR}), so that what other programs and manuals say can be found here.
 * Codes of C stand beside each constant. Identifiers that travel big-endian are numbers in host order.
 *
 * <p><b>Errors.</b> A failed verb is a {@link dev.daxverbs.verbs.VerbsException}, with the call, its arguments and the errno's name.
 * An argument that the C function would not report but cut off or crash on is an {@link java.lang.IllegalArgumentException},
 * and any use of a closed object an {@link java.lang.IllegalStateException}; neither reaches native code.
 *
 * <p><b>Closing.</b> All that is made is an {@link java.lang.AutoCloseable} {@link dev.daxverbs.verbs.VerbsObject}: it refuses to close
 * while something made from it is open, so no order of closing, and no thread's closing under another, touches freed memory.
 *
 * <p><b>Threads.</b> Every class says how it may be used. Setting up, querying and closing are for any thread at any time. Posting to
 * a queue pair and polling a completion queue are for one thread at a time, without locks.
 */
package dev.daxverbs.verbs;
