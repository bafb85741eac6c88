package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.testing.AnyKernel;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.OtherProcess;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.EnumSet;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The control channel over real sockets, without a device. */
@AnyKernel
class ControlChannelTest {
    private static final ConnectionOptions PATIENT = new ConnectionOptions().handshakeTimeout(Duration.ofMinutes(1))
            .silence(Duration.ofMinutes(1));
    private static final ConnectionOptions SHORT = new ConnectionOptions().handshakeTimeout(Duration.ofMillis(300))
            .silence(Duration.ofMillis(300));

    private Talker connector;
    private Talker acceptor;
    private Socket[] sockets;

    private void connect(InetAddress address, ConnectionOptions options) throws IOException {
        sockets = Talker.sockets(address);
        acceptor = Talker.on(sockets[1], sockets[1], true, options);
        connector = Talker.on(sockets[0], sockets[0], false, options);
        Eventually.await("the connector's handshake", connector.open);
        Eventually.await("the acceptor's handshake", acceptor.open);
    }

    /** A stranger at a socket, and an acceptor at the other end. */
    private Socket stranger(ConnectionOptions options) throws IOException {
        sockets = Talker.sockets(InetAddress.getLoopbackAddress());
        acceptor = Talker.on(sockets[1], sockets[1], true, options);
        return sockets[0];
    }

