package dev.daxverbs.connection;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.verbs.AccessFlag;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/** A file that one side has a region over and gives out under the name "memory". Closed with that side. */
final class OwnedFile {
    static final AccessFlag[] ALL = {AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ, AccessFlag.REMOTE_ATOMIC};

    final DaxFile file;
    final MemoryRegion region;
    final Listener listener;

    OwnedFile(RdmaEnd owner, Path path, InetSocketAddress address, ConnectionOptions options) throws IOException {
        file = owner.closing(DaxFile.open(path));
        region = owner.closing(owner.domain.register(owner.closing(file.map(0, file.size())), ALL));
        listener = owner.closing(Listener.bind(address, owner.domain, options));
        listener.export("memory", region, Right.READ, Right.WRITE, Right.ATOMIC);
    }

    /** What the file has, by its own descriptor: nothing is broken by it. */
    byte[] read(long position, int length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(length);
            long read = file.read(bytes, position);
            if (read != length) {
                throw new AssertionError("read " + read + " bytes at " + position);
            }
            return bytes.toArray(ValueLayout.JAVA_BYTE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
