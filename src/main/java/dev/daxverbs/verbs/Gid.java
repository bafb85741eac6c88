package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_gid;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A global identifier: the 128-bit address of a port, in the form of an IPv6 address (InfiniBand specification, volume 1,
 * "Addressing"). With RoCE version 2 it is the IP address, IPv4 in its IPv6-mapped form. A value; any thread may use it.
 *
 * @param subnetPrefix the upper 64 bits, as a number (in host order)
 * @param interfaceId the lower 64 bits, as a number (in host order)
 */
public record Gid(long subnetPrefix, long interfaceId) {
    /** Bytes of a GID in memory and on the wire. */
    public static final int SIZE_BYTES = 16;

    private static final ValueLayout.OfLong BIG_ENDIAN_LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final long IPV4_MARK = 0xffffL;

    /**
     * A GID from the bytes that are sent.
     *
     * @param bytes sixteen bytes, the most significant first
     * @return the GID
     * @throws IllegalArgumentException if it is another number of bytes
     */
    public static Gid of(byte[] bytes) {
        if (bytes.length != SIZE_BYTES) {
            throw new IllegalArgumentException("bytes.length=" + bytes.length + ": a GID has " + SIZE_BYTES + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new Gid(buffer.getLong(), buffer.getLong());
    }

    /**
     * A GID from its text: any form of an IPv6 address without a zone, for instance
     * {@code fe80:0000:0000:0000:5054:00ff:fe12:3456}, {@code fe80::1} or {@code ::ffff:10.0.0.1}.
     *
     * @param text the text
     * @return the GID
     * @throws IllegalArgumentException if it is no IPv6 address
     */
    public static Gid parse(String text) {
        byte[] bytes;
        try {
            if (!text.matches("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")) {
                throw new IllegalArgumentException("not the characters of an IPv6 address");
            }
            bytes = InetAddress.ofLiteral(text).getAddress();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("text=\"" + text + "\" is no GID: it needs the form of an IPv6 address,"
                    + " for instance fe80::1 or ::ffff:10.0.0.1", e);
        }
        if (bytes.length == SIZE_BYTES) {
            return of(bytes);
        }
        return new Gid(0, IPV4_MARK << 32 | Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt()));
    }

    /**
     * The bytes that are sent.
     *
     * @return sixteen bytes, the most significant first; a new array
     */
    public byte[] bytes() {
        return ByteBuffer.allocate(SIZE_BYTES).putLong(subnetPrefix).putLong(interfaceId).array();
    }

    /**
     * Whether it holds an IPv4 address: {@code ::ffff:a.b.c.d}.
     *
     * @return true for an IPv4 address
     */
    public boolean isIpv4Mapped() {
        return subnetPrefix == 0 && interfaceId >>> 32 == IPV4_MARK;
    }

    /**
     * The IP address that the GID is.
     *
     * @return an {@code Inet4Address} if {@link #isIpv4Mapped}, otherwise an {@code Inet6Address} without a scope
     */
    public InetAddress toInetAddress() {
        try {
            return InetAddress.getByAddress(bytes());
        } catch (UnknownHostException e) {
            throw new AssertionError("sixteen bytes are an address", e);
        }
    }

    /**
     * The text form of {@code /sys/class/infiniband} and {@code ibv_devinfo}: eight groups of four hexadecimal digits.
     *
     * @return for instance {@code fe80:0000:0000:0000:5054:00ff:fe12:3456}
     */
    @Override
    public String toString() {
        return text(subnetPrefix) + ":" + text(interfaceId);
    }

    /** Four groups of four hexadecimal digits, the form of GUIDs, too. */
    static String text(long number) {
        return String.format("%04x:%04x:%04x:%04x", number >>> 48, number >>> 32 & 0xffff, number >>> 16 & 0xffff, number & 0xffff);
    }

    /** Reads a {@code union ibv_gid}. */
    static Gid read(MemorySegment gid) {
        MemorySegment halves = ibv_gid.global(gid);
        return new Gid(halves.get(BIG_ENDIAN_LONG, ibv_gid.global.subnet_prefix$offset()),
                halves.get(BIG_ENDIAN_LONG, ibv_gid.global.interface_id$offset()));
    }

    /** Writes a {@code union ibv_gid}. */
    void write(MemorySegment gid) {
        MemorySegment halves = ibv_gid.global(gid);
        halves.set(BIG_ENDIAN_LONG, ibv_gid.global.subnet_prefix$offset(), subnetPrefix);
        halves.set(BIG_ENDIAN_LONG, ibv_gid.global.interface_id$offset(), interfaceId);
    }
}
