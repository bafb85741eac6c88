package dev.daxverbs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.AnyKernel;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON writer, against RFC 8259. */
@AnyKernel
class JsonTest {
    private static String compact(Object value) {
        return Json.of(value).replaceAll("\n *", "");
    }

    @Test
    void shouldWriteNumbersBooleansAndNull() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("int", 1);
        map.put("long", Long.MIN_VALUE);
        map.put("double", 0.5);
        map.put("nan", Double.NaN);
        map.put("yes", true);
        map.put("nothing", null);
        assertThat(compact(map)).isEqualTo("{\"int\": 1,\"long\": -9223372036854775808,"
                + "\"double\": 0.5,\"nan\": null,\"yes\": true,\"nothing\": null}");
    }

    @Test
    void shouldEscapeWhatMustNotStandInAString() {
        assertThat(Json.of("quote \" backslash \\ line\nreturn\rtab\tbell\u0007zero\0 é €")).isEqualTo(
                "\"quote \\\" backslash \\\\ line\\nreturn\\rtab\\tbell\\u0007zero\\u0000 é €\"");
    }

    @Test
    void shouldKeepPairsOfSurrogatesAndEscapeHalfOnes() {
        assertThat(Json.of("\ud83d\ude00")).isEqualTo("\"\ud83d\ude00\"");
        assertThat(Json.of("\ud83d")).isEqualTo("\"\\ud83d\"");
        assertThat(Json.of("a\ude00\ud83db")).isEqualTo("\"a\\ude00\\ud83db\"");
    }

    @Test
    void shouldEscapeNamesToo() {
        assertThat(compact(Map.of("a\"b", 1))).isEqualTo("{\"a\\\"b\": 1}");
    }

    @Test
    void shouldIndentWhatIsNestedAndCloseWhatIsEmpty() {
        assertThat(Json.of(Map.of("list", List.of(Map.of("a", List.of()), Map.of())))).isEqualTo("""
                {
                  "list": [
                    {
                      "a": []
                    },
                    {}
                  ]
                }""");
    }
}
