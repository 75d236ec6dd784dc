// What the parts of the CUDA double share: the registry of allocations, streams as queues of work,
// calls made to fail, and complaints. Each part includes vendor.h first (see there), then its
// vendor header, then this.
//
// "Device" memory is host memory between two guard pages. A stream runs nothing until something
// waits for it, so that a host that does not wait reads, or spoils, what it should not.
#pragma once
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

struct CUstream_st;

namespace gpu {

// cudaError_t as a number: the parts have different vendor headers.
using Status = int;
constexpr Status OK = 0;

// Counts a call of this name; what it is to return if it was told to fail now, else 0.
// GATUN_DOUBLE_FAIL or gatunDoubleFail: "cudaMalloc:3=2,cudnnRNNForward:1=5000" makes the third
// call from then on of cudaMalloc return 2.
int injected(const char* function);

// First line of every exported function that returns a status:
//   cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
//     MAY_FAIL(cudnnStatus_t);
#define MAY_FAIL(Type)                                     \
  do {                                                     \
    if (const int failed_ = ::gpu::injected(__func__)) {   \
      return (Type)failed_;                                \
    }                                                      \
  } while (0)

// One line on stderr, "cuda double: ...", as of printf. Returns false, for `return complain(...)`.
bool complain(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Guards all state of the double; held while work runs. Recursive.
std::recursive_mutex& lock();
using Locked = std::lock_guard<std::recursive_mutex>;

// Whether [pointer, pointer + bytes) lies in one live device allocation; complains if not, naming
// `what` ("cublasSgemm: A"). Zero bytes: the pointer may be anything but must not be null.
bool isDevice(const void* pointer, std::size_t bytes, const std::string& what);

// Whether nothing of the range is device memory, and pinned memory is not left half-way.
bool isHost(const void* pointer, std::size_t bytes, const std::string& what);

// Whether the pointer is in a live pinned (or registered) host allocation. Never complains.
bool isPinned(const void* pointer);

// Whether what follows the allocation is untouched; complains if not.
bool isIntact(const void* pointer, const std::string& what);

// Whether this is a live stream (or the null stream); complains if not.
bool isStream(CUstream_st* stream, const std::string& what);

// Does the work when the stream gets there; keeps it, to be repeated, if the stream is captured.
// It is called with lock() held. Returns what a CUDA call would: 0, or why it cannot be queued. The
// work returns 0 or a cudaError_t, which the next call that waits for the stream returns. The work
// must hold copies of all that the caller may change after its call (alpha, beta, sequence lengths
// on the host), and check device ranges when called or when run, as it likes: the range checks are
// cheap.
Status enqueue(CUstream_st* stream, const char* name, std::function<Status()> work);

// Whether the stream is being captured.
bool isCapturing(CUstream_st* stream);

// For calls that a capture forbids (host waits, allocations): 0, or
// cudaErrorStreamCaptureUnsupported if this thread must not make such a call now; the capture is
// then invalid.
Status forbiddenInCapture(const char* function);

// Allocates and frees device memory of the current device inside a library; null if there is none.
void* allocate(std::size_t bytes, const char* purpose);
Status release(void* pointer, const char* function);

// Runs all that the stream still has to do; its pending error or 0.
Status drain(CUstream_st* stream);

// A handle's use by one thread at a time: `Use use(handle->busy, __func__); if (!use) return ...;`
class Use {
 public:
  Use(std::atomic<bool>& busy, const char* function) : busy_(busy), mine_(!busy.exchange(true)) {
    if (!mine_) {
      complain("%s: another thread is using this handle", function);
    }
  }
  ~Use() {
    if (mine_) {
      busy_ = false;
    }
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  explicit operator bool() const { return mine_; }

 private:
  std::atomic<bool>& busy_;
  const bool mine_;
};

// The live handles of a kind: `static Handles handles{"cudnnHandle_t"};`. remove: false if it was
// none, which is said on stderr.
class Handles {
 public:
  explicit Handles(const char* type) : type_(type) {}
  void add(const void* handle);
  bool has(const void* handle, const char* function);
  bool remove(const void* handle, const char* function);

 private:
  const char* type_;
};

}  // namespace gpu
