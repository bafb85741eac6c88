package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.load.Program;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamTest {
    private static int check(String options) {
        String[] words = ("--check-options " + options).trim().split(" ");
        return Program.run(new Stream(), words);
    }

    @Test
    void shouldTakeAllOptions() {
        assertThat(check("--file /dev/shm/x")).isZero();
        assertThat(check("--file /dev/shm/x --device rxe0 --op mixed --size 64K --depth 32 --queue-pairs 4 --regions 10 --offset-mode any --seconds 60"
                + " --create 64M --json out.json --breaks 10000 --breakers-change anything --drain 5 --breaker true --breaker false")).isZero();
        for (String memory : new String[] {"declared", "channel", "c-library", "renamed", "unlinked"}) {
            assertThat(check("--file /dev/shm/x --create 64M --memory " + memory)).as(memory).isZero();
        }
        assertThat(check("--file /dev/shm/x --memory channel")).isZero();
        assertThat(check("--listen 127.0.0.1:7174 --file /dev/shm/x --create 4M --breaks 9 --breaker true --hold 60 --wait 5 --seconds 7")).isZero();
        assertThat(check("--connect [::1]:7174 --op mixed --queue-pairs 4 --depth 32 --offset-mode any --size 1K --wait 5 --breaks 9")).isZero();
        assertThat(check("--file=/dev/shm/x --breakers-keep-content --op=READ")).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--file", "--file x --op fly", "--file x --size 0", "--file x --size 1T", "--file x --size 65M", "--file x --depth 0",
        "--file x --depth 1025", "--file x --queue-pairs 0", "--file x --regions 0", "--file x --offset-mode odd", "--file x --seconds 0",
        "--file x --seconds -1", "--file x --create -1", "--file x --unknown", "--file x y", "--file x --breaker", "--file x --breaks -1",
        "--file x --drain 0", "--file x --breakers-change some", "--file x --memory", "--file x --memory other",
        "--listen h:1", "--listen h --file x", "--connect h:1 --listen h:1 --file x", "--connect h:1 --file x", "--connect h:1 --hold 5", "--file x --hold 5",
        "--file x --wait 5", "--listen h:1 --file x --op read", "--listen h:1 --file x --hold -1", "--connect h:1 --breaker true",
        "--file x --memory renamed", "--file x --memory unlinked"})
    void shouldEndWithStatus2ForWrongUsage(String options) {
        assertThat(check(options)).isEqualTo(2);
    }
}
