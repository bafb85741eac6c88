package dev.daxverbs.connection;

import dev.daxverbs.testing.Leftovers;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** For tests with both sides in one process, each with a context and domain of its own, of which nothing may be left. */
abstract class TwoEnds extends WithSockets {
    RdmaEnd owner;
    RdmaEnd peer;
    private Leftovers before;

    @BeforeEach
    void open() {
        before = Leftovers.now();
        owner = new RdmaEnd();
        peer = new RdmaEnd();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        peer.close();
        owner.close();
        before.awaitNoMore();
    }
}
