// What the parts of the double's CUDA runtime share among themselves; includes the vendor header.
#pragma once
#include "vendor.h"
extern "C" {
#include "cudart.h"
}
#undef size_t
#include "double.h"

namespace gpu {

enum class Kind { DEVICE, PINNED, REGISTERED };

struct Allocation {
  char* start;
  std::size_t bytes;
  Kind kind;
  int device;
  // The whole mapping with its guard pages; null for registered memory.
  char* mapping;
  std::size_t mapped;
};

// The live allocation that the pointer is in, or null. Call it with lock() held.
const Allocation* find(const void* pointer);

// What a pointer is, for a complaint: "freed memory", "host memory", ...
std::string describe(const void* pointer);

// Memory of a kind, full of 0xFF (NaN, or -1); null if the device has no more.
void* obtain(std::size_t bytes, Kind kind);
Status giveBack(void* pointer, Kind kind, const char* function);
bool registerHost(void* pointer, std::size_t bytes);
bool unregisterHost(void* pointer);
std::size_t freeBytes(int device);
std::size_t totalBytes();

int deviceCount();
int currentDevice();

// Remembers an error for cudaGetLastError, and returns it.
cudaError_t told(Status status);

#define CUDA_CALL()                                        \
  do {                                                     \
    if (const int failed_ = ::gpu::injected(__func__)) {   \
      return ::gpu::told(failed_);                         \
    }                                                      \
  } while (0)

// Runs all that the streams of the current device still have to do; errors stay with the streams.
void drainDevice();

// The first pending error of the device's streams, which forgets it.
Status takeErrors();

// Does the work; a fault in it becomes cudaErrorIllegalAddress.
Status guarded(const char* name, const std::function<Status()>& work);

// Drops the coroutines that a fault has left half-way.
void abandonThreads();

void forgetErrors();

}  // namespace gpu
