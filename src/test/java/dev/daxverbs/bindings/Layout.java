package dev.daxverbs.bindings;

import dev.daxverbs.bindings.GeneratedUses.Use;

import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;

/**
 * Where something is, in bytes.
 *
 * @param offset from the start of the struct; 0 for the struct itself
 * @param size of the field, or of the struct
 * @param nested whether it is a struct or union within another, whose size is a matter of its own
 */
record Layout(long offset, long size, boolean nested) {

    /** What the generated classes say of a use. */
    static Layout generated(Use use) throws ReflectiveOperationException {
        String type = "dev.daxverbs.bindings." + use.library() + "." + use.struct();
        if (use.path().isEmpty()) {
            return new Layout(0, (long) call(type, "sizeof"), false);
        }
        long offset = 0;
        MemoryLayout layout = null;
        for (String member : use.path()) {
            offset += (long) call(type, member + "$offset");
            layout = (MemoryLayout) call(type, member + "$layout");
            type += "$" + member;
        }
        return new Layout(offset, layout.byteSize(), layout instanceof GroupLayout);
    }

    private static Object call(String type, String method) throws ReflectiveOperationException {
        return Class.forName(type).getMethod(method).invoke(null);
    }
}
