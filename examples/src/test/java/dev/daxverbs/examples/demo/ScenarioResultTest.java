package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScenarioResultTest {
    @ParameterizedTest
    @EnumSource(Scenario.class)
    void shouldBeContentWithWhatShouldBe(Scenario scenario) {
        assertThat(Results.good(scenario).complaint()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Scenario.class)
    void shouldComplainWithoutBreaks(Scenario scenario) {
        assertThat(Results.of(scenario, 0, 1, 100, 1).complaint()).contains("there was no break");
    }

    @ParameterizedTest
    @EnumSource(Scenario.class)
    void shouldComplainWhenNothingWasCompared(Scenario scenario) {
        assertThat(Results.of(scenario, 75, 0, 0, 0).complaint()).contains("nothing was compared");
    }

    @ParameterizedTest
    @EnumSource(value = Scenario.class, names = "DAXVERBS_.*", mode = EnumSource.Mode.MATCH_ALL)
    void shouldComplainAboutAnyHarmWithDaxverbs(Scenario scenario) {
        assertThat(Results.of(scenario, 75, 1, 100, 0).complaint()).get().asString().contains("failed=1");
        assertThat(Results.of(scenario, 75, 0, 100, 1).complaint()).get().asString().contains("lost=1");
    }

    @Test
    void shouldComplainWhenPlainVerbsShowNoHarm() {
        assertThat(Results.of(Scenario.PLAIN_PINNED_TMPFS, 75, 9, 100, 0).complaint()).get().asString().contains("lost=0");
        assertThat(Results.of(Scenario.PLAIN_ODP_XFS_DAX, 75, 0, 100, 9).complaint()).get().asString().contains("failed=0");
    }

    @Test
    void shouldSayWhyAScenarioIsImpossible() {
        assertThat(ScenarioResult.impossible(Scenario.DAXVERBS_XFS_DAX, "no such paging").complaint()).get().asString()
                .contains("not possible", "no such paging");
    }
}
