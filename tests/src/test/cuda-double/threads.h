// The threads of a block, as coroutines.
#pragma once
#include "runtime.h"
#define GATUN_DOUBLE_HOST
#include "shim.h"

namespace gpu {

struct Launch {
  const GatunKernel* kernel;
  GatunModule module;
  dim3 grid;
  dim3 block;
  std::size_t dynamicBytes;
  void** arguments;
};

// What kernels call.
extern const GatunHost DEVICE;

// Runs all blocks, one after the other.
Status run(const Launch& launch);

}  // namespace gpu
