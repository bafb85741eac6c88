package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Changes of the size, and their guards: DaxFile.truncate, extend, guardChanges, removeGuard. */
@Timeout(600)
class DaxFileChangeTest {
    private final FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs();
    private final List<String> events = Collections.synchronizedList(new ArrayList<>());
    private DaxFile file;

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    @BeforeEach
    void openFile() throws IOException {
        file = DaxFile.open(tmpfs.newFile("file", 1000));
    }

    @AfterEach
    void closeFile() throws IOException {
        file.close();
        tmpfs.close();
    }

    private ChangeGuard logging(String name) {
        return (change, action) -> {
            events.add(name + " before, size=" + file.size());
            try {
                action.run();
            } finally {
                events.add(name + " after, size=" + file.size());
            }
        };
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldChangeTheSize(FileSystemUnderTest fileSystem) throws Exception {
        Path path = fileSystem.newFile("file", 0);
        try (DaxFile changed = DaxFile.open(path)) {
            changed.extend(1 << 20);
            assertThat(changed.size()).isEqualTo(1 << 20);
            assertThat(allocatedBytes(path)).as("blocks are there").isGreaterThanOrEqualTo(1 << 20);
            changed.extend(100);
            assertThat(changed.size()).as("only grows").isEqualTo(1 << 20);
            changed.truncate(12_345);
            assertThat(changed.size()).isEqualTo(12_345);
            changed.truncate(1 << 20);
            assertThat(changed.size()).isEqualTo(1 << 20);
            assertThat(allocatedBytes(path)).as("no blocks yet").isLessThan(1 << 20);
        }
    }

    private static long allocatedBytes(Path path) throws Exception {
        Process stat = new ProcessBuilder("stat", "-c", "%b", path.toString()).start();
        return 512 * Long.parseLong(stat.inputReader().readLine());
    }

    @Test
    void shouldNestGuardsAroundTheChange() throws Exception {
        file.guardChanges(logging("outer"));
        file.guardChanges(logging("inner"));
        file.truncate(10);
        file.extend(20);
        assertThat(events).containsExactly("outer before, size=1000", "inner before, size=1000", "inner after, size=10",
                "outer after, size=10", "outer before, size=10", "inner before, size=10", "inner after, size=20", "outer after, size=20");
    }

    @Test
    void shouldTellGuardsOfTheChange() throws Exception {
        file.guardChanges((change, action) -> {
            events.add(change);
            action.run();
        });
        file.truncate(10);
        file.extend(20);
        assertThat(events).containsExactly("ftruncate(fd=" + file.fileDescriptor() + ", sizeBytes=10)",
                "fallocate(fd=" + file.fileDescriptor() + ", sizeBytes=20)");
    }

    @Test
    void shouldNotCallGuardsWhenThereIsNothingToExtend() throws Exception {
        file.guardChanges(logging("guard"));
        file.extend(1000);
        file.extend(0);
        assertThat(events).isEmpty();
    }

    @Test
    void shouldNotCallRemovedGuard() throws Exception {
        ChangeGuard guard = logging("guard");
        file.guardChanges(guard);
        file.removeGuard(guard);
        file.removeGuard(guard);
        file.truncate(10);
        assertThat(events).isEmpty();
        assertThatNullPointerException().isThrownBy(() -> file.guardChanges(null));
    }

    @Test
    void shouldNotChangeWhatGuardRefuses() throws Exception {
        file.guardChanges(logging("outer"));
        IOException refusal = new IOException("not now");
        file.guardChanges((change, action) -> {
            throw refusal;
        });
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> file.truncate(10)).isSameAs(refusal);
        assertThat(events).containsExactly("outer before, size=1000", "outer after, size=1000");
        assertThat(file.size()).isEqualTo(1000);
    }

    @Test
    void shouldNameGuardThatForgetsToRunTheChange() throws Exception {
        ChangeGuard forgetful = new ChangeGuard() {
            @Override
            public void aroundChange(String change, ChangeAction action) {
            }

            @Override
            public String toString() {
                return "a forgetful guard";
            }
        };
        file.guardChanges(forgetful);
        assertThatIllegalStateException().isThrownBy(() -> file.truncate(10)).withMessageContainingAll("a forgetful guard", "ftruncate(");
    }

    @Test
    void shouldRunTheChangeOnce() throws Exception {
        file.guardChanges((change, action) -> {
            action.run();
            assertThatIllegalStateException().isThrownBy(action::run).withMessageContaining("has run already");
        });
        file.truncate(10);
        assertThat(file.size()).isEqualTo(10);
    }

    @Test
    void shouldClearUpWhenTheChangeFails() throws Exception {
        try (SealedMemory memory = SealedMemory.ofBytes(1000); DaxFile sealed = DaxFile.open(memory.path())) {
            sealed.guardChanges((change, action) -> {
                events.add("before");
                try {
                    action.run();
                } finally {
                    events.add("after");
                }
            });
            assertThatExceptionOfType(FileSystemException.class).isThrownBy(() -> sealed.truncate(10))
                    .withMessageContainingAll(memory.path().toString(), "ftruncate(", "sizeBytes=10", "EPERM", "sealed");
            assertThat(sealed.size()).isEqualTo(1000);
        }
        assertThat(events).containsExactly("before", "after");
    }

    @Test
    void shouldMakeOneChangeAtATime() throws Exception {
        List<CompletableFuture<Void>> others = new ArrayList<>();
        file.guardChanges((change, action) -> {
            events.add("before " + change);
            if (others.isEmpty()) {
                others.add(CompletableFuture.runAsync(() -> {
                    try {
                        file.truncate(20);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }));
                Eventually.pause(200); // time enough for the other to come in between
            }
            action.run();
            events.add("after " + change);
        });
        file.truncate(10);
        others.getFirst().get(20, TimeUnit.SECONDS);
        String call = "ftruncate(fd=" + file.fileDescriptor() + ", sizeBytes=";
        assertThat(events).containsExactly("before " + call + "10)", "after " + call + "10)", "before " + call + "20)", "after " + call + "20)");
    }

    @Test
    void shouldLetGuardCloseTheFile() throws Exception {
        file.guardChanges((change, action) -> {
            file.close();
            action.run();
        });
        assertThatIllegalStateException().isThrownBy(() -> file.truncate(10)).withMessageContaining("closed");
    }

    @Test
    void shouldRefuseBadSizesAndReadOnlyFiles() throws Exception {
        assertThatIllegalArgumentException().isThrownBy(() -> file.truncate(-1)).withMessageContaining("sizeBytes=-1");
        assertThatIllegalArgumentException().isThrownBy(() -> file.extend(Long.MIN_VALUE)).withMessageContaining("sizeBytes=" + Long.MIN_VALUE);
        try (DaxFile readOnly = DaxFile.open(file.path(), StandardOpenOption.READ)) {
            assertThatIllegalStateException().isThrownBy(() -> readOnly.truncate(1)).withMessageContaining("reading only");
            assertThatIllegalStateException().isThrownBy(() -> readOnly.extend(2000)).withMessageContaining("reading only");
        }
        assertThat(Files.size(file.path())).isEqualTo(1000);
    }

    @Test
    void shouldSayThatTheDiskIsFull() throws Exception {
        // More than the file system has, less than a file may be.
        assertThatExceptionOfType(FileSystemException.class).isThrownBy(() -> file.extend(1L << 50))
                .withMessageContainingAll("fallocate(", "ENOSPC", "full");
        assertThat(file.size()).isEqualTo(1000);
    }
}
