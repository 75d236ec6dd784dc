package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.bindings.generated.nvrtc.nvrtc_h;
import dev.gatun.kernels.CudaSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.Collectors;

/**
 * NVRTC: compiles CUDA C, with or without a device. Its caller has made sure by {@link
 * dev.gatun.bindings.Cuda#probe} that it is there.
 */
public final class Compiler {
  /** What every source may include. */
  private static final List<String> HEADERS =
      List.of(
          "gatun.cuh",
          "cells.cuh",
          "gru.cuh",
          "lstm.cuh",
          "persistent.cuh",
          "persistent_cell.cuh",
          "persistent_norm.cuh",
          "simple.cuh");

  /**
   * A compiled source.
   *
   * @param image machine code or PTX
   * @param log the compiler's warnings; empty if there are none
   */
  // The bytes are handed on at once, never compared or kept.
  @SuppressWarnings("ArrayRecordComponent")
  public record Compiled(byte[] image, String log) {}

  private Compiler() {}

  /** The text of all that a source may include: part of a compiled kernel's name. */
  static String headers() {
    return HEADERS.stream().map(CudaSource::read).collect(Collectors.joining());
  }

  /** NVRTC's version, part of a compiled kernel's name. */
  static String version() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, 2);
      Calls.compiler(nvrtc_h.nvrtcVersion(numbers, numbers.asSlice(Integer.BYTES)), "nvrtcVersion");
      return numbers.getAtIndex(ValueLayout.JAVA_INT, 0)
          + "."
          + numbers.getAtIndex(ValueLayout.JAVA_INT, 1);
    }
  }

  /**
   * What to compile for: machine code ({@code sm_90}) where NVRTC knows the device, else the newest
   * older architecture's PTX ({@code compute_90}), which the driver translates.
   *
   * @throws DeviceException if the device is older than all that NVRTC knows
   */
  public static String target(int capability) {
    int newest = 0;
    for (int architecture : architectures()) {
      if (architecture == capability) {
        return "sm_" + architecture;
      }
      if (architecture < capability) {
        newest = Math.max(newest, architecture);
      }
    }
    if (newest == 0) {
      throw new DeviceException(
          "the device's compute capability %d.%d is older than all that NVRTC compiles for"
              .formatted(capability / 10, capability % 10));
    }
    return "compute_" + newest;
  }

  /** What NVRTC compiles for, 90 for 9.0. */
  private static int[] architectures() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      Calls.compiler(nvrtc_h.nvrtcGetNumSupportedArchs(count), "nvrtcGetNumSupportedArchs");
      MemorySegment all = arena.allocate(ValueLayout.JAVA_INT, count.get(ValueLayout.JAVA_INT, 0));
      Calls.compiler(nvrtc_h.nvrtcGetSupportedArchs(all), "nvrtcGetSupportedArchs");
      return all.toArray(ValueLayout.JAVA_INT);
    }
  }

  /**
   * Compiles a source of {@link CudaSource}.
   *
   * @param target as {@link #target}
   * @throws DeviceException with the first error and, as its cause, the log, if the source is wrong
   */
  public static Compiled compile(String file, String target) {
    return compile(file, CudaSource.read(file), target);
  }

  /**
   * Compiles.
   *
   * @param file what the log calls it
   * @param source may include our headers
   * @param target as {@link #target}
   * @throws DeviceException with the log, if the source is wrong
   */
  public static Compiled compile(String file, String source, String target) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      int count = HEADERS.size();
      MemorySegment headers = arena.allocate(ValueLayout.ADDRESS, count);
      MemorySegment names = arena.allocate(ValueLayout.ADDRESS, count);
      for (int i = 0; i < count; i++) {
        String header = HEADERS.get(i);
        headers.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(CudaSource.read(header)));
        names.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(header));
      }
      Calls.compiler(
          nvrtc_h.nvrtcCreateProgram(
              pointer, arena.allocateFrom(source), arena.allocateFrom(file), count, headers, names),
          "nvrtcCreateProgram");
      try {
        return compile(arena, pointer.get(ValueLayout.ADDRESS, 0), file, target);
      } finally {
        nvrtc_h.nvrtcDestroyProgram(pointer);
      }
    }
  }

  private static Compiled compile(Arena arena, MemorySegment program, String file, String target) {
    MemorySegment options = arena.allocate(ValueLayout.ADDRESS, 2);
    options.setAtIndex(ValueLayout.ADDRESS, 0, arena.allocateFrom("--gpu-architecture=" + target));
    options.setAtIndex(ValueLayout.ADDRESS, 1, arena.allocateFrom("--std=c++17"));
    int status = nvrtc_h.nvrtcCompileProgram(program, 2, options);
    String log = log(arena, program);
    if (status != nvrtc_h.NVRTC_SUCCESS()) {
      String reason = nvrtc_h.nvrtcGetErrorString(status).getString(0);
      DeviceException failure =
          new DeviceException(
              "compiling %s for %s: %s%s".formatted(file, target, reason, firstError(log)));
      failure.initCause(new IllegalStateException(log));
      throw failure;
    }
    return new Compiled(image(arena, program, target.startsWith("sm_")), log);
  }

  /** What a log of many lines begins with, to follow the reason; empty for an empty log. */
  private static String firstError(String log) {
    return log.lines()
        .filter(line -> line.contains("error"))
        .findFirst()
        .or(() -> log.lines().findFirst())
        .map(line -> ": " + line.strip())
        .orElse("");
  }

  private static String log(Arena arena, MemorySegment program) {
    MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
    Calls.compiler(nvrtc_h.nvrtcGetProgramLogSize(program, size), "nvrtcGetProgramLogSize");
    MemorySegment log = arena.allocate(size.get(ValueLayout.JAVA_LONG, 0) + 1);
    Calls.compiler(nvrtc_h.nvrtcGetProgramLog(program, log), "nvrtcGetProgramLog");
    return log.getString(0).strip();
  }

  private static byte[] image(Arena arena, MemorySegment program, boolean machineCode) {
    MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
    int status =
        machineCode
            ? nvrtc_h.nvrtcGetCUBINSize(program, size)
            : nvrtc_h.nvrtcGetPTXSize(program, size);
    Calls.compiler(status, "nvrtcGetCUBINSize");
    MemorySegment image = arena.allocate(size.get(ValueLayout.JAVA_LONG, 0));
    status =
        machineCode ? nvrtc_h.nvrtcGetCUBIN(program, image) : nvrtc_h.nvrtcGetPTX(program, image);
    Calls.compiler(status, "nvrtcGetCUBIN");
    return image.toArray(ValueLayout.JAVA_BYTE);
  }
}
