package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;

/**
 * What a lease promises its holder: to hear of certain opens of the file before they succeed ({@code fcntl(2)}, <i>Leases</i>).
 */
public enum LeaseType {
    /** Before anybody opens the file for writing, or truncates it. Granted while no open file description can write to the file. */
    READ(LibC.F_RDLCK(), "F_RDLCK"),
    /** Before anybody opens the file at all, or truncates it. Granted while the holder has the file's only open file description. */
    WRITE(LibC.F_WRLCK(), "F_WRLCK");

    private final int kernelValue;
    private final String kernelName;

    LeaseType(int kernelValue, String kernelName) {
        this.kernelValue = kernelValue;
        this.kernelName = kernelName;
    }

    int kernelValue() {
        return kernelValue;
    }

    String kernelName() {
        return kernelName;
    }
}
