// Numbers of 16 bits, and floats with fewer of them. Includes nothing.
#pragma once

namespace {

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
  return sign | (std::uint16_t)(((exponent + 14) << 10) + (bits - 1024));
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

}  // namespace