    @AfterEach
    void closeSockets() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        for (Talker talker : new Talker[] {connector, acceptor}) {
            if (talker != null) {
                Eventually.await("the end", talker.end);
                assertThat(talker.endings).hasValue(1);
                assertThat(talker.fenced.get()).isPositive();
            }
        }
    }

    private static void ends(Talker talker, CloseReason reason, boolean byPeer) {
        Eventually.await("the end with " + reason, talker.end);
        assertThat(talker.reason).as(talker.text).isEqualTo(reason);
        assertThat(talker.byPeer).isEqualTo(byPeer);
    }

    @Test
    void shouldTalkOverIpv4AndTellBothSidesWhoClosed() throws IOException {
        connect(InetAddress.getByName("127.0.0.1"), PATIENT);
        connector.channel.send(new Message.Open(7, EnumSet.of(Right.READ), "nothing"));
        assertThat(connector.next(Message.Refused.class)).isEqualTo(new Message.Refused(7, Refusal.UNKNOWN_NAME, "nothing"));
        connector.channel.close(CloseReason.NORMAL, "that was all");
        ends(connector, CloseReason.NORMAL, false);
        ends(acceptor, CloseReason.NORMAL, true);
        assertThat(acceptor.text).isEqualTo("that was all");
    }

    @Test
    void shouldTalkOverIpv6() throws IOException {
        connect(InetAddress.getByName("::1"), PATIENT);
        acceptor.channel.close(CloseReason.SHUTDOWN, "");
        ends(acceptor, CloseReason.SHUTDOWN, false);
        ends(connector, CloseReason.SHUTDOWN, true);
    }

    /** As when the process is killed: the kernel closes the socket, and nobody says a word. */
    @Test
    void shouldFindTheOtherSideLost() throws IOException {
        connect(InetAddress.getLoopbackAddress(), PATIENT);
        sockets[0].close();
        ends(acceptor, CloseReason.LOST, true);
    }

    @Test
    void shouldKeepAnIdleConnection() throws IOException {
        connect(InetAddress.getLoopbackAddress(), new ConnectionOptions().handshakeTimeout(Duration.ofMinutes(1)).silence(Duration.ofSeconds(3)));
        Eventually.pause(7000); // more than twice as long as silence is borne
        assertThat(connector.channel.isOpen() && acceptor.channel.isOpen()).isTrue();
    }

    @Test
    void shouldEndWhenTheOtherSideIsSilent() throws IOException {
        Socket silent = stranger(new ConnectionOptions().silence(Duration.ofMillis(300)));
        silent.getOutputStream().write(Samples.encode(Samples.HELLO));
        silent.getOutputStream().write(Samples.encode(Samples.READY));
        Eventually.await("the handshake", acceptor.open);
        long startNs = System.nanoTime();
        ends(acceptor, CloseReason.SILENT, false);
        assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofSeconds(10));
    }

    /** It is heard all the time: silence is not what ends it. */
    @Test
    void shouldCutOffWhoAsksAndDoesNotReadTheAnswers() throws IOException {
        Socket greedy = stranger(new ConnectionOptions().silence(Duration.ofSeconds(20)));
        greedy.setSendBufferSize(1 << 20);
        greedy.getOutputStream().write(Samples.encode(Samples.HELLO));
        greedy.getOutputStream().write(Samples.encode(Samples.READY));
        byte[] open = Samples.encode(new Message.Open(1, EnumSet.of(Right.READ), "x".repeat(250)));
        try {
            for (int i = 0; i < 500_000 && acceptor.end.getCount() > 0; i++) {
                greedy.getOutputStream().write(open);
            }
        } catch (IOException e) {
            assertThat(acceptor.end.getCount()).isLessThanOrEqualTo(1); // cut off while we wrote
        }
        ends(acceptor, CloseReason.LIMIT, false);
    }

    @Test
    void shouldGiveUpAHandshakeThatTakesTooLong() throws IOException {
        stranger(SHORT);
        ends(acceptor, CloseReason.HANDSHAKE, false);
    }

    @Test
    void shouldGiveUpAHandshakeThatIsDribbled() throws IOException {
        Socket slow = stranger(SHORT);
        byte[] hello = Samples.encode(Samples.HELLO);
        try {
            for (int i = 0; i < hello.length && acceptor.end.getCount() > 0; i++) {
                slow.getOutputStream().write(hello[i]);
                Eventually.pause(50);
            }
        } catch (IOException e) {
            Eventually.await("the end", acceptor.end);
        }
        ends(acceptor, CloseReason.HANDSHAKE, false);
    }

    @Test
    void shouldTellWhoSpeaksAnotherVersionWhichItKnows() throws IOException {
        Socket later = stranger(PATIENT);
        later.getOutputStream().write(Samples.encode(new Message.UnknownHello(2, 9)));
        FrameReader answers = new FrameReader(later.getInputStream());
        answers.accept();
        assertThat(answers.next()).isEqualTo(new Message.OtherVersion(1, 1));
        assertThat(answers.next()).isNull();
        later.close();
        ends(acceptor, CloseReason.VERSION, false);
    }

    @Test
    void shouldSayWhyItClosesForAMessageThatIsNone() throws IOException {
        Socket broken = stranger(PATIENT);
        InputStream in = broken.getInputStream();
        FrameReader answers = new FrameReader(in);
        answers.accept();
        broken.getOutputStream().write(Samples.encode(Samples.HELLO));
        broken.getOutputStream().write(Samples.encode(Samples.READY));
        assertThat(answers.next()).isInstanceOf(Message.Hello.class);
        assertThat(answers.next()).isInstanceOf(Message.Ready.class);
        broken.getOutputStream().write(new byte[] {0, 0, 0, 9, 7, 0, 0, 0, 0, 0, 0, 0, 0});
        assertThat(answers.next()).isInstanceOfSatisfying(Message.Close.class, close -> {
            assertThat(close.reason()).isEqualTo(CloseReason.MALFORMED);
            assertThat(close.text()).contains("type=7");
        });
        broken.close();
        ends(acceptor, CloseReason.MALFORMED, false);
    }

    @Test
    void shouldCloseForAMessageThatCannotComeNow() throws IOException {
        connect(InetAddress.getLoopbackAddress(), PATIENT);
        sockets[0].getOutputStream().write(Samples.encode(new Message.Revoked(1, 1)));
        ends(acceptor, CloseReason.OUT_OF_STATE, false);
        ends(connector, CloseReason.OUT_OF_STATE, true);
    }

    @Test
    void shouldCloseWhenBothSidesDoAtTheSameTime() throws IOException {
        connect(InetAddress.getLoopbackAddress(), PATIENT);
        connector.channel.close(CloseReason.NORMAL, "");
        acceptor.channel.close(CloseReason.SHUTDOWN, "");
        Eventually.await("one end", connector.end);
        Eventually.await("the other end", acceptor.end);
        assertThat(connector.reason).isIn(CloseReason.NORMAL, CloseReason.SHUTDOWN);
        assertThat(acceptor.reason).isIn(CloseReason.NORMAL, CloseReason.SHUTDOWN);
    }

    // TLS.

    /** Keys of one name, and trust in another; both are made when first needed. */
    static SSLContext context(Path folder, String own, String trusted) throws Exception {
        char[] password = "changeit".toCharArray();
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store(folder, own), password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store(folder, trusted));
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyStore store(Path folder, String name) throws Exception {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            String program = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
            try (OtherProcess keytool = OtherProcess.start(program, "-genkeypair", "-alias", name, "-keyalg", "EC", "-dname", "CN=" + name, "-ext", "SAN=ip:127.0.0.1,dns:localhost", "-keystore",
                    file.toString(), "-storepass", "changeit", "-validity", "2", "-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1", // all of these for emulated processors
                    "-J-Dkeystore.pkcs12.certPbeIterationCount=1", "-J-Dkeystore.pkcs12.keyPbeIterationCount=1", "-J-Dkeystore.pkcs12.macIterationCount=1")) {
                keytool.awaitSuccess();
            }
        }
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, "changeit".toCharArray());
            return store;
        }
    }

    private void connectTls(SSLContext client, SSLContext server) throws IOException {
        sockets = Talker.sockets(InetAddress.getByName("127.0.0.1"));
        SSLSocket accepted = (SSLSocket) server.getSocketFactory().createSocket(sockets[1], null, true);
        accepted.setUseClientMode(false);
        accepted.setNeedClientAuth(true);
        SSLSocket connected = (SSLSocket) client.getSocketFactory().createSocket(sockets[0], "127.0.0.1", sockets[0].getPort(), true);
        connected.setUseClientMode(true);
        SSLParameters parameters = connected.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        connected.setSSLParameters(parameters);
        acceptor = Talker.on(accepted, sockets[1], true, PATIENT);
        connector = Talker.on(connected, sockets[0], false, PATIENT);
    }

    @Test
    void shouldTalkOverTlsWithBothSidesKnown(@TempDir Path folder) throws Exception {
        connectTls(context(folder, "client", "server"), context(folder, "server", "client"));
        Eventually.await("the handshake", connector.open);
        Eventually.await("the handshake", acceptor.open);
        for (int i = 1; i <= 20; i++) {
            connector.channel.send(new Message.Write(i, 1, 0, Samples.data(100)));
            assertThat(acceptor.next(Message.Write.class).sequence()).isEqualTo(i);
            acceptor.channel.send(new Message.Done(i, AccessStatus.OK));
            assertThat(connector.next(Message.Done.class).sequence()).isEqualTo(i);
        }
        acceptor.channel.close(CloseReason.NORMAL, "over");
        ends(connector, CloseReason.NORMAL, true);
        ends(acceptor, CloseReason.NORMAL, false);
    }

    @Test
    void shouldRefuseAClientThatIsNotKnown(@TempDir Path folder) throws Exception {
        connectTls(context(folder, "stranger", "server"), context(folder, "server", "client"));
        ends(acceptor, CloseReason.LOST, true);
        assertThat(acceptor.text).contains("SSL");
        assertThat(acceptor.open.getCount()).isEqualTo(1);
    }

    @Test
    void shouldRefuseAListenerThatIsNotKnown(@TempDir Path folder) throws Exception {
        connectTls(context(folder, "client", "other"), context(folder, "server", "client"));
        ends(connector, CloseReason.LOST, true);
        assertThat(connector.text).contains("SSL");
    }

    @Test
    void shouldWakeAndEndOverTlsToo(@TempDir Path folder) throws Exception {
        connectTls(context(folder, "client", "server"), context(folder, "server", "client"));
        Eventually.await("the handshake", acceptor.open);
        Eventually.await("the handshake", connector.open);
        sockets[0].close();
        ends(acceptor, CloseReason.LOST, true);
    }
}
