package dev.daxverbs.region;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Limits that are reached, by a JVM of an ordinary user: root has none of locked memory. */
@RequiresDevice
@Timeout(600)
class ExhaustionTest {
    private final FileSystemUnderTest fs = FileSystemUnderTest.tmpfs();
    private Path path;

    @BeforeEach
    void open() {
        OtherProcess.shell("chmod 777 \"$1\"", fs.folder()).awaitSuccess();
        path = fs.folder().resolve("file");
    }

    @AfterEach
    void close() throws IOException {
        fs.close();
    }

    /** Has the file while the child does something. */
    private void have(OtherProcess child, String until) {
        try (OtherProcess writer = OtherProcess.writeOpenUntilTold(path)) {
            writer.awaitLine("open");
            child.tell("broken");
            child.awaitLine(until);
            writer.tell("close");
            writer.awaitSuccess();
        }
        child.tell("closed");
    }

    @Test
    void shouldStayStagedAndSaySoUntilThereIsMemoryToRegister() {
        try (OtherProcess child = FaultChild.start("memory", path)) {
            child.awaitLine("ready");
            have(child, "exhausted");
            child.awaitSuccess();
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("before: DIRECT, LEASED"));
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("without memory: STAGED, LEASED")
                    .contains("the registration was refused, and is tried again and again", "ENOMEM"));
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("required: ").contains("ENOMEM"));
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("another: STAGED, LEASED").contains("ENOMEM"));
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("after: DIRECT, LEASED").doesNotContain("ENOMEM"));
            assertThat(child.output()).contains("done");
        }
    }

    @Test
    void shouldNeedNoDescriptorForABreakAndSayWhenThereIsNoneForARegistration() {
        try (OtherProcess child = FaultChild.start("descriptors", path)) {
            child.awaitLine("ready");
            have(child, "moved");
            child.awaitLine("exhausted");
            have(child, "moved");
            child.awaitSuccess();
            List<String> refused = child.output().stream().filter(line -> line.startsWith("free=0: ")).toList();
            assertThat(refused).hasSize(3).allSatisfy(line -> assertThat(line).contains("EMFILE"));
            assertThat(child.output()).noneMatch(line -> line.startsWith("LEAK"));
            assertThat(child.output()).anyMatch(line -> line.equals("free=3: granted"));
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("without descriptors: DIRECT, LEASED"));
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("after: DIRECT, LEASED"));
            assertThat(child.output()).contains("done");
        }
    }
}
