package dev.daxverbs.region;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.VerbsException;

import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * By which registration a device can be let at a file's memory, found when a region is made.
 *
 * @param access the registration, and for which transfers it serves
 * @param reason why not for all; null if it does
 */
record DirectPath(DirectAccess access, String reason) {
    private static final DirectPath PINNED = new DirectPath(DirectAccess.PINNED, null);

    /** FS-DAX cannot be pinned, and writable page-cache mappings no more since Linux 6.2 or so: the kernel tells, for the others. */
    static DirectPath of(RegionDomain domain, DaxMapping mapping, MemorySegment segment, Set<AccessFlag> access) {
        MemoryKind kind = mapping.file().kind();
        if (kind == MemoryKind.TMPFS) {
            return PINNED;
        }
        if (kind != MemoryKind.FS_DAX) {
            try {
                domain.protectionDomain().register(segment, access).close();
                return PINNED;
            } catch (VerbsException e) {
                if (e.errno() != Errno.EFAULT && e.errno() != Errno.EOPNOTSUPP) {
                    return PINNED; // a limit that is reached: it will be tried again and again
                }
            }
        }
        return onDemand(domain.protectionDomain().context(), kind);
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
