package dev.daxverbs.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.GeneratedUses.Use;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.testing.AnyKernel;
import dev.daxverbs.testing.Guest;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The generated layouts are those of the C headers at hand: each struct and field that hand-written code uses, found in its sources.
 * Skipped where there is no C compiler, no header, or no library to load; the report says which. The headers may be older than
 * those that the bindings were made from: {@link LayoutComparison} says what must agree then.
 */
@AnyKernel
class AbiTest {
    private static final Path SOURCES = Path.of("src/main/java");

    private static Set<Use> uses;

    @TempDir
    private Path folder;

    @BeforeAll
    static void scanSources() throws IOException {
        uses = GeneratedUses.below(SOURCES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ibverbs", "rdmacm", "libc", "linux"})
    void shouldAgreeWithTheHeadersOnAllThatIsUsed(String library, TestReporter reporter) throws Exception {
        Map<Use, Layout> ours = ours(library);
        CHeaders headers;
        Map<Use, Layout> theirs;
        try {
            headers = new CHeaders(folder);
            theirs = headers.layouts(library, ours.keySet());
        } catch (CHeaders.Unavailable e) {
            Guest.skip(e.getMessage());
            return;
        }
        reporter.publishEntry(library, theirs.size() + " layouts compared; not in these headers: " + headers.absent());
        assertThat(LayoutComparison.differences(ours, theirs)).isEmpty();
        assertThat(theirs).hasSize(ours.size() - headers.absent().size());
    }

    @Test
    void shouldFindTheUsesThatAreKnown() {
        assertThat(uses).as("the scan of %s", SOURCES).contains(
                new Use("ibverbs", "ibv_send_wr", List.of("wr", "rdma", "rkey")),
                new Use("ibverbs", "ibv_async_event", List.of("element", "port_num")),
                new Use("ibverbs", "verbs_context", List.of("query_port")),
                new Use("ibverbs", "ibv_gid", List.of("global", "interface_id")),
                new Use("libc", "siginfo_t", List.of("_sifields", "_sigpoll", "si_fd")),
                new Use("libc", "pollfd", List.of()));
    }

    @Test
    void shouldFindEachFormOfUse() {
        String source = """
                import dev.daxverbs.bindings.ibverbs.LibIbverbs;
                import dev.daxverbs.bindings.ibverbs.ibv_sge;
                import dev.daxverbs.bindings.ibverbs.ibv_send_wr;
                /** {@code ibv_sge.commented(x)} */
                class Sample { // ibv_sge.alsoCommented(x)
                    Object o = f("ibv_sge.quoted(x)", ibv_sge::addr, ibv_sge.lkey$offset(), LibIbverbs.C_INT);
                    void f() { ibv_send_wr.wr.rdma
                            .rkey(x, 1); ibv_send_wr.opcode.invoke(p); ibv_send_wr.wr.layout(); }
                }
                """;
        assertThat(GeneratedUses.in(source, "Sample.java")).extracting(Use::toString).containsExactly("ibverbs/ibv_send_wr",
                "ibverbs/ibv_send_wr.opcode", "ibverbs/ibv_send_wr.wr", "ibverbs/ibv_send_wr.wr.rdma.rkey", "ibverbs/ibv_sge",
                "ibverbs/ibv_sge.addr", "ibverbs/ibv_sge.lkey");
    }

    @Test
    void shouldRefuseImportsThatHideUses() {
        for (String line : List.of("import static dev.daxverbs.bindings.ibverbs.ibv_sge.addr;",
                "import dev.daxverbs.bindings.ibverbs.*;", "import dev.daxverbs.bindings.ibverbs.ibv_send_wr.wr;",
                "class A { long a = dev.daxverbs.bindings.ibverbs.ibv_sge.sizeof(); }")) {
            assertThatThrownBy(() -> GeneratedUses.in(line, "A.java")).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("import the class");
        }
    }

    @Test
    void shouldReportAWrongOffsetAndAWrongSize() throws Exception {
        Map<Use, Layout> ours = ours("libc");
        Map<Use, Layout> wrong = new TreeMap<>(ours);
        Use moved = new Use("libc", "pollfd", List.of("revents"));
        Use resized = new Use("libc", "timespec", List.of());
        wrong.computeIfPresent(moved, (use, right) -> new Layout(right.offset() + 2, right.size(), false));
        wrong.computeIfPresent(resized, (use, right) -> new Layout(0, right.size() * 2, false));
        assertThat(LayoutComparison.differences(wrong, ours)).containsExactly(
                "libc/pollfd.revents: offset 8 in the bindings, 6 in the headers",
                "libc/timespec: size 32 in the bindings, 16 in the headers");
    }

    @Test
    void shouldAskTheCompilerAndTellWhatItDoesNotKnow() throws Exception {
        Use there = new Use("libc", "pollfd", List.of("revents"));
        Use absent = new Use("libc", "pollfd", List.of("no_such_field"));
        Use absentStruct = new Use("libc", "statx", List.of("stx_ino", "no_such_field"));
        try {
            CHeaders headers = new CHeaders(folder);
            assertThat(headers.layouts("libc", List.of(there, absent))).isEqualTo(Map.of(there, new Layout(6, 2, false)));
            assertThat(headers.absent()).containsOnlyKeys(absent);
            assertThat(headers.absent().get(absent)).contains("no_such_field");
            assertThatThrownBy(() -> headers.layouts("libc", List.of(absentStruct))).isInstanceOf(AssertionError.class)
                    .hasMessageContaining("does not compile");
        } catch (CHeaders.Unavailable e) {
            Guest.skip(e.getMessage());
        }
    }

    @Test
    void shouldReportWhatTheHeadersLackUnlessItIsBeyondTheirEnd() {
        Use fixed = new Use("ibverbs", "ibv_sge", List.of());
        Use fixedField = new Use("ibverbs", "ibv_sge", List.of("lkey"));
        Use growing = new Use("ibverbs", "ibv_port_attr", List.of());
        Use appended = new Use("ibverbs", "ibv_port_attr", List.of("active_speed_ex"));
        Use inside = new Use("ibverbs", "ibv_port_attr", List.of("flags"));
        Use unknown = new Use("ibverbs", "ibv_unknown", List.of());
        Use backwards = new Use("ibverbs", "verbs_context", List.of());
        Use prepended = new Use("ibverbs", "verbs_context", List.of("query_port"));
        Map<Use, Layout> ours = new TreeMap<>(Map.of(fixed, new Layout(0, 16, false), fixedField, new Layout(12, 4, false),
                growing, new Layout(0, 56, false), appended, new Layout(52, 4, false), inside, new Layout(49, 1, false),
                unknown, new Layout(0, 8, false), backwards, new Layout(0, 100, false), prepended, new Layout(0, 8, false)));
        Map<Use, Layout> theirs = new TreeMap<>(Map.of(fixed, new Layout(0, 16, false), growing, new Layout(0, 52, false),
                backwards, new Layout(0, 92, false)));
        assertThat(LayoutComparison.differences(ours, theirs)).containsExactly(
                "ibverbs/ibv_port_attr.flags: the headers do not have it, and it is not beyond the end of their struct",
                "ibverbs/ibv_sge.lkey: the headers do not have it, and it is not beyond the end of their struct",
                "ibverbs/ibv_unknown: the headers do not have the struct");
    }

    private static Map<Use, Layout> ours(String library) throws ReflectiveOperationException {
        if (library.equals("ibverbs")) {
            Ibverbs.missing().ifPresent(Guest::skip); // the generated classes load the library
        }
        Map<Use, Layout> layouts = new TreeMap<>();
        for (Use use : uses.stream().filter(use -> use.library().equals(library)).collect(Collectors.toSet())) {
            layouts.put(use, Layout.generated(use));
        }
        return layouts;
    }
}
