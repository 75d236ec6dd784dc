package dev.gatun.bindings;

import dev.gatun.bindings.generated.libc.Dl_info;
import dev.gatun.bindings.generated.libc.libc_h;
import dev.gatun.bindings.generated.openblas.cblas_h;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One attempt to load OpenBLAS; {@link OpenBlas} documents the search order. */
final class OpenBlasLoader {
  static final String PATH = "gatun.openblas.path";
  static final String CHOICE = "gatun.openblas";

  private static final String NAME = "OpenBLAS";

  /** Its multithreaded GEMM has a race. */
  private static final String REFUSED = "0.3.30";

  private static final Pattern VERSION = Pattern.compile("OpenBLAS (\\d+(?:\\.\\d+)+\\S*)");

  /**
   * Libraries OpenBLAS may need, in load order; libgfortran does not find libquadmath by itself.
   */
  private static final List<String> COMPANIONS =
      List.of(
          "libgcc_s.so.1",
          "libquadmath.so.0",
          "libgfortran.so.5",
          "libgcc_s.1.1.dylib",
          "libquadmath.0.dylib",
          "libgfortran.5.dylib");

  /** Cores whose kernels use 512-bit vectors. */
  private static final List<String> WIDE_CORES =
      List.of("SkylakeX", "Cooperlake", "SapphireRapids");

  private final List<String> searched = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  /** Known after {@link #load}. */
  List<String> warnings() {
    return List.copyOf(warnings);
  }

