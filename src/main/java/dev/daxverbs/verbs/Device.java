package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_context;
import dev.daxverbs.bindings.ibverbs.ibv_device;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.NativeCall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * An RDMA device of this machine, as it was when it was listed ({@code struct ibv_device}). A value: it needs no closing,
 * and any thread may use it. The device may be renamed or go away; {@link #open} finds that out.
 *
 * <p>Sources: ibv_get_device_list(3), ibv_get_device_guid(3), ibv_get_device_index(3).
 *
 * @param name the kernel's name, for instance {@code rxe0}
 * @param guid the node's globally unique identifier as a number (in host order); {@link #guidText} is its usual form
 * @param nodeType what kind of node it is
 * @param transportType the protocol family that it speaks
 * @param index the kernel's number of the device, or -1 where the kernel does not tell it
 * @param uverbsName the name of its character device in {@code /dev/infiniband}, for instance {@code uverbs0}
 * @param fileSystemPath its folder, for instance {@code /sys/class/infiniband/rxe0}
 */
public record Device(String name, long guid, NodeType nodeType, TransportType transportType, int index, String uverbsName,
        Path fileSystemPath) {

    /**
     * The devices that libibverbs has a provider for, in the order that it lists them.
     *
     * @return the devices; none where the kernel has no RDMA, or has no device
     * @throws VerbsException {@code ENOSYS} where libibverbs is not installed: the message names the packages; {@code EPERM} or
     *         {@code ENOMEM} as ibv_get_device_list(3) has them
     */
    public static List<Device> list() {
        return withNatives(Device::all);
    }

    private static List<Device> all(MemorySegment natives, int count) {
        List<Device> devices = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            devices.add(read(at(natives, i)));
        }
        return List.copyOf(devices);
    }

    /**
     * The device of a name, if it is there.
     *
     * @param name the kernel's name, for instance {@code rxe0}
     * @return the device
     * @throws VerbsException as {@link #list} does
     */
    public static Optional<Device> find(String name) {
        return list().stream().filter(device -> device.name.equals(name)).findFirst();
    }

    /**
     * The device of a name.
     *
     * @param name the kernel's name, for instance {@code rxe0}
     * @return the device
     * @throws VerbsException {@code ENODEV} if there is none of this name: the message lists those that there are; and as
     *         {@link #list} does
     */
    public static Device byName(String name) {
        List<Device> devices = list();
        return devices.stream().filter(device -> device.name.equals(name)).findFirst()
                .orElseThrow(() -> absent("ibv_get_device_list(name=" + name + ")", devices));
    }

    private static VerbsException absent(String call, List<Device> present) {
        return new VerbsException(call, Errno.ENODEV, present.isEmpty() ? "this machine has no RDMA device"
                : "this machine has " + String.join(", ", present.stream().map(Device::name).toList()));
    }

    /**
     * Opens the device. It may be open any number of times.
     *
     * @return the open device, which the caller closes
     * @throws VerbsException {@code ENODEV} if the device is not there any more: the message lists those that are; {@code EACCES} or
     *         {@code EPERM} if its file in {@code /dev/infiniband} may not be opened; {@code ENOENT} if there is no such file;
     *         {@code EMFILE} if the process has no descriptor left; and as {@link #list} does
     */
    public DeviceContext open() {
        return withNatives((natives, count) -> {
            for (int i = 0; i < count; i++) {
                MemorySegment found = at(natives, i);
                if (ibv_device.name(found).getString(0).equals(name)) {
                    return open(found);
                }
            }
            throw absent(openCall(), all(natives, count));
        });
    }

    private DeviceContext open(MemorySegment found) {
        MemorySegment context = Ibverbs.openDevice(found);
        if (context.equals(MemorySegment.NULL)) {
            int errno = NativeCall.errno();
            throw new VerbsException(openCall(), errno, "the process needs reading and writing of /dev/infiniband/" + uverbsName);
        }
        try {
            return new DeviceContext(this, ibv_context.reinterpret(context, Arena.global(), null));
        } catch (VerbsException e) {
            Ibverbs.closeDevice(context);
            throw e;
        }
    }

    private String openCall() {
        return "ibv_open_device(device=" + name + ")";
    }

    /** Calls with the array that ibv_get_device_list gives, and its length; frees it afterwards. */
    private static <T> T withNatives(BiFunction<MemorySegment, Integer, T> use) {
        String call = "ibv_get_device_list()";
        Ibverbs.missing().ifPresent(reason -> {
            throw new VerbsException(call, Errno.ENOSYS, reason);
        });
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment natives = Ibverbs.getDeviceList(count);
            if (natives.equals(MemorySegment.NULL)) {
                int errno = NativeCall.errno();
                if (errno == Errno.ENOSYS) { // the kernel has no RDMA
                    return use.apply(natives, 0);
                }
                throw new VerbsException(call, errno);
            }
            try {
                return use.apply(natives, count.get(ValueLayout.JAVA_INT, 0));
            } finally {
                LibIbverbs.ibv_free_device_list(natives);
            }
        }
    }

    private static MemorySegment at(MemorySegment natives, int index) {
        return ibv_device.reinterpret(natives.getAtIndex(LibIbverbs.C_POINTER, index), Arena.global(), null);
    }

    private static Device read(MemorySegment device) {
        long guid = LibIbverbs.ibv_get_device_guid(device); // big-endian
        return new Device(
                ibv_device.name(device).getString(0),
                ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? Long.reverseBytes(guid) : guid,
                NodeType.of(ibv_device.node_type(device)),
                TransportType.of(ibv_device.transport_type(device)),
                LibIbverbs.ibv_get_device_index(device),
                ibv_device.dev_name(device).getString(0),
                Path.of(ibv_device.ibdev_path(device).getString(0)));
    }

    /**
     * The GUID as {@code ibv_devinfo} and {@code rdma(8)} print it.
     *
     * @return for instance {@code 5054:00ff:fe12:3456}
     */
    public String guidText() {
        return Gid.text(guid);
    }

    /**
     * For people.
     *
     * @return name and kind of the device
     */
    @Override
    public String toString() {
        return name + " (" + transportType + ", GUID " + guidText() + ")";
    }
}
