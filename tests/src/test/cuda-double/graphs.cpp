// Captures and graphs.
#include "streams.h"

struct CUgraphExec_st {
  std::shared_ptr<std::vector<gpu::Op>> ops;
};

namespace {

gpu::Handles graphHandles("cudaGraph_t");
gpu::Handles execHandles("cudaGraphExec_t");

}  // namespace

using namespace gpu;

extern "C" {

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
  const Locked locked(lock());
  const int failed = injected(__func__);
  if (stream == nullptr || !isStream(stream, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  if (failed != OK) {  // it ends the capture all the same
    stream->capture = cudaStreamCaptureStatusNone;
    stream->graph.reset();
    return told(failed);
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
