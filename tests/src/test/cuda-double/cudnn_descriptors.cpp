// cuDNN of the double: stacks and their data as descriptors, the weight space and the sizes of
// buffers. What is refused, and as what, was measured on cuDNN 9.24.
#include "dnn.h"

using namespace dnn;

size_t cudnnRNNDataStruct::elements() const {
  const size_t rows =
      layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED ? packed.back() : (size_t)maxLength * batch;
  return rows * width;
}

size_t cudnnRNNDataStruct::offset(int t, int b) const {
  switch (layout) {
    case CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED:
      return ((size_t)t * batch + b) * width;
    case CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED:
      return (packed[t] + b) * width;
    default:
      return ((size_t)b * maxLength + t) * width;
  }
}

bool cudnnRNNDataStruct::ragged() const {
  return std::any_of(lengths.begin(), lengths.end(), [this](int n) { return n != maxLength; });
}

namespace {

constexpr int MAX_LENGTH = 65535;
constexpr size_t ALIGNMENT = 128;

// The largest H that PyTorch gives PERSIST_STATIC_SMALL_H, plain cells and gated ones.
constexpr int SMALL_FORWARD[] = {384, 192};
constexpr int SMALL_BACKWARD[] = {256, 128};
constexpr int STATIC_HIDDEN = 1024;

bool between(int value, int low, int high) { return low <= value && value <= high; }

// Whether an algorithm computes with these types at all.
bool typesFit(int algo, int type, int precision) {
  switch (type) {
    case CUDNN_DATA_FLOAT:
    case CUDNN_DATA_BFLOAT16:
      return precision == CUDNN_DATA_FLOAT;
    case CUDNN_DATA_HALF:
      return precision == CUDNN_DATA_FLOAT ||
             (precision == CUDNN_DATA_HALF && algo == CUDNN_RNN_ALGO_STANDARD);
    case CUDNN_DATA_DOUBLE:
      return precision == CUDNN_DATA_DOUBLE &&
             (algo == CUDNN_RNN_ALGO_STANDARD || algo == CUDNN_RNN_ALGO_PERSIST_DYNAMIC);
    default:
      return false;
  }
}

cudnnStatus_t checkStackValues(const cudnnRNNStruct& rnn, const char* call) {
  if (!between(rnn.algo, 0, 3) || !between(rnn.mode, 0, 3) || !between(rnn.bias, 0, 3) ||
      !between(rnn.direction, 0, 1) || !between(rnn.input, 0, 1) || !between(rnn.math, 0, 3)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: no such algorithm, cell, bias, direction or math", call);
  }
  if (rnn.inputSize < 1 || rnn.hiddenSize < 1 || rnn.projSize < 1 || rnn.layers < 1) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: input %d, hidden %d, projection %d, layers %d", call,
        rnn.inputSize, rnn.hiddenSize, rnn.projSize, rnn.layers);
  }
  if ((rnn.flags & ~CUDNN_RNN_PADDED_IO_ENABLED) != 0) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: auxFlags %u", call, rnn.flags);
  }
  if (rnn.dropout != nullptr && dead(rnn.dropout)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: a dead dropout descriptor", call);
  }
  const bool standard = rnn.algo == CUDNN_RNN_ALGO_STANDARD;
  if (!typesFit(rnn.algo, rnn.type, rnn.precision)) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: types %d and %d with algorithm %d", call, (int)rnn.type,
        (int)rnn.precision, (int)rnn.algo);
  }
  if (rnn.projSize > rnn.hiddenSize ||
      (rnn.projects() && (rnn.mode != CUDNN_LSTM || !standard))) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: projection %d of %d with cell %d and algorithm %d", call,
        rnn.projSize, rnn.hiddenSize, (int)rnn.mode, (int)rnn.algo);
  }
  if (!standard && rnn.bias != CUDNN_RNN_DOUBLE_BIAS) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: a persistent algorithm without two biases", call);
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkLengths(cudnnRNNDataLayout_t layout, int longest, int batch, const int lengths[]) {
  const char* call = "cudnnSetRNNDataDescriptor";
  const bool packed = layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  for (int b = 0; b < batch; b++) {
    if (lengths[b] < (packed ? 1 : 0) || lengths[b] > longest) {
      return fail(CUDNN_STATUS_BAD_PARAM, "%s: sequence %d has %d steps", call, b, lengths[b]);
    }
    if (packed && b > 0 && lengths[b] > lengths[b - 1]) {
      return fail(CUDNN_STATUS_BAD_PARAM, "%s: packed, and sequence %d is longer", call, b);
    }
  }
  if (packed && lengths[0] != longest) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: packed, and the longest is not the first", call);
  }
  return CUDNN_STATUS_SUCCESS;
}

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

