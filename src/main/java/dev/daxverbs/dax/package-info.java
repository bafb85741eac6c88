/**
 * Files whose memory a device may use: opening, mapping and changing them, without regard to RDMA.
 *
 * <p><b>Vocabulary.</b>
 * <ul>
 * <li><b>file</b>: a {@link dev.daxverbs.dax.DaxFile}: one open file description, and the descriptor that refers to it. A regular file of any
 *     file system, or a device-DAX character device.</li>
 * <li><b>mapping</b>: a {@link dev.daxverbs.dax.DaxMapping}: a shared mapping of a range of a file. It outlives the file's
 *     {@code close}, and then keeps the open file description alive.</li>
 * <li><b>user</b> of a mapping: an object of a layer above that {@linkplain dev.daxverbs.dax.DaxMapping#hold holds} it, so that it cannot be
 *     unmapped under a device.</li>
 * <li><b>change</b>: what the library itself does to the size of a file, or its blocks: {@code truncate}, {@code extend} or {@code punch}.</li>
 * <li><b>change guard</b>: what a layer above does around a change, as the kernel raises no lease break for one that comes through the
 *     descriptor that has the lease.</li>
 * <li><b>extent</b>: a stretch of this process's memory that is mapped from one place, whoever mapped it: {@link dev.daxverbs.dax.AddressSpace}
 *     finds those of a range of addresses.</li>
 * <li><b>kind</b>: what the memory under a mapping is, see {@link dev.daxverbs.dax.MemoryKind}.</li>
 * </ul>
 *
 * <p><b>Errors.</b> What the kernel refuses is a {@link java.nio.file.FileSystemException} whose reason names the call, its arguments, the errno and
 * a remedy. What the caller does wrong (a closed file, a range outside the file, a read-only one written to) is an
 * unchecked exception that names the values. Access to a mapping past the end of its file, for instance after another process truncated it, is an
 * {@link java.lang.InternalError} in Java code and ends the JVM in native code: never hand a mapping to native code that copies from or to it;
 * {@link dev.daxverbs.dax.DaxFile#read} and {@link dev.daxverbs.dax.DaxFile#write} stop at the end of the file instead.
 *
 * <p><b>Threads.</b> Everything here may be used by any number of threads. {@code close} waits for calls under way on the same object.
 */
package dev.daxverbs.dax;
