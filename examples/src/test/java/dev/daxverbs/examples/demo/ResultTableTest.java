package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;

class ResultTableTest {
    private static final List<ScenarioResult> ALL = Arrays.stream(Scenario.values()).map(Results::good).toList();

    @Test
    void shouldHaveALineForEachScenario() {
        assertThat(new ResultTable(ALL).toString().lines())
                .contains("scenario                         transfers  breaks  failed  compared  lost  queue pairs died",
                        "plain verbs, pinned, tmpfs           1,000      75       0       800   700                 0",
                        "plain verbs, on demand, XFS-DAX      1,000      75      12       800     0                 3",
                        "daxverbs, ext4-DAX                   1,000      75       0       800     0                 0");
    }

    @Test
    void shouldTellLatenciesInMilliseconds() {
        assertThat(new ResultTable(ALL).toString().lines()).anyMatch(line -> line.matches("daxverbs, tmpfs: met no break +1,000 +0\\.097 +0\\.411 +5\\.100 +1,234\\.568"))
                .anyMatch(line -> line.matches("daxverbs, tmpfs: met a break +0 +- +- +- +-"));
    }

    @Test
    void shouldTellWhyTransfersFailed() {
        assertThat(new ResultTable(ALL).toString().lines()).contains("plain verbs, on demand, XFS-DAX: remote access error, 12 times",
                "plain verbs, on demand, XFS-DAX: queue pairs died with initiator ERR, target ERR, 3 times");
    }

    @Test
    void shouldSayWhatIsNotAsItShouldBe() {
        List<ScenarioResult> results = List.of(ScenarioResult.impossible(Scenario.PLAIN_ODP_XFS_DAX, "no paging"),
                Results.of(Scenario.DAXVERBS_TMPFS, 75, 2, 100, 1));

        assertThat(new ResultTable(results).toString()).contains("plain verbs, on demand, XFS-DAX: NOT AS IT SHOULD BE: not possible here: no paging")
                .contains("daxverbs, tmpfs: NOT AS IT SHOULD BE: failed=2, lost=1");
    }

    @Test
    void shouldSayNothingOfTheSortWhenAllIsWell() {
        assertThat(new ResultTable(ALL).toString()).doesNotContain("NOT AS IT SHOULD BE");
    }
}
