package dev.daxverbs.region;

import dev.daxverbs.dax.Extent;
import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.VerbsException;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;

/**
 * By which registration a device can be let at a file's memory, found when a region is made.
 *
 * @param access the registration, and for which transfers it serves
 * @param reason why not for all; null if it does
 */
record DirectPath(DirectAccess access, String reason) {
    /** Any transfer. */
    static final DirectPath PINNED = new DirectPath(DirectAccess.PINNED, null);

    /**
     * FS-DAX cannot be pinned, and writable page-cache mappings no more since Linux 6.2 or so: the kernel tells, for the others.
     *
     * @param extents what the memory is, all of it
     */
    static DirectPath of(RegionDomain domain, List<Extent> extents, MemorySegment memory, Set<AccessFlag> access) {
        Extent unpinned = null;
        for (Extent extent : extents) {
            if (!canBePinned(domain, extent, memory, access) && (unpinned == null || extent.memory().orElse(null) == MemoryKind.FS_DAX)) {
                unpinned = extent;
            }
        }
        return unpinned == null ? PINNED : onDemand(domain.protectionDomain().context(), unpinned.memory().orElse(MemoryKind.PAGE_CACHE));
    }

    private static boolean canBePinned(RegionDomain domain, Extent extent, MemorySegment memory, Set<AccessFlag> access) {
        MemoryKind kind = extent.memory().orElse(null);
        if (extent.kind() == ExtentKind.ANONYMOUS || kind == MemoryKind.TMPFS || kind == MemoryKind.DEVICE_DAX) {
            return true;
        }
        if (kind == MemoryKind.FS_DAX) {
            return false;
        }
        MemorySegment first = memory.asSlice(extent.address() - memory.address(), Math.min(extent.length(), Posix.PAGE_SIZE));
        try {
            domain.protectionDomain().register(first, access).close();
            return true;
        } catch (VerbsException e) {
            return e.errno() != Errno.EFAULT && e.errno() != Errno.EOPNOTSUPP; // else a limit: it will be tried again and again
        }
    }

    /** Not at all, as nobody would tell when the memory goes. */
    static DirectPath unguarded(RegionPart part) {
        return new DirectPath(DirectAccess.NONE, "%s cannot be guarded, %s: transfers are staged".formatted(part.extent(), part.adoption()));
    }

    private static DirectPath onDemand(DeviceContext context, MemoryKind kind) {
        String device = context.device().name();
        String cannotBePinned = (kind == MemoryKind.FS_DAX ? "FS-DAX" : "writable page-cache") + " memory cannot be pinned, and ";
        OnDemandTrial.Finding trial = OnDemandTrial.report(context);
        return switch (trial.verdict()) {
            case ANY_OFFSET -> new DirectPath(DirectAccess.ON_DEMAND, null);
            case PAGE_ALIGNED -> new DirectPath(DirectAccess.ON_DEMAND_ALIGNED, cannotBePinned + "on-demand paging of " + device
                    + " moves right bytes only where every packet begins at a page boundary: transfers at multiples of 4096, on queue pairs with a"
                    + " path MTU of 4096, are direct, all others staged");
            case UNSUPPORTED -> new DirectPath(DirectAccess.NONE, cannotBePinned + device
                    + " has no on-demand paging that can be used (" + trial.detail()
                    + "; rxe has it since Linux 6.15): transfers are staged");
            case WRONG -> new DirectPath(DirectAccess.NONE, cannotBePinned + "on-demand paging of " + device
                    + " moved wrong bytes in a trial: transfers are staged");
        };
    }
}
