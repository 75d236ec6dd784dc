/** JMH benchmarks of the engine. */
@NullMarked
package dev.gatun.bench;

import org.jspecify.annotations.NullMarked;
