package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.load.Json;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.StringWriter;
import java.util.List;

class JsonReportTest {
    private static String compact(List<ScenarioResult> results) throws IOException {
        StringWriter out = new StringWriter();
        Json.write(out, new JsonReport("7.3.4 \"test\"", "rxe0", results));
        return out.toString().replaceAll("\\s", "");
    }

    @Test
    void shouldHaveWhatOtherProgramsRead() throws IOException {
        assertThat(compact(List.of(Results.good(Scenario.PLAIN_ODP_XFS_DAX)))).isEqualTo("""
                {"kernel":"7.3.4\\"test\\"","device":"rxe0","scenarios":[{"name":"plain-odp-xfs-dax","transfers":1000,"breaks":75,"failed":12,"lost":0,\
                "p50_us":97.3,"p99_us":410.5,"p999_us":5100.0,"max_us":1234567.8}]}""");
    }

    @Test
    void shouldSayWhyAScenarioIsImpossible() throws IOException {
        assertThat(compact(List.of(ScenarioResult.impossible(Scenario.DAXVERBS_XFS_DAX, "none"))))
                .contains("{\"name\":\"daxverbs-xfs-dax\",\"impossible\":\"none\",\"transfers\":0,");
    }
}
