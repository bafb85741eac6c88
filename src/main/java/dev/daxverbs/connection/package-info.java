/**
 * Connections: a queue pair with a control channel beside it, and regions that a peer opens by name. What the two sides say to each other,
 * with every
 * byte, is in docs/protocol.md; what of it there is, in docs/connections.md.
 */
package dev.daxverbs.connection;
