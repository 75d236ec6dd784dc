// Numbers of cuBLAS' types as doubles. Includes nothing: cublas.cpp has its header.
#pragma once
#include "formats.h"

namespace {

int sizeOf(cudaDataType_t type) {
  return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : type == CUDA_R_16F || type == CUDA_R_16BF ? 2 : 0;
}

double load(cudaDataType_t type, const void* from, long long i) {
  switch (type) {
    case CUDA_R_64F:
      return ((const double*)from)[i];
    case CUDA_R_16F:
      return half(((const std::uint16_t*)from)[i]);
    case CUDA_R_16BF:
      return brain(((const std::uint16_t*)from)[i]);
    default:
      return ((const float*)from)[i];
  }
}

void store(cudaDataType_t type, void* to, long long i, double value) {
  switch (type) {
    case CUDA_R_64F:
      ((double*)to)[i] = value;
      break;
    case CUDA_R_16F:
      ((std::uint16_t*)to)[i] = toHalf(value);
      break;
    case CUDA_R_16BF:
      ((std::uint16_t*)to)[i] = toBrain(value);
      break;
    default:
      ((float*)to)[i] = (float)value;
  }
}

}  // namespace
