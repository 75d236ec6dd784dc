// Device and pinned memory, copies and fills.
#include "runtime.h"

namespace gpu {
namespace {

// A copy of rows; one row where it is flat.
struct Copy {
  char* to;
  std::size_t toPitch;
  const char* from;
  std::size_t fromPitch;
  std::size_t width;
  std::size_t height;
  cudaMemcpyKind kind;

  std::size_t toBytes() const { return (height - 1) * toPitch + width; }
  std::size_t fromBytes() const { return (height - 1) * fromPitch + width; }
  bool fromDevice() const { return kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice; }
  bool toDevice() const { return kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice; }
};

bool onDevice(const void* pointer) {
  const Allocation* block = find(pointer);
  return block != nullptr && block->kind == Kind::DEVICE;
}

cudaMemcpyKind kindOf(const void* to, const void* from) {
  return onDevice(to) ? onDevice(from) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice
         : onDevice(from) ? cudaMemcpyDeviceToHost
                          : cudaMemcpyHostToHost;
}

bool isValid(const Copy& copy, const char* function) {
  const std::string to = std::string(function) + ": destination";
  const std::string from = std::string(function) + ": source";
  return (copy.toDevice() ? isDevice(copy.to, copy.toBytes(), to)
                          : isHost(copy.to, copy.toBytes(), to)) &&
         (copy.fromDevice() ? isDevice(copy.from, copy.fromBytes(), from)
                            : isHost(copy.from, copy.fromBytes(), from));
}

Status run(const Copy& copy, const char* function) {
  if (!isValid(copy, function)) {
    return cudaErrorIllegalAddress;
  }
  for (std::size_t row = 0; row < copy.height; row++) {
    memmove(copy.to + row * copy.toPitch, copy.from + row * copy.fromPitch, copy.width);
  }
  return OK;
}

// Pageable memory is read and written before the call returns, pinned memory when the stream gets
// there.
Status start(Copy copy, cudaStream_t stream, const char* function) {
  const Locked locked(lock());
  if (!isStream(stream, function)) {
    return cudaErrorInvalidResourceHandle;
  }
  if (copy.width == 0 || copy.height == 0) {
    return OK;
  }
  if (copy.kind < cudaMemcpyHostToHost || copy.kind > cudaMemcpyDefault) {
    return cudaErrorInvalidValue;
  }
  if (copy.kind == cudaMemcpyDefault) {
    copy.kind = kindOf(copy.to, copy.from);
  }
  if (!isValid(copy, function)) {
    return cudaErrorInvalidValue;
  }
  const bool later = (copy.fromDevice() || isPinned(copy.from)) &&
                     (copy.toDevice() || isPinned(copy.to));
  if (!later && isCapturing(stream)) {
    complain("%s: pageable memory while the stream is captured", function);
    forbiddenInCapture(function);
    return cudaErrorStreamCaptureUnsupported;
  }
  const Status status = enqueue(stream, function, [=] { return run(copy, function); });
  return status != OK || later || isCapturing(stream) ? status : drain(stream);
}

Status fill(void* to, int value, std::size_t count, cudaStream_t stream, const char* function) {
  if (!isStream(stream, function)) {
    return cudaErrorInvalidResourceHandle;
  }
  if (count == 0) {
    return OK;
  }
  if (!isDevice(to, count, function)) {
    return cudaErrorInvalidValue;
  }
  return enqueue(stream, function, [=]() -> Status {
    if (!isDevice(to, count, function)) {
      return cudaErrorIllegalAddress;
    }
    memset(to, value, count);
    return OK;
  });
}

Status allocate(void** pointer, Size size, Kind kind, const char* function) {
  if (const Status status = forbiddenInCapture(function)) {
    return status;
  }
  if (pointer == nullptr) {
    return cudaErrorInvalidValue;
  }
  *pointer = size == 0 ? nullptr : obtain(size, kind);
  return size > 0 && *pointer == nullptr ? cudaErrorMemoryAllocation : OK;
}

}  // namespace

void* allocate(std::size_t bytes, const char* purpose) {
  void* pointer = obtain(bytes, Kind::DEVICE);
  if (pointer == nullptr) {
    complain("%s: no %zu bytes of device memory", purpose, bytes);
  }
  return pointer;
}

Status release(void* pointer, const char* function) {
  const Locked locked(lock());
  if (pointer == nullptr) {
    return OK;
  }
  drainDevice();
  return giveBack(pointer, Kind::DEVICE, function);
}

}  // namespace gpu

