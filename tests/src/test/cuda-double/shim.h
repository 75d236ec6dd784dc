// In front of every CUDA source that the double compiles: CUDA C as C++. The threads of a block are
// coroutines, which the double changes at barriers and shuffles. No clocks, textures, inline PTX
// or grid barriers: sources with them need a plain twin.
#pragma once
#include <math.h>
#include <stddef.h>
#include <string.h>

#include <type_traits>
#include <utility>

#ifndef GATUN_DOUBLE_HOST  // cudart.h has it
struct dim3 {
  unsigned x, y, z;
};
#endif
struct uint3 {
  unsigned x, y, z;
};

// How launch.cpp and a compiled source know each other.
struct GatunHost {
  void (*barrier)(int line);
  void (*warpBarrier)(unsigned mask, int line);
  unsigned long long* (*slots)();  // eight bytes for each thread of the block
  char* (*dynamicShared)();
};

struct GatunArgument {
  int bytes;
  int alignment;  // of what it points to; 0 if it is no pointer
};

struct GatunKernel {
  const char* name;
  int count;
  const GatunArgument* arguments;
  void (*call)(void** pointers);
};

struct GatunModule {
  const GatunKernel* kernels;  // the last one has no name
  uint3* threadIdx;
  uint3* blockIdx;
  dim3* blockDim;
  dim3* gridDim;
  char* shared;  // static shared memory
  char* sharedEnd;
};

#ifndef GATUN_DOUBLE_HOST

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __align__(n) alignas(n)
#define __CUDA_ARCH__ 900

// Not in .bss, which is poisoned: only shared memory is there.
#define GATUN_DATA __attribute__((section(".data")))
GATUN_DATA static uint3 threadIdx = {};
GATUN_DATA static uint3 blockIdx = {};
GATUN_DATA static dim3 blockDim = {};
GATUN_DATA static dim3 gridDim = {};
GATUN_DATA static const GatunHost* gatunHost = nullptr;
static constexpr int warpSize = 32;

struct alignas(8) float2 { float x, y; };
struct float3 { float x, y, z; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline double2 make_double2(double x, double y) { return {x, y}; }
static inline int2 make_int2(int x, int y) { return {x, y}; }
static inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }

#define __syncthreads() gatunHost->barrier(__LINE__)
#define __syncwarp(...) gatunHost->warpBarrier(gatunMask(__VA_ARGS__), __LINE__)
#define __threadfence() ((void)0)
#define __threadfence_block() ((void)0)

static inline unsigned gatunMask(unsigned mask = 0xFFFFFFFFu) { return mask; }

static inline int gatunThread() {
  return (int)(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
}

// What lane `from` of this thread's part of the warp has; this thread's own where there is none.
template <class T>
static inline T gatunShuffle(unsigned mask, T value, int from, bool inside, int line) {
  static_assert(sizeof(T) <= 8, "a shuffle moves at most eight bytes");
  unsigned long long* slots = gatunHost->slots();
  const int thread = gatunThread();
  memcpy(&slots[thread], &value, sizeof(T));
  gatunHost->warpBarrier(mask, line);
  T result = value;
  const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
  const int other = thread / warpSize * warpSize + from;
  if (inside && other < (int)threads) {
    memcpy(&result, &slots[other], sizeof(T));
  }
  gatunHost->warpBarrier(mask, line);  // before the next one writes
  return result;
}

template <class T>
static inline T gatunShift(unsigned mask, T value, int shift, int width, int line) {
  const int lane = gatunThread() % warpSize;
  const int first = lane / width * width;
  const int from = lane + shift;
  return gatunShuffle(mask, value, from, from >= first && from < first + width, line);
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = warpSize) {
  return gatunShift(mask, value, (int)by, width, 0);
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = warpSize) {
  return gatunShift(mask, value, -(int)by, width, 0);
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = warpSize) {
  const int lane = gatunThread() % warpSize;
  const int from = lane ^ lanes;
  return gatunShuffle(mask, value, from, from / width <= lane / width, 0);
}
template <class T>
static inline T __shfl_sync(unsigned mask, T value, int from, int width = warpSize) {
  const int lane = gatunThread() % warpSize;
  return gatunShuffle(mask, value, lane / width * width + (from & (width - 1)), true, 0);
}

static inline unsigned __ballot_sync(unsigned mask, int predicate) {
  unsigned long long* slots = gatunHost->slots();
  const int thread = gatunThread();
  slots[thread] = predicate != 0;
  gatunHost->warpBarrier(mask, 0);
  const int first = thread / warpSize * warpSize;
  const int threads = (int)(blockDim.x * blockDim.y * blockDim.z);
  unsigned result = 0;
  for (int lane = 0; lane < warpSize && first + lane < threads; lane++) {
    result |= (unsigned)slots[first + lane] << lane;
  }
  gatunHost->warpBarrier(mask, 0);
  return result;
}
static inline int __any_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, predicate) != 0;
}
static inline int __all_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, !predicate) == 0;
}

