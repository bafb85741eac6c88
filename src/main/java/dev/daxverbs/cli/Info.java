package dev.daxverbs.cli;

import dev.daxverbs.internal.Gate;
import dev.daxverbs.internal.KernelText;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceAttributes;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.GidEntry;
import dev.daxverbs.verbs.PortAttributes;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What library, JVM, kernel and devices there are. Opens each device, and nothing else. */
final class Info {
    private Info() {
    }

    static Map<String, Object> report() {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("library", version());
        report.put("jvm", System.getProperty("java.vm.name") + " " + Runtime.version());
        report.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"));
        report.put("gate", Gate.variant());
        report.put("membarrier", Gate.variant().equals("membarrier") ? "used" : "not used: the kernel refuses it, or a property does");
        report.put("leasesEnabled", setting("leases-enable"));
        report.put("leaseBreakTimeSeconds", setting("lease-break-time"));
        List<Device> devices = List.of();
        try {
            devices = Device.list();
        } catch (VerbsException e) { // no libibverbs
            report.put("devicesUnknown", e.getMessage());
        }
        List<Object> described = new ArrayList<>();
        for (Device device : devices) {
            described.add(device(device));
        }
        report.put("devices", described);
        return report;
    }

    /** As the jar's manifest has it. */
    static String version() {
        String version = Info.class.getPackage().getImplementationVersion();
        return version == null ? "unknown (not run from the jar)" : version;
    }

    /** A number if it is one, the reason if it cannot be read. */
    private static Object setting(String name) {
        try {
            String text = KernelText.read(Path.of("/proc/sys/fs", name));
            return text.matches("[0-9]{1,9}") ? (Object) Integer.valueOf(text) : text;
        } catch (IOException e) {
            return "unknown: " + e;
        }
    }

    private static Map<String, Object> device(Device device) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("name", device.name());
        report.put("guid", device.guidText());
        report.put("transport", device.transportType().name());
        try (DeviceContext context = device.open()) {
            DeviceAttributes attributes = context.attributes();
            report.put("firmware", attributes.fwVer());
            report.put("onDemandPaging", attributes.onDemand().supported());
            report.put("onDemandOperations", attributes.onDemand().reliableConnection().stream().map(Enum::name).toList());
            report.put("maxRegistrations", attributes.maxMr());
            report.put("maxRegistrationBytes", Long.toUnsignedString(attributes.maxMrSize())); // a string, as it may be 2^64 - 1
            report.put("maxQueuePairs", attributes.maxQp());
            report.put("maxQueuePairRequests", attributes.maxQpWr());
            report.put("atomics", attributes.atomicCap().name());
            List<GidEntry> gids = context.gids();
            List<Object> ports = new ArrayList<>();
            for (int port = 1; port <= attributes.physPortCnt(); port++) {
                ports.add(port(context, port, gids));
            }
            report.put("ports", ports);
        } catch (VerbsException e) {
            report.put("problem", e.getMessage());
        }
        return report;
    }

    private static Map<String, Object> port(DeviceContext context, int number, List<GidEntry> gids) {
        PortAttributes attributes = context.port(number);
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("port", number);
        report.put("state", attributes.state().name());
        report.put("linkLayer", attributes.linkLayer().name());
        report.put("activeMtuBytes", attributes.activeMtu().bytes());
        report.put("maxMtuBytes", attributes.maxMtu().bytes());
        report.put("gids", gids.stream().filter(entry -> entry.port() == number).map(entry -> entry.index() + " " + entry.gid() + " "
                + entry.type() + entry.netDevice().map(name -> " on " + name).orElse("")).toList());
        return report;
    }
}
