package dev.daxverbs.region;

import org.openjdk.jmh.annotations.Threads;

/**
 * {@link RegionCacheCost} by two threads at the same time, over the same ranges in the same order: now and then both are at the same one.
 */
@Threads(2)
public class RegionCacheCostByTwo extends RegionCacheCost {
}