size_t rounded(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

// A handle and a set stack of floats, or a refusal.
cudnnStatus_t checkRnn(cudnnHandle_t handle, const cudnnRNNStruct* rnn, const char* call) {
  if (cudnnStatus_t status = injected(call)) {
    return status;
  }
  if (dead(handle) || dead(rnn) || !rnn->set) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: no such handle, or no set RNN descriptor", call);
  }
  return checkStack(rnn, nullptr, false, call);
}

}  // namespace

namespace dnn {

WeightLayout::WeightLayout(const cudnnRNNStruct& rnn) : n(rnn.parts()) {
  const int count = rnn.layers * rnn.directions();
  const int gates = rnn.gates();
  const bool inputBias =
      rnn.bias == CUDNN_RNN_DOUBLE_BIAS || rnn.bias == CUDNN_RNN_SINGLE_INP_BIAS;
  const bool recurrentBias =
      rnn.bias == CUDNN_RNN_DOUBLE_BIAS || rnn.bias == CUDNN_RNN_SINGLE_REC_BIAS;
  matrices.resize((size_t)count * n);
  biases.resize((size_t)count * n);
  for (int p = 0; p < count; p++) {
    for (int k = 0; k < 2 * gates; k++) {
      const int columns = k < gates ? rnn.inputOf(p / rnn.directions()) : rnn.projSize;
      place(matrices[(size_t)p * n + k], rnn.hiddenSize, columns);
    }
    if (rnn.projects()) {
      place(matrices[(size_t)p * n + 8], rnn.projSize, rnn.hiddenSize);
    }
  }
  end += ALIGNMENT;  // a gap also where all sizes are multiples of the alignment
  for (int p = 0; p < count; p++) {
    for (int k = 0; k < 2 * gates; k++) {
      if (k < gates ? inputBias : recurrentBias) {
        place(biases[(size_t)p * n + k], rnn.hiddenSize, 1);
      }
    }
  }
}

void WeightLayout::place(Part& part, int rows, int columns) {
  part = {end, rows, columns};
  end = rounded(end + sizeof(float) * rows * columns);
}

size_t workspaceBytes(const cudnnRNNStruct& rnn, const cudnnRNNDataStruct& x, cudnnForwardMode_t mode) {
  const size_t gates = sizeof(float) * rnn.gates() * rnn.hiddenSize * rnn.directions();
  const size_t steps = (size_t)x.maxLength * x.batch;
  // More for training and for each algorithm, so that a size asked for another call is too small.
  return rounded(gates * steps * (mode == CUDNN_FWD_MODE_TRAINING ? 2 : 1)) +
         ALIGNMENT * (1 + (size_t)rnn.algo);
}

cudnnStatus_t checkStack(
    const cudnnRNNStruct* rnn, const cudnnRNNDataStruct* x, bool backward, const char* call) {
  if (rnn->type != CUDNN_DATA_FLOAT || rnn->input != CUDNN_LINEAR_INPUT) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: the double runs floats with linear input only", call);
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
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: padded input needs padded IO enabled, and no other", call);
  }
  if (rnn->algo == CUDNN_RNN_ALGO_PERSIST_DYNAMIC && rnn->builtFor != x->batch) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: built for batches of %d, not %d", call, rnn->builtFor, x->batch);
  }
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace dnn

