package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.UserException;

import java.net.InetSocketAddress;

/**
 * Where to listen or to connect to, as people write it: {@code host:port}, {@code [v6]:port}.
 *
 * @param host a name or an address, without brackets
 * @param port 1 to 65535
 */
record HostAddress(String host, int port) {
    private static final int MOST_PORT = 65_535;

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException if it is none
     */
    static HostAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw wrong(text, null); // where does the address end?
        }
        try {
            int port = Integer.parseUnsignedInt(text.substring(colon + 1));
            if (host.isEmpty() || port < 1 || port > MOST_PORT) {
                throw wrong(text, null);
            }
            return new HostAddress(host, port);
        } catch (NumberFormatException e) {
            throw wrong(text, e);
        }
    }

    private static IllegalArgumentException wrong(String text, Exception cause) {
        return new IllegalArgumentException("'%s' is no address, as host:port or [v6]:port".formatted(text), cause);
    }

    /**
     * Looks the host up.
     *
     * @throws UserException if nobody knows it
     */
    InetSocketAddress resolve() throws UserException {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new UserException("nobody knows the host " + host);
        }
        return address;
    }

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
