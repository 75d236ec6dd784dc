package dev.gatun.app.cli;

import dev.gatun.app.bench.Bench;
import dev.gatun.app.bench.Machine;
import dev.gatun.app.bench.Noise;
import dev.gatun.app.bench.Timing;
import dev.gatun.app.config.InputException;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Precision;
import dev.gatun.backend.WeightType;
import dev.gatun.bindings.OpenBlas;
import dev.gatun.persist.Json;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** What every benchmark takes and prints. */
final class BenchOptions {
  @Option(
      names = "--threads",
      paramLabel = "K",
      defaultValue = "0",
      description = "Default: one for each core.")
  private int threads;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "cpu",
      description = "auto, cpu, cuda, cuda:N or reference. Default: cpu.")
  private String device = "cpu";

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "fp32",
      description =
          "fp32; on a GPU also tf32, fp16 or bf16; for stream fp32, bf16 or int8 weights. Default:"
              + " fp32.")
  private String precision = "fp32";

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "3",
      description = "How long to measure, after warming up. Default: 3.")
  private double seconds = 3;

  @Option(
      names = "--seed",
      paramLabel = "K",
      defaultValue = "1",
      description = "Of the random inputs. Default: 1.")
  private int seed = 1;

  @Option(
      names = "--check",
      description =
          "Add sums of the results, by which another engine's can be compared; the weights are"
              + " random numbers of the seed too.")
  private boolean check;

  @Option(names = "--json", description = "One JSON object on standard output.")
  private boolean json;

  /** What was opened: figures of this machine's cores say nothing of a GPU. */
  private boolean gpu;

  /** Measures with what the options ask for. */
  <R> R with(BiFunction<Backend, Bench, R> work) {
    return with(seconds, precision(), work);
  }

  /** The same for at least so many seconds. */
  <R> R withLeast(double least, BiFunction<Backend, Bench, R> work) {
    return with(Math.max(seconds, least), precision(), work);
  }

  /** The same where the precision is that of a session's weights. */
  <R> R withWeights(BiFunction<Backend, Bench, R> work) {
    if (weights() != WeightType.FLOAT32 && device.startsWith("cuda")) {
      throw new InputException(
          "--precision %s: a GPU keeps weights in fp32 only; give fp32, or --device cpu"
              .formatted(precision));
    }
    return with(seconds, Precision.FP32, work);
  }

  private <R> R with(double measured, Precision computed, BiFunction<Backend, Bench, R> work) {
    if (!(seconds > 0 && seconds <= 3600)) {
      throw new InputException("--seconds " + seconds + ": give above 0 and at most 3600");
    }
    Supplier<Backend> opener =
        () -> Devices.announced(device, "--device", threads, Devices.Wanted.of(computed)).backend();
    KeptBackends kept = KeptBackends.current();
    Backend backend =
        kept == null ? opener.get() : kept.get(device + " " + computed + " " + threads, opener);
    try {
      gpu = backend.name().startsWith("cuda");
      return work.apply(backend, new Bench(backend, measured, new Noise(seed), check));
    } finally {
      if (kept == null) {
        backend.close();
      }
    }
  }

  private Precision precision() {
    boolean known = Arrays.stream(Precision.values()).anyMatch(p -> p.label().equals(precision));
    boolean host = device.equals("cpu") || device.equals("reference");
    if (!known || (host && !precision.equals(Precision.FP32.label()))) {
      throw new InputException(
          "--precision %s: %s"
              .formatted(
                  precision,
                  known
                      ? "is for a GPU, and --device is " + device + "; give --device cuda, or fp32"
                      : "give fp32, on a GPU also tf32, fp16 or bf16; other weights are for stream"));
    }
    return Precision.valueOf(precision.toUpperCase(Locale.ROOT));
  }

  /** How a session's weights are kept. */
  WeightType weights() {
    return Arrays.stream(WeightType.values())
        .filter(type -> type.label().equals(precision))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "--precision " + precision + ": give stream one of fp32, bf16, int8"));
  }

  boolean json() {
    return json;
  }

  int threads() {
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /** The figures of every benchmark with arithmetic worth counting. */
  Map<String, Json> figures(Bench.Measured measured, double flops, double bytes) {
    double gflops = flops / measured.timing().quantile(0.5);
    double peak = gpu ? Double.NaN : Machine.gflops(threads());
    double roof =
        gpu ? Double.NaN : Math.min(peak, flops / bytes * Machine.gigabytesPerSecond(threads()));
    Map<String, Json> figures = times(measured);
    figures.put("flops", rounded(flops));
    figures.put("bytes", rounded(bytes));
    figures.put("gflops", rounded(gflops));
    figures.put("peak_gflops", rounded(peak));
    figures.put("percent_of_peak", rounded(gflops / peak * 100));
    figures.put("percent_of_roof", rounded(gflops / roof * 100));
    return figures;
  }

  /** Times, what they were taken with and, if checked, the sums. */
  Map<String, Json> times(Bench.Measured measured) {
    Timing timing = measured.timing();
    Map<String, Json> figures = new LinkedHashMap<>();
    figures.put("median_ms", rounded(timing.quantile(0.5) * 1e-6));
    figures.put("min_ms", rounded(timing.least() * 1e-6));
    figures.put("runs", Json.of((long) timing.nanos().length));
    figures.put("threads", Json.of((long) threads()));
    figures.put("allocated_bytes_per_run", Json.of(timing.allocatedPerRun()));
    figures.put("openblas_core", gpu ? Json.Null.NULL : Json.of(OpenBlas.core()));
    if (check) {
      Map<String, Json> sums = new LinkedHashMap<>();
      measured.sums().forEach((name, values) -> sums.put(name, sums(values)));
      figures.put("check", Json.of(sums));
    }
    return figures;
  }

  private static Json sums(double[] values) {
    return Json.of(
        Arrays.stream(values)
            .mapToObj(v -> Double.isFinite(v) ? Json.of(v) : Json.Null.NULL)
            .toList());
  }

  /** Five significant digits: more than any clock here is worth. */
  static Json rounded(double value) {
    return Double.isFinite(value)
        ? Json.of(Double.parseDouble(String.format(Locale.ROOT, "%.5g", value)))
        : Json.Null.NULL;
  }

  void print(PrintWriter out, Map<String, Json> figures) {
    if (json) {
      out.println(Json.of(figures).print());
    } else {
      figures.forEach(
          (name, value) ->
              out.printf(
                  "%-24s %s%n", name, value instanceof Json.Text t ? t.value() : value.print()));
    }
    out.flush();
  }
}
