package dev.daxverbs.internal;

import dev.daxverbs.benchmarks.Baseline;
import dev.daxverbs.benchmarks.OperationsASample;

import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;

/**
 * {@link GateCost} by two threads at once, each with its own gate, lock, count and ring, as each queue pair has its own gate: shows whether they
 * disturb each other. Needs two processors that have nothing else to do. Left out: two threads at one lock.
 */
@State(Scope.Thread)
@Baseline("unguarded")
@OperationsASample(GateCost.OPERATIONS)
@Threads(2)
public class GateCostByTwo extends GateCost {
}
