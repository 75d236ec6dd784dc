// Events.
#include <time.h>

#include "streams.h"

namespace {

// Not among the values that the bindings name.
constexpr int CAPTURE_ISOLATION = 905;

// One recording of an event.
struct Recording {
  CUstream_st* stream;
  bool done;
  double milliseconds;
};

}  // namespace

struct CUevent_st {
  bool timed = true;
  CUstream_st* capturing = nullptr;
  std::shared_ptr<Recording> last;
};

namespace {

gpu::Handles eventHandles("cudaEvent_t");

double now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

// False if it is done, or will never be: its stream has failed or gone.
bool isAhead(const Recording& recording) {
  return !recording.done && gpu::isAlive(recording.stream) &&
         !recording.stream->queue.empty();
}

void waitFor(const Recording& recording) {
  while (isAhead(recording)) {
    gpu::step(recording.stream);
  }
}

}  // namespace

using namespace gpu;

extern "C" {

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  CUDA_CALL();
  if (event == nullptr || (flags & ~(unsigned)(cudaEventBlockingSync | cudaEventDisableTiming))) {
    return told(cudaErrorInvalidValue);
  }
  CUevent_st* created = new CUevent_st;
  created->timed = !(flags & cudaEventDisableTiming);
  eventHandles.add(created);
  *event = created;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  CUDA_CALL();
  if (!eventHandles.remove(event, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!eventHandles.has(event, __func__) || !isStream(stream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  const auto recording =
      std::make_shared<Recording>(Recording{resolve(stream), false, 0});
  event->last = recording;
  event->capturing = isCapturing(stream) ? resolve(stream) : nullptr;
  return told(enqueue(stream, __func__, [recording] {
    recording->done = true;
    recording->milliseconds = now();
    return OK;
  }));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!eventHandles.has(event, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  if (event->capturing != nullptr) {
    return told(cudaErrorCapturedEvent);
  }
  if (event->last == nullptr || event->last->done) {
    return cudaSuccess;
  }
  waitFor(*event->last);
  CUstream_st* stream = event->last->stream;
  return told(isAlive(stream) ? taken(stream) : OK);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!eventHandles.has(event, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  if (event->capturing != nullptr) {
    return told(cudaErrorCapturedEvent);
  }
  if (event->last == nullptr || !isAhead(*event->last)) {
    return cudaSuccess;
  }
  step(event->last->stream);
  return cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t end) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!eventHandles.has(start, __func__) || !eventHandles.has(end, __func__) || !start->timed ||
      !end->timed || start->last == nullptr || end->last == nullptr) {
    return told(cudaErrorInvalidResourceHandle);
  }
  if (!start->last->done || !end->last->done) {
    return told(cudaErrorNotReady);
  }
  *ms = (float)(end->last->milliseconds - start->last->milliseconds);
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!eventHandles.has(event, __func__) || !isStream(stream, __func__) || flags != 0) {
    return told(cudaErrorInvalidResourceHandle);
  }
  if (event->capturing != nullptr || isCapturing(stream)) {
    if (event->capturing == resolve(stream)) {
      return cudaSuccess;
    }
    complain("%s: a capture waits for no other stream here", __func__);
    return told(CAPTURE_ISOLATION);
  }
  const std::shared_ptr<Recording> awaited = event->last;
  if (awaited == nullptr || awaited->done) {
    return cudaSuccess;
  }
  return told(enqueue(stream, __func__, [awaited] {
    waitFor(*awaited);
    return OK;
  }));
}
}
