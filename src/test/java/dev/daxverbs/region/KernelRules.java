package dev.daxverbs.region;

import dev.daxverbs.dax.MemoryKind;

/**
 * Which memory rxe can register, by the kernel's version: writable page-cache mappings can be pinned until 6.1 and no more in 6.12,
 * rxe has on-demand paging since 6.15, and FS-DAX can never be pinned.
 *
 * @param major the kernel's major version
 * @param minor its minor version
 */
record KernelRules(int major, int minor) {
    static KernelRules current() {
        String[] parts = System.getProperty("os.version").split("[^0-9]+");
        return new KernelRules(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    boolean hasOnDemand() {
        return isAtLeast(6, 15);
    }

    boolean canPin(MemoryKind kind) {
        return switch (kind) {
            case TMPFS, DEVICE_DAX -> true;
            case PAGE_CACHE -> !isAtLeast(6, 12); // between these two nobody has looked
            default -> false;
        };
    }

    boolean canRegister(MemoryKind kind) {
        return canPin(kind) || hasOnDemand();
    }

    private boolean isAtLeast(int wantedMajor, int wantedMinor) {
        return major > wantedMajor || major == wantedMajor && minor >= wantedMinor;
    }
}
