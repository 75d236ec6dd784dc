package dev.gatun.backend.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.backend.cpu.ProductChoice.Engine;
import dev.gatun.bindings.CachedFile;
import dev.gatun.bindings.NativeEnvironment;
import dev.gatun.bindings.OpenBlas;
import dev.gatun.kernels.Species;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The speed of both engines for each kind of large product on this machine, GFLOP/s on one thread.
 * Measured once and kept beside the unpacked libraries, because a choice that moves from run to run
 * would move the bits of results: a training reads it and never measures.
 *
 * @param forward of y = x weight' + bias
 * @param inputGradient of dx = dy weight
 * @param weightGradient of dWeight += dy' x
 */
public record Calibration(Speeds forward, Speeds inputGradient, Speeds weightGradient) {
  private static final String FOLDER = "calibration";

  /** Ours are below 1 KB; what is longer is none of them. */
  private static final long MOST_BYTES = 1 << 16;

  /** Rows of the products measured: 32 sequences of 64 steps. */
  private static final int ROWS = 2048;

  private static final int INPUTS = 512;

  /** Outputs of the two shapes measured. */
  private static final int[] OUTPUTS = {512, 128};

  private static final int KINDS = 3;

  /** In the order of {@link Speeds}. */
  private static final List<ProductChoice> ENGINES =
      List.of(ProductChoice.OPENBLAS, ProductChoice.PACKED);

  /** 45 ms a round on a core of 200 GFLOP/s: three rounds there, more only where they are short. */
  private static final int LEAST_ROUNDS = 3;

  private static final int MOST_ROUNDS = 15;
  private static final long MEASURED_NANOS = 100_000_000L;

  /**
   * A lead below this is noise, and OpenBLAS, which needs no compiling, keeps the product: on a
   * shared machine the ratio of two medians was 0.99 to 1.13 from one calibration to the next. Full
   * load moves it further (decision 3).
   */
  private static final double LEAD = 1.15;

  /** Compiled tiles do more: two operations a nanosecond are scalar. As in {@code doctor}. */
  private static final double COMPILED_GFLOPS = 2;

  /** Where the tiles are not compiled by then, nothing is measured. */
  private static final long WARMING_NANOS = 10_000_000_000L;

  /** Sides of the product that warms up: several blocks of each dimension but small. */
  private static final int WARMING_SIDE = 300;

  /**
   * The two engines' speeds.
   *
   * @param openBlas GFLOP/s
   * @param packed GFLOP/s
   */
  public record Speeds(double openBlas, double packed) {
    Engine faster() {
      return packed > LEAD * openBlas ? Engine.PACKED : Engine.OPENBLAS;
    }
  }

  /** The faster engine of each kind; OpenBLAS unless the other leads clearly. */
  public ProductChoice choice() {
    return new ProductChoice(forward.faster(), inputGradient.faster(), weightGradient.faster());
  }

  /**
   * Measures on the calling thread, a tenth of a second or two after the tiles are compiled.
   *
   * @return null if they are not compiled within seconds, as under {@code java -Xint}
   */
  public static @Nullable Calibration measure() {
    OpenBlas.require();
    Usage usage = new Usage("the calibration");
    try (Team team = new Team(1, usage);
        Products products = new Products(team, ProductChoice.OPENBLAS);
        Workspace memory = Workspace.host(DType.F32)) {
      int most = OUTPUTS[0];
      long x = memory.real((long) ROWS * INPUTS).address();
      long y = memory.real((long) ROWS * most).address();
      long weight = memory.real((long) most * INPUTS).address();
      if (!compiled(products, x, y, weight)) {
        return null;
      }
      double[][][] nanos = new double[ENGINES.size()][KINDS * OUTPUTS.length][MOST_ROUNDS];
      round(products, x, y, weight, nanos, 0); // pages touched, the last loops compiled
      int rounds = 0;
      long end = System.nanoTime() + MEASURED_NANOS;
      while (rounds < LEAST_ROUNDS || (rounds < MOST_ROUNDS && System.nanoTime() - end < 0)) {
        round(products, x, y, weight, nanos, rounds++);
      }
      return new Calibration(
          speeds(nanos, 0, rounds), speeds(nanos, 1, rounds), speeds(nanos, 2, rounds));
    }
  }

  private static boolean compiled(Products products, long x, long y, long weight) {
    WarmKernels.PRODUCTS.warm(() -> true);
    products.choose(ProductChoice.PACKED);
    int side = WARMING_SIDE;
    long start = System.nanoTime();
    while (System.nanoTime() - start < WARMING_NANOS) {
      boolean all = true;
      for (int kind = 0; kind < KINDS; kind++) {
        double flops = 2.0 * side * side * side;
        all &= flops / time(products, kind, side, side, side, x, y, weight) >= COMPILED_GFLOPS;
      }
      if (all) {
        return true;
      }
    }
    return false;
  }

