package dev.daxverbs.grant;

import java.nio.ByteBuffer;

/**
 * What connections need of a region of this process: keys to grant, and access in the device's place. Implemented by the region layer. Any
 * thread.
 */
public abstract class GrantSource {
    /** For the region layer. */
    protected GrantSource() {
    }

    /**
     * Says where grants of a region come from. Once, by who makes it.
     *
     * @param memory the region
     * @param source its source
     */
    public static void provide(OwnedMemory memory, GrantSource source) {
        memory.grantSource = source;
    }

    /**
     * Where grants of a region come from.
     *
     * @param memory the region
     * @return its source
     */
    public static GrantSource of(OwnedMemory memory) {
        return memory.grantSource;
    }

    /**
     * Adds somebody who grants keys.
     *
     * @param holder is told when they have to be taken back
     * @throws IllegalStateException if the region is closed
     */
    public abstract void attach(GrantHolder holder);

    /**
     * Takes all keys back that a holder has granted, and waits for it; who does not answer in time is fenced. Then detaches it.
     *
     * @param holder as it was attached
     */
    public abstract void withdraw(GrantHolder holder);

    /**
     * What may be granted now: whoever looks within {@link GrantHolder}'s own lock, and grants what it finds, is told of its end.
     *
     * @return the key; null if there is none now
     */
    public abstract PeerKey grant();

    /**
     * How much of the region its files have.
     *
     * @return bytes from the start
     */
    public abstract long usableBytes();

    /** How an access went. */
    public enum Outcome {
        /** Well. */
        DONE,
        /** Another process may be changing the file, or there is no memory for it now: it is worth coming again. */
        LATER,
        /** The file does not reach so far. */
        TRUNCATED,
        /** The region is closed. */
        CLOSED,
        /** The file system refuses. */
        FAILED,
        /** An atomic that is the device's. */
        DEVICES
    }

    /**
     * Reads, in the device's place.
     *
     * @param offset bytes from the region's start; the range is within the region
     * @param into what it goes to, from its position to its limit; both stay
     * @return how it went
     */
    public abstract Outcome read(long offset, ByteBuffer into);

    /**
     * Writes, in the device's place.
     *
     * @param offset bytes from the region's start; the range is within the region
     * @param from what it comes from, from its position to its limit; both stay
     * @return how it went
     */
    public abstract Outcome write(long offset, ByteBuffer from);

    /** What an atomic does with the value that it finds. */
    @FunctionalInterface
    public interface Change {
        /**
         * Decides.
         *
         * @param before what is there
         * @return what is to be there
         */
        long apply(long before);
    }

    /**
     * Changes eight bytes, in this processor's byte order, in the device's place.
     *
     * @param offset bytes from the region's start, a multiple of 8, within the region
     * @param change what is done
     * @param before gets what was there at index 0
     * @param whenWorthTrying is called when it is worth coming again, where the outcome was LATER; always the same object of one caller
     * @return how it went
     */
    public abstract Outcome change(long offset, Change change, long[] before, Runnable whenWorthTrying);

    /**
     * Makes a range durable ({@code msync(2)} with {@code MS_SYNC}).
     *
     * @param offset bytes from the region's start
     * @param lengthBytes bytes; the range is within the region
     * @return how it went
     */
    public abstract Outcome flush(long offset, long lengthBytes);
}
