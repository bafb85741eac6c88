package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_gid_entry;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.Optional;

/**
 * An entry of a port's GID table ({@code struct ibv_gid_entry}; ibv_query_gid_ex(3)). A value; any thread may use it. The
 * table changes when addresses of the network interface do: an index is not a name for ever.
 *
 * @param gid the address
 * @param index where in the port's table it is
 * @param port the port's number
 * @param type what kind of packets it stands for
 * @param netDevice the name of the network interface that it belongs to; empty on InfiniBand, or where {@code /sys} does not tell it
 * @param interfaceIndex the kernel's number of that network interface, 0 if there is none
 */
public record GidEntry(Gid gid, int index, int port, GidType type, Optional<String> netDevice, int interfaceIndex) {

    /** Reads a {@code struct ibv_gid_entry} of a device. */
    static GidEntry read(Device device, MemorySegment entry) {
        int index = ibv_gid_entry.gid_index(entry);
        int port = ibv_gid_entry.port_num(entry);
        int interfaceIndex = ibv_gid_entry.ndev_ifindex(entry);
        return new GidEntry(
                Gid.read(ibv_gid_entry.gid(entry)),
                index,
                port,
                GidType.of(ibv_gid_entry.gid_type(entry)),
                interfaceIndex == 0 ? Optional.empty() : netDevice(device, port, index),
                interfaceIndex);
    }

    /** From /sys and not from NetworkInterface, which leaves out interfaces that have no IP address. */
    private static Optional<String> netDevice(Device device, int port, int index) {
        try {
            return Optional.of(Files.readString(
                    device.fileSystemPath().resolve("ports/" + port + "/gid_attrs/ndevs/" + index)).strip());
        } catch (IOException e) { // the file cannot be read while the entry is changing, and is not there in some containers
            return Optional.empty();
        }
    }
}
