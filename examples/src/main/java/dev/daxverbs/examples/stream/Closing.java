package dev.daxverbs.examples.stream;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** What is to be closed, the last first. One thread. */
final class Closing implements AutoCloseable {
    private final Deque<AutoCloseable> things = new ArrayDeque<>();

    <T extends AutoCloseable> T add(T thing) {
        things.push(thing);
        return thing;
    }

    @Override
    public void close() throws IOException {
        while (!things.isEmpty()) {
            try {
                things.pop().close();
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }
}
