// Compiled sources, their kernels and launches; faults inside of them.
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "image.h"
#include "streams.h"
#include "threads.h"

namespace {

constexpr int CAPABILITY = 90;
constexpr Size STATIC_LIMIT = 48 * 1024;
constexpr int OPT_IN_LIMIT = 227 * 1024;
constexpr unsigned MOST_THREADS = 1024;
constexpr unsigned MOST_ROWS = 65535;

// What each kernel takes at least if a test has said so; below a second.
std::atomic<long> kernelNanos{0};

}  // namespace

struct CUkern_st {
  GatunKernel kernel;
  GatunModule module;
  Size dynamicLimit;
};

struct CUlib_st {
  void* handle;
  GatunModule module;
  std::map<std::string, std::unique_ptr<CUkern_st>> kernels;
};

namespace gpu {
namespace {

Handles libraries("cudaLibrary_t");
Handles kernelHandles("cudaKernel_t");

// A launch's own copy of its arguments.
struct Arguments {
  std::vector<std::vector<char>> values;
  std::vector<void*> pointers;
};

std::shared_ptr<Arguments> copied(const GatunKernel& kernel, void** args) {
  auto copy = std::make_shared<Arguments>();
  copy->values.resize((std::size_t)kernel.count);
  for (int i = 0; i < kernel.count; i++) {
    const char* value = (const char*)args[i];
    copy->values[i].assign(value, value + kernel.arguments[i].bytes);
    copy->pointers.push_back(copy->values[i].data());
  }
  return copy;
}

Status checkPointers(
    const GatunKernel& kernel, const Arguments& arguments, int device, bool after) {
  for (int i = 0; i < kernel.count; i++) {
    const int alignment = kernel.arguments[i].alignment;
    if (alignment == 0) {
      continue;
    }
    char* pointer;
    memcpy(&pointer, arguments.values[i].data(), sizeof pointer);
    if (pointer == nullptr) {
      continue;
    }
    const std::string what = std::string(kernel.name) + ": argument " + std::to_string(i);
    // A block's end is a good address, of no elements.
    const bool atEnd = find(pointer) == nullptr && find(pointer - 1) != nullptr;
    if (after ? !isIntact(pointer, what) : !atEnd && !isDevice(pointer, 0, what)) {
      return cudaErrorIllegalAddress;
    }
    const Allocation* block = find(pointer);
    if (block != nullptr && block->device != device) {
      complain("%s: memory of device %d on a stream of device %d", what.c_str(), block->device,
               device);
      return cudaErrorIllegalAddress;
    }
    if ((std::uintptr_t)pointer % (unsigned)alignment != 0) {
      complain("%s: %p is not aligned to %d bytes", what.c_str(), (void*)pointer, alignment);
      return cudaErrorMisalignedAddress;
    }
  }
  return OK;
}

thread_local sigjmp_buf* trap = nullptr;
thread_local void* faultAddress = nullptr;
struct sigaction previous[2];

void onFault(int signal, siginfo_t* info, void* context) {
  if (trap != nullptr) {
    faultAddress = info->si_addr;
    siglongjmp(*trap, 1);
  }
  const struct sigaction& before = previous[signal == SIGBUS];
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(signal, info, context);  // the JVM has its own
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  } else {
    sigaction(signal, &before, nullptr);  // and again, to die of it
  }
}

void installHandlers() {
  static const bool installed = [] {
    struct sigaction action = {};
    action.sa_sigaction = onFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &previous[0]);
    sigaction(SIGBUS, &action, &previous[1]);
    return true;
  }();
  (void)installed;
}

bool isValid(const cudaLaunchConfig_st& config) {
  const struct dim3& grid = config.gridDim;
  const struct dim3& block = config.blockDim;
  const unsigned long long threads = (unsigned long long)block.x * block.y * block.z;
  return (threads > 0 && threads <= MOST_THREADS && block.z <= 64 && grid.x > 0 && grid.y > 0 &&
          grid.z > 0 && grid.x <= 0x7FFFFFFF && grid.y <= MOST_ROWS && grid.z <= MOST_ROWS) ||
         complain("a launch of %u x %u x %u blocks of %u x %u x %u threads", grid.x, grid.y, grid.z,
                  block.x, block.y, block.z);
}

// Writes the shared object to a file and opens it.
void* open(const char* bytes, std::size_t count) {
  const char* temporary = getenv("TMPDIR");
  std::string file = std::string(temporary == nullptr ? "/tmp" : temporary) + "/kernels-XXXXXX";
  const int opened = mkstemp(file.data());
  if (opened < 0) {
    complain("cannot make %s", file.c_str());
    return nullptr;
  }
  const bool written = write(opened, bytes, count) == (ssize_t)count;
  close(opened);
  void* handle = written ? dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (handle == nullptr) {
    complain("cannot load kernels: %s", written ? dlerror() : "not written");
  }
  unlink(file.c_str());
  return handle;
}

}  // namespace

Status guarded(const char* name, const std::function<Status()>& work) {
  installHandlers();
  sigjmp_buf here;
  sigjmp_buf* const outer = trap;
  if (sigsetjmp(here, 1) != 0) {
    trap = outer;
    complain("%s: an access to %p, which is %s", name, faultAddress,
             describe(faultAddress).c_str());
    abandonThreads();
    return cudaErrorIllegalAddress;
  }
  trap = &here;
  const Status status = work();
  trap = outer;
  return status;
}

}  // namespace gpu

using namespace gpu;

