package dev.daxverbs.dax;

import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.KernelText;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * What sysfs tells of a device-DAX character device, which itself answers neither {@code fstat} for its size nor {@code ftruncate}
 * (kernel, {@code Documentation/ABI/testing/sysfs-bus-dax}).
 *
 * @param folder the device's folder in sysfs
 */
record DaxDevice(Path folder) {
    static DaxDevice of(FileStatus status) {
        long device = status.specialDevice();
        return new DaxDevice(Path.of("/sys/dev/char", (device >>> 32) + ":" + (device & 0xffffffffL)));
    }

    /** Whether it is one at all: other character devices are none of ours, and opening one may do something to it. */
    boolean exists() {
        try {
            return folder.resolve("subsystem").toRealPath().endsWith("dax");
        } catch (IOException e) {
            return false;
        }
    }

    long sizeBytes() throws IOException {
        Path size = folder.resolve("size");
        String text = KernelText.read(size);
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new FileSystemException(size.toString(), null, "not a number of bytes: " + text);
        }
    }
}