using namespace gpu;

extern "C" {

cudaError_t cudaMemGetInfo(Size* free, Size* total) {
  CUDA_CALL();
  *free = freeBytes(currentDevice());
  *total = totalBytes();
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** devPtr, Size size) {
  CUDA_CALL();
  return told(allocate(devPtr, size, Kind::DEVICE, __func__));
}

cudaError_t cudaFree(void* devPtr) {
  CUDA_CALL();
  const Status status = forbiddenInCapture(__func__);
  return told(status != OK ? status : release(devPtr, __func__));
}

cudaError_t cudaMallocAsync(void** devPtr, Size size, cudaStream_t hStream) {
  CUDA_CALL();
  if (!isStream(hStream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  return told(allocate(devPtr, size, Kind::DEVICE, __func__));
}

cudaError_t cudaFreeAsync(void* devPtr, cudaStream_t hStream) {
  CUDA_CALL();
  if (devPtr == nullptr) {
    return cudaSuccess;
  }
  if (isStream(hStream, __func__) && isCapturing(hStream)) {
    return told(forbiddenInCapture(__func__));
  }
  if (!isDevice(devPtr, 0, __func__)) {
    return told(cudaErrorInvalidValue);
  }
  return told(enqueue(hStream, __func__,
                      [=] { return giveBack(devPtr, Kind::DEVICE, "cudaFreeAsync"); }));
}

cudaError_t cudaMallocHost(void** ptr, Size size) {
  CUDA_CALL();
  return told(allocate(ptr, size, Kind::PINNED, __func__));
}

cudaError_t cudaHostAlloc(void** pHost, Size size, unsigned int flags) {
  CUDA_CALL();
  if (flags > 7) {
    return told(cudaErrorInvalidValue);
  }
  return told(allocate(pHost, size, Kind::PINNED, __func__));
}

cudaError_t cudaFreeHost(void* ptr) {
  CUDA_CALL();
  if (ptr == nullptr) {
    return cudaSuccess;
  }
  if (const Status status = forbiddenInCapture(__func__)) {
    return told(status);
  }
  drainDevice();
  return told(giveBack(ptr, Kind::PINNED, __func__));
}

cudaError_t cudaHostRegister(void* ptr, Size size, unsigned int flags) {
  CUDA_CALL();
  if (const Status status = forbiddenInCapture(__func__)) {
    return told(status);
  }
  if (isPinned(ptr)) {
    return told(cudaErrorHostMemoryAlreadyRegistered);
  }
  return told(flags <= 15 && registerHost(ptr, size) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaHostUnregister(void* ptr) {
  CUDA_CALL();
  if (const Status status = forbiddenInCapture(__func__)) {
    return told(status);
  }
  drainDevice();
  return told(unregisterHost(ptr) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaMemcpy(void* dst, const void* src, Size count, enum cudaMemcpyKind kind) {
  CUDA_CALL();
  if (const Status status = forbiddenInCapture(__func__)) {
    return told(status);
  }
  const Copy copy{(char*)dst, count, (const char*)src, count, count, 1, kind};
  const Status status = start(copy, nullptr, __func__);
  return told(status != OK ? status : drain(nullptr));
}

cudaError_t cudaMemcpyAsync(
    void* dst, const void* src, Size count, enum cudaMemcpyKind kind, cudaStream_t stream) {
  CUDA_CALL();
  return told(start({(char*)dst, count, (const char*)src, count, count, 1, kind}, stream, __func__));
}

cudaError_t cudaMemcpy2DAsync(
    void* dst, Size dpitch, const void* src, Size spitch, Size width, Size height,
    enum cudaMemcpyKind kind, cudaStream_t stream) {
  CUDA_CALL();
  if (width > dpitch || width > spitch) {
    complain("%s: rows of %llu bytes at pitches %llu and %llu", __func__, width, dpitch, spitch);
    return told(cudaErrorInvalidValue);
  }
  return told(start({(char*)dst, dpitch, (const char*)src, spitch, width, height, kind}, stream,
                    __func__));
}

cudaError_t cudaMemset(void* devPtr, int value, Size count) {
  CUDA_CALL();
  if (const Status status = forbiddenInCapture(__func__)) {
    return told(status);
  }
  return told(fill(devPtr, value, count, nullptr, __func__));
}

cudaError_t cudaMemsetAsync(void* devPtr, int value, Size count, cudaStream_t stream) {
  CUDA_CALL();
  return told(fill(devPtr, value, count, stream, __func__));
}
}