extern "C" {

cudaError_t cudaLibraryLoadData(
    cudaLibrary_t* library, const void* code, void*, void**, unsigned int numJitOptions, void*,
    void**, unsigned int numLibraryOptions) {
  CUDA_CALL();
  if (const Status status = forbiddenInCapture(__func__)) {
    return told(status);
  }
  Image head;
  if (library == nullptr || code == nullptr || numJitOptions != 0 || numLibraryOptions != 0) {
    return told(cudaErrorInvalidValue);
  }
  memcpy(&head, code, sizeof head);
  const char* bytes = (const char*)code + sizeof head;
  if (memcmp(head.magic, IMAGE_MAGIC, sizeof head.magic) != 0 ||
      imageCheck(bytes, head.bytes) != head.check) {
    return told(cudaErrorInvalidKernelImage);
  }
  if (head.portable ? head.architecture > CAPABILITY : head.architecture != CAPABILITY) {
    return told(cudaErrorNoKernelImageForDevice);
  }
  void* handle = open(bytes, head.bytes);
  if (handle == nullptr) {
    return told(cudaErrorSharedObjectInitFailed);
  }
  const auto module = (GatunModule(*)(const GatunHost*))dlsym(handle, "gatunModule");
  if (module == nullptr) {
    return told(cudaErrorInvalidKernelImage);
  }
  *library = new CUlib_st{handle, module(&DEVICE), {}};
  libraries.add(*library);
  return cudaSuccess;
}

cudaError_t cudaLibraryUnload(cudaLibrary_t library) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!libraries.remove(library, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  drainDevice();
  for (const auto& each : library->kernels) {
    kernelHandles.remove(each.second.get(), __func__);
  }
  dlclose(library->handle);
  delete library;
  return cudaSuccess;
}

cudaError_t cudaLibraryGetKernel(cudaKernel_t* pKernel, cudaLibrary_t library, const char* name) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!libraries.has(library, __func__)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  std::unique_ptr<CUkern_st>& found = library->kernels[name];
  if (found == nullptr) {
    const GatunKernel* kernel = library->module.kernels;
    while (kernel->name != nullptr && strcmp(kernel->name, name) != 0) {
      kernel++;
    }
    if (kernel->name == nullptr) {
      library->kernels.erase(name);
      return told(cudaErrorSymbolNotFound);
    }
    found.reset(new CUkern_st{*kernel, library->module, STATIC_LIMIT});
    kernelHandles.add(found.get());
  }
  *pKernel = found.get();
  return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void* func, enum cudaFuncAttribute attr, int value) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!kernelHandles.has(func, __func__)) {
    return told(cudaErrorInvalidDeviceFunction);
  }
  if (attr == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value < 0 || value > OPT_IN_LIMIT) {
      return told(cudaErrorInvalidValue);
    }
    ((CUkern_st*)func)->dynamicLimit = (Size)value;
  }
  return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(
    int* numBlocks, const void* func, int blockSize, Size dynamicSMemSize) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!kernelHandles.has(func, __func__)) {
    return told(cudaErrorInvalidDeviceFunction);
  }
  if (blockSize < 1 || blockSize > (int)MOST_THREADS) {
    return told(cudaErrorInvalidValue);
  }
  const int byMemory = dynamicSMemSize == 0 ? 32 : (int)(OPT_IN_LIMIT / dynamicSMemSize);
  *numBlocks = std::min({32, 2048 / blockSize, byMemory});
  return cudaSuccess;
}

cudaError_t cudaLaunchKernelExC(
    const struct cudaLaunchConfig_st* config, const void* func, void** args) {
  CUDA_CALL();
  const Locked locked(lock());
  if (!kernelHandles.has(func, __func__)) {
    return told(cudaErrorInvalidDeviceFunction);
  }
  const CUkern_st* kernel = (const CUkern_st*)func;
  if (!isStream(config->stream, kernel->kernel.name)) {
    return told(cudaErrorInvalidResourceHandle);
  }
  const int device = resolve(config->stream)->device;
  if (device != currentDevice()) {
    complain("%s: device %d is current, the stream is of device %d", kernel->kernel.name,
             currentDevice(), device);
    return told(cudaErrorInvalidResourceHandle);
  }
  if (!isValid(*config)) {
    return told(cudaErrorInvalidConfiguration);
  }
  if (config->dynamicSmemBytes > kernel->dynamicLimit) {
    complain("%s: %llu bytes of dynamic shared memory, %llu are allowed", kernel->kernel.name,
             config->dynamicSmemBytes, kernel->dynamicLimit);
    return told(cudaErrorInvalidValue);
  }
  const std::shared_ptr<Arguments> arguments = copied(kernel->kernel, args);
  const Launch launch{&kernel->kernel,   kernel->module, config->gridDim,
                      config->blockDim, (std::size_t)config->dynamicSmemBytes,
                      arguments->pointers.data()};
  return told(enqueue(config->stream, kernel->kernel.name, [launch, arguments, device] {
    if (const timespec time = {0, kernelNanos}; time.tv_nsec > 0) {
      nanosleep(&time, nullptr);
    }
    Status status = checkPointers(*launch.kernel, *arguments, device, false);
    status = status != OK ? status : run(launch);
    return status != OK ? status : checkPointers(*launch.kernel, *arguments, device, true);
  }));
}

// Every kernel takes this long from now on.
void gatunDoubleSlowKernels(long microseconds) { kernelNanos = 1000 * microseconds; }
}
