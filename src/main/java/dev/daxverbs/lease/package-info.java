/**
 * File leases: hear of it before another opens or truncates a file, finish what relies on the file, and let the other go on
 * ({@code fcntl(2)}, <i>Leases</i>).
 *
 * <p><b>Vocabulary.</b>
 * <ul>
 * <li><b>lease</b>: a {@link dev.daxverbs.lease.FileLease}: a claim on the kernel's lease on one open file description. The kernel's comes and
 *     goes, the {@code FileLease} stays until it is closed.</li>
 * <li><b>holder</b>: who relies on the file and is told ({@link dev.daxverbs.lease.LeaseHolder}).</li>
 * <li><b>opener</b>: who opens or truncates the file; the kernel lets it sleep until the lease is released. Any process, the holder's own
 *     too.</li>
 * <li><b>break</b>: from the moment the opener came until the release. <b>target</b>: what the kernel wants the lease to become in a
 *     break: a read lease when the opener only reads, none otherwise.</li>
 * <li><b>delegation</b>: a lease of the kernel's second kind ({@link dev.daxverbs.lease.LeaseMode}). What is said of leases holds for it,
 *     unless said otherwise.</li>
 * <li><b>to want</b> a lease: to take it, or have it asked for until it is granted. <b>to take, to release, to retake</b> a lease: with the
 *     kernel. <b>regained</b>: retaken after a break.</li>
 * <li><b>forced</b>: the kernel ended the break by itself, as {@code /proc/sys/fs/lease-break-time} had passed.</li>
 * <li><b>to hear</b> a break: to learn of it, from a signal or by looking.</li>
 * </ul>
 *
 * <p><b>States.</b>
 * <pre>
 *  take -> HELD --heard--> BREAKING --onBreak returned: released--> RELEASED --retaken--> HELD ...
 *  want -> HELD, or RELEASED (refused) --granted--> HELD
  HELD --whileReleased, delegations only--> CHANGING --granted again--> HELD, or RELEASED
  any  -> CLOSED
 * </pre>
 *
 * <p><b>Threads.</b> All leases of the process share three kinds of threads, all daemons:
 * <ul>
 * <li>the <b>listener</b>, one, which waits for the kernel's signals and never runs code of users;</li>
 * <li><b>callers</b>, which call holders: some, and more when many holders take their time at once ({@code Callers});</li>
 * <li>the <b>retaker</b>, one, which asks for released leases again.</li>
 * </ul>
 * Each state change of a lease, together with the system call that belongs to it, is made under the lease's own lock, which no thread holds
 * while it calls a holder. Which threads can meet where, and why that is benign, is written in {@code FileLease}.
 *
 * <p><b>The signal</b> is {@code SIGRTMAX-5}, or the number in the system property {@code dev.daxverbs.lease.signal}; it is read when the
 * process takes its first lease. It is blocked in the listener and directed to it alone: no other thread gets it, nor has to block it. Leases
 * use {@code SIGIO} too, in the listener only.
 */
package dev.daxverbs.lease;
