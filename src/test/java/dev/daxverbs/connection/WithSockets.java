package dev.daxverbs.connection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

import org.junit.jupiter.api.BeforeAll;

/** For tests that look what is left of connections. */
abstract class WithSockets {
    /** The first socket of a JVM leaves a descriptor for good, by which blocked readers are woken. */
    @BeforeAll
    static void useSockets() throws IOException {
        for (Socket socket : Talker.sockets(InetAddress.getLoopbackAddress())) {
            socket.close();
        }
    }

    /** Where nobody listens. */
    static InetSocketAddress freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
        }
    }
}
