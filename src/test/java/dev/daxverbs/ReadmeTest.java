package dev.daxverbs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject.Kind;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** What the README shows must work. */
class ReadmeTest {
    private static final int MOST_LINES = 40;

    @TempDir
    Path folder;

    private boolean compiles(String code, StringWriter messages) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        var source = new SimpleJavaFileObject(URI.create("string:///HitlessWrite.java"), Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return code;
            }
        };
        return compiler.getTask(messages, null, null,
                List.of("--release", "22", "-cp", Path.of("target/classes").toAbsolutePath().toString(), "-d", folder.toString()),
                null, List.of(source)).call();
    }

    @Test
    void shouldShowCodeThatCompiles() throws Exception {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(Path.of("README.md")));
        assertThat(block.find()).as("a Java block").isTrue();
        String code = block.group(1);
        StringWriter messages = new StringWriter();
        assertThat(compiles(code, messages)).as(messages.toString()).isTrue();
        assertThat(code.lines().count()).isLessThanOrEqualTo(MOST_LINES);
        assertThat(compiles(code.replace("postSend", "postNothing"), messages)).as("the test can fail").isFalse();
    }
}
