// Devices, versions and the names of errors.
#include <stdio.h>

#include "runtime.h"

namespace {

thread_local int current = 0;
std::atomic<int> devices{-1};  // if a test has set it
std::atomic<int> capability{90};
std::atomic<int> multiprocessors{132};

struct Named {
  int status;
  const char* name;
  const char* text;
};

const Named ERRORS[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration",
     "invalid configuration argument"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidKernelImage, "cudaErrorInvalidKernelImage",
     "device kernel image is invalid"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice",
     "no kernel image is available for execution on the device"},
    {cudaErrorSharedObjectInitFailed, "cudaErrorSharedObjectInitFailed",
     "shared object initialization failed"},
    {cudaErrorOperatingSystem, "cudaErrorOperatingSystem",
     "OS call failed or operation not supported on this OS"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState",
     "the operation cannot be performed in the present state"},
    {cudaErrorSymbolNotFound, "cudaErrorSymbolNotFound", "named symbol not found"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
     "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources",
     "too many resources requested for launch"},
    {cudaErrorHostMemoryAlreadyRegistered, "cudaErrorHostMemoryAlreadyRegistered",
     "part or all of the requested memory range is already mapped"},
    {cudaErrorMisalignedAddress, "cudaErrorMisalignedAddress", "misaligned address"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
    {905, "cudaErrorStreamCaptureIsolation", "dependency created on uncaptured work"},
    {cudaErrorCapturedEvent, "cudaErrorCapturedEvent",
     "operation not permitted on an event last recorded in a capturing stream"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const Named* named(int status) {
  for (const Named& each : ERRORS) {
    if (each.status == status) {
      return &each;
    }
  }
  return nullptr;
}

}  // namespace

namespace gpu {

int deviceCount() {
  if (devices >= 0) {
    return devices;
  }
  const char* set = getenv("GATUN_DOUBLE_DEVICES");
  return set == nullptr ? 1 : atoi(set);
}

int currentDevice() { return current; }

}  // namespace gpu

using namespace gpu;

extern "C" {

const char* cudaGetErrorString(cudaError_t error) {
  const Named* found = named(error);
  return found == nullptr ? "unrecognized error code" : found->text;
}

const char* cudaGetErrorName(cudaError_t error) {
  const Named* found = named(error);
  return found == nullptr ? "unrecognized error code" : found->name;
}

cudaError_t cudaRuntimeGetVersion(int* runtimeVersion) {
  CUDA_CALL();
  *runtimeVersion = 13000;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* driverVersion) {
  CUDA_CALL();
  *driverVersion = 13000;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  CUDA_CALL();
  *count = deviceCount();
  return told(*count > 0 ? cudaSuccess : cudaErrorNoDevice);
}

cudaError_t cudaGetDevice(int* device) {
  CUDA_CALL();
  *device = current;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  CUDA_CALL();
  if (device < 0 || device >= deviceCount()) {
    return told(deviceCount() > 0 ? cudaErrorInvalidDevice : cudaErrorNoDevice);
  }
  current = device;
  return cudaSuccess;
}

// As of an H100 or H200.
cudaError_t cudaDeviceGetAttribute(int* value, enum cudaDeviceAttr attr, int device) {
  CUDA_CALL();
  const std::map<int, int> values = {
      {cudaDevAttrMaxThreadsPerBlock, 1024},
      {cudaDevAttrMaxSharedMemoryPerBlock, 49152},
      {cudaDevAttrWarpSize, 32},
      {cudaDevAttrMaxRegistersPerBlock, 65536},
      {cudaDevAttrClockRate, 1980000},
      {cudaDevAttrMultiProcessorCount, multiprocessors},
      {cudaDevAttrIntegrated, 0},
      {cudaDevAttrMemoryClockRate, 3201000},
      {cudaDevAttrGlobalMemoryBusWidth, 6144},
      {cudaDevAttrL2CacheSize, 62914560},
      {cudaDevAttrMaxThreadsPerMultiProcessor, 2048},
      {cudaDevAttrComputeCapabilityMajor, capability / 10},
      {cudaDevAttrComputeCapabilityMinor, capability % 10},
      {cudaDevAttrMaxSharedMemoryPerMultiprocessor, 233472},
      {cudaDevAttrCooperativeLaunch, 1},
      {cudaDevAttrMaxSharedMemoryPerBlockOptin, 232448},
      {cudaDevAttrMemoryPoolsSupported, 1},
  };
  if (device < 0 || device >= deviceCount()) {
    return told(cudaErrorInvalidDevice);
  }
  const auto found = values.find(attr);
  if (found == values.end()) {
    return told(cudaErrorInvalidValue);
  }
  *value = found->second;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* pciBusId, int len, int device) {
  CUDA_CALL();
  if (device < 0 || device >= deviceCount()) {
    return told(cudaErrorInvalidDevice);
  }
  if (len < 13) {
    return told(cudaErrorInvalidValue);
  }
  snprintf(pciBusId, (std::size_t)len, "0000:%02x:00.0", device + 1);
  return cudaSuccess;
}

// For the tests: so many devices from now on instead of GATUN_DOUBLE_DEVICES; -1 for that.
void gatunDoubleDevices(long count) { devices = (int)count; }

// Makes every device one of this compute capability, 90 for 9.0.
void gatunDoubleCapability(long wanted) { capability = (int)wanted; }

// Gives every device so many multiprocessors.
void gatunDoubleMultiprocessors(long wanted) { multiprocessors = (int)wanted; }
}
