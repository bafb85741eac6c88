package dev.daxverbs.examples;

import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.GidEntry;
import dev.daxverbs.verbs.PortAttributes;

/** Lists the machine's RDMA devices: their first port, whether they can register memory on demand, and their addresses. */
final class E01ListDevices {
    private E01ListDevices() {
    }

    /**
     * Runs the example.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        if (Device.list().isEmpty()) {
            System.out.println("no RDMA device: try \"rdma link add rxe0 type rxe netdev lo\" as root");
        }
        for (Device device : Device.list()) {
            try (DeviceContext context = device.open()) {
                PortAttributes port = context.port(1);
                System.out.printf("%s: port 1 is %s, MTU %s, memory on demand: %s%n", device.name(), port.state(), port.activeMtu(),
                        context.attributes().onDemand().supported() ? "yes" : "no");
                for (GidEntry gid : context.gids()) {
                    System.out.printf("    GID %d: %s, %s%n", gid.index(), gid.gid(), gid.type());
                }
            }
        }
    }
}
