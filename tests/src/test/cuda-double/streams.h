// Streams as queues of work, for the parts that put something into them.
#pragma once
#include <deque>

#include "runtime.h"

namespace gpu {

struct Op {
  std::string name;
  std::function<Status()> work;
};

}  // namespace gpu

struct CUgraph_st {
  std::vector<gpu::Op> ops;
};

struct CUstream_st {
  int device = 0;
  std::deque<gpu::Op> queue;
  gpu::Status pending = gpu::OK;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id capturer;
  std::unique_ptr<CUgraph_st> graph;
};

namespace gpu {

// The stream itself, also for the null stream of the current device.
CUstream_st* resolve(CUstream_st* stream);

// Whether it is a stream that has not been destroyed.
bool isAlive(CUstream_st* stream);

// Does the oldest work of a stream.
void step(CUstream_st* stream);

// The pending error, which the stream forgets.
Status taken(CUstream_st* stream);

}  // namespace gpu
