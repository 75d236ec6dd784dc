// Allocations, calls made to fail, complaints and handles.
#include "runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <deque>

namespace gpu {
namespace {

// As cudaMalloc aligns.
constexpr std::size_t ALIGNMENT = 256;
// Freed blocks whose addresses are not used again: a use after free then faults.
constexpr std::size_t QUARANTINE = 2000;
constexpr unsigned char GARBAGE = 0xFF;
constexpr unsigned char CANARY = 0xCA;

struct Plan {
  std::string function;
  long call;
  int status;
};

std::map<std::uintptr_t, Allocation> live;
std::deque<Allocation> freed;
std::map<int, std::size_t> used;
std::map<std::string, std::set<const void*>> handlesOf;

std::mutex countsLock;
std::map<std::string, long> counts;
std::map<std::string, long> sincePlan;
std::vector<Plan> plans;
bool environmentRead = false;
std::atomic<long> limit{0};  // bytes of device memory if a test has set it

std::mutex complaintLock;
std::string lastComplaint;
long complaints = 0;

std::size_t page() {
  static const std::size_t bytes = (std::size_t)sysconf(_SC_PAGESIZE);
  return bytes;
}

std::size_t roundUp(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

// "cudaMalloc:3=2,cudnnRNNForward:1=5000"
void plan(const char* text) {
  plans.clear();
  sincePlan.clear();
  std::string rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string item = rest.substr(0, comma);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    const std::size_t colon = item.find(':');
    const std::size_t equals = item.find('=');
    if (colon == std::string::npos || equals == std::string::npos || equals < colon) {
      complain("cannot read \"%s\" of what is to fail: FUNCTION:CALL=STATUS", item.c_str());
      continue;
    }
    plans.push_back({item.substr(0, colon), atol(item.c_str() + colon + 1),
                     atoi(item.c_str() + equals + 1)});
  }
}

// The bytes between a block and its guard page.
bool isIntact(const Allocation& block, const std::string& what) {
  const char* end = block.start + roundUp(std::max<std::size_t>(block.bytes, 1), ALIGNMENT);
  for (const char* at = block.start + block.bytes; block.mapping != nullptr && at < end; at++) {
    if ((unsigned char)*at != CANARY) {
      return complain("%s: written %td bytes behind a block of %zu bytes", what.c_str(),
                      at - block.start - (std::ptrdiff_t)block.bytes, block.bytes);
    }
  }
  return true;
}

}  // namespace

std::recursive_mutex& lock() {
  static std::recursive_mutex mutex;
  return mutex;
}

bool complain(const char* format, ...) {
  char text[1000];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const std::lock_guard<std::mutex> locked(complaintLock);
  fprintf(stderr, "cuda double: %s\n", text);
  lastComplaint = text;
  complaints++;
  return false;
}

int injected(const char* function) {
  const std::lock_guard<std::mutex> locked(countsLock);
  if (!environmentRead) {
    environmentRead = true;
    plan(getenv("GATUN_DOUBLE_FAIL"));
  }
  counts[function]++;
  const long call = ++sincePlan[function];
  for (const Plan& each : plans) {
    if (each.call == call && each.function == function) {
      return each.status;
    }
  }
  return 0;
}

const Allocation* find(const void* pointer) {
  const auto at = (std::uintptr_t)pointer;
  auto next = live.upper_bound(at);
  if (next == live.begin()) {
    return nullptr;
  }
  const Allocation& block = (--next)->second;
  return at - (std::uintptr_t)block.start < std::max<std::size_t>(block.bytes, 1) ? &block
                                                                                  : nullptr;
}

std::string describe(const void* pointer) {
  const Locked locked(lock());
  char text[200];
  if (const Allocation* block = find(pointer)) {
    snprintf(text, sizeof text, "%s, %td bytes into a block of %zu",
             block->kind == Kind::DEVICE ? "device memory" : "pinned host memory",
             (const char*)pointer - block->start, block->bytes);
    return text;
  }
  for (const Allocation& block : freed) {
    if (pointer >= block.mapping && pointer < block.mapping + block.mapped) {
      snprintf(text, sizeof text, "%s: a block of %zu bytes",
               block.kind == Kind::DEVICE ? "freed device memory" : "freed pinned memory",
               block.bytes);
      return text;
    }
  }
  for (const auto& each : live) {
    const Allocation& block = each.second;
    if (pointer >= block.mapping && pointer < block.mapping + block.mapped) {
      snprintf(text, sizeof text, "%td bytes from the start of a block of %zu bytes",
               (const char*)pointer - block.start, block.bytes);
      return text;
    }
  }
  return pointer == nullptr ? "null" : "host memory or no memory at all";
}

bool isDevice(const void* pointer, std::size_t bytes, const std::string& what) {
  const Locked locked(lock());
  const Allocation* block = find(pointer);
  if (block == nullptr || block->kind != Kind::DEVICE) {
    return complain("%s: %p is not device memory, it is %s", what.c_str(), pointer,
                    describe(pointer).c_str());
  }
  const std::size_t left = block->bytes - (std::size_t)((const char*)pointer - block->start);
  return bytes <= left || complain("%s: %zu bytes of device memory, but only %zu are left of the "
                                   "block of %zu bytes",
                                   what.c_str(), bytes, left, block->bytes);
}

bool isHost(const void* pointer, std::size_t bytes, const std::string& what) {
  const Locked locked(lock());
  const char* from = (const char*)pointer;
  if (pointer == nullptr) {
    return complain("%s: null", what.c_str());
  }
  const Allocation* block = find(pointer);
  if (block != nullptr && block->kind == Kind::DEVICE) {
    return complain("%s: %p is device memory", what.c_str(), pointer);
  }
  if (block != nullptr) {
    const std::size_t left = block->bytes - (std::size_t)(from - block->start);
    return bytes <= left || complain("%s: %zu bytes of pinned memory, but only %zu are left",
                                     what.c_str(), bytes, left);
  }
  for (const Allocation& gone : freed) {
    if (from < gone.mapping + gone.mapped && from + bytes > gone.mapping) {
      return complain("%s: %p is %s", what.c_str(), pointer, describe(pointer).c_str());
    }
  }
  return true;
}

bool isPinned(const void* pointer) {
  const Locked locked(lock());
  const Allocation* block = find(pointer);
  return block != nullptr && block->kind != Kind::DEVICE;
}

bool isIntact(const void* pointer, const std::string& what) {
  const Locked locked(lock());
  const Allocation* block = find(pointer);
  return block == nullptr || isIntact(*block, what);
}

std::size_t totalBytes() {
  if (limit > 0) {
    return (std::size_t)limit;
  }
  const char* set = getenv("GATUN_DOUBLE_MEMORY");
  return set == nullptr ? (std::size_t)1 << 30 : (std::size_t)strtoull(set, nullptr, 10);
}

std::size_t freeBytes(int device) {
  const Locked locked(lock());
  const std::size_t total = totalBytes();
  return total - std::min(total, used[device]);
}

void* obtain(std::size_t bytes, Kind kind) {
  const Locked locked(lock());
  const int device = currentDevice();
  const std::size_t taken = roundUp(std::max<std::size_t>(bytes, 1), ALIGNMENT);
  if (bytes > (std::size_t)1 << 46 || (kind == Kind::DEVICE && taken > freeBytes(device))) {
    return nullptr;
  }
  const std::size_t body = roundUp(taken, page());
  const std::size_t mapped = body + 2 * page();
  void* memory = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return nullptr;
  }
  char* mapping = (char*)memory;
  if (mprotect(mapping + page(), body, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapping, mapped);
    return nullptr;
  }
  char* start = mapping + page() + body - taken;  // ends at the guard page
  memset(start, GARBAGE, bytes);
  memset(start + bytes, CANARY, taken - bytes);
  live[(std::uintptr_t)start] = {start, bytes, kind, device, mapping, mapped};
  if (kind == Kind::DEVICE) {
    used[device] += taken;
  }
  return start;
}

