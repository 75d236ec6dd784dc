// Streams, events, captures and graphs.
#include <time.h>

#include <deque>

#include "runtime.h"

namespace {

struct Op {
  std::string name;
  std::function<gpu::Status()> work;
};

// Work that a stream may be ahead of the device by.
constexpr std::size_t AHEAD = 256;

// Not among the values that the bindings name.
constexpr int CAPTURE_ISOLATION = 905;

double now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

// One recording of an event.
struct Recording {
  CUstream_st* stream;
  bool done;
  double milliseconds;
};

}  // namespace

struct CUgraph_st {
  std::vector<Op> ops;
};

struct CUgraphExec_st {
  std::shared_ptr<std::vector<Op>> ops;
};

struct CUstream_st {
  int device = 0;
  bool blocking = true;
  std::deque<Op> queue;
  int pending = 0;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id capturer;
  std::unique_ptr<CUgraph_st> graph;
};

struct CUevent_st {
  bool timed = true;
  CUstream_st* capturing = nullptr;
  std::shared_ptr<Recording> last;
};

namespace gpu {
namespace {

Handles streamHandles("cudaStream_t");
Handles eventHandles("cudaEvent_t");
Handles graphHandles("cudaGraph_t");
Handles execHandles("cudaGraphExec_t");
std::set<CUstream_st*> streams;
thread_local int lastError = 0;

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

void run(CUstream_st* stream) {
  while (!stream->queue.empty()) {
    step(stream);
  }
}

Status taken(CUstream_st* stream) {
  const Status status = stream->pending;
  stream->pending = OK;
  return status;
}

// False if it is done, or will never be: its stream has failed or gone.
bool isAhead(const Recording& recording) {
  return !recording.done && streams.count(recording.stream) > 0 &&
         !recording.stream->queue.empty();
}

void waitFor(const Recording& recording) {
  while (isAhead(recording)) {
    step(recording.stream);
  }
}

}  // namespace

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
  stream->blocking = flags != cudaStreamNonBlocking;
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
  return told(streams.count(stream) > 0 ? taken(stream) : OK);
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

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
  CUDA_CALL();
  const Locked locked(lock());
  if (stream == nullptr) {
    complain("%s: the null stream cannot be captured", __func__);
    return told(cudaErrorStreamCaptureUnsupported);
  }
  if (!isStream(stream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  if (stream->capture != cudaStreamCaptureStatusNone) {
    return told(cudaErrorIllegalState);
  }
  stream->capture = cudaStreamCaptureStatusActive;
  stream->mode = mode;
  stream->capturer = std::this_thread::get_id();
  stream->graph.reset(new CUgraph_st);
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* pGraph) {
  CUDA_CALL();
  const Locked locked(lock());
  if (stream == nullptr || !isStream(stream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  const cudaStreamCaptureStatus status = stream->capture;
  if (status == cudaStreamCaptureStatusNone || pGraph == nullptr) {
    return told(cudaErrorIllegalState);
  }
  stream->capture = cudaStreamCaptureStatusNone;
  if (status == cudaStreamCaptureStatusInvalidated) {
    stream->graph.reset();
    *pGraph = nullptr;
    return told(cudaErrorStreamCaptureInvalidated);
  }
  *pGraph = stream->graph.release();
  graphHandles.add(*pGraph);
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus* status) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!isStream(stream, __func__) || status == nullptr) {
    return told(cudaErrorInvalidResourceHandle);
  }
  *status = resolve(stream)->capture;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(
    cudaGraphExec_t* pGraphExec, cudaGraph_t graph, unsigned long long flags) {
  CUDA_CALL();
  if (pGraphExec == nullptr || flags != 0 || !graphHandles.has(graph, __func__)) {
    return told(cudaErrorInvalidValue);
  }
  *pGraphExec = new CUgraphExec_st{std::make_shared<std::vector<Op>>(graph->ops)};
  execHandles.add(*pGraphExec);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graphExec, cudaStream_t stream) {
  CUDA_CALL();
  if (!execHandles.has(graphExec, __func__)) {
    return told(cudaErrorInvalidValue);
  }
  const std::shared_ptr<std::vector<Op>> ops = graphExec->ops;
  return told(enqueue(stream, __func__, [ops] {
    for (const Op& op : *ops) {
      if (const Status status = guarded(op.name.c_str(), op.work)) {
        return status;
      }
    }
    return OK;
  }));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graphExec) {
  CUDA_CALL();
  if (!execHandles.remove(graphExec, __func__)) {
    return told(cudaErrorInvalidValue);
  }
  delete graphExec;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  CUDA_CALL();
  if (!graphHandles.remove(graph, __func__)) {
    return told(cudaErrorInvalidValue);
  }
  delete graph;
  return cudaSuccess;
}
}
