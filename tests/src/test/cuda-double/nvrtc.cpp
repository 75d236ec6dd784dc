// NVRTC: g++ over the source with shim.h in front.
#include "vendor.h"
extern "C" {
#include "nvrtc.h"
}
#undef size_t
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "double.h"
#include "image.h"

extern char** environ;

// Given by the build: the folder of shim.h, and a number that changes with the double's sources.
#ifndef DOUBLE_FOLDER
#define DOUBLE_FOLDER "."
#endif
#ifndef DOUBLE_BUILD
#define DOUBLE_BUILD 1
#endif

struct _nvrtcProgram {
  std::string source;
  std::string name;
  std::map<std::string, std::string> headers;
  std::string log;
  std::string image;
  bool portable = false;
};

namespace {

gpu::Handles programs("nvrtcProgram");

const int ARCHITECTURES[] = {75, 80, 90, 100};

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool write(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  return (bool)out.flush();
}

// The exit status; -1 if it could not be started.
int run(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& each : command) {
    arguments.push_back(const_cast<char*>(each.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child;
  const int failed = posix_spawnp(&child, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed) {
    return -1;
  }
  int status = -1;
  pid_t ended;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  // The JVM may have reaped it: the library then tells whether all went well.
  return ended < 0 ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The source between shim.h and the table of its kernels.
std::string translated(const std::string& source, const std::string& name) {
  static const std::regex dynamic(
      R"(extern\s+__shared__\s+(?:__align__\(\d+\)\s*)?([\w ]+?)\s*\b(\w+)\s*\[\s*\])");
  static const std::regex kernel(
      R"(extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\()");
  std::string text = "#include \"shim.h\"\n#line 1 \"" + name + "\"\n";
  text += std::regex_replace(source, dynamic, "$1* const $2 = ($1*)gatunHost->dynamicShared()");
  text += "\n#line 1 \"kernels\"\nstatic const GatunKernel gatunKernels[] = {\n";
  for (std::sregex_iterator at(source.begin(), source.end(), kernel), end; at != end; ++at) {
    text += "GATUN_KERNEL(" + (*at)[1].str() + ")\n";
  }
  return text + "{nullptr, 0, nullptr, nullptr}};\nGATUN_MODULE\n";
}

// The architecture asked for; 0 if an option is wrong.
int architecture(nvrtcProgram program, int count, const char* const* options) {
  int asked = 75;
  for (int i = 0; i < count; i++) {
    const std::string option = options[i];
    const std::size_t equals = option.find('=');
    const std::string key = option.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
    if (key == "--gpu-architecture" || key == "-arch") {
      program->portable = value.rfind("compute_", 0) == 0;
      const std::string number = value.substr(std::min(value.size(), value.find('_') + 1));
      asked = atoi(number.c_str());
      if (std::find(std::begin(ARCHITECTURES), std::end(ARCHITECTURES), asked) ==
          std::end(ARCHITECTURES)) {
        program->log = "nvrtc: error: invalid value for --gpu-architecture (" + value + ")\n";
        return 0;
      }
    } else if (key != "--std" && key != "-std" && key != "--use_fast_math" && key != "--fmad" &&
               key != "-lineinfo" && key != "-default-device" && key != "--device-debug") {
      program->log = "nvrtc: error: unrecognized option " + option + "\n";
      return 0;
    }
  }
  return asked;
}

nvrtcResult compile(nvrtcProgram program, int target, const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& header : program->headers) {
    files.push_back(folder + "/" + header.first);
    write(files.back(), header.second);
  }
  const std::string source = folder + "/source.cpp";
  const std::string library = folder + "/library.so";
  const std::string log = folder + "/log";
  write(source, translated(program->source, program->name));
  const int status = run({"g++", "-std=c++17", "-O1", "-shared", "-fPIC", "-fvisibility=hidden",
                          "-ffp-contract=off", "-fno-strict-aliasing",
                          "-fno-delete-null-pointer-checks", "-I" DOUBLE_FOLDER,
                          "-I" + folder, source, "-o", library},
                         log);
  program->log = read(log);
  const std::string bytes = read(library);
  for (const std::string& file : {source, library, log}) {
    unlink(file.c_str());
  }
  for (const std::string& file : files) {
    unlink(file.c_str());
  }
  if (status < 0) {
    program->log = "g++, which the double compiles with, could not be started\n";
  }
  if (status != 0 || bytes.empty()) {
    return NVRTC_ERROR_COMPILATION;
  }
  gpu::Image head{{}, (std::uint32_t)target, program->portable, bytes.size(),
                  gpu::imageCheck(bytes.data(), bytes.size())};
  memcpy(head.magic, gpu::IMAGE_MAGIC, sizeof head.magic);
  program->image = std::string((const char*)&head, sizeof head) + bytes;
  return NVRTC_SUCCESS;
}

}  // namespace

extern "C" {

const char* nvrtcGetErrorString(nvrtcResult result) {
  switch (result) {
    case NVRTC_SUCCESS:
      return "NVRTC_SUCCESS";
    case NVRTC_ERROR_OUT_OF_MEMORY:
      return "NVRTC_ERROR_OUT_OF_MEMORY";
    case NVRTC_ERROR_PROGRAM_CREATION_FAILURE:
      return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case NVRTC_ERROR_INVALID_INPUT:
      return "NVRTC_ERROR_INVALID_INPUT";
    case NVRTC_ERROR_INVALID_PROGRAM:
      return "NVRTC_ERROR_INVALID_PROGRAM";
    case NVRTC_ERROR_INVALID_OPTION:
      return "NVRTC_ERROR_INVALID_OPTION";
    case NVRTC_ERROR_COMPILATION:
      return "NVRTC_ERROR_COMPILATION";
    case NVRTC_ERROR_INTERNAL_ERROR:
      return "NVRTC_ERROR_INTERNAL_ERROR";
    default:
      return "NVRTC_ERROR unknown";
  }
}

nvrtcResult nvrtcVersion(int* major, int* minor) {
  MAY_FAIL(nvrtcResult);
  *major = 0;
  *minor = DOUBLE_BUILD;  // kernels kept on disk are compiled again when shim.h changes
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetNumSupportedArchs(int* numArchs) {
  MAY_FAIL(nvrtcResult);
  *numArchs = (int)std::size(ARCHITECTURES);
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetSupportedArchs(int* supportedArchs) {
  MAY_FAIL(nvrtcResult);
  std::copy(std::begin(ARCHITECTURES), std::end(ARCHITECTURES), supportedArchs);
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCreateProgram(
    nvrtcProgram* prog, const char* src, const char* name, int numHeaders, const char* const* headers,
    const char* const* includeNames) {
  MAY_FAIL(nvrtcResult);
  if (prog == nullptr || src == nullptr || numHeaders < 0) {
    return NVRTC_ERROR_INVALID_INPUT;
  }
  *prog = new _nvrtcProgram;
  (*prog)->source = src;
  (*prog)->name = name == nullptr ? "default_program" : name;
  for (int i = 0; i < numHeaders; i++) {
    (*prog)->headers[includeNames[i]] = headers[i];
  }
  programs.add(*prog);
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram* prog) {
  MAY_FAIL(nvrtcResult);
  if (prog == nullptr || !programs.remove(*prog, __func__)) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  delete *prog;
  *prog = nullptr;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram prog, int numOptions, const char* const* options) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__)) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  const int target = architecture(prog, numOptions, options);
  if (target == 0) {
    return NVRTC_ERROR_INVALID_OPTION;
  }
  const char* temporary = getenv("TMPDIR");
  std::string folder = std::string(temporary == nullptr ? "/tmp" : temporary) + "/double-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return NVRTC_ERROR_INTERNAL_ERROR;
  }
  const nvrtcResult result = compile(prog, target, folder);
  rmdir(folder.c_str());
  return result;
}

nvrtcResult nvrtcGetCUBINSize(nvrtcProgram prog, Size* cubinSizeRet) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__)) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  *cubinSizeRet = prog->portable ? 0 : prog->image.size();  // none for compute_90
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetCUBIN(nvrtcProgram prog, char* cubin) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__) || prog->portable || prog->image.empty()) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  memcpy(cubin, prog->image.data(), prog->image.size());
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetPTXSize(nvrtcProgram prog, Size* ptxSizeRet) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__)) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  *ptxSizeRet = prog->image.size();
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetPTX(nvrtcProgram prog, char* ptx) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__) || prog->image.empty()) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  memcpy(ptx, prog->image.data(), prog->image.size());
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram prog, Size* logSizeRet) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__)) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  *logSizeRet = prog->log.size() + 1;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetProgramLog(nvrtcProgram prog, char* log) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__)) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  memcpy(log, prog->log.c_str(), prog->log.size() + 1);
  return NVRTC_SUCCESS;
}

// Kernels are extern "C": a name is its own lowered name.
nvrtcResult nvrtcAddNameExpression(nvrtcProgram prog, const char* const) {
  MAY_FAIL(nvrtcResult);
  return programs.has(prog, __func__) ? NVRTC_SUCCESS : NVRTC_ERROR_INVALID_PROGRAM;
}

nvrtcResult nvrtcGetLoweredName(
    nvrtcProgram prog, const char* const name_expression, const char** lowered_name) {
  MAY_FAIL(nvrtcResult);
  if (!programs.has(prog, __func__)) {
    return NVRTC_ERROR_INVALID_PROGRAM;
  }
  *lowered_name = name_expression;
  return NVRTC_SUCCESS;
}
}
