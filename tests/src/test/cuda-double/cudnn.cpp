// cuDNN of the double: the three calls that compute. What can be refused is refused here; the rest
// runs when the stream gets to it.
#include "dnn.h"

namespace dnn {
namespace {

constexpr size_t SPACE_ALIGNMENT = 16;

struct Range {
  const char* name;
  const void* from;
  size_t bytes;
  bool required;
  size_t alignment;
};

// The arguments that all three calls have.
struct Given {
  cudnnHandle_t handle;
  cudnnRNNDescriptor_t rnn;
  cudnnRNNDataDescriptor_t x, y;
  cudnnTensorDescriptor_t h, c;
  Size weightSize;
  const void* weights;
  Size workspaceSize;
  void* workspace;
  Size reserveSize;
  void* reserve;
};

// A descriptor of [layers * directions, batch, width] without gaps; ones may follow.
bool describes(const cudnnTensorStruct& state, const cudnnRNNStruct& rnn, int batch, int width) {
  const int expected[] = {rnn.layers * rnn.directions(), batch, width};
  const int n = (int)state.dims.size();
  if (n < 3 || state.type != rnn.type) {
    return false;
  }
  long long stride = 1;
  for (int i = n - 1; i >= 0; i--) {
    if (state.dims[i] != (i < 3 ? expected[i] : 1) || state.strides[i] != stride) {
      return false;
    }
    stride *= state.dims[i];
  }
  return true;
}

cudnnStatus_t checkState(
    cudnnTensorDescriptor_t state, const cudnnRNNStruct& rnn, int batch, int width,
    const char* what) {
  if (dead(state)) {
    return fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "%s: none, or a dead one", what);
  }
  if (!describes(*state, rnn, batch, width)) {
    return fail(
        CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "%s: not %d x %d x %d without gaps", what,
        rnn.layers * rnn.directions(), batch, width);
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkDescriptors(const Given& given, bool backward, bool needsC, const char* call) {
  if (dead(given.rnn) || !given.rnn->set || dead(given.x) || !given.x->set || dead(given.y) ||
      !given.y->set) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: a descriptor is null, dead or was never set", call);
  }
  const cudnnRNNStruct& rnn = *given.rnn;
  const cudnnRNNDataStruct &x = *given.x, &y = *given.y;
  if (cudnnStatus_t status = checkStack(&rnn, &x, backward, call)) {
    return status;
  }
  if (y.type != x.type || y.layout != x.layout || y.maxLength != x.maxLength ||
      y.lengths != x.lengths || y.width != rnn.directions() * rnn.projSize) {
    return fail(
        CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "%s: y is not as x with %d features", call,
        rnn.directions() * rnn.projSize);
  }
  if (cudnnStatus_t status = checkState(given.h, rnn, x.batch, rnn.projSize, "hDesc")) {
    return status;
  }
  if (needsC && rnn.mode == CUDNN_LSTM) {
    if (cudnnStatus_t status = checkState(given.c, rnn, x.batch, rnn.hiddenSize, "cDesc")) {
      return status;
    }
  }
  if (std::find(x.lengths.begin(), x.lengths.end(), 0) != x.lengths.end()) {
    return fail(CUDNN_STATUS_EXECUTION_FAILED, "%s: a sequence has no steps", call);
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkSpaces(const Given& given, bool training, const char* call) {
  const size_t weights = WeightLayout(*given.rnn).bytes();
  if (given.weightSize != weights) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: a weight space of %llu bytes, not %zu", call, given.weightSize,
        weights);
  }
  const size_t workspace = workspaceBytes(
      *given.rnn, *given.x, training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE);
  const size_t reserve = training ? reserveBytes(*given.rnn, *given.x) : 0;
  if (given.workspaceSize < workspace || given.reserveSize < reserve) {
    return fail(
        CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT,
        "%s: a workspace of %llu bytes and a reserve of %llu, not %zu and %zu", call,
        given.workspaceSize, given.reserveSize, workspace, reserve);
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkRanges(const std::vector<Range>& ranges, const char* call) {
  for (const Range& range : ranges) {
    if (range.from == nullptr) {
      if (range.required) {
        return fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "%s: no %s", call, range.name);
      }
      continue;
    }
    if ((uintptr_t)range.from % range.alignment != 0) {
      return fail(
          CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, "%s: %s is not aligned", call, range.name);
    }
    if (!gpu::isDevice(range.from, range.bytes, std::string(call) + ": " + range.name)) {
      return fail(
          CUDNN_STATUS_EXECUTION_FAILED_CUDART, "%s: %s has not %zu bytes on the device", call,
          range.name, range.bytes);
    }
  }
  return CUDNN_STATUS_SUCCESS;
}

// A written range that lies over another one.
cudnnStatus_t checkOverlap(const Range& written, const std::vector<Range>& all, const char* call) {
  const char* from = (const char*)written.from;
  for (const Range& other : all) {
    const char* begin = (const char*)other.from;
    if (begin != nullptr && strcmp(other.name, written.name) != 0 && from < begin + other.bytes &&
        begin < from + written.bytes) {
      return fail(CUDNN_STATUS_BAD_PARAM, "%s: %s overlaps %s", call, written.name, other.name);
    }
  }
  return CUDNN_STATUS_SUCCESS;
}

Call callOf(const Given& given, const char* name, const int* deviceLengths, bool training) {
  Call call;
  call.rnn = *given.rnn;
  call.x = *given.x;
  call.y = *given.y;
  call.name = name;
  call.training = training;
  call.deviceLengths = deviceLengths;
  const cudnnDropoutDescriptor_t dropout = given.rnn->dropout;
  if (training && dropout != nullptr && dropout->rate > 0 && given.rnn->layers > 1) {
    call.rate = dropout->rate;
    call.states = (DropoutState*)dropout->states;
  }
  call.weights = (const char*)given.weights;
  call.workspace = (char*)given.workspace;
  call.workspaceSize = given.workspaceSize;
  call.reserve = (char*)given.reserve;
  return call;
}

struct Sizes {
  explicit Sizes(const Given& given)
      : x(given.x->elements() * bytesOf(given.rnn->type)),
        y(given.y->elements() * bytesOf(given.rnn->type)),
        h(states(given) * given.rnn->projSize),
        c(states(given) * given.rnn->hiddenSize),
        lengths(given.x->batch * sizeof(int)) {}
  static size_t states(const Given& given) {
    return bytesOf(given.rnn->type) * given.rnn->layers * given.rnn->directions() * given.x->batch;
  }
  size_t x, y, h, c, lengths;
};

// What a graph may read of the descriptors of its calls must be there, and as it was.
bool isAsCaptured(const Given& given, const Call& call) {
  if (!registry<cudnnRNNStruct>().has(given.rnn, call.name) ||
      !registry<cudnnRNNDataStruct>().has(given.x, call.name) ||
      !registry<cudnnRNNDataStruct>().has(given.y, call.name)) {
    return false;
  }
  return (given.x->lengths == call.x.lengths && given.y->lengths == call.y.lengths) ||
         gpu::complain("%s: a captured call's lengths have been described anew", call.name);
}

// Checks, then queues, with the checks of memory again when it runs.
cudnnStatus_t run(
    const Given& given, const Call& call, std::vector<Range> ranges, size_t written,
    gpu::Status (*work)(const Call&)) {
  const char* name = call.name;
  std::vector<size_t> outputs{written, ranges.size() + 1};
  ranges.push_back(
      {"weightSpace", given.weights, WeightLayout(*given.rnn).bytes(), true, SPACE_ALIGNMENT});
  ranges.push_back({"workSpace", given.workspace, given.workspaceSize, true, SPACE_ALIGNMENT});
  if (call.training) {
    outputs.push_back(ranges.size());
    ranges.push_back(
        {"reserveSpace", given.reserve, (size_t)given.reserveSize, true, SPACE_ALIGNMENT});
  }
  if (call.rate > 0) {
    ranges.push_back({"dropout states", call.states, sizeof(DropoutState), true, SPACE_ALIGNMENT});
  }
  if (cudnnStatus_t status = checkRanges(ranges, name)) {
    return status;
  }
  for (size_t i : outputs) {
    if (cudnnStatus_t status = checkOverlap(ranges[i], ranges, name)) {
      return status;
    }
  }
  const bool captured = gpu::isCapturing(given.handle->stream);
  return queued(given.handle->stream, name, [call, ranges, work, captured, given] {
    constexpr gpu::Status ILLEGAL_ADDRESS = 700;  // freed since the call
    if (captured && !isAsCaptured(given, call)) {
      return ILLEGAL_ADDRESS;
    }
    takeTime(call);
    return checkRanges(ranges, call.name) ? ILLEGAL_ADDRESS : runTyped(call, work);
  });
}

cudnnStatus_t begin(
    const Given& given, bool backward, bool training, bool needsC, const char* call) {
  if (cudnnStatus_t status = checkDescriptors(given, backward, needsC, call)) {
    return status;
  }
  return checkSpaces(given, training, call);
}

#define ENTER(handle)                                                                       \
  if (cudnnStatus_t status = injected(__func__)) {                                          \
    return status;                                                                          \
  }                                                                                         \
  if (dead(handle)) {                                                                       \
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: no such handle", __func__);                    \
  }                                                                                         \
  const gpu::Use use(handle->busy, __func__);                                               \
  if (!use) {                                                                               \
    return fail(CUDNN_STATUS_EXECUTION_FAILED, "%s: two threads use one handle", __func__); \
  }

}  // namespace
}  // namespace dnn

using namespace dnn;

extern "C" {

cudnnStatus_t cudnnRNNForward(
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnForwardMode_t mode, const int lengths[],
    cudnnRNNDataDescriptor_t xDesc, const void* x, cudnnRNNDataDescriptor_t yDesc, void* y,
    cudnnTensorDescriptor_t hDesc, const void* hx, void* hy, cudnnTensorDescriptor_t cDesc,
    const void* cx, void* cy, Size weightSize, const void* weights, Size workspaceSize,
    void* workspace, Size reserveSize, void* reserve) {
  ENTER(handle);
  const Given given{handle,     rnn,     xDesc,         yDesc,     hDesc,       cDesc,
                    weightSize, weights, workspaceSize, workspace, reserveSize, reserve};
  if ((int)mode != CUDNN_FWD_MODE_INFERENCE && (int)mode != CUDNN_FWD_MODE_TRAINING) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: mode %d", __func__, (int)mode);
  }
  const bool training = mode == CUDNN_FWD_MODE_TRAINING;
  if (cudnnStatus_t status = begin(given, false, training, true, __func__)) {
    return status;
  }
  const bool cell = rnn->mode == CUDNN_LSTM;
  Call call = callOf(given, __func__, lengths, training);
  call.xs = (const float*)x;
  call.yOut = (float*)y;
  call.hx = (const float*)hx;
  call.hy = (float*)hy;
  call.cx = cell ? (const float*)cx : nullptr;
  call.cy = cell ? (float*)cy : nullptr;
  const Sizes s(given);
  const size_t element = bytesOf(rnn->type);
  return run(
      given, call,
      {{"y", y, s.y, true, element},
       {"x", x, s.x, true, element},
       {"hx", hx, s.h, false, element},
       {"hy", hy, s.h, false, element},
       {"cx", call.cx, s.c, false, element},
       {"cy", call.cy, s.c, false, element},
       {"devSeqLengths", lengths, s.lengths, false, sizeof(int)}},
      0, runForward);
}

cudnnStatus_t cudnnRNNBackwardData_v8(
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const int lengths[],
    cudnnRNNDataDescriptor_t yDesc, const void* y, const void* dy, cudnnRNNDataDescriptor_t xDesc,
    void* dx, cudnnTensorDescriptor_t hDesc, const void* hx, const void* dhy, void* dhx,
    cudnnTensorDescriptor_t cDesc, const void* cx, const void* dcy, void* dcx, Size weightSize,
    const void* weights, Size workspaceSize, void* workspace, Size reserveSize, void* reserve) {
  ENTER(handle);
  const Given given{handle,     rnn,     xDesc,         yDesc,     hDesc,       cDesc,
                    weightSize, weights, workspaceSize, workspace, reserveSize, reserve};
  if (cudnnStatus_t status = begin(given, true, true, true, __func__)) {
    return status;
  }
  const bool cell = rnn->mode == CUDNN_LSTM;
  Call call = callOf(given, __func__, lengths, true);
  call.ys = (const float*)y;
  call.dys = (const float*)dy;
  call.dx = (float*)dx;
  call.hx = (const float*)hx;
  call.dhy = (const float*)dhy;
  call.dhx = (float*)dhx;
  call.cx = cell ? (const float*)cx : nullptr;
  call.dcy = cell ? (const float*)dcy : nullptr;
  call.dcx = cell ? (float*)dcx : nullptr;
  const Sizes s(given);
  const size_t element = bytesOf(rnn->type);
  return run(
      given, call,
      {{"dx", dx, s.x, true, element},
       {"y", y, s.y, true, element},
       {"dy", dy, s.y, true, element},
       {"hx", hx, s.h, false, element},
       {"dhy", dhy, s.h, false, element},
       {"dhx", dhx, s.h, false, element},
       {"cx", call.cx, s.c, false, element},
       {"dcy", call.dcy, s.c, false, element},
       {"dcx", call.dcx, s.c, false, element},
       {"devSeqLengths", lengths, s.lengths, false, sizeof(int)}},
      0, runBackwardData);
}

cudnnStatus_t cudnnRNNBackwardWeights_v8(
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnWgradMode_t mode, const int lengths[],
    cudnnRNNDataDescriptor_t xDesc, const void* x, cudnnTensorDescriptor_t hDesc, const void* hx,
    cudnnRNNDataDescriptor_t yDesc, const void* y, Size weightSize, void* dweights,
    Size workspaceSize, void* workspace, Size reserveSize, void* reserve) {
  ENTER(handle);
  const Given given{handle,     rnn,      xDesc,         yDesc,     hDesc,       nullptr,
                    weightSize, dweights, workspaceSize, workspace, reserveSize, reserve};
  if (mode != CUDNN_WGRAD_MODE_ADD) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: gradients can only be added", __func__);
  }
  if (cudnnStatus_t status = begin(given, true, true, false, __func__)) {
    return status;
  }
  Call call = callOf(given, __func__, lengths, true);
  call.xs = (const float*)x;
  call.ys = (const float*)y;
  call.hx = (const float*)hx;
  call.dweights = (char*)dweights;
  const Sizes s(given);
  const size_t element = bytesOf(rnn->type);
  return run(
      given, call,
      {{"x", x, s.x, true, element},
       {"y", y, s.y, true, element},
       {"hx", hx, s.h, false, element},
       {"devSeqLengths", lengths, s.lengths, false, sizeof(int)}},
      4, runBackwardWeights);
}

}  // extern "C"
