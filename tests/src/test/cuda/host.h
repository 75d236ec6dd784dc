// Runs CUDA C on the host: the threads of a block are coroutines that change at each barrier, so
// that one processor does what a device's would, in an order that the caller chooses.
#pragma once
#include <math.h>
#include <ucontext.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static  // one block runs at a time

struct Index {
  unsigned x;
};

static Index threadIdx, blockIdx, gridDim;

namespace host {
constexpr size_t STACK = 64 * 1024;

struct Thread {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[STACK]};
  bool done;
};

static std::vector<Thread> threads;
static ucontext_t scheduler;
static Thread* current;
static std::function<void()> body;

static void enter() {
  body();
  current->done = true;
}

// Runs a block from barrier to barrier. False if some threads end where others wait.
static bool block(bool reversed) {
  const int n = (int)threads.size();
  for (Thread& thread : threads) {
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.get();
    thread.context.uc_stack.ss_size = STACK;
    thread.context.uc_link = &scheduler;
    thread.done = false;
    makecontext(&thread.context, enter, 0);
  }
  for (;;) {
    int done = 0;
    for (int k = 0; k < n; k++) {
      const int i = reversed ? n - 1 - k : k;
      threadIdx.x = i;
      current = &threads[i];
      swapcontext(&scheduler, &current->context);
      done += current->done;
    }
    if (done > 0) {
      return done == n;
    }
  }
}

template <auto Kernel>
struct Arguments;

template <class... A, void (*Kernel)(A...)>
struct Arguments<Kernel> {
  static void call(void** pointers) { call(pointers, std::index_sequence_for<A...>()); }
  template <size_t... I>
  static void call(void** pointers, std::index_sequence<I...>) {
    Kernel(*(A*)pointers[I]...);
  }
};

template <auto Kernel>
int launch(int blocks, int blockThreads, int reversed, void** pointers) {
  threads = std::vector<Thread>(blockThreads);
  body = [=] { Arguments<Kernel>::call(pointers); };
  gridDim.x = blocks;
  for (int b = 0; b < blocks; b++) {
    blockIdx.x = reversed ? blocks - 1 - b : b;
    if (!block(reversed)) {
      return 1;
    }
  }
  return 0;
}
}  // namespace host

static void __syncthreads() { swapcontext(&host::current->context, &host::scheduler); }

// Makes a kernel callable: 0, or 1 if its threads parted at a barrier.
#define KERNEL(name)                                                                             \
  extern "C" int launch_##name(int blocks, int blockThreads, int reversed, void** pointers) {    \
    return host::launch<name>(blocks, blockThreads, reversed, pointers);                         \
  }
