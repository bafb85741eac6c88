package dev.daxverbs.bindings;

import dev.daxverbs.bindings.GeneratedUses.Use;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares layouts of the bindings with those of headers that may be older or newer than the ones that the bindings were made from.
 *
 * <p>Offsets and sizes of fields must be the same, whatever the age. The size of a struct must be, too, except of those that
 * their makers let grow: the callee is told the size of the caller's struct and leaves alone what it does not know. Of them, a
 * field may be missing in older headers if it lies beyond the end of theirs.
 */
final class LayoutComparison {
    /** Grow at the end. The queries get the size as an argument. */
    private static final Set<String> GROWING = Set.of("ibv_device_attr_ex", "ibv_port_attr", "ibv_gid_entry");
    /** Grows at its start, so that the {@code ibv_context} at its end stays where it is; {@code sz} is its size. Compared from the end. */
    private static final Set<String> GROWING_BACKWARDS = Set.of("verbs_context");
    /** Structs that old headers do not have at all, with what brought them. */
    private static final Map<String, String> YOUNG = Map.of("procmap_query", "Linux 6.11", "delegation", "Linux 6.19");

    private LayoutComparison() {
    }

    /**
     * Every difference that matters.
     *
     * @param ours what the bindings have
     * @param theirs what the headers have; without what they lack
     * @return one message each; empty if the bindings can be used with libraries of these headers
     */
    static List<String> differences(Map<Use, Layout> ours, Map<Use, Layout> theirs) {
        List<String> differences = new ArrayList<>();
        ours.forEach((use, our) -> {
            Use whole = new Use(use.library(), use.struct(), List.of());
            Layout theirWhole = theirs.get(whole);
            Layout their = theirs.get(use);
            if (theirWhole == null) {
                if (!YOUNG.containsKey(use.struct())) {
                    differences.add(use + ": the headers do not have the struct");
                }
            } else if (use.path().isEmpty()) {
                if (our.size() != their.size() && !GROWING.contains(use.struct()) && !GROWING_BACKWARDS.contains(use.struct())) {
                    differences.add(use + ": size " + our.size() + " in the bindings, " + their.size() + " in the headers");
                }
            } else {
                boolean backwards = GROWING_BACKWARDS.contains(use.struct());
                long ourPlace = backwards ? ours.get(whole).size() - our.offset() : our.offset();
                if (their == null) {
                    boolean beyond = backwards ? ourPlace > theirWhole.size()
                            : GROWING.contains(use.struct()) && ourPlace >= theirWhole.size();
                    if (!beyond) {
                        differences.add(use + ": the headers do not have it, and it is not beyond the end of their struct");
                    }
                    return;
                }
                long theirPlace = backwards ? theirWhole.size() - their.offset() : their.offset();
                if (ourPlace != theirPlace) {
                    differences.add(use + ": offset " + our.offset() + " in the bindings, " + their.offset() + " in the headers"
                            + (backwards ? ", counted from the end " + ourPlace + " and " + theirPlace : ""));
                }
                if (our.size() != their.size() && !our.nested()) {
                    differences.add(use + ": size " + our.size() + " in the bindings, " + their.size() + " in the headers");
                }
            }
        });
        return differences;
    }
}
