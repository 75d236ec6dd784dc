// cuDNN of the double: versions, errors, handles, tensors and dropout descriptors.
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <limits>
#include <unistd.h>

#include "dnn.h"

namespace dnn {
namespace {

int version = 92400;
constexpr int MAX_DIMS = 8;
// A little over 2 MB, as a device's own states take.
constexpr size_t STATE_BYTES = (2 << 20) + 4096;

std::mutex guard;
thread_local std::string lastError;

unsigned callbackMask = 0;
void* callbackData = nullptr;
cudnnCallback_t callback = nullptr;

}  // namespace

cudnnStatus_t fail(int status, const char* format, ...) {
  char text[512];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  lastError = text;
  cudnnCallback_t told;
  void* data;
  {
    std::lock_guard<std::mutex> lock(guard);
    told = (callbackMask & CUDNN_SEV_ERROR_EN) != 0 ? callback : nullptr;
    data = callbackData;
  }
  if (told != nullptr) {
    cudnnDebugStruct debug{};
    debug.cudnn_version = version;
    debug.cudnnStatus = (cudnnStatus_t)status;
    debug.time_sec = (unsigned)time(nullptr);
    debug.pid = (unsigned long long)getpid();
    told(CUDNN_SEV_ERROR, data, &debug, text);
  }
  return (cudnnStatus_t)status;
}

cudnnStatus_t injected(const char* call) {
  const int status = gpu::injected(call);
  return status == 0 ? CUDNN_STATUS_SUCCESS : fail(status, "%s: a failure asked for", call);
}

cudnnStatus_t queued(cudaStream_t stream, const char* call, std::function<gpu::Status()> work) {
  const int status = gpu::enqueue(stream, call, std::move(work));
  return status == gpu::OK
             ? CUDNN_STATUS_SUCCESS
             : fail(CUDNN_STATUS_EXECUTION_FAILED_CUDART, "%s: CUDA says %d", call, status);
}

size_t bytesOf(cudnnDataType_t type) {
  switch ((int)type) {
    case CUDNN_DATA_DOUBLE:
    case CUDNN_DATA_INT64:
      return 8;
    case CUDNN_DATA_FLOAT:
    case CUDNN_DATA_INT32:
      return 4;
    case CUDNN_DATA_HALF:
    case CUDNN_DATA_BFLOAT16:
      return 2;
    case CUDNN_DATA_INT8:
      return 1;
    default:
      return 0;
  }
}

}  // namespace dnn

using namespace dnn;

