package dev.daxverbs.connection;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;

import java.lang.System.Logger;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** The names that a listener, or one connection, gives regions out by; and what peers asked for in vain. */
final class Exports {
    private static final Logger LOGGER = System.getLogger("dev.daxverbs.connection");

    private final RegionDomain domain;
    private final Map<String, Export> byName = new ConcurrentHashMap<>();
    private final LongAdder refusedOpens = new LongAdder();
    private final LongAdder refusedAccesses = new LongAdder();
    private final LongAdder accesses = new LongAdder();
    private final Exports listeners; // whose names are asked for behind these, and who counts; or null

    /**
     * Begins.
     *
     * @param domain what regions must be of
     * @param listeners where names are looked for that are not here; null for nowhere else
     */
    Exports(RegionDomain domain, Exports listeners) {
        this.domain = domain;
        this.listeners = listeners;
    }

    void add(String name, MemoryRegion region, Set<Right> rights) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > MessageType.MAX_NAME_BYTES) {
            throw new IllegalArgumentException("name=\"%s\": must have 1 to %d bytes in UTF-8".formatted(name, MessageType.MAX_NAME_BYTES));
        }
        if (region.protectionDomain() != domain.protectionDomain()) {
            throw new IllegalArgumentException("%s is not of the listener's domain, %s".formatted(region, domain));
        }
        if (rights.isEmpty()) {
            throw new IllegalArgumentException("no rights for \"" + name + "\": name at least one");
        }
        for (Right right : rights) {
            AccessFlag needed = switch (right) {
                case READ -> AccessFlag.REMOTE_READ;
                case WRITE -> AccessFlag.REMOTE_WRITE;
                case ATOMIC -> AccessFlag.REMOTE_ATOMIC;
            };
            if (!region.access().contains(needed)) {
                throw new IllegalArgumentException("right %s of \"%s\": %s is registered without %s".formatted(right, name, region,
                        needed));
            }
        }
        Export export = new Export(name, region, rights);
        export.source().attach(export);
        if (byName.putIfAbsent(name, export) != null) {
            export.source().withdraw(export); // nobody has it
            throw new IllegalArgumentException("name=\"" + name + "\" is exported already");
        }
    }

    /** Takes a name back, and the region from all who have it; waits for them. */
    boolean remove(String name) {
        Export export = byName.remove(name);
        if (export != null) {
            export.source().withdraw(export);
        }
        return export != null;
    }

    /** Takes all names back. */
    void close() {
        List.copyOf(byName.keySet()).forEach(this::remove);
    }

    private Export find(String name) {
        Export export = byName.get(name);
        if (export == null && listeners != null) {
            return listeners.find(name);
        }
        return export == null || export.isWithdrawn() ? null : export;
    }

    /**
     * Answers OPEN: by REGION, or by REFUSED, which is logged and counted.
     *
     * @return who gave the region out; null if it was refused
     */
    Export open(Connection connection, Message.Open open, int number, boolean hasRoom) {
        Export export = find(open.name());
        Set<Right> wanted = export != null && open.rights().isEmpty() ? export.rights() : EnumSet.copyOf(open.rights());
        Refusal why;
        if (export == null) {
            why = Refusal.UNKNOWN_NAME;
        } else if (!export.rights().containsAll(wanted)) {
            why = Refusal.RIGHTS;
        } else if (!hasRoom) {
            why = Refusal.TOO_MANY;
        } else {
            return export.open(connection, open.request(), number, wanted) ? export : null;
        }
        counting().refusedOpens.increment();
        LOGGER.log(Logger.Level.WARNING, "{0}: \"{1}\" with rights {2} was refused: {3}", connection, open.name(), open.rights(), why);
        String text = switch (why) {
            case UNKNOWN_NAME -> "there is no such name";
            case RIGHTS -> "it is exported with " + export.rights();
            case TOO_MANY -> "the connection has as many regions as it may";
        };
        connection.send(new Message.Refused(open.request(), why, text));
        return null;
    }

    void refusedAccess(Connection connection, Message.Access access, AccessStatus why) {
        counting().refusedAccesses.increment();
        LOGGER.log(Logger.Level.WARNING, "{0}: {1} of {2} bytes at {3} of region {4} was refused: {5}", connection, access.type(),
                access.lengthBytes(), access.offset(), access.region(), why);
    }

    private Exports counting() {
        return listeners == null ? this : listeners;
    }

    /** A peer's transfer was done by message. */
    void countAccess() {
        counting().accesses.increment();
    }

    long accesses() {
        return accesses.sum();
    }

    long refusedOpens() {
        return refusedOpens.sum();
    }

    long refusedAccesses() {
        return refusedAccesses.sum();
    }
}
