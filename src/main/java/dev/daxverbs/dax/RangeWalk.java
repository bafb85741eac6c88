package dev.daxverbs.dax;

import dev.daxverbs.internal.Mapping;
import dev.daxverbs.internal.Mappings;

import java.util.ArrayList;
import java.util.List;

/** Goes through the mappings of a range, and makes extents of them. */
final class RangeWalk {
    private final long address;
    private final long length;
    private final Mappings mappings;
    private final MappedFiles files;
    private final List<Extent> extents = new ArrayList<>();

    RangeWalk(long address, long length, Mappings mappings, MappedFiles files) {
        this.address = address;
        this.length = length;
        this.mappings = mappings;
        this.files = files;
    }

    List<Extent> extents() {
        long end = address + length;
        for (long next = address; next < end;) {
            Mapping mapping = mappings.atOrAfter(next);
            checkAccessible(next, mapping);
            Extent extent = extent(mapping, next, Math.min(end, mapping.end()));
            int last = extents.size() - 1;
            if (last >= 0 && extents.get(last).isContinuedBy(extent)) {
                extents.set(last, extents.get(last).continuedBy(extent));
            } else {
                extents.add(extent);
            }
            next = mapping.end();
        }
        return List.copyOf(extents);
    }

    private void checkAccessible(long next, Mapping mapping) {
        String found;
        if (mapping == null) {
            found = "nothing is mapped at 0x" + Long.toHexString(next) + " nor anywhere behind it";
        } else if (mapping.start() > next) {
            found = "nothing is mapped from 0x" + Long.toHexString(next) + " to 0x" + Long.toHexString(mapping.start());
        } else if (!mapping.readable() && !mapping.writable() && !mapping.executable()) {
            found = "what is mapped at 0x" + Long.toHexString(next) + " has PROT_NONE: " + extent(mapping, mapping.start(), mapping.end());
        } else {
            return;
        }
        throw new InaccessibleMemoryException(next, found + "; address=0x" + Long.toHexString(address) + ", length=" + length
                + (extents.isEmpty() ? "" : ", before it " + extents.getLast()));
    }

    private Extent extent(Mapping mapping, long from, long to) {
        MappedFile file = files.of(mapping, mappings.escapesNewlines());
        return new Extent(from, to - from, file.kind(), file.memory(), file.device(), file.inode(), file.confirmed(),
                mapping.hasFile() ? mapping.offset() + (from - mapping.start()) : 0, mapping.readable(), mapping.writable(),
                mapping.executable(), mapping.shared(), file.name(), file.deleted());
    }
}
