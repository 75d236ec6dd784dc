// What the double's NVRTC gives for machine code, and its runtime loads: a shared object with this
// in front.
#pragma once
#include <cstdint>

namespace gpu {

struct Image {
  char magic[8];
  std::uint32_t architecture;  // 90 for sm_90
  std::uint32_t portable;      // compute_90: for newer devices too
  std::uint64_t bytes;
  std::uint64_t check;
};

constexpr char IMAGE_MAGIC[9] = "GATUNDBL";

// FNV-1a.
inline std::uint64_t imageCheck(const char* bytes, std::uint64_t count) {
  std::uint64_t sum = 0xCBF29CE484222325u;
  for (std::uint64_t i = 0; i < count; i++) {
    sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001B3u;
  }
  return sum;
}

}  // namespace gpu
