package dev.daxverbs.examples.stream;

/** What other processes may do to the content of the file. */
enum ContentChange {
    /** Nothing: they open and close it, or rename it and back. */
    NOTHING,
    /** They cut it, and make it as large again: what they cut off reads as zero. */
    ZEROS,
    /** They write to it what they like. */
    ANYTHING
}
