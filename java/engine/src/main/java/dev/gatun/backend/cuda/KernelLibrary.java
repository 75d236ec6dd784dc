package dev.gatun.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.backend.DeviceException;
import dev.gatun.bindings.CachedFile;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.kernels.CudaSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The kernels of one CUDA source, compiled for a device. Kept on disk by the hash of source,
 * architecture and compiler: compiling takes 30 ms and more for each source. Loaded once for each
 * device and kept as long as the process.
 */
final class KernelLibrary {
  private static final String FOLDER = "cuda";

  /** Ours are some 100 kB. */
  private static final long MOST_BYTES = 64L << 20;

  private static final Map<String, KernelLibrary> LOADED = new ConcurrentHashMap<>();

  private final String file;
  private final MemorySegment library;
  private final Map<String, MemorySegment> kernels = new ConcurrentHashMap<>();

  private KernelLibrary(String file, MemorySegment library) {
    this.file = file;
    this.library = library;
  }

  /**
   * The kernels of {@code file} for the current device.
   *
   * @throws DeviceException with the compiler's log if they do not compile
   */
  static KernelLibrary of(Device device, String file) {
    return of(device, file, "");
  }

  /**
   * The same with {@code defines}, whole lines, in front of the source.
   *
   * @throws DeviceException as {@link #of(Device, String)}
   */
  static KernelLibrary of(Device device, String file, String defines) {
    return LOADED.computeIfAbsent(
        device.name() + "/" + file + "/" + defines, _ -> load(device, file, defines));
  }

  /**
   * Compiles and loads every source: what a device cannot run is known before work begins.
   *
   * @throws DeviceException as {@link #of(Device, String)}
   */
  static void loadAll(Device device) {
    CudaSource.KERNELS.forEach(file -> of(device, file));
  }

  private static KernelLibrary load(Device device, String file, String defines) {
    String source = defines + CudaSource.read(file);
    String target = Compiler.target(device.capability());
    String name =
        "%s-%s-%s"
            .formatted(file, target, hash(source, Compiler.headers(), target, Compiler.version()));
    byte[] image = CachedFile.read(FOLDER, name, MOST_BYTES);
    if (image == null) {
      image = Compiler.compile(file, source, target).image();
      try {
        CachedFile.write(FOLDER, name, image);
      } catch (IOException e) {
        // The next process compiles again; nothing else is lost.
        System.Logger log = System.getLogger(KernelLibrary.class.getName());
        log.log(System.Logger.Level.WARNING, "compiled kernels are not kept: " + e.getMessage());
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocate(image.length + 1L); // PTX ends with a zero
      MemorySegment.copy(image, 0, code, ValueLayout.JAVA_BYTE, 0, image.length);
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment none = MemorySegment.NULL;
      Calls.runtime(
          cudart_h.cudaLibraryLoadData(pointer, code, none, none, 0, none, none, 0),
          "cudaLibraryLoadData of " + name);
      return new KernelLibrary(file, pointer.get(ValueLayout.ADDRESS, 0));
    }
  }

  private static String hash(String... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        digest.update(part.getBytes(UTF_8));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 12);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** The kernel of a name, an {@code extern "C" __global__} function of the source. */
  MemorySegment kernel(String name) {
    return kernels.computeIfAbsent(name, this::find);
  }

  private MemorySegment find(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.runtime(
          cudart_h.cudaLibraryGetKernel(pointer, library, arena.allocateFrom(name)),
          "cudaLibraryGetKernel of " + name + " in " + file);
      return pointer.get(ValueLayout.ADDRESS, 0);
    }
  }
}
