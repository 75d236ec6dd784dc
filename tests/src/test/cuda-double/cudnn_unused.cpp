// cuDNN's calls that Gatun does not make, as refusals.
#include "dnn.h"

using namespace dnn;

extern "C" {

#define UNUSED_HERE(name, ...)                                                         \
  cudnnStatus_t name(__VA_ARGS__) {                                                    \
    return fail(CUDNN_STATUS_NOT_SUPPORTED, "%s: the double does not have it", #name); \
  }

UNUSED_HERE(cudnnSetTensor, cudnnHandle_t, const cudnnTensorDescriptor_t, void*, const void*)
UNUSED_HERE(
    cudnnDropoutForward, cudnnHandle_t, const cudnnDropoutDescriptor_t,
    const cudnnTensorDescriptor_t, const void*, const cudnnTensorDescriptor_t, void*, void*, Size)
UNUSED_HERE(
    cudnnDropoutBackward, cudnnHandle_t, const cudnnDropoutDescriptor_t,
    const cudnnTensorDescriptor_t, const void*, const cudnnTensorDescriptor_t, void*, void*, Size)
UNUSED_HERE(
    cudnnSoftmaxForward, cudnnHandle_t, cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t, const void*,
    const cudnnTensorDescriptor_t, const void*, const void*, const cudnnTensorDescriptor_t, void*)
UNUSED_HERE(
    cudnnSoftmaxBackward, cudnnHandle_t, cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t, const void*,
    const cudnnTensorDescriptor_t, const void*, const cudnnTensorDescriptor_t, const void*,
    const void*, const cudnnTensorDescriptor_t, void*)

UNUSED_HERE(
    cudnnGetCTCLossWorkspaceSize, cudnnHandle_t, const cudnnTensorDescriptor_t,
    const cudnnTensorDescriptor_t, const int*, const int*, const int*, cudnnCTCLossAlgo_t,
    cudnnCTCLossDescriptor_t, Size*)
UNUSED_HERE(
    cudnnCTCLoss, cudnnHandle_t, const cudnnTensorDescriptor_t, const void*, const int[],
    const int[], const int[], void*, const cudnnTensorDescriptor_t, void*, cudnnCTCLossAlgo_t,
    cudnnCTCLossDescriptor_t, void*, Size)

}  // extern "C"
