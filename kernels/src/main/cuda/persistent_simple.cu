// All steps of the simple cells but softmax in one launch.
#include "simple.cuh"
#include "persistent_cell.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK, 1) simpleForwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  forwardAll<Simple>(p, t, n, memory);
}

extern "C" __global__ void __launch_bounds__(BLOCK, 1) simpleBackwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  backwardAll<Simple>(p, t, n, memory);
}
