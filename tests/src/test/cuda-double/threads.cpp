// Runs the threads of a block as coroutines: a thread runs until a barrier or a shuffle, then the
// next one; when all have come there, they go on.
#include "threads.h"

#include <setjmp.h>
#include <stdio.h>
#include <ucontext.h>

namespace gpu {
namespace {

constexpr std::size_t STACK = 64 * 1024;
constexpr unsigned WARP = 32;
constexpr unsigned MOST_THREADS = 1024;
// Shared memory is poisoned for so many blocks of a launch: enough to show a kernel that reads what
// it has not written.
constexpr unsigned POISONED_BLOCKS = 8;

enum class State { IDLE, RUNNING, BARRIER, WARP_BARRIER };

struct Fibre {
  jmp_buf here;
  ucontext_t start;
  std::unique_ptr<char[]> stack{new char[STACK]};
  bool started = false;
  State state = State::IDLE;
  unsigned thread = 0;
  int line = 0;
};

// A block that runs. Guarded by lock(), as everything here.
struct Block {
  const Launch* launch;
  unsigned threads;
  unsigned next;  // the first thread that has not started
  bool reversed;
  bool failed;
};

std::vector<std::unique_ptr<Fibre>> fibres;
std::vector<Fibre*> idle;
std::vector<Fibre*> waiting;
Fibre* current;
Block block;
jmp_buf scheduler;
std::vector<char> dynamicShared;
unsigned long long slots[MOST_THREADS];

// Apart, so that no local variable lives across the jump.
__attribute__((noinline)) void yield(Fibre* fibre) {
  if (_setjmp(fibre->here) == 0) {
    _longjmp(scheduler, 1);
  }
}

void become(unsigned thread) {
  const dim3& size = block.launch->block;
  uint3* index = block.launch->module.threadIdx;
  index->x = thread % size.x;
  index->y = thread / size.x % size.y;
  index->z = thread / size.x / size.y;
}

// A fibre takes thread after thread; one that waits at a barrier leaves the rest to others.
void work() {
  Fibre* me = current;
  for (;;) {
    while (block.next < block.threads) {
      const unsigned turn = block.next++;
      me->thread = block.reversed ? block.threads - 1 - turn : turn;
      become(me->thread);
      block.launch->kernel->call(block.launch->arguments);
    }
    me->state = State::IDLE;
    yield(me);
  }
}

__attribute__((noinline)) void resume(Fibre* fibre) {
  current = fibre;
  fibre->state = State::RUNNING;
  if (_setjmp(scheduler) == 0) {
    if (fibre->started) {
      _longjmp(fibre->here, 1);
    }
    fibre->started = true;
    getcontext(&fibre->start);
    fibre->start.uc_stack.ss_sp = fibre->stack.get();
    fibre->start.uc_stack.ss_size = STACK;
    fibre->start.uc_link = nullptr;
    makecontext(&fibre->start, work, 0);
    setcontext(&fibre->start);
  }
}

Fibre* take() {
  if (idle.empty()) {
    fibres.push_back(std::make_unique<Fibre>());
    return fibres.back().get();
  }
  Fibre* fibre = idle.back();
  idle.pop_back();
  return fibre;
}

void settle(Fibre* fibre) {
  (fibre->state == State::IDLE ? idle : waiting).push_back(fibre);
}

void wait(State state, int line) {
  Fibre* me = current;
  me->state = state;
  me->line = line;
  yield(me);
}

void barrier(int line) { wait(State::BARRIER, line); }

void warpBarrier(unsigned mask, int line) {
  if (mask != 0xFFFFFFFFu && !block.failed) {
    block.failed = true;
    complain("%s: a shuffle with the mask 0x%08x; the double has full warps only",
             block.launch->kernel->name, mask);
  }
  wait(State::WARP_BARRIER, line);
}

char* shared() { return dynamicShared.data(); }

unsigned long long* slotsOfBlock() { return slots; }

bool parted(const char* how) {
  block.failed = true;
  return complain("%s: %s", block.launch->kernel->name, how);
}

// Takes from `waiting` those that may go on; none if the threads have parted.
std::vector<Fibre*> released() {
  std::vector<Fibre*> free;
  const bool all = std::all_of(waiting.begin(), waiting.end(),
                               [](Fibre* each) { return each->state == State::BARRIER; });
  if (all) {
    const int line = waiting.front()->line;
    char text[200];
    if (waiting.size() < block.threads) {
      snprintf(text, sizeof text, "%zu of %u threads wait at __syncthreads() of line %d, the others "
               "have ended", waiting.size(), block.threads, line);
      parted(text);
      return free;
    }
    for (const Fibre* each : waiting) {
      if (each->line != line) {
        snprintf(text, sizeof text, "threads wait at __syncthreads() of line %d and of line %d",
                 line, each->line);
        parted(text);
        return free;
      }
    }
    free.swap(waiting);
    return free;
  }
  std::map<unsigned, unsigned> present;
  for (const Fibre* each : waiting) {
    present[each->thread / WARP] += each->state == State::WARP_BARRIER;
  }
  std::vector<Fibre*> rest;
  for (Fibre* each : waiting) {
    const unsigned warp = each->thread / WARP;
    const unsigned size = std::min(WARP, block.threads - warp * WARP);
    (present[warp] == size ? free : rest).push_back(each);
  }
  waiting.swap(rest);
  if (free.empty()) {
    parted("some threads of a warp are at a shuffle or __syncwarp(), others have ended or wait "
           "elsewhere");
  }
  return free;
}

bool runBlock() {
  while (block.next < block.threads) {
    Fibre* fibre = take();
    resume(fibre);
    settle(fibre);
  }
  while (!waiting.empty() && !block.failed) {
    for (Fibre* fibre : released()) {
      become(fibre->thread);
      resume(fibre);
      settle(fibre);
    }
  }
  return !block.failed;
}

}  // namespace

const GatunHost DEVICE = {barrier, warpBarrier, slotsOfBlock, shared};

void abandonThreads() {
  waiting.clear();
  idle.clear();
  fibres.clear();
}

Status run(const Launch& launch) {
  const unsigned threads = launch.block.x * launch.block.y * launch.block.z;
  *launch.module.blockDim = launch.block;
  *launch.module.gridDim = launch.grid;
  dynamicShared.resize(launch.dynamicBytes + 1);
  unsigned number = 0;
  uint3* index = launch.module.blockIdx;
  for (unsigned z = 0; z < launch.grid.z; z++) {
    for (unsigned y = 0; y < launch.grid.y; y++) {
      for (unsigned x = 0; x < launch.grid.x; x++, number++) {
        *index = {x, y, z};
        if (number < POISONED_BLOCKS) {
          memset(launch.module.shared, 0xFF,
                 (std::size_t)(launch.module.sharedEnd - launch.module.shared));
          memset(dynamicShared.data(), 0xFF, dynamicShared.size());
        }
        // Every second block backwards, for what depends on the order of threads.
        block = {&launch, threads, 0, number % 2 == 1, false};
        if (!runBlock()) {
          abandonThreads();
          return cudaErrorLaunchFailure;
        }
      }
    }
  }
  return OK;
}

}  // namespace gpu
