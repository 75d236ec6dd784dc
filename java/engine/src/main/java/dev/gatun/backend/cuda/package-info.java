/** The GPU backend: cuDNN, cuBLAS and CUDA C kernels over the CUDA runtime. */
package dev.gatun.backend.cuda;
