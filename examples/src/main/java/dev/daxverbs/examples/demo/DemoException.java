package dev.daxverbs.examples.demo;

import java.io.IOException;

/** Something that the user of the demonstration can do something about: the message says it all. */
final class DemoException extends IOException {
    private static final long serialVersionUID = 1L;

    DemoException(String message) {
        super(message);
    }
}
