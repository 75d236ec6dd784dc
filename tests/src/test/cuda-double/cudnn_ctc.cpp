// CTC of the double's cuDNN: the loss as Graves et al. 2006 define it, the sum over all alignments
// by their forward and backward variables, in long double without logarithms: no test here is so
// long that it needs them. Blank is class 0.
#include "dnn.h"

namespace dnn {
namespace {

using Real = long double;

constexpr gpu::Status ILLEGAL_ADDRESS = 700;
constexpr int MOST_LABELS = 256;

// One call, with copies of its descriptors.
struct CtcCall {
  int T, N, A;
  cudnnCTCLossStruct loss;
  const float* probs;
  const int *labels, *labelLengths, *inputLengths;
  float *costs, *gradients;
  char* workspace;
  size_t workspaceSize;
};

size_t ctcWorkspace(int T, int N, int mostLabels) {
  return (size_t)T * N * (2 * mostLabels + 1) * sizeof(float);
}

// One sequence.
struct Alignment {
  int T, L;
  std::vector<int> classes;          // of the 2 L + 1 states
  std::vector<std::vector<Real>> p;  // softmax, [T][A]

  bool skips(int s) const {
    return s >= 2 && classes[s] != 0 && classes[s] != classes[s - 2];
  }

  std::vector<std::vector<Real>> forward() const {
    const int S = 2 * L + 1;
    std::vector<std::vector<Real>> a(T, std::vector<Real>(S, 0));
    for (int t = 0; t < T; t++) {
      for (int s = 0; s < S; s++) {
        Real sum = t == 0 ? (s < 2 ? 1 : 0) : a[t - 1][s];
        if (t > 0 && s >= 1) {
          sum += a[t - 1][s - 1];
        }
        if (t > 0 && skips(s)) {
          sum += a[t - 1][s - 2];
        }
        a[t][s] = sum * p[t][classes[s]];
      }
    }
    return a;
  }

