#include "gatun.cuh"

// Rows of a table that ids name. An id outside the table has no row: the lookup shows it.

// marks[ids[i]] = i: where an id stands several times one of its places wins, no matter which.
extern "C" __global__ void markRows(i64 rows, int vocabulary, const int* ids, int* marks) {
  for (i64 i = firstIndex(); i < rows; i += indexStride()) {
    const int id = ids[i];
    if (id >= 0 && id < vocabulary) {
      marks[id] = (int)i;
    }
  }
}

// Scales each row [width] whose norm is above maxNorm by maxNorm / (norm + 1e-7). A block has a
// place; the one that is marked has the row.
extern "C" __global__ void limitRows(
    i64 rows, int width, int vocabulary, const int* ids, const int* marks, double maxNorm,
    float* table) {
  for (i64 i = blockIdx.x; i < rows; i += gridDim.x) {
    const int id = ids[i];
    if (id < 0 || id >= vocabulary || marks[id] != i) {
      continue;  // the whole block
    }
    float* row = table + (i64)id * width;
    double sum = 0;
    for (int c = threadIdx.x; c < width; c += BLOCK) {
      sum += (double)row[c] * row[c];
    }
    const double norm = sqrt(blockSum(sum));
    if (norm > maxNorm) {
      const float factor = (float)(maxNorm / (norm + 1e-7));
      for (int c = threadIdx.x; c < width; c += BLOCK) {
        row[c] *= factor;
      }
    }
  }
}
