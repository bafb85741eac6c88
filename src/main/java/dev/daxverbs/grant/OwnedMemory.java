package dev.daxverbs.grant;

import dev.daxverbs.verbs.RegisteredMemory;

/** Memory of this process that keys can be granted for: what is public of it is in the subclass, all else in its {@link GrantSource}. */
public abstract class OwnedMemory implements RegisteredMemory {
    GrantSource grantSource;

    /** Memory that nothing is granted of yet. */
    protected OwnedMemory() {
    }
}
