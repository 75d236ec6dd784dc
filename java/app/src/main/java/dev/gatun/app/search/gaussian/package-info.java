/** Gaussian processes: kernel, evidence, fit of the scales, and the linear algebra below them. */
@org.jspecify.annotations.NullMarked
package dev.gatun.app.search.gaussian;
