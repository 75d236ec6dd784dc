// All steps of a GRU whose reset gate acts after the product in one launch.
#include "gru.cuh"
#include "persistent_cell.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK, 1) gruForwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  forwardAll<Gru>(p, t, n, memory);
}

extern "C" __global__ void __launch_bounds__(BLOCK, 1) gruBackwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  backwardAll<Gru>(p, t, n, memory);
}
