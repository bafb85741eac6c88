package dev.daxverbs.grant;

/**
 * Anonymous memory of one side of a connection that the other side may read and write for as long as the connection is there, and whose
 * content means nothing.
 *
 * @param address its virtual address
 * @param key its key: the R_Key of the other side's, the L_Key of an own one
 * @param lengthBytes how long it is, at least 8
 */
public record Landing(long address, int key, int lengthBytes) {
}
