package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.ConnectedPair;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.RegisteredMemory;

import java.util.OptionalLong;

/** What the load runs on: the same for plain verbs and for daxverbs, as user code is. */
interface Loopback extends AutoCloseable {
    /** Completions of one poll, and of all that can be outstanding. */
    int ENTRIES = 512;
    /** Send work requests of each queue pair. */
    int REQUESTS = 64;

    ConnectedPair pair();

    CompletionQueue queue();

    /** The file's mapping. */
    RegisteredMemory file();

    /** The anonymous memory that writes come from and reads go to. */
    RegisteredMemory buffers();

    /** How many lease breaks were taken; empty where nobody notices them. */
    OptionalLong leaseBreaks();

    /** How many queue pairs were stopped, as what they had posted was not done before a break's deadline. */
    long fenced();

    @Override
    void close();
}
