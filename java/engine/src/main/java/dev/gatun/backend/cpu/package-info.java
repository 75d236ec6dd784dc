/** The fast backend for the CPU: Vector API kernels and OpenBLAS over a fixed team of threads. */
package dev.gatun.backend.cpu;
