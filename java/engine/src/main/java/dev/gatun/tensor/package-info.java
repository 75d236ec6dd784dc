/** Off-heap tensors: memory with one owner, and typed row-major views of it. */
package dev.gatun.tensor;
