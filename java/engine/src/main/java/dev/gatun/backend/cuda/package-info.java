/** What the CUDA backend is being built on: so far the compiler of its kernels. */
package dev.gatun.backend.cuda;
