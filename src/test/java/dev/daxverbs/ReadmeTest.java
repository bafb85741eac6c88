package dev.daxverbs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.AnyKernel;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the README shows must work: code by the compiler, which takes an emulated processor long. */
@AnyKernel
class ReadmeTest {
    private static final int MOST_LINES = 40;

    @TempDir
    Path folder;

    private OtherProcess compile(String code) throws Exception {
        Path source = Files.writeString(folder.resolve("HitlessWrite.java"), code);
        return OtherProcess.start(Path.of(System.getProperty("java.home"), "bin", "javac").toString(), "--release", "22", "-cp",
                "target/classes", "-d", folder.toString(), source.toString());
    }

    @Test
    void shouldShowCodeThatCompiles() throws Exception {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(Path.of("README.md")));
        assertThat(block.find()).as("a Java block").isTrue();
        String code = block.group(1);
        assertThat(code.lines().count()).isLessThanOrEqualTo(MOST_LINES);
        compile(code).awaitSuccess();
        assertThat(compile(code.replace("postSend", "postNothing")).exitStatus()).as("the test can fail").isNotZero();
    }
}
