package dev.daxverbs.examples.load;

import java.io.IOException;

/** Something that the user of the program can do something about: the message says it all. */
public final class UserException extends IOException {
    private static final long serialVersionUID = 1L;

    /** With the message for the user. */
    public UserException(String message) {
        super(message);
    }
}
