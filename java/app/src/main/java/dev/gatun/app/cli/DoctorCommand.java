package dev.gatun.app.cli;

import dev.gatun.Backends;
import dev.gatun.app.bench.Machine;
import dev.gatun.backend.cuda.CudaDevices;
import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.LibraryStatus;
import dev.gatun.bindings.NativeEnvironment;
import dev.gatun.bindings.OpenBlas;
import dev.gatun.kernels.Species;
import dev.gatun.persist.Json;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun doctor}. */
@Command(
    name = "doctor",
    description =
        "Show what Gatun runs on: JDK, vector width, OpenBLAS, threads, measured peak, CUDA"
            + " libraries and where they were looked for.")
final class DoctorCommand implements Callable<Integer> {
  @Option(names = "--json", description = "One JSON object on standard output.")
  private boolean json;

  @Option(
      names = "--calibrate",
      description =
          "Measure OpenBLAS against Gatun's own products again. Done once for a machine, and kept:"
              + " another choice changes the last bits of results.")
  private boolean calibrate;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    LibraryStatus openBlas = OpenBlas.status();
    int cores = Runtime.getRuntime().availableProcessors();
    Map<String, Json> facts = new LinkedHashMap<>();
    facts.put("gatun", Json.of(Version.number()));
    facts.put("jdk", Json.of(Runtime.version().toString()));
    facts.put("jdk_home", Json.of(System.getProperty("java.home", "")));
    facts.put(
        "platform",
        Json.of(System.getProperty("os.name", "") + " " + System.getProperty("os.arch", "")));
    facts.put("threads", Json.of(cores));
    facts.put("vector_bits", Json.of(Species.bits()));
    facts.put("peak_gflops_one_thread", rounded(Machine.gflops(1)));
    facts.put("peak_gflops", rounded(Machine.gflops(cores)));
    facts.put("memory_gb_per_s", rounded(Machine.gigabytesPerSecond(cores)));
    facts.put("openblas", library(openBlas));
    @Nullable DoctorProducts products =
        openBlas.available() ? DoctorProducts.look(calibrate) : null;
    facts.put("products", products == null ? Json.Null.NULL : products.toJson());
    Cuda.Probe cuda = Cuda.probe();
    Map<String, Json> gpu = new LinkedHashMap<>();
    gpu.put("devices", Json.of((long) cuda.devices()));
    gpu.put("names", Json.of(CudaDevices.names().stream().map(Json::of).toList()));
    gpu.put("reason", orNull(Backends.whyNoCuda()));
    gpu.put("verified", Json.of(false));
    cuda.libraries()
        .forEach(
            status ->
                gpu.put(status.name().toLowerCase(Locale.ROOT).replace(' ', '_'), library(status)));
    facts.put("cuda", Json.of(gpu));
    Map<String, Json> environment = new LinkedHashMap<>();
    NativeEnvironment.variables().forEach((name, value) -> environment.put(name, Json.of(value)));
    facts.put("environment", Json.of(environment));
    facts.put("warnings", Json.of(OpenBlas.warnings().stream().map(Json::of).toList()));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.of(facts).print());
    } else {
      print(out, facts, openBlas, products, cuda);
    }
    return openBlas.available() ? 0 : Gatun.FAILED;
  }

  private static Json rounded(double value) {
    return Json.of(Math.round(value * 10) / 10.0);
  }

  private static Json library(LibraryStatus status) {
    Map<String, Json> facts = new LinkedHashMap<>();
    facts.put("available", Json.of(status.available()));
    facts.put("path", orNull(status.path()));
    facts.put("version", orNull(status.version()));
    if (status.available() && status.name().equals("OpenBLAS")) {
      facts.put("core", Json.of(OpenBlas.core()));
      facts.put("config", Json.of(OpenBlas.config()));
      facts.put("threads", Json.of(1));
    }
    facts.put("reason", orNull(status.reason()));
    facts.put("searched", Json.of(status.searched().stream().map(Json::of).toList()));
    return Json.of(facts);
  }

  private static Json orNull(@Nullable Object value) {
    return value == null ? Json.Null.NULL : Json.of(value.toString());
  }

  private static void print(
      PrintWriter out,
      Map<String, Json> facts,
      LibraryStatus openBlas,
      @Nullable DoctorProducts products,
      Cuda.Probe cuda) {
    line(out, "Gatun", text(facts, "gatun"));
    line(out, "JDK", text(facts, "jdk") + ", " + text(facts, "jdk_home"));
    line(out, "Platform", text(facts, "platform"));
    line(out, "Threads", text(facts, "threads"));
    line(out, "Vectors", text(facts, "vector_bits") + " bits");
    line(
        out,
        "Peak (FMA)",
        "%s GFLOP/s on one thread, %s on all, measured"
            .formatted(text(facts, "peak_gflops_one_thread"), text(facts, "peak_gflops")));
    line(out, "Memory", text(facts, "memory_gb_per_s") + " GB/s read on all threads, measured");
    print(out, openBlas);
    if (products != null) {
      List<String> lines = products.lines();
      line(out, "Products", lines.getFirst());
      lines.stream().skip(1).forEach(text -> line(out, "", text));
    }
    NativeEnvironment.variables().forEach((name, value) -> line(out, name, value));
    OpenBlas.warnings().forEach(warning -> line(out, "Warning", warning));
    CudaDevices.names().forEach(device -> line(out, "GPU", device));
    @Nullable String reason = Backends.whyNoCuda();
    line(
        out,
        cuda.devices() == 0 ? "GPU" : "",
        reason == null
            ? "unverified: Gatun's results on a device have not been checked yet"
            : "not used (and unverified): " + reason);
    cuda.libraries().forEach(status -> print(out, status));
  }

  private static void print(PrintWriter out, LibraryStatus status) {
    if (!status.available()) {
      line(out, status.name(), "not available: " + status.reason());
      status.searched().forEach(place -> line(out, "", "looked at " + place));
      return;
    }
    line(out, status.name(), String.valueOf(status.version()) + ", " + status.path());
    if (status.name().equals("OpenBLAS")) {
      line(out, "", "kernels for " + OpenBlas.core() + ", one thread; Gatun runs its own threads");
    }
  }

  private static String text(Map<String, Json> facts, String key) {
    Json value = facts.getOrDefault(key, Json.Null.NULL);
    return value instanceof Json.Text t ? t.value() : value.print();
  }

  private static void line(PrintWriter out, String name, String value) {
    out.printf(Locale.ROOT, "%-12s %s%n", name, value);
  }
}
