package dev.daxverbs.connection;

import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;

import java.lang.System.Logger;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** The names that a listener gives regions out by; and what peers asked for in vain. */
final class Exports {
    private static final Logger LOGGER = System.getLogger("dev.daxverbs.connection");

    private final RegionDomain domain;
    private final Map<String, Export> byName = new ConcurrentHashMap<>();
    private final LongAdder refusedOpens = new LongAdder();
    private final LongAdder refusedAccesses = new LongAdder();

    Exports(RegionDomain domain) {
        this.domain = domain;
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
        if (byName.putIfAbsent(name, new Export(name, region, rights)) != null) {
            throw new IllegalArgumentException("name=\"" + name + "\" is exported already");
        }
    }

    boolean remove(String name) {
        return byName.remove(name) != null;
    }

    /**
     * Answers OPEN: by REGION, or by REFUSED, which is logged and counted.
     *
     * @return who gave the region out; null if it was refused
     */
    Export open(Connection connection, Message.Open open, int number, boolean hasRoom) {
        Export export = byName.get(open.name());
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
        refusedOpens.increment();
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
        refusedAccesses.increment();
        LOGGER.log(Logger.Level.WARNING, "{0}: {1} of {2} bytes at {3} of region {4} was refused: {5}", connection, access.type(),
                access.lengthBytes(), access.offset(), access.region(), why);
    }

    long refusedOpens() {
        return refusedOpens.sum();
    }

    long refusedAccesses() {
        return refusedAccesses.sum();
    }
}
