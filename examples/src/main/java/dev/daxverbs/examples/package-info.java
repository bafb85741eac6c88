/**
 * Numbered examples, each one step further than the one before, each on the first RDMA device and in one process: two queue pairs
 * that are connected to each other.
 */
package dev.daxverbs.examples;