// Integers only: sums of floats must not depend on the order of threads.
template <class T>
static inline T atomicAdd(T* address, T value) {
  static_assert(std::is_integral_v<T>, "float atomics are not deterministic");
  const T old = *address;
  *address = (T)(old + value);
  return old;
}
template <class T>
static inline T atomicMax(T* address, T value) {
  static_assert(std::is_integral_v<T>, "integers only");
  const T old = *address;
  *address = value > old ? value : old;
  return old;
}
template <class T>
static inline T atomicExch(T* address, T value) {
  const T old = *address;
  *address = value;
  return old;
}

template <class T>
static inline T __ldg(const T* address) { return *address; }
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
// The C library has other functions of these names.
#define __expf expf
#define __logf logf
#define __log2f log2f
#define __powf powf
#define __sinf sinf
#define __cosf cosf
static inline float __frcp_rn(float x) { return 1 / x; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fsub_rn(float x, float y) { return x - y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
static inline double __dadd_rn(double x, double y) { return x + y; }
static inline double __dmul_rn(double x, double y) { return x * y; }
static inline float __saturatef(float x) { return x > 1 ? 1 : x > 0 ? x : 0; }
static inline unsigned __umulhi(unsigned x, unsigned y) {
  return (unsigned)((unsigned long long)x * y >> 32);
}
static inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  return (unsigned long long)((unsigned __int128)x * y >> 64);
}
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }

template <class To, class From>
static inline To gatunBits(From from) {
  static_assert(sizeof(To) == sizeof(From), "bits of the same size");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}
static inline int __float_as_int(float x) { return gatunBits<int>(x); }
static inline unsigned __float_as_uint(float x) { return gatunBits<unsigned>(x); }
static inline float __int_as_float(int x) { return gatunBits<float>(x); }
static inline float __uint_as_float(unsigned x) { return gatunBits<float>(x); }
static inline long long __double_as_longlong(double x) { return gatunBits<long long>(x); }
static inline double __longlong_as_double(long long x) { return gatunBits<double>(x); }

template <class A, class B>
static inline std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) {
    return fmin((T)a, (T)b);
  } else {
    return (T)b < (T)a ? (T)b : (T)a;
  }
}
template <class A, class B>
static inline std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) {
    return fmax((T)a, (T)b);
  } else {
    return (T)a < (T)b ? (T)b : (T)a;
  }
}

template <auto Kernel>
struct GatunCall;

template <class... A, void (*Kernel)(A...)>
struct GatunCall<Kernel> {
  template <class T>
  static constexpr int alignment() {
    if constexpr (!std::is_pointer_v<T>) {
      return 0;
    } else if constexpr (std::is_void_v<std::remove_pointer_t<T>>) {
      return 1;
    } else {
      return (int)alignof(std::remove_pointer_t<T>);
    }
  }
  static constexpr int COUNT = (int)sizeof...(A);
  static constexpr GatunArgument ARGUMENTS[] = {{(int)sizeof(A), alignment<A>()}..., {0, 0}};
  static void call(void** pointers) { call(pointers, std::index_sequence_for<A...>()); }
  template <size_t... I>
  static void call(void** pointers, std::index_sequence<I...>) {
    Kernel(*(A*)pointers[I]...);
  }
};

#define GATUN_KERNEL(name) \
  { #name, GatunCall<name>::COUNT, GatunCall<name>::ARGUMENTS, GatunCall<name>::call },

// What the double puts behind the source.
#define GATUN_MODULE                                                                         \
  extern "C" char __bss_start[] __attribute__((visibility("hidden")));                       \
  extern "C" char _end[] __attribute__((visibility("hidden")));                              \
  extern "C" __attribute__((visibility("default"))) GatunModule gatunModule(                 \
      const GatunHost* host) {                                                               \
    gatunHost = host;                                                                        \
    return {gatunKernels, &threadIdx, &blockIdx, &blockDim, &gridDim, __bss_start, _end};    \
  }

#endif
