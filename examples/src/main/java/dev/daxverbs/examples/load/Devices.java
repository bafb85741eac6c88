package dev.daxverbs.examples.load;

import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.PortAttributes;
import dev.daxverbs.verbs.PortState;

/** The device to use. */
public final class Devices {
    private Devices() {
    }

    /**
     * Opens a device.
     *
     * @param name its name; null for the first with an active port, of MTU 4096 if there is one
     * @param script the script that uses the guest where there is none
     * @throws UserException if no device has an active port
     */
    public static DeviceContext open(String name, String script) throws UserException {
        if (name != null) {
            return Device.byName(name).open();
        }
        DeviceContext best = null;
        for (Device candidate : Device.list()) {
            DeviceContext context = candidate.open();
            PortAttributes port = context.port(1);
            boolean better = port.state() == PortState.ACTIVE && (best == null || best.port(1).activeMtu() != Mtu.MTU_4096
                    && port.activeMtu() == Mtu.MTU_4096);
            if (!better) {
                context.close();
                continue;
            }
            if (best != null) {
                best.close();
            }
            best = context;
        }
        if (best == null) {
            throw new UserException(("no RDMA device with an active port: load one (rdma link add rxe0 type rxe netdev lo) or run %s,"
                    + " which uses the guest").formatted(script));
        }
        return best;
    }

    /** The release of the kernel that runs. */
    public static String kernel() {
        return System.getProperty("os.version");
    }
}
