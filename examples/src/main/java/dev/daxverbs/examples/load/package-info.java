/**
 * What the programs have in common that put load on files: {@code scripts/demo} and {@code scripts/stream}.
 */
package dev.daxverbs.examples.load;