  // Of the steps after each, from each state.
  std::vector<std::vector<Real>> backward() const {
    const int S = 2 * L + 1;
    std::vector<std::vector<Real>> b(T, std::vector<Real>(S, 0));
    b[T - 1][S - 1] = b[T - 1][S - 2] = 1;
    for (int t = T - 2; t >= 0; t--) {
      for (int s = 0; s < S; s++) {
        for (int to = s; to < S && to <= s + 2; to++) {
          if (to < s + 2 || skips(to)) {
            b[t][s] += b[t + 1][to] * p[t + 1][classes[to]];
          }
        }
      }
    }
    return b;
  }
};

void softmax(const CtcCall& call, int n, Alignment& to) {
  for (int t = 0; t < to.T; t++) {
    const float* x = call.probs + ((size_t)t * call.N + n) * call.A;
    const Real most = *std::max_element(x, x + call.A);
    std::vector<Real> row(call.A);
    Real sum = 0;
    for (int k = 0; k < call.A; k++) {
      sum += row[k] = expl(x[k] - most);
    }
    for (Real& each : row) {
      each /= sum;
    }
    to.p.push_back(std::move(row));
  }
}

void runSequence(const CtcCall& call, int n, const int* labels) {
  Alignment alignment;
  alignment.T = call.inputLengths[n];
  alignment.L = call.labelLengths[n];
  for (int s = 0; s < 2 * alignment.L + 1; s++) {
    alignment.classes.push_back(s % 2 == 0 ? 0 : labels[s / 2]);
  }
  softmax(call, n, alignment);
  const auto a = alignment.forward(), b = alignment.backward();
  Real all = 0;
  for (size_t s = 0; s < alignment.classes.size(); s++) {
    all += a[alignment.T - 1][s] * b[alignment.T - 1][s];
  }
  call.costs[n] = (float)-logl(all);
  for (int t = 0; t < call.T; t++) {
    float* d = call.gradients + ((size_t)t * call.N + n) * call.A;
    if (t >= alignment.T) {
      std::fill(d, d + call.A, 0.0f);
      continue;
    }
    std::vector<Real> row = alignment.p[t];
    for (size_t s = 0; s < alignment.classes.size(); s++) {
      row[alignment.classes[s]] -= a[t][s] * b[t][s] / all;
    }
    std::copy(row.begin(), row.end(), d);
  }
}

// What a device would not survive, or cuDNN does not define.
bool defined(const CtcCall& call, int n, const int* labels) {
  const int T = call.inputLengths[n], L = call.labelLengths[n];
  if (L < 1 || L > call.loss.mostLabels || T < 1 || T > call.T) {
    return gpu::complain("cudnnCTCLoss_v8: sequence %d has %d labels and %d steps", n, L, T);
  }
  int needed = L;
  for (int i = 0; i < L; i++) {
    if (labels[i] < 1 || labels[i] >= call.A) {
      return gpu::complain("cudnnCTCLoss_v8: sequence %d has the label %d", n, labels[i]);
    }
    needed += i > 0 && labels[i] == labels[i - 1];
  }
  return T >= needed ||
         gpu::complain("cudnnCTCLoss_v8: sequence %d needs %d steps, not %d", n, needed, T);
}

gpu::Status runCtc(const CtcCall& call) {
  const size_t rows = (size_t)call.T * call.N;
  const std::string name = "cudnnCTCLoss_v8: ";
  if (!gpu::isDevice(call.probs, rows * call.A * 4, name + "probs") ||
      !gpu::isDevice(call.gradients, rows * call.A * 4, name + "gradients") ||
      !gpu::isDevice(call.costs, call.N * 4, name + "costs") ||
      !gpu::isDevice(call.labelLengths, call.N * 4, name + "labelLengths") ||
      !gpu::isDevice(call.inputLengths, call.N * 4, name + "inputLengths") ||
      !gpu::isDevice(call.workspace, call.workspaceSize, name + "workspace")) {
    return ILLEGAL_ADDRESS;
  }
  const int* labels = call.labels;
  for (int n = 0; n < call.N; n++) {
    if (!gpu::isDevice(labels, call.labelLengths[n] * 4, name + "labels") ||
        !defined(call, n, labels)) {
      return ILLEGAL_ADDRESS;
    }
    runSequence(call, n, labels);
    labels += call.labelLengths[n];
  }
  memset(call.workspace, 0xFF, call.workspaceSize);
  return gpu::OK;
}

bool packed3d(const cudnnTensorStruct& x) {
  return x.type == CUDNN_DATA_FLOAT && x.dims.size() == 3 && x.strides[2] == 1 &&
         x.strides[1] == x.dims[2] && x.strides[0] == x.dims[1] * x.dims[2];
}

// A refusal, or 0, of what both calls are given.
cudnnStatus_t checkCtc(
    cudnnHandle_t handle, int algo, const cudnnCTCLossStruct* loss, const cudnnTensorStruct* probs,
    const cudnnTensorStruct* gradients, const char* call) {
  if (dead(handle) || dead(loss) || dead(probs) || dead(gradients)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: a handle or a descriptor is null or dead", call);
  }
  if (!loss->set || algo < 0 || algo > 1) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: the loss was never set, or algorithm %d", call, algo);
  }
  if (!packed3d(*probs) || !packed3d(*gradients) || probs->dims != gradients->dims) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: probs and gradients must be T, N, A of float", call);
  }
  if (loss->type != CUDNN_DATA_FLOAT || loss->normalization != CUDNN_LOSS_NORMALIZATION_SOFTMAX ||
      loss->beyond != CUDNN_CTC_ZERO_OOB_GRADIENTS || loss->mostLabels < 1 ||
      loss->mostLabels > MOST_LABELS) {
    return fail(
        CUDNN_STATUS_NOT_SUPPORTED, "%s: the double has float, softmax, zeros and %d labels", call,
        MOST_LABELS);
  }
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace
}  // namespace dnn