extern "C" {

cudnnStatus_t cudnnCreateRNNDescriptor(cudnnRNNDescriptor_t* rnn) {
  return create(rnn, "cudnnCreateRNNDescriptor");
}

cudnnStatus_t cudnnDestroyRNNDescriptor(cudnnRNNDescriptor_t rnn) {
  return destroy(rnn, "cudnnDestroyRNNDescriptor");
}

cudnnStatus_t cudnnSetRNNDescriptor_v8(
    cudnnRNNDescriptor_t rnn, cudnnRNNAlgo_t algo, cudnnRNNMode_t mode, cudnnRNNBiasMode_t bias,
    cudnnDirectionMode_t direction, cudnnRNNInputMode_t input, cudnnDataType_t type,
    cudnnDataType_t precision, cudnnMathType_t math, int inputSize, int hiddenSize, int projSize,
    int layers, cudnnDropoutDescriptor_t dropout, unsigned flags) {
  if (cudnnStatus_t status = injected("cudnnSetRNNDescriptor_v8")) {
    return status;
  }
  if (dead(rnn)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnSetRNNDescriptor_v8: no such descriptor");
  }
  cudnnRNNStruct values{};
  values.set = true;
  values.algo = algo;
  values.mode = mode;
  values.bias = bias;
  values.direction = direction;
  values.input = input;
  values.type = type;
  values.precision = precision;
  values.math = math;
  values.inputSize = inputSize;
  values.hiddenSize = hiddenSize;
  values.projSize = projSize;
  values.layers = layers;
  values.dropout = dropout;
  values.flags = flags;
  if (cudnnStatus_t status = checkStackValues(values, "cudnnSetRNNDescriptor_v8")) {
    return status;
  }
  *rnn = values;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNDescriptor_v8(
    cudnnRNNDescriptor_t rnn, cudnnRNNAlgo_t* algo, cudnnRNNMode_t* mode, cudnnRNNBiasMode_t* bias,
    cudnnDirectionMode_t* direction, cudnnRNNInputMode_t* input, cudnnDataType_t* type,
    cudnnDataType_t* precision, cudnnMathType_t* math, int* inputSize, int* hiddenSize,
    int* projSize, int* layers, cudnnDropoutDescriptor_t* dropout, unsigned* flags) {
  if (cudnnStatus_t status = injected("cudnnGetRNNDescriptor_v8")) {
    return status;
  }
  if (dead(rnn) || !rnn->set) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnGetRNNDescriptor_v8: no set descriptor");
  }
  const auto put = [](auto* to, auto value) {
    if (to != nullptr) {
      *to = value;
    }
  };
  put(algo, rnn->algo);
  put(mode, rnn->mode);
  put(bias, rnn->bias);
  put(direction, rnn->direction);
  put(input, rnn->input);
  put(type, rnn->type);
  put(precision, rnn->precision);
  put(math, rnn->math);
  put(inputSize, rnn->inputSize);
  put(hiddenSize, rnn->hiddenSize);
  put(projSize, rnn->projSize);
  put(layers, rnn->layers);
  put(dropout, rnn->dropout);
  put(flags, rnn->flags);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnRNNSetClip_v9(
    cudnnRNNDescriptor_t rnn, cudnnRNNClipMode_t mode, double low, double high) {
  if (cudnnStatus_t status = injected("cudnnRNNSetClip_v9")) {
    return status;
  }
  if (dead(rnn) || !between(mode, 0, 1) || !(low <= high)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnRNNSetClip_v9: mode %d, %g to %g", (int)mode, low, high);
  }
  rnn->clip = mode;
  rnn->low = low;
  rnn->high = high;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnRNNGetClip_v9(
    cudnnRNNDescriptor_t rnn, cudnnRNNClipMode_t* mode, double* low, double* high) {
  if (dead(rnn) || mode == nullptr || low == nullptr || high == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnRNNGetClip_v9: a null or dead argument");
  }
  *mode = rnn->clip;
  *low = rnn->low;
  *high = rnn->high;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBuildRNNDynamic(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int batch) {
  if (cudnnStatus_t status = checkRnn(handle, rnn, "cudnnBuildRNNDynamic")) {
    return status;
  }
  if (rnn->algo != CUDNN_RNN_ALGO_PERSIST_DYNAMIC || batch < 1) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnBuildRNNDynamic: another algorithm, or no batch");
  }
  rnn->builtFor = batch;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateRNNDataDescriptor(cudnnRNNDataDescriptor_t* data) {
  return create(data, "cudnnCreateRNNDataDescriptor");
}

cudnnStatus_t cudnnDestroyRNNDataDescriptor(cudnnRNNDataDescriptor_t data) {
  return destroy(data, "cudnnDestroyRNNDataDescriptor");
}

cudnnStatus_t cudnnSetRNNDataDescriptor(
    cudnnRNNDataDescriptor_t data, cudnnDataType_t type, cudnnRNNDataLayout_t layout, int longest,
    int batch, int width, const int lengths[], void* fill) {
  const char* call = "cudnnSetRNNDataDescriptor";
  if (cudnnStatus_t status = injected(call)) {
    return status;
  }
  if (dead(data) || lengths == nullptr || !between(layout, 0, 2) || longest < 1 || batch < 1 ||
      width < 1) {
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: layout %d, %d steps, %d sequences, %d features, %s lengths", call,
        (int)layout, longest, batch, width, lengths == nullptr ? "no" : "with");
  }
  if (!typesFit(CUDNN_RNN_ALGO_STANDARD, type, type) && !typesFit(0, type, CUDNN_DATA_FLOAT)) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: type %d", call, (int)type);
  }
  if (longest > MAX_LENGTH) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: %d steps are more than %d", call, longest, MAX_LENGTH);
  }
  if (cudnnStatus_t status = checkLengths(layout, longest, batch, lengths)) {
    return status;
  }
  data->set = true;
  data->type = type;
  data->layout = layout;
  data->maxLength = longest;
  data->batch = batch;
  data->width = width;
  data->lengths.assign(lengths, lengths + batch);
  data->fill.clear();
  if (fill != nullptr) {
    data->fill.assign((const char*)fill, (const char*)fill + bytesOf(type));
  }
  data->packed.clear();
  if (layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED) {
    data->packed.assign(1, 0);
    for (int t = 0; t < longest; t++) {
      const auto running =
          std::count_if(lengths, lengths + batch, [t](int length) { return length > t; });
      data->packed.push_back(data->packed.back() + running);
    }
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNDataDescriptor(
    cudnnRNNDataDescriptor_t data, cudnnDataType_t* type, cudnnRNNDataLayout_t* layout, int* longest,
    int* batch, int* width, int requested, int lengths[], void* fill) {
  if (cudnnStatus_t status = injected("cudnnGetRNNDataDescriptor")) {
    return status;
  }
  if (dead(data) || !data->set || type == nullptr || layout == nullptr || longest == nullptr ||
      batch == nullptr || width == nullptr || requested < 0 ||
      (requested > 0 && lengths == nullptr)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "cudnnGetRNNDataDescriptor: a null or dead argument");
  }
  *type = data->type;
  *layout = data->layout;
  *longest = data->maxLength;
  *batch = data->batch;
  *width = data->width;
  std::copy_n(data->lengths.begin(), std::min(requested, data->batch), lengths);
  if (fill != nullptr) {
    std::copy(data->fill.begin(), data->fill.end(), (char*)fill);
  }
  return CUDNN_STATUS_SUCCESS;
}

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
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int pseudoLayer, Size bytes, const void* weights,
    int number, cudnnTensorDescriptor_t matrixDesc, void** matrix, cudnnTensorDescriptor_t biasDesc,
    void** bias) {
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
  if ((matrixDesc == nullptr) != (matrix == nullptr) || (biasDesc == nullptr) != (bias == nullptr) ||
      (matrixDesc != nullptr && dead(matrixDesc)) || (biasDesc != nullptr && dead(biasDesc))) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: a descriptor without its pointer, or a dead one", call);
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