Status giveBack(void* pointer, Kind kind, const char* function) {
  const Locked locked(lock());
  const auto found = live.find((std::uintptr_t)pointer);
  if (found == live.end() || found->second.kind != kind) {
    complain("%s: %p is no start of such a block, it is %s", function, pointer,
             describe(pointer).c_str());
    return cudaErrorInvalidValue;
  }
  const Allocation block = found->second;
  const bool intact = isIntact(block, function);
  if (kind == Kind::DEVICE) {
    used[block.device] -= roundUp(std::max<std::size_t>(block.bytes, 1), ALIGNMENT);
  }
  live.erase(found);
  // Takes the memory back and leaves the addresses to fault.
  mmap(block.mapping, block.mapped, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  freed.push_back(block);
  if (freed.size() > QUARANTINE) {
    munmap(freed.front().mapping, freed.front().mapped);
    freed.pop_front();
  }
  return intact ? OK : (Status)cudaErrorIllegalAddress;
}

bool registerHost(void* pointer, std::size_t bytes) {
  const Locked locked(lock());
  if (bytes == 0 || !isHost(pointer, bytes, "cudaHostRegister") || find(pointer) != nullptr) {
    return false;
  }
  live[(std::uintptr_t)pointer] = {(char*)pointer, bytes,   Kind::REGISTERED,
                                   currentDevice(), nullptr, 0};
  return true;
}

bool unregisterHost(void* pointer) {
  const Locked locked(lock());
  const auto found = live.find((std::uintptr_t)pointer);
  if (found == live.end() || found->second.kind != Kind::REGISTERED) {
    return complain("cudaHostUnregister: %p was never registered", pointer);
  }
  live.erase(found);
  return true;
}

void Handles::add(const void* handle) {
  const Locked locked(lock());
  handlesOf[type_].insert(handle);
}

bool Handles::has(const void* handle, const char* function) {
  const Locked locked(lock());
  return handlesOf[type_].count(handle) > 0 ||
         complain("%s: %p is no %s, or no longer", function, handle, type_);
}

bool Handles::remove(const void* handle, const char* function) {
  const Locked locked(lock());
  return handlesOf[type_].erase(handle) > 0 ||
         complain("%s: %p is no %s, or no longer", function, handle, type_);
}

}  // namespace gpu

