package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.libc.procmap_query;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Asks the kernel for one mapping at a time: {@code ioctl(PROCMAP_QUERY)} of {@code linux/fs.h}, from Linux 6.11 on. */
public final class QueriedMappings implements Mappings {
    /** The longest name that the kernel gives, with its final zero. */
    private static final int NAME_BYTES = 4096;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment query = procmap_query.allocate(arena);
    private final MemorySegment name = arena.allocate(NAME_BYTES);
    private final int fd;

    private QueriedMappings(int fd) {
        this.fd = fd;
    }

    /**
     * Opens this process's address space.
     *
     * @return null if the kernel does not answer such queries
     */
    public static QueriedMappings open() {
        int fd = Posix.open(ParsedMappings.MAPS.toString(), LibC.O_RDONLY(), 0);
        if (fd < 0) {
            return null; // the other source says what is wrong
        }
        QueriedMappings opened = new QueriedMappings(fd);
        int answer = opened.ask(0, NAME_BYTES);
        if (answer == 0 || answer == -Errno.ENOENT || answer == -LibC.ENAMETOOLONG()) {
            return opened;
        }
        opened.close();
        return null;
    }

    @Override
    public Mapping atOrAfter(long address) {
        int answer = ask(address, NAME_BYTES);
        if (answer == -LibC.ENAMETOOLONG()) {
            answer = ask(address, 0);
        }
        if (answer == -Errno.ENOENT) {
            return null;
        }
        if (answer < 0) {
            throw new UncheckedIOException(new IOException("ioctl(" + ParsedMappings.MAPS + ", PROCMAP_QUERY, address=0x"
                    + Long.toHexString(address) + "): " + Errno.name(-answer)));
        }
        long flags = procmap_query.vma_flags(query);
        return new Mapping(procmap_query.vma_start(query), procmap_query.vma_end(query),
                (flags & LibC.PROCMAP_QUERY_VMA_READABLE()) != 0, (flags & LibC.PROCMAP_QUERY_VMA_WRITABLE()) != 0,
                (flags & LibC.PROCMAP_QUERY_VMA_EXECUTABLE()) != 0, (flags & LibC.PROCMAP_QUERY_VMA_SHARED()) != 0,
                procmap_query.vma_offset(query),
                Posix.packDevice(procmap_query.dev_major(query), procmap_query.dev_minor(query)),
                procmap_query.inode(query), procmap_query.vma_page_size(query), answeredName());
    }

    private int ask(long address, int nameBytes) {
        query.fill((byte) 0);
        procmap_query.size(query, procmap_query.sizeof());
        procmap_query.query_flags(query, LibC.PROCMAP_QUERY_COVERING_OR_NEXT_VMA());
        procmap_query.query_addr(query, address);
        procmap_query.vma_name_size(query, nameBytes);
        procmap_query.vma_name_addr(query, nameBytes == 0 ? 0 : name.address());
        return Posix.ioctl(fd, LibC.PROCMAP_QUERY(), query);
    }

    private String answeredName() {
        int bytes = procmap_query.vma_name_size(query); // with the final zero; zero if it has no name, or was not asked for it
        return bytes == 0 ? "" : new String(name.asSlice(0, bytes - 1).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    @Override
    public boolean escapesNewlines() {
        return false;
    }

    @Override
    public void close() {
        Posix.close(fd);
        arena.close();
    }
}
