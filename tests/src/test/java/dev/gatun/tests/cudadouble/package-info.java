/** The CUDA double: what stands in for a GPU and its libraries, and the proofs of it. */
package dev.gatun.tests.cudadouble;