extern "C" {

// Makes this another version, 92400 for 9.24.0; what it can do stays.
void gatunDoubleCudnn(long long wanted) { version = (int)wanted; }

Size cudnnGetVersion(void) { return version; }

Size cudnnGetCudartVersion(void) { return 13000; }

Size cudnnGetMaxDeviceVersion(void) { return 1210; }

cudnnStatus_t cudnnGetProperty(libraryPropertyType_t type, int* value) {
  if (value == nullptr || (int)type < MAJOR_VERSION || (int)type > PATCH_LEVEL) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnGetProperty: property %d", (int)type);
  }
  const int values[] = {version / 10000, version / 100 % 100, version % 100};
  *value = values[type];
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGraphVersionCheck(void) { return injected("cudnnGraphVersionCheck"); }

cudnnStatus_t cudnnOpsVersionCheck(void) { return injected("cudnnOpsVersionCheck"); }

cudnnStatus_t cudnnAdvVersionCheck(void) { return injected("cudnnAdvVersionCheck"); }

const char* cudnnGetErrorString(cudnnStatus_t status) {
#define NAMED(name) \
  case name:        \
    return #name
  switch ((int)status) {
    NAMED(CUDNN_STATUS_SUCCESS);
    NAMED(CUDNN_STATUS_NOT_INITIALIZED);
    NAMED(CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH);
    NAMED(CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED);
    NAMED(CUDNN_STATUS_BAD_PARAM);
    NAMED(CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    NAMED(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    NAMED(CUDNN_STATUS_BAD_PARAM_OUT_OF_BOUND);
    NAMED(CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT);
    NAMED(CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH);
    NAMED(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH);
    NAMED(CUDNN_STATUS_NOT_SUPPORTED);
    NAMED(CUDNN_STATUS_NOT_SUPPORTED_SHAPE);
    NAMED(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE);
    NAMED(CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    NAMED(CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH);
    NAMED(CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE);
    NAMED(CUDNN_STATUS_INTERNAL_ERROR);
    NAMED(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
    NAMED(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED);
    NAMED(CUDNN_STATUS_EXECUTION_FAILED);
    NAMED(CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER);
    NAMED(CUDNN_STATUS_EXECUTION_FAILED_CUBLAS);
    NAMED(CUDNN_STATUS_EXECUTION_FAILED_CUDART);
    NAMED(CUDNN_STATUS_EXECUTION_FAILED_CURAND);
    default:
      return "CUDNN_UNKNOWN_STATUS";
  }
#undef NAMED
}

void cudnnGetLastErrorString(char* message, Size max_size) {
  if (message != nullptr && max_size > 0) {
    snprintf(message, (size_t)max_size, "%s", lastError.c_str());
    lastError.clear();
  }
}

cudnnStatus_t cudnnSetCallback(unsigned mask, void* udata, cudnnCallback_t fptr) {
  std::lock_guard<std::mutex> lock(guard);
  callbackMask = mask;
  callbackData = udata;
  callback = fptr;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { return create(handle, "cudnnCreate"); }

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return destroy(handle, "cudnnDestroy"); }

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  if (cudnnStatus_t status = injected("cudnnSetStream")) {
    return status;
  }
  if (dead(handle)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnSetStream: no such handle");
  }
  if (!gpu::isStream(stream, "cudnnSetStream")) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnSetStream: no such stream");
  }
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t* stream) {
  if (dead(handle) || stream == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnGetStream: no such handle, or no place");
  }
  *stream = handle->stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) {
  return create(tensor, "cudnnCreateTensorDescriptor");
}

cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
  return destroy(tensor, "cudnnDestroyTensorDescriptor");
}

cudnnStatus_t cudnnSetTensorNdDescriptor(
    cudnnTensorDescriptor_t tensor, cudnnDataType_t type, int n, const int dims[],
    const int strides[]) {
  if (cudnnStatus_t status = injected("cudnnSetTensorNdDescriptor")) {
    return status;
  }
  if (dead(tensor) || dims == nullptr || strides == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnSetTensorNdDescriptor: a null or dead argument");
  }
  if (n < 3 || n > MAX_DIMS || bytesOf(type) == 0) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "cudnnSetTensorNdDescriptor: %d dimensions of type %d", n,
        (int)type);
  }
  long long elements = 1;
  for (int i = 0; i < n; i++) {
    if (dims[i] < 1 || strides[i] < 1) {
      return fail(
          CUDNN_STATUS_BAD_PARAM, "cudnnSetTensorNdDescriptor: dimension %d is %d, stride %d", i,
          dims[i], strides[i]);
    }
    elements *= dims[i];
    if (elements > std::numeric_limits<int>::max()) {
      return fail(CUDNN_STATUS_NOT_SUPPORTED, "cudnnSetTensorNdDescriptor: 2^31 elements or more");
    }
  }
  tensor->type = type;
  tensor->dims.assign(dims, dims + n);
  tensor->strides.assign(strides, strides + n);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetTensorNdDescriptor(
    const cudnnTensorDescriptor_t tensor, int requested, cudnnDataType_t* type, int* n, int dims[],
    int strides[]) {
  if (cudnnStatus_t status = injected("cudnnGetTensorNdDescriptor")) {
    return status;
  }
  if (dead(tensor) || type == nullptr || n == nullptr || requested < 0 || requested > MAX_DIMS ||
      (requested > 0 && (dims == nullptr || strides == nullptr))) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnGetTensorNdDescriptor: a null or dead argument");
  }
  *type = tensor->type;
  *n = (int)tensor->dims.size();
  for (int i = 0; i < requested && i < *n; i++) {
    dims[i] = tensor->dims[i];
    strides[i] = tensor->strides[i];
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetTensorSizeInBytes(const cudnnTensorDescriptor_t tensor, Size* size) {
  if (dead(tensor) || size == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnGetTensorSizeInBytes: a null or dead argument");
  }
  size_t last = 0;
  for (size_t i = 0; i < tensor->dims.size(); i++) {
    last += (size_t)(tensor->dims[i] - 1) * tensor->strides[i];
  }
  *size = tensor->dims.empty() ? 0 : (last + 1) * bytesOf(tensor->type);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateDropoutDescriptor(cudnnDropoutDescriptor_t* dropout) {
  return create(dropout, "cudnnCreateDropoutDescriptor");
}

cudnnStatus_t cudnnDestroyDropoutDescriptor(cudnnDropoutDescriptor_t dropout) {
  return destroy(dropout, "cudnnDestroyDropoutDescriptor");
}

cudnnStatus_t cudnnDropoutGetStatesSize(cudnnHandle_t handle, Size* size) {
  if (dead(handle) || size == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnDropoutGetStatesSize: a null or dead argument");
  }
  *size = STATE_BYTES;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDropoutGetReserveSpaceSize(cudnnTensorDescriptor_t x, Size* size) {
  if (dead(x) || size == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnDropoutGetReserveSpaceSize: a null argument");
  }
  size_t elements = 1;
  for (int d : x->dims) {
    elements *= d;
  }
  *size = (elements + 7) / 8;  // one bit each
  return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t setDropout(
    cudnnDropoutDescriptor_t dropout, cudnnHandle_t handle, float rate, void* states, size_t bytes,
    const char* call) {
  if (cudnnStatus_t status = injected(call)) {
    return status;
  }
  if (dead(dropout) || dead(handle)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: a null or dead argument", call);
  }
  if (!(rate >= 0 && rate <= 1) || (rate > 0 && states == nullptr)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: rate %g without states, or none", call, rate);
  }
  if (states != nullptr && bytes < STATE_BYTES) {
    return fail(
        CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, "%s: states of %zu bytes, not %zu", call, bytes,
        STATE_BYTES);
  }
  if (states != nullptr && !gpu::isDevice(states, bytes, std::string(call) + ": states")) {
    return fail(CUDNN_STATUS_EXECUTION_FAILED_CUDART, "%s: states not on the device", call);
  }
  dropout->rate = rate;
  dropout->states = states;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetDropoutDescriptor(
    cudnnDropoutDescriptor_t dropout, cudnnHandle_t handle, float rate, void* states, Size bytes,
    unsigned long long seed) {
  if (cudnnStatus_t status =
          setDropout(dropout, handle, rate, states, bytes, "cudnnSetDropoutDescriptor")) {
    return status;
  }
  if (states == nullptr) {
    return CUDNN_STATUS_SUCCESS;
  }
  return queued(handle->stream, "cudnnSetDropoutDescriptor", [states, seed] {
    const DropoutState state{DROPOUT_MAGIC, seed, 0};
    memcpy(states, &state, sizeof state);
    return gpu::OK;
  });
}

cudnnStatus_t cudnnRestoreDropoutDescriptor(
    cudnnDropoutDescriptor_t dropout, cudnnHandle_t handle, float rate, void* states, Size bytes,
    unsigned long long) {
  return setDropout(dropout, handle, rate, states, bytes, "cudnnRestoreDropoutDescriptor");
}

}  // extern "C"
