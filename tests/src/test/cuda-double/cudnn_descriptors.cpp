// cuDNN of the double: stacks and their data as descriptors. What is refused, and as what, was
// measured on cuDNN 9.24.
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
    return fail(
        CUDNN_STATUS_BAD_PARAM, "%s: no such algorithm, cell, bias, direction or math", call);
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
  if (rnn.projSize > rnn.hiddenSize || (rnn.projects() && (rnn.mode != CUDNN_LSTM || !standard))) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: projection %d of %d with cell %d and algorithm %d", call,
        rnn.projSize, rnn.hiddenSize, (int)rnn.mode, (int)rnn.algo);
  }
  if (!standard && rnn.bias != CUDNN_RNN_DOUBLE_BIAS) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: a persistent algorithm without two biases", call);
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkLengths(
    cudnnRNNDataLayout_t layout, int longest, int batch, const int lengths[]) {
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

}  // namespace

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
    return fail(
        CUDNN_STATUS_BAD_PARAM, "cudnnRNNSetClip_v9: mode %d, %g to %g", (int)mode, low, high);
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
        CUDNN_STATUS_BAD_PARAM, "%s: layout %d, %d steps, %d sequences, %d features, %s lengths",
        call, (int)layout, longest, batch, width, lengths == nullptr ? "no" : "with");
  }
  if (!typesFit(CUDNN_RNN_ALGO_STANDARD, type, type) && !typesFit(0, type, CUDNN_DATA_FLOAT)) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: type %d", call, (int)type);
  }
  if (longest > MAX_LENGTH) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: %d steps are more than %d", call, longest, MAX_LENGTH);
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
    cudnnRNNDataDescriptor_t data, cudnnDataType_t* type, cudnnRNNDataLayout_t* layout,
    int* longest, int* batch, int* width, int requested, int lengths[], void* fill) {
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

}  // extern "C"
