package dev.daxverbs.region;

/** The way that transfers of a region's memory take. */
public enum TransferPath {
    /** The device reads and writes the file's memory. */
    DIRECT,
    /** The device reads and writes registered memory of the library's, which is copied from and to the file. */
    STAGED,
    /** Of a peer's memory: the bytes go by messages on the control connection, and the owner of the file reads or writes it. */
    EMULATED
}
