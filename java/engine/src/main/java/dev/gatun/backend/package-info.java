/**
 * What computes: every operation on activations, gradients and parameters, with a reference in
 * double precision and a fast implementation for the CPU.
 */
package dev.gatun.backend;
