// What the files of the double's cuDNN share: descriptors, errors and the layout of its buffers.
#pragma once
#include "vendor.h"
extern "C" {
#include "cudnn.h"
}
#undef size_t
#include "double.h"

// Of every object that the caller holds a pointer to: its type's name and, in dnn::registry, which
// are alive. A destroyed one is kept, so that its address is never a new object's and each later use
// of it is known.
struct cudnnContext {
  static constexpr const char* TYPE = "cudnnHandle_t";
  cudaStream_t stream = nullptr;
  std::atomic<bool> busy{false};
};

struct cudnnTensorStruct {
  static constexpr const char* TYPE = "cudnnTensorDescriptor_t";
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  std::vector<int> dims, strides;
};

struct cudnnDropoutStruct {
  static constexpr const char* TYPE = "cudnnDropoutDescriptor_t";
  float rate = 0;
  void* states = nullptr;
};

struct cudnnRNNStruct {
  static constexpr const char* TYPE = "cudnnRNNDescriptor_t";
  bool set = false;
  cudnnRNNAlgo_t algo;
  cudnnRNNMode_t mode;
  cudnnRNNBiasMode_t bias;
  cudnnDirectionMode_t direction;
  cudnnRNNInputMode_t input;
  cudnnDataType_t type, precision;
  cudnnMathType_t math;
  int inputSize, hiddenSize, projSize, layers;
  cudnnDropoutDescriptor_t dropout;
  unsigned flags;
  cudnnRNNClipMode_t clip = CUDNN_RNN_CLIP_NONE;
  double low = 0, high = 0;
  int builtFor = 0;  // the batch of cudnnBuildRNNDynamic
  cudnnDataType_t kept = CUDNN_DATA_FLOAT;  // what states and gradients are rounded to, in a call

  int gates() const { return mode == CUDNN_LSTM ? 4 : mode == CUDNN_GRU ? 3 : 1; }
  int directions() const { return direction == CUDNN_BIDIRECTIONAL ? 2 : 1; }
  bool projects() const { return projSize < hiddenSize; }
  // Numbers of linLayerID, the projection's among them.
  int parts() const { return mode == CUDNN_LSTM ? 9 : 2 * gates(); }
  int inputOf(int layer) const { return layer == 0 ? inputSize : directions() * projSize; }
};

struct cudnnRNNDataStruct {
  static constexpr const char* TYPE = "cudnnRNNDataDescriptor_t";
  bool set = false;
  cudnnDataType_t type;
  cudnnRNNDataLayout_t layout;
  int maxLength, batch, width;
  std::vector<int> lengths;
  std::vector<size_t> packed;  // the first row of each step of a packed layout
  std::vector<char> fill;      // one element, or none

  // Elements of all rows.
  size_t elements() const;
  // Where the row of a valid step of a sequence begins, in elements.
  size_t offset(int t, int b) const;
  bool ragged() const;
};

struct cudnnCTCLossStruct {
  static constexpr const char* TYPE = "cudnnCTCLossDescriptor_t";
  bool set = false;
  cudnnDataType_t type;
  cudnnLossNormalizationMode_t normalization;
  cudnnCTCGradMode_t beyond;
  int mostLabels = 0;
};

namespace dnn {

// Remembers the reason for cudnnGetLastErrorString, tells the callback, returns the status.
[[gnu::format(printf, 2, 3)]] cudnnStatus_t fail(int status, const char* format, ...);

// As fail, with the status a test asked for; 0 where it asked for none.
cudnnStatus_t injected(const char* call);

// Hands work to a stream.
cudnnStatus_t queued(cudaStream_t stream, const char* call, std::function<gpu::Status()> work);

template <class T>
gpu::Handles& registry() {
  static gpu::Handles handles(T::TYPE);
  return handles;
}

template <class T>
cudnnStatus_t create(T** object, const char* call) {
  if (cudnnStatus_t status = injected(call)) {
    return status;
  }
  if (object == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "%s: no place for the pointer", call);
  }
  *object = new T();
  registry<T>().add(*object);
  return CUDNN_STATUS_SUCCESS;
}

