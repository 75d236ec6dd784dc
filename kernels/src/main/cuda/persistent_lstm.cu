// All steps of an LSTM without projection in one launch.
#include "lstm.cuh"
#include "persistent_cell.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK, 1) lstmForwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  forwardAll<Lstm>(p, t, n, memory);
}

extern "C" __global__ void __launch_bounds__(BLOCK, 1) lstmBackwardAll(Pass p, int t, int n) {
  extern __shared__ float4 memory[];
  backwardAll<Lstm>(p, t, n, memory);
}
