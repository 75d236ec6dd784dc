/**
 * The engine beside others of the JVM. Each engine runs in JVMs of its own: their native libraries
 * come in versions that exclude each other, and OpenBLAS's settings are a process's.
 */
@NullMarked
package dev.gatun.bench.peers;

import org.jspecify.annotations.NullMarked;