// For the tests.
extern "C" {

// Makes calls fail as GATUN_DOUBLE_FAIL does, counted from now.
void gatunDoubleFail(const char* text) {
  const std::lock_guard<std::mutex> locked(gpu::countsLock);
  gpu::environmentRead = true;
  gpu::plan(text);
}

// Lets every call work again, forgets complaints, counts and errors.
void gatunDoubleReset() {
  {
    const std::lock_guard<std::mutex> locked(gpu::countsLock);
    gpu::environmentRead = true;
    gpu::plan(nullptr);
    gpu::counts.clear();
  }
  {
    const std::lock_guard<std::mutex> locked(gpu::complaintLock);
    gpu::lastComplaint.clear();
    gpu::complaints = 0;
  }
  gpu::limit = 0;
  gpu::forgetErrors();
}

// Bytes of device memory from now on, instead of GATUN_DOUBLE_MEMORY; 0 for that.
void gatunDoubleMemory(long bytes) { gpu::limit = bytes; }

long gatunDoubleCalls(const char* function) {
  const std::lock_guard<std::mutex> locked(gpu::countsLock);
  return gpu::counts[function];
}

// Copies the names of all functions called since gatunDoubleReset, a line each.
void gatunDoubleCalled(char* text, long room) {
  const std::lock_guard<std::mutex> locked(gpu::countsLock);
  std::string names;
  for (const auto& each : gpu::counts) {
    names += each.first + "\n";
  }
  snprintf(text, (std::size_t)room, "%s", names.c_str());
}

long gatunDoubleComplaints() {
  const std::lock_guard<std::mutex> locked(gpu::complaintLock);
  return gpu::complaints;
}

// Copies the last complaint; "" if there is none.
void gatunDoubleComplaint(char* text, long room) {
  const std::lock_guard<std::mutex> locked(gpu::complaintLock);
  snprintf(text, (std::size_t)room, "%s", gpu::lastComplaint.c_str());
}

// Live blocks of device memory, of pinned memory, and bytes of the first.
long gatunDoubleBlocks() {
  const gpu::Locked locked(gpu::lock());
  long count = 0;
  for (const auto& each : gpu::live) {
    count += each.second.kind == gpu::Kind::DEVICE;
  }
  return count;
}

long gatunDoublePinned() {
  const gpu::Locked locked(gpu::lock());
  long count = 0;
  for (const auto& each : gpu::live) {
    count += each.second.kind == gpu::Kind::PINNED;
  }
  return count;
}

long gatunDoubleBytes() {
  const gpu::Locked locked(gpu::lock());
  long bytes = 0;
  for (const auto& each : gpu::live) {
    bytes += each.second.kind == gpu::Kind::DEVICE ? (long)each.second.bytes : 0;
  }
  return bytes;
}

// Live handles of a type: "cudaStream_t", "cudnnHandle_t", ...
long gatunDoubleHandles(const char* type) {
  const gpu::Locked locked(gpu::lock());
  return (long)gpu::handlesOf[type].size();
}
}
