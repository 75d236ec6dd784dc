// Numbers of cuBLAS' types as doubles. Includes nothing: cublas.cpp has its header.
#pragma once

namespace {

int sizeOf(cudaDataType_t type) {
  return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : type == CUDA_R_16F || type == CUDA_R_16BF ? 2 : 0;
}

float half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const float size = exponent == 31  ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? ldexpf((float)fraction, -24)
                                     : ldexpf((float)(fraction + 1024), exponent - 25);
  return bits >> 15 ? -size : size;
}

// To the nearest, to even if there are two.
std::uint16_t toHalf(double value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double size = std::fabs(value);
  if (std::isnan(value)) {
    return 0x7E00;
  }
  if (size >= 65520) {
    return sign | 0x7C00;
  }
  if (size < 6.103515625e-5) {  // 2^-14: below are the subnormal numbers
    return sign | (std::uint16_t)std::nearbyint(size * 16777216);
  }
  int exponent;
  const double fraction = std::frexp(size, &exponent);  // in [0.5, 1)
  const long long bits = (long long)std::nearbyint(fraction * 2048);
  return sign | (std::uint16_t)(((exponent + 13) << 10) + (bits - 1024));
}

float brain(std::uint16_t bits) {
  const std::uint32_t wide = (std::uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

// Keeps the upper bits of a float, to the nearest even.
float shortened(float value, int dropped) {
  std::uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (std::isfinite(value)) {
    bits += (1u << (dropped - 1)) - 1 + (bits >> dropped & 1);
    bits &= ~((1u << dropped) - 1);
    memcpy(&value, &bits, sizeof value);
  }
  return value;
}

std::uint16_t toBrain(double value) {
  const float kept = shortened((float)value, 16);
  std::uint32_t bits;
  memcpy(&bits, &kept, sizeof bits);
  return std::isnan(value) ? 0x7FC0 : (std::uint16_t)(bits >> 16);
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
