// Streams.
#include "streams.h"

namespace gpu {
namespace {

// Work that a stream may be ahead of the device by.
constexpr std::size_t AHEAD = 256;

Handles streamHandles("cudaStream_t");
std::set<CUstream_st*> streams;
thread_local int lastError = 0;

void run(CUstream_st* stream) {
  while (!stream->queue.empty()) {
    step(stream);
  }
}

}  // namespace

CUstream_st* resolve(CUstream_st* stream) {
  static std::map<int, CUstream_st> defaults;
  if (stream != nullptr) {
    return stream;
  }
  CUstream_st* found = &defaults[currentDevice()];
  found->device = currentDevice();
  streams.insert(found);
  return found;
}

bool isAlive(CUstream_st* stream) { return streams.count(stream) > 0; }

// Does the oldest work of a stream. What fails takes what comes behind it along.
void step(CUstream_st* stream) {
  const Op op = std::move(stream->queue.front());
  stream->queue.pop_front();
  const Status status = guarded(op.name.c_str(), op.work);
  if (status != OK) {
    stream->pending = stream->pending == OK ? status : stream->pending;
    stream->queue.clear();
  }
}

Status taken(CUstream_st* stream) {
  const Status status = stream->pending;
  stream->pending = OK;
  return status;
}

cudaError_t told(Status status) {
  if (status != OK) {
    lastError = status;
  }
  return (cudaError_t)status;
}

bool isStream(CUstream_st* stream, const std::string& what) {
  return stream == nullptr || streamHandles.has(stream, what.c_str());
}

bool isCapturing(CUstream_st* stream) {
  const Locked locked(lock());
  return resolve(stream)->capture != cudaStreamCaptureStatusNone;
}

Status enqueue(CUstream_st* handle, const char* name, std::function<Status()> work) {
  const Locked locked(lock());
  if (!isStream(handle, name)) {
    return cudaErrorInvalidResourceHandle;
  }
  CUstream_st* stream = resolve(handle);
  if (stream->capture == cudaStreamCaptureStatusInvalidated) {
    return cudaErrorStreamCaptureInvalidated;
  }
  if (stream->capture == cudaStreamCaptureStatusActive) {
    stream->graph->ops.push_back({name, std::move(work)});
    return OK;
  }
  stream->queue.push_back({name, std::move(work)});
  if (stream->queue.size() > AHEAD) {
    step(stream);
  }
  return OK;
}

Status forbiddenInCapture(const char* function) {
  const Locked locked(lock());
  Status status = OK;
  for (CUstream_st* stream : streams) {
    const bool concerns =
        stream->mode == cudaStreamCaptureModeGlobal ||
        (stream->mode == cudaStreamCaptureModeThreadLocal &&
         stream->capturer == std::this_thread::get_id());
    if (stream->capture != cudaStreamCaptureStatusNone && concerns) {
      complain("%s: not while a stream is captured", function);
      stream->capture = cudaStreamCaptureStatusInvalidated;
      status = cudaErrorStreamCaptureUnsupported;
    }
  }
  return status;
}

Status drain(CUstream_st* handle) {
  const Locked locked(lock());
  CUstream_st* stream = resolve(handle);
  run(stream);
  return taken(stream);
}

void drainDevice() {
  const Locked locked(lock());
  for (CUstream_st* stream : std::set<CUstream_st*>(streams)) {
    if (stream->device == currentDevice()) {
      run(stream);
    }
  }
}

Status takeErrors() {
  const Locked locked(lock());
  Status first = OK;
  for (CUstream_st* stream : streams) {
    if (stream->device == currentDevice()) {
      const Status status = taken(stream);
      first = first == OK ? status : first;
    }
  }
  return first;
}

void forgetErrors() {
  const Locked locked(lock());
  for (CUstream_st* stream : streams) {
    stream->pending = OK;
  }
  lastError = OK;
}

// What a stream that is being captured refuses.
static Status refused(CUstream_st* stream, const char* function) {
  if (resolve(stream)->capture == cudaStreamCaptureStatusNone) {
    return OK;
  }
  complain("%s: the stream is being captured", function);
  resolve(stream)->capture = cudaStreamCaptureStatusInvalidated;
  return cudaErrorStreamCaptureUnsupported;
}

}  // namespace gpu

using namespace gpu;

extern "C" {

cudaError_t cudaGetLastError(void) {
  const int status = lastError;
  lastError = OK;
  return (cudaError_t)status;
}

cudaError_t cudaPeekAtLastError(void) { return (cudaError_t)lastError; }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* pStream, unsigned int flags) {
  CUDA_CALL();
  const Locked locked(lock());
  if (pStream == nullptr || flags > cudaStreamNonBlocking) {
    return told(cudaErrorInvalidValue);
  }
  CUstream_st* stream = new CUstream_st;
  stream->device = currentDevice();
  streams.insert(stream);
  streamHandles.add(stream);
  *pStream = stream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!streamHandles.remove(stream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  run(stream);
  streams.erase(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!isStream(stream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  const Status status = refused(stream, __func__);
  return told(status != OK ? status : drain(stream));
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!isStream(stream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  if (const Status status = refused(stream, __func__)) {
    return told(status);
  }
  CUstream_st* asked = resolve(stream);
  if (asked->queue.empty()) {
    return told(taken(asked));
  }
  step(asked);
  return cudaErrorNotReady;
}

cudaError_t cudaDeviceSynchronize(void) {
  CUDA_CALL();
  if (const Status status = forbiddenInCapture(__func__)) {
    return told(status);
  }
  const Locked locked(lock());
  drainDevice();
  return told(takeErrors());
}

}