using namespace dnn;

extern "C" {

cudnnStatus_t cudnnCreateCTCLossDescriptor(cudnnCTCLossDescriptor_t* loss) {
  return create(loss, "cudnnCreateCTCLossDescriptor");
}

cudnnStatus_t cudnnDestroyCTCLossDescriptor(cudnnCTCLossDescriptor_t loss) {
  return destroy(loss, "cudnnDestroyCTCLossDescriptor");
}

cudnnStatus_t cudnnSetCTCLossDescriptor_v9(
    cudnnCTCLossDescriptor_t loss, cudnnDataType_t type, cudnnLossNormalizationMode_t normalization,
    cudnnCTCGradMode_t beyond, int mostLabels) {
  if (cudnnStatus_t status = injected(__func__)) {
    return status;
  }
  if (dead(loss)) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: no such descriptor", __func__);
  }
  // cuDNN 9.24 looks at the type alone: it takes any mode and any number of labels here.
  if (type != CUDNN_DATA_FLOAT && type != CUDNN_DATA_DOUBLE) {
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: type %d", __func__, (int)type);
  }
  loss->type = type;
  loss->set = true;
  loss->normalization = normalization;
  loss->beyond = beyond;
  loss->mostLabels = mostLabels;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetCTCLossWorkspaceSize_v8(
    cudnnHandle_t handle, cudnnCTCLossAlgo_t algo, cudnnCTCLossDescriptor_t loss,
    const cudnnTensorDescriptor_t probs, const cudnnTensorDescriptor_t gradients, Size* bytes) {
  if (cudnnStatus_t status = injected(__func__)) {
    return status;
  }
  if (cudnnStatus_t status = checkCtc(handle, (int)algo, loss, probs, gradients, __func__)) {
    return status;
  }
  if (bytes == nullptr) {
    return fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "%s: no place for the size", __func__);
  }
  *bytes = ctcWorkspace(probs->dims[0], probs->dims[1], loss->mostLabels);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCTCLoss_v8(
    cudnnHandle_t handle, cudnnCTCLossAlgo_t algo, cudnnCTCLossDescriptor_t loss,
    const cudnnTensorDescriptor_t probsDesc, const void* probs, const int labels[],
    const int labelLengths[], const int inputLengths[], void* costs,
    const cudnnTensorDescriptor_t gradientsDesc, void* gradients, Size workspaceSize,
    void* workspace) {
  if (cudnnStatus_t status = injected(__func__)) {
    return status;
  }
  if (cudnnStatus_t status =
          checkCtc(handle, (int)algo, loss, probsDesc, gradientsDesc, __func__)) {
    return status;
  }
  const gpu::Use use(handle->busy, __func__);
  if (!use) {
    return fail(CUDNN_STATUS_EXECUTION_FAILED, "%s: two threads use one handle", __func__);
  }
  if (probs == nullptr || labels == nullptr || labelLengths == nullptr || inputLengths == nullptr ||
      costs == nullptr || gradients == nullptr || workspace == nullptr || probs == gradients) {
    return fail(CUDNN_STATUS_BAD_PARAM, "%s: a null pointer, or gradients over probs", __func__);
  }
  const std::vector<int>& dims = probsDesc->dims;
  if (workspaceSize < ctcWorkspace(dims[0], dims[1], loss->mostLabels)) {
    return fail(
        CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, "%s: a workspace of %llu bytes", __func__,
        workspaceSize);
  }
  const CtcCall call{dims[0],
                     dims[1],
                     dims[2],
                     *loss,
                     (const float*)probs,
                     labels,
                     labelLengths,
                     inputLengths,
                     (float*)costs,
                     (float*)gradients,
                     (char*)workspace,
                     (size_t)workspaceSize};
  return queued(handle->stream, __func__, [call] { return runCtc(call); });
}

}  // extern "C"
