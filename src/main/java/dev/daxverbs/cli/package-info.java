/**
 * The command of the jar: what this machine, a device and a file allow. {@code Info} and {@code Doctor} each make one tree of names and
 * values, which is printed as text or as JSON. Not exported: a program asks {@code MemoryRegion.describe()} instead.
 */
package dev.daxverbs.cli;