  /** Times every product once on each engine, in turn. */
  private static void round(
      Products products, long x, long y, long weight, double[][][] nanos, int round) {
    for (int i = 0; i < KINDS * OUTPUTS.length; i++) {
      for (int engine = 0; engine < ENGINES.size(); engine++) {
        products.choose(ENGINES.get(engine));
        nanos[engine][i][round] =
            time(products, i % KINDS, ROWS, OUTPUTS[i / KINDS], INPUTS, x, y, weight);
      }
    }
  }

  /** Nanoseconds of one product; all matrices are zero, which takes as long as anything else. */
  private static double time(
      Products products, int kind, int m, int o, int k, long x, long y, long weight) {
    long start = System.nanoTime();
    switch (kind) {
      case 0 -> products.forward(m, o, k, x, weight, 0, y);
      case 1 -> products.inputGradient(m, o, k, y, weight, x, false);
      default -> products.weightGradient(m, o, k, y, o, x, k, weight);
    }
    return System.nanoTime() - start;
  }

  private static Speeds speeds(double[][][] nanos, int kind, int rounds) {
    double[] gflops = new double[ENGINES.size()];
    for (int engine = 0; engine < gflops.length; engine++) {
      double flops = 0;
      double time = 0;
      for (int shape = 0; shape < OUTPUTS.length; shape++) {
        double[] times = Arrays.copyOf(nanos[engine][shape * KINDS + kind], rounds);
        Arrays.sort(times);
        time += times[rounds / 2];
        flops += 2.0 * ROWS * INPUTS * OUTPUTS[shape];
      }
      gflops[engine] = flops / time;
    }
    return new Speeds(gflops[0], gflops[1]);
  }

  /**
   * What was measured on this machine by this version of everything, or null: if there is no file,
   * or it is damaged, of something else, or not this user's alone.
   */
  public static @Nullable Calibration stored() {
    if (!CachedFile.exists(FOLDER)) {
      return null; // spares a process that has just started the rest
    }
    Map<String, Json> key = key();
    byte @Nullable [] text = CachedFile.read(FOLDER, fileName(key), MOST_BYTES);
    if (text == null) {
      return null;
    }
    try {
      Json.Members file = Json.parse(new String(text, UTF_8)).asObject();
      for (Map.Entry<String, Json> fact : key.entrySet()) {
        if (!fact.getValue().equals(file.find(fact.getKey()))) {
          return null;
        }
      }
      Speeds forward = speeds(file, "forward");
      Speeds inputGradient = speeds(file, "input_gradient");
      return new Calibration(forward, inputGradient, speeds(file, "weight_gradient"));
    } catch (FormatException e) {
      return null; // damaged, or another program's: as if it were not there
    }
  }

  private static Speeds speeds(Json.Members file, String kind) {
    Json.Members values = file.get(kind).asObject();
    double openBlas = values.get("openblas_gflops").asDouble();
    double packed = values.get("packed_gflops").asDouble();
    if (!(openBlas > 0 && packed > 0)) {
      throw new FormatException(kind + ": a speed is above 0");
    }
    return new Speeds(openBlas, packed);
  }

  /**
   * Keeps it for every later process, in place of an earlier one.
   *
   * @return the file
   * @throws IOException with the remedy, if the cache folder cannot be used
   */
  public Path store() throws IOException {
    Map<String, Json> key = key();
    Map<String, Json> file = new LinkedHashMap<>(key);
    file.putAll(facts());
    String text = Json.of(file).print() + "\n";
    return CachedFile.write(FOLDER, fileName(key), text.getBytes(UTF_8));
  }

  /** The speeds, as in the file. */
  public Map<String, Json> facts() {
    Map<String, Json> facts = new LinkedHashMap<>();
    facts.put("forward", facts(forward));
    facts.put("input_gradient", facts(inputGradient));
    facts.put("weight_gradient", facts(weightGradient));
    return facts;
  }

  private static Json facts(Speeds speeds) {
    Map<String, Json> facts = new LinkedHashMap<>();
    facts.put("openblas_gflops", Json.of(Math.round(speeds.openBlas * 10) / 10.0));
    facts.put("packed_gflops", Json.of(Math.round(speeds.packed * 10) / 10.0));
    return Json.of(facts);
  }

  /** What the speeds depend on. */
  private static Map<String, Json> key() {
    Map<String, Json> key = new LinkedHashMap<>();
    ModuleDescriptor module = Calibration.class.getModule().getDescriptor();
    String version = module == null ? "" : module.rawVersion().orElse("");
    key.put("gatun", Json.of(version));
    key.put("jdk", Json.of(Runtime.version().toString()));
    key.put("cpu", Json.of(NativeEnvironment.cpuModel()));
    key.put("vector_bits", Json.of((long) Species.bits()));
    key.put("openblas", Json.of(OpenBlas.status().version() + " " + OpenBlas.core()));
    return key;
  }

  /** One for each key: machines may share a home folder, and versions take turns. */
  private static String fileName(Map<String, Json> key) {
    CRC32C crc = new CRC32C();
    crc.update(Json.of(key).print().getBytes(StandardCharsets.UTF_8));
    return "products-%08x.json".formatted(crc.getValue());
  }
}
