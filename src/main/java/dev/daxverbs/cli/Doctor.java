package dev.daxverbs.cli;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Findings;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.lease.FileLease;
import dev.daxverbs.lease.LeaseBreak;
import dev.daxverbs.lease.LeaseHolder;
import dev.daxverbs.lease.LeaseType;
import dev.daxverbs.lease.LeaseUnavailableException;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDescription;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.TransferPath;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Whether transfers of a file's memory would be direct on this machine, and if not, why and what helps: finds out by doing it, with one page
 * of the file (2 MiB of device-DAX or huge pages), and gives everything back.
 */
final class Doctor {
    private static final long LARGE_UNIT_BYTES = 2L << 20;

    private final Path path;
    private final Optional<String> wanted;
    private final Map<String, Object> report = new LinkedHashMap<>();
    private boolean isDirect;
    /** Whether a device has a reason why not all transfers are direct. */
    private boolean isRestricted;

    /**
     * What to look at.
     *
     * @param device the name of the only device to look at; all, if empty
     */
    Doctor(Path path, Optional<String> device) {
        this.path = path;
        this.wanted = device;
    }

    /**
     * Looks.
     *
     * @return names and values
     * @throws IOException if the file cannot be opened
     */
    Map<String, Object> examine() throws IOException {
        report.put("file", path.toString());
        try (DaxFile file = open()) {
            examine(file);
        }
        return report;
    }

    /** Whether transfers would be direct on every device that was looked at, and there was one. */
    boolean isDirect() {
        return isDirect;
    }

    private DaxFile open() throws IOException {
        try {
            return DaxFile.open(path);
        } catch (FileSystemException e) { // perhaps it can be read: EACCES, EROFS, ETXTBSY
            try {
                return DaxFile.open(path, StandardOpenOption.READ);
            } catch (IOException readingToo) {
                e.addSuppressed(readingToo);
                throw e;
            }
        }
    }

    private void examine(DaxFile file) throws IOException {
        report.put("memory", file.kind().name());
        report.put("sizeBytes", file.size());
        report.put("fileSystem", fileSystem());
        report.put("writable", file.isWritable());
        report.put("lease", lease(file));
        long unit = file.kind() == MemoryKind.DEVICE_DAX || file.kind() == MemoryKind.HUGETLB ? LARGE_UNIT_BYTES : Posix.PAGE_SIZE;
        if (file.size() == 0) {
            report.put("verdict", "not possible: the file is empty, and an empty file has no memory to map: make it longer");
            return;
        }
        try (DaxMapping mapping = file.map(0, Math.min(unit, file.size()))) {
            report.put("mapSync", mapping.isSync());
            examine(mapping);
        }
    }

    private String fileSystem() {
        try {
            FileStore store = Files.getFileStore(path);
            return store.type() + " (" + store.name() + ")";
        } catch (IOException e) {
            return "unknown: " + e.getMessage();
        }
    }

    /** Takes the lease that a region would take, and gives it back. */
    private static String lease(DaxFile file) {
        if (file.kind() == MemoryKind.DEVICE_DAX) {
            return "not needed: nobody can make a device shorter";
        }
        LeaseType type = file.isWritable() ? LeaseType.WRITE : LeaseType.READ;
        try (FileLease lease = FileLease.take(file.fileDescriptor(), file.path().toString(), type, new Nobody())) {
            return "to be had (" + lease.type() + ")";
        } catch (LeaseUnavailableException e) {
            return e.getMessage();
        }
    }

    private void examine(DaxMapping mapping) {
        List<Device> devices;
        try {
            devices = wanted.isPresent() ? List.of(Device.byName(wanted.get())) : Device.list();
        } catch (VerbsException e) { // no libibverbs, or no device of that name
            report.put("verdict", "not possible: " + e.getMessage());
            return;
        }
        List<Object> described = new ArrayList<>();
        int direct = 0;
        for (Device device : devices) {
            Map<String, Object> one = new LinkedHashMap<>();
            described.add(one);
            one.put("device", device.name());
            try {
                direct += isDirect(device, mapping, one) ? 1 : 0;
            } catch (IOException | VerbsException e) {
                one.put("problem", e.getMessage());
            }
        }
        isDirect = direct > 0 && direct == devices.size();
        report.put("devices", described);
        report.put("verdict", devices.isEmpty()
                ? "not possible: this machine has no RDMA device (a software one: rdma link add rxe0 type rxe netdev eth0)"
                : isDirect ? "direct" + (isRestricted ? ", for some transfers: see the devices' reasons" : "")
                : direct > 0 ? "direct on some devices only" : "not direct: see the devices' reasons");
    }

    private boolean isDirect(Device device, DaxMapping mapping, Map<String, Object> one) throws IOException {
        Set<AccessFlag> access = mapping.file().isWritable()
                ? EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ) : EnumSet.of(AccessFlag.REMOTE_READ);
        try (DeviceContext context = device.open(); RegionDomain domain = RegionDomain.allocate(context)) {
            Optional<String> cannotPin = pinningRefused(domain, mapping, access);
            try (MemoryRegion region = domain.register(mapping, 0, mapping.length(), access)) {
                RegionDescription description = region.describe();
                one.put("path", description.path().name());
                one.put("registration", cannotPin.isEmpty() ? "pinned" : description.onDemand() ? "on demand" : "none");
                one.put("guard", description.guard().name());
                cannotPin.ifPresent(refusal -> {
                    one.put("notPinned", refusal);
                    Findings.onDemand(device.name()).ifPresent(finding -> one.put("onDemandTrial", finding));
                });
                one.put("reasons", description.reasons());
                isRestricted |= !description.reasons().isEmpty();
                return description.path() == TransferPath.DIRECT;
            }
        }
    }

    /** Pins for an instant, which does no harm without a lease: nothing is transferred. */
    private static Optional<String> pinningRefused(RegionDomain domain, DaxMapping mapping, Set<AccessFlag> access) {
        try {
            domain.protectionDomain().register(mapping.segment(), access).close();
            return Optional.empty();
        } catch (VerbsException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Holds the lease for an instant; a break waits for that. */
    private static final class Nobody implements LeaseHolder {
        @Override
        public void onBreak(LeaseBreak event) {
            // nothing uses the file
        }

        @Override
        public void onRegained(FileLease lease) {
            // nothing will
        }
    }
}
