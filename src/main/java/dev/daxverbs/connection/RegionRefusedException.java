package dev.daxverbs.connection;

import java.io.IOException;

/**
 * The other side does not give the region out: there is no such name, or not with these rights, or this connection has too many. The
 * connection goes on.
 */
public class RegionRefusedException extends IOException {
    private static final long serialVersionUID = 1;

    RegionRefusedException(String message) {
        super(message);
    }
}