template <class T>
cudnnStatus_t destroy(T* object, const char* call) {
  if (cudnnStatus_t status = injected(call)) {
    return status;
  }
  if (object != nullptr && !registry<T>().remove(object, call)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: destroyed before, or never created", call);
  }
  return CUDNN_STATUS_SUCCESS;
}

template <class T>
bool dead(const T* object) {
  return object == nullptr || !registry<T>().has(object, "cuDNN");
}

// Bytes of an element; 0 where the type has none.
size_t bytesOf(cudnnDataType_t type);

// What a descriptor's state buffer holds.
struct DropoutState {
  uint64_t magic, seed, drawn;
};
constexpr uint64_t DROPOUT_MAGIC = 0x64726f706f757421;

// A matrix or bias of the weight space; no rows where there is none.
struct Part {
  size_t offset = 0;
  int rows = 0, columns = 0;
};

// Where everything lies: all matrices by pseudo layer and number, then all biases.
struct WeightLayout {
  explicit WeightLayout(const cudnnRNNStruct& rnn);
  const Part& matrix(int pseudoLayer, int part) const { return matrices[pseudoLayer * n + part]; }
  const Part& bias(int pseudoLayer, int part) const { return biases[pseudoLayer * n + part]; }
  size_t bytes() const { return end; }
  // From and to of what belongs to no part, in bytes.
  std::vector<std::pair<size_t, size_t>> gaps() const;

 private:
  int n;
  size_t element;  // bytes
  size_t end = 0;
  std::vector<Part> matrices, biases;
  void place(Part& part, int rows, int columns, bool first);
};

size_t workspaceBytes(
    const cudnnRNNStruct& rnn, const cudnnRNNDataStruct& x, cudnnForwardMode_t mode);
size_t reserveBytes(const cudnnRNNStruct& rnn, const cudnnRNNDataStruct& x);

// A refusal, or 0, of what a stack and its input can be together.
cudnnStatus_t checkStack(
    const cudnnRNNStruct* rnn, const cudnnRNNDataStruct* x, bool backward, const char* call);

// A handle and a set stack, or a refusal, after counting the call.
cudnnStatus_t checkRnn(cudnnHandle_t handle, const cudnnRNNStruct* rnn, const char* call);

// The begin of a reserve.
struct Header {
  static constexpr uint64_t MAGIC = 0x7265736572766521;
  uint64_t magic, phase, shape, x, y, hx, cx, weights;
};
enum Phase : uint64_t { FORWARD_DONE = 1, DATA_DONE = 2 };

// One call, with copies of its descriptors: what the closure of a captured call needs.
struct Call {
  cudnnRNNStruct rnn;
  cudnnRNNDataStruct x, y;
  const char* name;
  bool training = true;
  float rate = 0;
  DropoutState* states = nullptr;
  const int* deviceLengths = nullptr;
  const float *xs = nullptr, *ys = nullptr, *dys = nullptr;
  const float *hx = nullptr, *cx = nullptr, *dhy = nullptr, *dcy = nullptr;
  float *yOut = nullptr, *hy = nullptr, *cy = nullptr, *dx = nullptr, *dhx = nullptr,
        *dcx = nullptr;
  const char* weights = nullptr;
  char *dweights = nullptr, *workspace = nullptr, *reserve = nullptr;
  size_t workspaceSize = 0;
};

// Runs one of those below in float: what is of 16 bits is widened before and rounded after.
gpu::Status runTyped(const Call& call, gpu::Status (*work)(const Call&));

// What tests have told an algorithm: how long a call takes, what one of its results is multiplied by.
enum class Result { NONE, Y, DX, WEIGHTS };
void takeTime(const Call& call);
float factorOf(const Call& call, Result result);

// What a stream runs: 0, or a cudaError_t after a complaint.
gpu::Status runForward(const Call& call);
gpu::Status runBackwardData(const Call& call);
gpu::Status runBackwardWeights(const Call& call);

}  // namespace dnn
