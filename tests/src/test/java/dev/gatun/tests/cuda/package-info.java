/** The CUDA kernels, without a GPU: that NVRTC takes them, and what they compute. */
package dev.gatun.tests.cuda;
