// The weight space of the double's cuDNN, the sizes of its buffers, and what a stack can be run on.
#include "dnn.h"

using namespace dnn;

namespace {

constexpr size_t ALIGNMENT = 128;

// The largest H that PyTorch gives PERSIST_STATIC_SMALL_H, plain cells and gated ones.
constexpr int SMALL_FORWARD[] = {384, 192};
constexpr int SMALL_BACKWARD[] = {256, 128};
constexpr Size BFLOAT16_VERSION = 91300;
constexpr int STATIC_HIDDEN = 1024;

bool between(int value, int low, int high) { return low <= value && value <= high; }

bool smallEnough(const cudnnRNNStruct& rnn, bool backward) {
  const bool gated = rnn.gates() > 1;
  switch (rnn.algo) {
    case CUDNN_RNN_ALGO_PERSIST_STATIC:
      return rnn.hiddenSize <= STATIC_HIDDEN;
    case CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H:
      return rnn.hiddenSize <= (backward ? SMALL_BACKWARD : SMALL_FORWARD)[gated];
    default:
      return true;
  }
}

// Whether the gates of a matrix lie apart, which nobody has seen cuDNN do.
std::atomic<bool> gatesApart{false};

size_t rounded(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

}  // namespace

namespace dnn {

WeightLayout::WeightLayout(const cudnnRNNStruct& rnn)
    : n(rnn.parts()), element(bytesOf(rnn.type)) {
  const int count = rnn.layers * rnn.directions();
  const int gates = rnn.gates();
  const bool inputBias = rnn.bias == CUDNN_RNN_DOUBLE_BIAS || rnn.bias == CUDNN_RNN_SINGLE_INP_BIAS;
  const bool recurrentBias =
      rnn.bias == CUDNN_RNN_DOUBLE_BIAS || rnn.bias == CUDNN_RNN_SINGLE_REC_BIAS;
  matrices.resize((size_t)count * n);
  biases.resize((size_t)count * n);
  for (int p = 0; p < count; p++) {
    for (int k = 0; k < 2 * gates; k++) {
      const int columns = k < gates ? rnn.inputOf(p / rnn.directions()) : rnn.projSize;
      place(matrices[(size_t)p * n + k], rnn.hiddenSize, columns, k % gates == 0);
    }
    if (rnn.projects()) {
      place(matrices[(size_t)p * n + 8], rnn.projSize, rnn.hiddenSize, true);
    }
  }
  end = rounded(end) + ALIGNMENT;  // a gap also where all sizes are multiples of the alignment
  for (int p = 0; p < count; p++) {
    for (int k = 0; k < 2 * gates; k++) {
      if (k < gates ? inputBias : recurrentBias) {
        place(biases[(size_t)p * n + k], rnn.hiddenSize, 1, k % gates == 0);
      }
    }
  }
  end = rounded(end) + ALIGNMENT;
}

// The gates of a matrix, and of a bias, lie side by side, as PyTorch relies on.
void WeightLayout::place(Part& part, int rows, int columns, bool first) {
  part = {first || gatesApart ? rounded(end) : end, rows, columns};
  end = part.offset + element * rows * columns;
}

std::vector<std::pair<size_t, size_t>> WeightLayout::gaps() const {
  std::vector<std::pair<size_t, size_t>> parts, gaps;
  for (const auto* all : {&matrices, &biases}) {
    for (const Part& part : *all) {
      if (part.rows > 0) {
        parts.push_back({part.offset, part.offset + element * part.rows * part.columns});
      }
    }
  }
  std::sort(parts.begin(), parts.end());
  size_t at = 0;
  for (const auto& [from, to] : parts) {
    if (from > at) {
      gaps.push_back({at, from});
    }
    at = to;
  }
  gaps.push_back({at, end});
  return gaps;
}

size_t workspaceBytes(
    const cudnnRNNStruct& rnn, const cudnnRNNDataStruct& x, cudnnForwardMode_t mode) {
  const size_t gates = sizeof(float) * rnn.gates() * rnn.hiddenSize * rnn.directions();
  const size_t steps = (size_t)x.maxLength * x.batch;
  // More for training and for each algorithm, so that a size asked for another call is too small.
  return rounded(gates * steps * (mode == CUDNN_FWD_MODE_TRAINING ? 2 : 1)) +
         ALIGNMENT * (1 + (size_t)rnn.algo);
}

cudnnStatus_t checkStack(
    const cudnnRNNStruct* rnn, const cudnnRNNDataStruct* x, bool backward, const char* call) {
  if (rnn->precision != CUDNN_DATA_FLOAT || rnn->input != CUDNN_LINEAR_INPUT) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: the double sums in float with linear input only", call);
  }
  if (rnn->type == CUDNN_DATA_BFLOAT16 && cudnnGetVersion() < BFLOAT16_VERSION) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: bfloat16 is from 9.13 on", call);
  }
  if (rnn->dropout != nullptr && dead(rnn->dropout)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: the dropout descriptor was destroyed", call);
  }
  if (!smallEnough(*rnn, backward)) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: hidden size %d with algorithm %d", call, rnn->hiddenSize,
        (int)rnn->algo);
  }
  if (x == nullptr) {
    return CUDNN_STATUS_SUCCESS;
  }
  if (x->type != rnn->type || x->width != rnn->inputSize) {
    return fail(
        CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "%s: x has %d features, the stack reads %d", call,
        x->width, rnn->inputSize);
  }
  if (rnn->algo != CUDNN_RNN_ALGO_STANDARD && x->ragged()) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: a persistent algorithm with different lengths", call);
  }
  const bool packed = x->layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  if (packed == ((rnn->flags & CUDNN_RNN_PADDED_IO_ENABLED) != 0)) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: padded input needs padded IO enabled, and no other", call);
  }
  if (rnn->algo == CUDNN_RNN_ALGO_PERSIST_DYNAMIC && rnn->builtFor != x->batch) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: built for batches of %d, not %d", call, rnn->builtFor,
        x->batch);
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkRnn(cudnnHandle_t handle, const cudnnRNNStruct* rnn, const char* call) {
  if (cudnnStatus_t status = injected(call)) {
    return status;
  }
  if (dead(handle) || dead(rnn) || !rnn->set) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: no such handle, or no set RNN descriptor", call);
  }
  return checkStack(rnn, nullptr, false, call);
}

}  // namespace dnn

