// cuBLAS: products as plain loops, column-major, summed in double.
#include "vendor.h"
extern "C" {
#include "cublas.h"
}
#undef size_t
#include "double.h"
#include "numbers.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
  cublasPointerMode_t pointers = CUBLAS_POINTER_MODE_HOST;
  std::atomic<bool> busy{false};
};

namespace {

using gpu::complain;
using gpu::isDevice;

gpu::Handles handles("cublasHandle_t");

struct Matrix {
  cudaDataType_t type;
  const void* at;
  int leading;
  long long stride;
  int rows;  // as it lies, before any transposition
  int columns;
};

struct Product {
  std::string name;
  bool transposeA;
  bool transposeB;
  int m;
  int n;
  int k;
  int count;
  Matrix a;
  Matrix b;
  Matrix c;
  bool rounded;  // factors to TF32
  bool inDouble;
};

// A scalar that is read when called, or when run if it lies on the device.
struct Scalar {
  const void* pointer;
  bool onDevice;
  bool isDouble;
  double value;

  double get() const {
    return !onDevice ? value : isDouble ? *(const double*)pointer : *(const float*)pointer;
  }
};

std::size_t extent(const Matrix& matrix, int count) {
  return ((std::size_t)matrix.stride * (std::size_t)(count - 1) +
          (std::size_t)matrix.leading * (std::size_t)(matrix.columns - 1) + (std::size_t)matrix.rows) *
         (std::size_t)sizeOf(matrix.type);
}

bool isOnDevice(const Matrix& matrix, int count, const std::string& what) {
  return isDevice(matrix.at, extent(matrix, count), what) &&
         ((std::uintptr_t)matrix.at % (unsigned)sizeOf(matrix.type) == 0 ||
          complain("%s: %p is misaligned", what.c_str(), matrix.at));
}

// One factor of one product, as doubles without gaps, rows x columns of op(X).
std::vector<double> factor(const Matrix& matrix, bool transpose, bool rounded, int which) {
  std::vector<double> values((std::size_t)matrix.rows * (std::size_t)matrix.columns);
  const int rows = transpose ? matrix.columns : matrix.rows;
  for (int j = 0; j < matrix.columns; j++) {
    for (int i = 0; i < matrix.rows; i++) {
      const long long at = matrix.stride * which + (long long)matrix.leading * j + i;
      const double value = load(matrix.type, matrix.at, at);
      const std::size_t to = transpose ? (std::size_t)i * (std::size_t)rows + (std::size_t)j
                                       : (std::size_t)j * (std::size_t)rows + (std::size_t)i;
      values[to] = rounded ? shortened((float)value, 13) : value;
    }
  }
  return values;
}

void multiply(const Product& product, int which, double alpha, double beta) {
  const std::size_t m = (std::size_t)product.m;
  const bool used = product.k > 0 && alpha != 0;
  std::vector<double> a, b;
  if (used) {
    a = factor(product.a, product.transposeA, product.rounded, which);
    b = factor(product.b, product.transposeB, product.rounded, which);
  }
  std::vector<double> column(m);
  for (int j = 0; j < product.n; j++) {
    std::fill(column.begin(), column.end(), 0.0);
    for (int l = 0; used && l < product.k; l++) {
      const double right = b[(std::size_t)j * (std::size_t)product.k + (std::size_t)l];
      const double* left = &a[(std::size_t)l * m];
      for (std::size_t i = 0; i < m; i++) {
        column[i] += left[i] * right;
      }
    }
    for (std::size_t i = 0; i < m; i++) {
      const long long at =
          product.c.stride * which + (long long)product.c.leading * j + (long long)i;
      // What is multiplied by a zero beta is not read: it may be NaN.
      const double before = beta == 0 ? 0 : beta * load(product.c.type, product.c.at, at);
      store(product.c.type, const_cast<void*>(product.c.at), at, alpha * column[i] + before);
    }
  }
}

bool checkRanges(const Product& product) {
  return (product.k == 0 || (isOnDevice(product.a, product.count, product.name + ": A") &&
                             isOnDevice(product.b, product.count, product.name + ": B"))) &&
         isOnDevice(product.c, product.count, product.name + ": C");
}

Scalar scalar(cublasHandle_t handle, const void* pointer, bool isDouble) {
  const bool onDevice = handle->pointers == CUBLAS_POINTER_MODE_DEVICE;
  Scalar result{pointer, onDevice, isDouble, 0};
  if (!onDevice) {
    result.value = isDouble ? *(const double*)pointer : *(const float*)pointer;
  }
  return result;
}

cublasStatus_t start(cublasHandle_t handle, Product product, const void* alpha, const void* beta) {
  if (!handles.has(handle, product.name.c_str())) {
    return CUBLAS_STATUS_NOT_INITIALIZED;
  }
  const gpu::Use use(handle->busy, product.name.c_str());
  if (!use) {
    return CUBLAS_STATUS_INTERNAL_ERROR;
  }
  product.a.rows = product.transposeA ? product.k : product.m;
  product.a.columns = product.transposeA ? product.m : product.k;
  product.b.rows = product.transposeB ? product.n : product.k;
  product.b.columns = product.transposeB ? product.k : product.n;
  product.c.rows = product.m;
  product.c.columns = product.n;
  product.rounded = product.rounded || (handle->math == CUBLAS_TF32_TENSOR_OP_MATH &&
                                        product.a.type == CUDA_R_32F);
  if (product.m < 0 || product.n < 0 || product.k < 0 || product.count < 0 ||
      product.a.leading < std::max(1, product.a.rows) ||
      product.b.leading < std::max(1, product.b.rows) ||
      product.c.leading < std::max(1, product.c.rows) || alpha == nullptr || beta == nullptr) {
    complain("%s: m %d, n %d, k %d, %d times, leading dimensions %d, %d, %d", product.name.c_str(),
             product.m, product.n, product.k, product.count, product.a.leading, product.b.leading,
             product.c.leading);
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (product.m == 0 || product.n == 0 || product.count == 0) {
    return CUBLAS_STATUS_SUCCESS;
  }
  const Scalar first = scalar(handle, alpha, product.inDouble);
  const Scalar second = scalar(handle, beta, product.inDouble);
  const std::size_t bytes = product.inDouble ? 8 : 4;
  if (!checkRanges(product) ||
      (first.onDevice && (!isDevice(alpha, bytes, product.name + ": alpha") ||
                          !isDevice(beta, bytes, product.name + ": beta")))) {
    return CUBLAS_STATUS_EXECUTION_FAILED;
  }
  const std::string name = product.name;
  const gpu::Status status = gpu::enqueue(handle->stream, name.c_str(), [=]() -> gpu::Status {
    if (!checkRanges(product)) {
      return 700;  // cudaErrorIllegalAddress
    }
    for (int which = 0; which < product.count; which++) {
      multiply(product, which, first.get(), second.get());
    }
    return gpu::OK;
  });
  return status == gpu::OK ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

bool isTransposed(cublasOperation_t operation) { return operation != CUBLAS_OP_N; }

bool isOperation(cublasOperation_t operation) {
  return operation >= CUBLAS_OP_N && operation <= CUBLAS_OP_C;
}

// A product whose types go with its compute type, or a refusal.
cublasStatus_t startEx(
    cublasHandle_t handle, Product product, bool operations, cublasComputeType_t computeType,
    const void* alpha, const void* beta) {
  if (!operations || product.a.stride < 0 || product.b.stride < 0 || product.c.stride < 0) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const cudaDataType_t a = product.a.type, b = product.b.type, c = product.c.type;
  const bool inDouble =
      computeType == CUBLAS_COMPUTE_64F || computeType == CUBLAS_COMPUTE_64F_PEDANTIC;
  const bool toTf32 = computeType == CUBLAS_COMPUTE_32F_FAST_TF32;
  const bool inFloat = toTf32 || computeType == CUBLAS_COMPUTE_32F ||
                       computeType == CUBLAS_COMPUTE_32F_PEDANTIC;
  const bool halves = !toTf32 && (a == CUDA_R_16F || a == CUDA_R_16BF);
  const bool legal = a == b && ((inDouble && a == CUDA_R_64F && c == CUDA_R_64F) ||
                                (inFloat && a == CUDA_R_32F && c == CUDA_R_32F) ||
                                (inFloat && halves && (c == a || c == CUDA_R_32F)));
  if (!legal) {
    complain("%s: types %d, %d, %d with compute type %d", product.name.c_str(), a, b, c, computeType);
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  product.rounded = toTf32;
  product.inDouble = inDouble;
  return start(handle, product, alpha, beta);
}

// Checks the handle; for the calls that set something.
#define WITH_HANDLE()                            \
  do {                                           \
    MAY_FAIL(cublasStatus_t);                    \
    if (!handles.has(handle, __func__)) {        \
      return CUBLAS_STATUS_NOT_INITIALIZED;      \
    }                                            \
  } while (0)

}  // namespace

extern "C" {

cublasStatus_t cublasGetProperty(enum libraryPropertyType_t type, int* value) {
  MAY_FAIL(cublasStatus_t);
  *value = type == MAJOR_VERSION ? 13 : 0;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  MAY_FAIL(cublasStatus_t);
  if (handle == nullptr) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (gpu::forbiddenInCapture(__func__) != gpu::OK) {
    return CUBLAS_STATUS_ALLOC_FAILED;
  }
  *handle = new cublasContext;
  handles.add(*handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  MAY_FAIL(cublasStatus_t);
  if (!handles.remove(handle, __func__)) {
    return CUBLAS_STATUS_NOT_INITIALIZED;
  }
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int* version) {
  WITH_HANDLE();
  *version = 130000;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t streamId) {
  WITH_HANDLE();
  if (!gpu::isStream(streamId, __func__)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  handle->stream = streamId;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(
    cublasHandle_t handle, void* workspace, Size workspaceSizeInBytes) {
  WITH_HANDLE();
  const bool aligned = (std::uintptr_t)workspace % 256 == 0;
  return workspaceSizeInBytes == 0 ||
                 (aligned && isDevice(workspace, workspaceSizeInBytes, __func__))
             ? CUBLAS_STATUS_SUCCESS
             : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  WITH_HANDLE();
  handle->math = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t* mode) {
  WITH_HANDLE();
  *mode = handle->math;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
  WITH_HANDLE();
  handle->pointers = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t) {
  WITH_HANDLE();
  return CUBLAS_STATUS_SUCCESS;
}

// As a product whose vectors are matrices of one row each, with the increments between columns.
cublasStatus_t cublasSgemv_v2(
    cublasHandle_t handle, cublasOperation_t trans, int m, int n, const float* alpha, const float* A,
    int lda, const float* x, int incx, const float* beta, float* y, int incy) {
  MAY_FAIL(cublasStatus_t);
  const bool transpose = isTransposed(trans);
  const int rows = transpose ? n : m;
  const int inner = transpose ? m : n;
  if (incx < 1 || incy < 1 || lda < std::max(1, m) || !isOperation(trans)) {
    complain("%s: leading dimension %d of %d rows, increments %d and %d", __func__, lda, m, incx,
             incy);
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  // y^T = x^T op(A)^T
  return start(handle,
               {__func__, false, !transpose, 1, rows, inner, 1,
                {CUDA_R_32F, x, incx, 0, 0, 0}, {CUDA_R_32F, A, lda, 0, 0, 0},
                {CUDA_R_32F, y, incy, 0, 0, 0}, false, false},
               alpha, beta);
}

cublasStatus_t cublasSgemm_v2(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const float* alpha, const float* A, int lda, const float* B, int ldb, const float* beta, float* C,
    int ldc) {
  MAY_FAIL(cublasStatus_t);
  if (!isOperation(transa) || !isOperation(transb)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  return start(handle,
               {__func__, isTransposed(transa), isTransposed(transb), m, n, k, 1,
                {CUDA_R_32F, A, lda, 0, 0, 0}, {CUDA_R_32F, B, ldb, 0, 0, 0},
                {CUDA_R_32F, C, ldc, 0, 0, 0}, false, false},
               alpha, beta);
}

cublasStatus_t cublasDgemm_v2(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const double* alpha, const double* A, int lda, const double* B, int ldb, const double* beta,
    double* C, int ldc) {
  MAY_FAIL(cublasStatus_t);
  if (!isOperation(transa) || !isOperation(transb)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  return start(handle,
               {__func__, isTransposed(transa), isTransposed(transb), m, n, k, 1,
                {CUDA_R_64F, A, lda, 0, 0, 0}, {CUDA_R_64F, B, ldb, 0, 0, 0},
                {CUDA_R_64F, C, ldc, 0, 0, 0}, false, true},
               alpha, beta);
}

cublasStatus_t cublasSgemmStridedBatched(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const float* alpha, const float* A, int lda, long long strideA, const float* B, int ldb,
    long long strideB, const float* beta, float* C, int ldc, long long strideC, int batchCount) {
  MAY_FAIL(cublasStatus_t);
  if (!isOperation(transa) || !isOperation(transb) || strideA < 0 || strideB < 0 || strideC < 0) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  return start(handle,
               {__func__, isTransposed(transa), isTransposed(transb), m, n, k, batchCount,
                {CUDA_R_32F, A, lda, strideA, 0, 0}, {CUDA_R_32F, B, ldb, strideB, 0, 0},
                {CUDA_R_32F, C, ldc, strideC, 0, 0}, false, false},
               alpha, beta);
}

cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const void* alpha, const void* A, enum cudaDataType_t Atype, int lda, long long strideA,
    const void* B, enum cudaDataType_t Btype, int ldb, long long strideB, const void* beta, void* C,
    enum cudaDataType_t Ctype, int ldc, long long strideC, int batchCount,
    cublasComputeType_t computeType, cublasGemmAlgo_t) {
  MAY_FAIL(cublasStatus_t);
  return startEx(handle,
                 {__func__, isTransposed(transa), isTransposed(transb), m, n, k, batchCount,
                  {Atype, A, lda, strideA, 0, 0}, {Btype, B, ldb, strideB, 0, 0},
                  {Ctype, C, ldc, strideC, 0, 0}, false, false},
                 isOperation(transa) && isOperation(transb), computeType, alpha, beta);
}

cublasStatus_t cublasGemmEx(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const void* alpha, const void* A, enum cudaDataType_t Atype, int lda, const void* B,
    enum cudaDataType_t Btype, int ldb, const void* beta, void* C, enum cudaDataType_t Ctype, int ldc,
    cublasComputeType_t computeType, cublasGemmAlgo_t) {
  MAY_FAIL(cublasStatus_t);
  return startEx(handle,
                 {__func__, isTransposed(transa), isTransposed(transb), m, n, k, 1,
                  {Atype, A, lda, 0, 0, 0}, {Btype, B, ldb, 0, 0, 0}, {Ctype, C, ldc, 0, 0, 0},
                  false, false},
                 isOperation(transa) && isOperation(transb), computeType, alpha, beta);
}
}