  LibraryStatus load() {
    List<Path> files;
    try {
      files = find();
    } catch (CacheFolder.UnusableException e) {
      return failed(null, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return failed(
          null, "unpacking failed: " + e.getMessage() + "; set -D" + PATH + " to use a file");
    } catch (IllegalArgumentException e) {
      return failed(null, String.valueOf(e.getMessage()));
    }
    if (files.isEmpty()) {
      return failed(null, missing());
    }
    Path library = files.getLast();
    for (Path file : files) {
      @Nullable String problem = SharedObject.problem(file);
      if (problem != null) {
        return failed(library, problem + remedy());
      }
    }
    prepareEnvironment();
    for (Path file : files) {
      try {
        System.load(file.toString());
      } catch (UnsatisfiedLinkError e) {
        return failed(
            library, "loading " + file + " failed: " + e.getMessage() + noexec(e) + remedy());
      }
    }
    return check(library);
  }

  private List<Path> find() throws IOException {
    @Nullable String path = Settings.get(PATH);
    if (path != null) {
      Path file = Path.of(path).toAbsolutePath().normalize();
      searched.add(Settings.source(PATH) + ": " + file);
      return withCompanions(file);
    }
    @Nullable String choice = Settings.get(CHOICE);
    if (choice == null || choice.equals("bundled")) {
      return OpenBlasCarrier.unpack(searched);
    }
    if (choice.equals("system")) {
      return system();
    }
    throw new IllegalArgumentException(
        Settings.source(CHOICE) + "=" + choice + " is not known; use system or bundled");
  }

  private List<Path> system() {
    List<Path> folders = new ArrayList<>(SystemFolders.libraries());
    // Where OpenBLAS's own `make install` and Homebrew put it.
    folders.add(Path.of("/opt/OpenBLAS/lib"));
    folders.add(Path.of("/opt/homebrew/opt/openblas/lib"));
    folders.add(Path.of("/usr/local/opt/openblas/lib"));
    for (Path folder : folders) {
      for (String name : Platform.CURRENT.openBlasNames()) {
        Path file = folder.resolve(name);
        boolean found = Files.isRegularFile(file);
        searched.add(file + (found ? ": found" : ": none"));
        if (found) {
          return withCompanions(file);
        }
      }
    }
    return List.of();
  }

  private static List<Path> withCompanions(Path library) {
    List<Path> files = new ArrayList<>();
    for (String name : COMPANIONS) {
      Path beside = library.resolveSibling(name);
      if (Files.isRegularFile(beside)) {
        files.add(beside);
      }
    }
    files.add(library);
    return files;
  }

  private static String remedy() {
    return Settings.get(PATH) == null
        ? ""
        : "; correct " + Settings.source(PATH) + " or remove it to use the bundled library";
  }

  /** The usual cause of what the linker words so: it may map the file, but not to execute it. */
  private static String noexec(UnsatisfiedLinkError e) {
    return String.valueOf(e.getMessage()).contains("failed to map segment")
            && Settings.get(PATH) == null
        ? "; where its file system is mounted noexec, give a folder of another with"
            + " -Dgatun.cache=DIR or GATUN_CACHE=DIR"
        : "";
  }

  private static String missing() {
    String other = "; or set -D" + PATH + "=FILE";
    if ("system".equals(Settings.get(CHOICE))) {
      return "the system has none in the folders searched; install libopenblas, or remove "
          + Settings.source(CHOICE)
          + " to use the bundled library"
          + other;
    }
    return "no carrier jar for "
        + Platform.CURRENT.classifier()
        + "; put org.bytedeco:openblas with that classifier on the class path or module path"
        + other;
  }

  /** Runs before the library's initialiser, which reads these once. */
  private void prepareEnvironment() {
    SortedMap<String, String> user = NativeEnvironment.variables();
    @Nullable String threads = user.get("OPENBLAS_NUM_THREADS");
    if (threads != null && !threads.equals("1")) {
      warnings.add(
          "OPENBLAS_NUM_THREADS="
              + threads
              + " is overridden by 1: the engine runs its own threads over OpenBLAS; unset it");
    }
    NativeEnvironment.set("OPENBLAS_NUM_THREADS", "1");
    if (!user.containsKey("OPENBLAS_CORETYPE") && cpuIsWide()) {
      NativeEnvironment.set("OPENBLAS_CORETYPE", wideCore());
    }
  }

  /** The flags OpenBLAS's 512-bit kernels are compiled for. */
  private static boolean cpuIsWide() {
    return NativeEnvironment.cpuHas("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");
  }

  /**
   * The core OpenBLAS should choose by itself on a CPU with AVX-512. Its table of models lags
   * behind new CPUs (OpenBLAS issue 6029: AMD family 26), which then run AVX2 kernels at half the
   * speed.
   */
  private static String wideCore() {
    if (NativeEnvironment.cpuHas("amx_tile", "amx_bf16")) {
      return "SapphireRapids";
    }
    return NativeEnvironment.cpuHas("avx512_bf16") ? "Cooperlake" : "SkylakeX";
  }

  private LibraryStatus check(Path library) {
    for (String symbol : List.of("openblas_get_config", "cblas_sgemm")) {
      if (SymbolLookup.loaderLookup().find(symbol).isEmpty()) {
        return failed(library, library + " is not OpenBLAS: it lacks " + symbol + remedy());
      }
    }
    String config = cblas_h.openblas_get_config().getString(0);
    Matcher matcher = VERSION.matcher(config);
    if (!matcher.find()) {
      return failed(library, library + " reports no OpenBLAS version: " + config);
    }
    String version = matcher.group(1);
    if (version.equals(REFUSED)) {
      return new LibraryStatus(
          NAME,
          library,
          version,
          searched,
          "version "
              + REFUSED
              + " is refused for its data race in GEMM; use an earlier or later one");
    }
    @Nullable String stranger = stranger(library);
    if (stranger != null) {
      return new LibraryStatus(NAME, library, version, searched, stranger);
    }
    cblas_h.openblas_set_num_threads(1);
    warnOfNarrowCore();
    return new LibraryStatus(NAME, library, version, searched, null);
  }

  /**
   * Why a bound symbol is not our file's, or null when it is. Another engine in the process, such
   * as libtorch, may have loaded an OpenBLAS of its own first.
   */
  private static @Nullable String stranger(Path library) {
    if (Platform.CURRENT.isWindows()) {
      return null; // no dladdr there
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Dl_info.allocate(arena);
      if (libc_h.dladdr(cblas_h.cblas_sgemm$address(), info) == 0) {
        return "dladdr does not know where cblas_sgemm was loaded from";
      }
      Path bound = Path.of(Dl_info.dli_fname(info).getString(0));
      if (Files.isSameFile(bound, library)) {
        return null;
      }
      return "cblas_sgemm was bound from "
          + bound
          + ", not from "
          + library
          + ": another library of this process brought its own OpenBLAS; load Gatun's first";
    } catch (IOException e) {
      return "the file cblas_sgemm was bound from cannot be compared with " + library + ": " + e;
    }
  }

  private void warnOfNarrowCore() {
    String core = cblas_h.openblas_get_corename().getString(0);
    if (!cpuIsWide() || WIDE_CORES.contains(core)) {
      return;
    }
    @Nullable String forced = NativeEnvironment.variables().get("OPENBLAS_CORETYPE");
    warnings.add(
        "OpenBLAS runs "
            + core
            + " kernels on a CPU with AVX-512, about half its speed"
            + (forced == null
                ? "; set OPENBLAS_CORETYPE=" + wideCore()
                : ": OPENBLAS_CORETYPE="
                    + forced
                    + " is set; unset it (env -u OPENBLAS_CORETYPE)"));
  }

  private LibraryStatus failed(@Nullable Path path, String reason) {
    return new LibraryStatus(NAME, path, null, searched, reason);
  }
}