extern "C" {

// For tests: lays the gates of a matrix apart, or side by side as at first.
void gatunDoubleGatesApart(long long apart) { gatesApart = apart != 0; }

cudnnStatus_t cudnnGetRNNWeightSpaceSize(
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, Size* bytes) {
  const char* call = "cudnnGetRNNWeightSpaceSize";
  if (cudnnStatus_t status = checkRnn(handle, rnn, call)) {
    return status;
  }
  if (bytes == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "%s: no place for the size", call);
  }
  *bytes = WeightLayout(*rnn).bytes();
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNTempSpaceSizes(
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnForwardMode_t mode,
    cudnnRNNDataDescriptor_t x, Size* workspace, Size* reserve) {
  const char* call = "cudnnGetRNNTempSpaceSizes";
  if (cudnnStatus_t status = checkRnn(handle, rnn, call)) {
    return status;
  }
  if (dead(x) || !x->set || !between(mode, 0, 1) || workspace == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: mode %d, or a null or dead argument", call, (int)mode);
  }
  if (cudnnStatus_t status = checkStack(rnn, x, false, call)) {
    return status;
  }
  *workspace = workspaceBytes(*rnn, *x, mode);
  if (reserve != nullptr) {
    *reserve = mode == CUDNN_FWD_MODE_TRAINING ? reserveBytes(*rnn, *x) : 0;
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightParams(
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int pseudoLayer, Size bytes,
    const void* weights, int number, cudnnTensorDescriptor_t matrixDesc, void** matrix,
    cudnnTensorDescriptor_t biasDesc, void** bias) {
  const char* call = "cudnnGetRNNWeightParams";
  if (cudnnStatus_t status = checkRnn(handle, rnn, call)) {
    return status;
  }
  const WeightLayout layout(*rnn);
  if (!between(pseudoLayer, 0, rnn->layers * rnn->directions() - 1) ||
      !between(number, 0, rnn->parts() - 1)) {
    return fail(
        CUDNN_STATUS_BAD_PARAM_OUT_OF_BOUND, "%s: no part %d of pseudo layer %d", call, number,
        pseudoLayer);
  }
  if (bytes != layout.bytes() || weights == nullptr) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: a weight space of %llu bytes, not %zu", call, bytes,
        layout.bytes());
  }
  if (!gpu::isDevice(weights, layout.bytes(), std::string(call) + ": weightSpace")) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: weightSpace is not on the device", call);
  }
  const auto put = [&](const Part& part, cudnnTensorDescriptor_t desc, void** address) {
    desc->type = rnn->type;
    desc->dims.clear();
    desc->strides.clear();
    *address = nullptr;
    if (part.rows > 0) {
      desc->dims = {1, part.rows, part.columns};
      desc->strides = {part.rows * part.columns, part.columns, 1};
      *address = (char*)weights + part.offset;
    }
  };
  if ((matrixDesc == nullptr) != (matrix == nullptr) ||
      (biasDesc == nullptr) != (bias == nullptr) || (matrixDesc != nullptr && dead(matrixDesc)) ||
      (biasDesc != nullptr && dead(biasDesc))) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: a descriptor without its pointer, or a dead one", call);
  }
  if (matrixDesc != nullptr) {
    put(layout.matrix(pseudoLayer, number), matrixDesc, matrix);
  }
  if (biasDesc != nullptr) {
    put(layout.bias(pseudoLayer, number), biasDesc, bias);
  }
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
