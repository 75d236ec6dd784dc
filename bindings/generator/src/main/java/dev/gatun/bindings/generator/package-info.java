/**
 * Generates Panama bindings from C headers: the part of jextract this project needs, with the same
 * options and the same public surface, because jextract itself is in no package registry. The
 * headers are read by libclang.
 */
@NullMarked
package dev.gatun.bindings.generator;

import org.jspecify.annotations.NullMarked;
