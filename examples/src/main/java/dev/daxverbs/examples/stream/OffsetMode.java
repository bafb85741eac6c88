package dev.daxverbs.examples.stream;

/** Where transfers begin, and how long they are. */
enum OffsetMode {
    /** At page boundaries of the file, and all of the same length. */
    ALIGNED,
    /** At any byte, and of any length up to that one. */
    ANY
}
