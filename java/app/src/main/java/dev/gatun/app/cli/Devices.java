package dev.gatun.app.cli;

import dev.gatun.BackendUnavailableException;
import dev.gatun.Backends;
import dev.gatun.app.config.InputException;
import dev.gatun.backend.Backend;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentAlgorithms;
import dev.gatun.backend.SettingException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Opens what an option or a configuration asks to compute with. */
final class Devices {
  private static final System.Logger LOG = System.getLogger(Devices.class.getName());
  private static final String AUTO = "auto";
  private static final Pattern KNOWN = Pattern.compile("cpu|reference|cuda(:\\d{1,4})?");

  /**
   * What was opened.
   *
   * @param backend the caller closes it
   * @param note what its description leaves out: with auto why no GPU computes
   */
  record Opened(Backend backend, String note) {}

  /**
   * What is asked of a GPU.
   *
   * @param precision of products and stacks; all but fp32 need one
   * @param masks who draws dropout masks between the layers of a stack that trains; cuDNN only on a
   *     GPU
   * @param algorithms how those of stacks are found; they are measured only on a GPU
   */
  record Wanted(Precision precision, DropoutMasks masks, RecurrentAlgorithms algorithms) {
    /** Nothing else. */
    static Wanted of(Precision precision) {
      return new Wanted(precision, DropoutMasks.GATUN, RecurrentAlgorithms.STANDARD);
    }

    /** What cannot be had without a GPU, and what can; null if there is nothing. */
    @Nullable String needsGpu() {
      if (masks != DropoutMasks.GATUN) {
        return "train.dropout_masks %s: needs a GPU; give gatun, or a GPU: "
            .formatted(masks.label());
      }
      return algorithms == RecurrentAlgorithms.STANDARD
          ? null
          : "train.algorithms %s: needs a GPU; give standard, or a GPU: "
              .formatted(algorithms.label());
    }
  }

  private Devices() {}

  /**
   * Opens a backend by name; what was asked for and is missing is an error.
   *
   * @param name auto, or a backend
   * @param from where the name was given
   * @param threads 0: one for each core
   */
  static Backend open(String name, String from, int threads) {
    return announced(name, from, threads, Wanted.of(Precision.FP32)).backend();
  }

  /** As {@link #open}, with what is asked of a GPU. */
  static Opened announced(String name, String from, int threads, Wanted wanted) {
    if (threads < 0 || threads > Backends.MOST_THREADS) {
      throw new InputException(
          "--threads %d: give 1 to %d, or 0 for every core"
              .formatted(threads, Backends.MOST_THREADS));
    }
    int count = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    if (name.equals(AUTO)) {
      return best(count, wanted);
    }
    if (!KNOWN.matcher(name).matches()) {
      throw new InputException(
          "%s %s: unknown; give auto, cpu, cuda, cuda:N or reference".formatted(from, name));
    }
    @Nullable String needsGpu = wanted.needsGpu();
    if (needsGpu != null && !name.startsWith("cuda")) {
      throw new InputException(needsGpu + from + " is " + name);
    }
    try {
      return new Opened(open(name, count, wanted), "");
    } catch (IllegalArgumentException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    } catch (BackendUnavailableException e) {
      throw name.startsWith("cuda") ? new InputException(from + " " + e.getMessage(), e) : e;
    }
  }

  /**
   * Opens what a run is used with: a GPU that can computes in the run's precision, all else in
   * fp32.
   */
  static Backend forRun(String name, String from, int threads, Precision trained) {
    boolean gpu = name.startsWith("cuda") || (name.equals(AUTO) && Backends.whyNoCuda() == null);
    if (gpu && trained != Precision.FP32) {
      try {
        return announced(name, from, threads, Wanted.of(trained)).backend();
      } catch (InputException e) {
        // An older GPU lacks it; one that cannot be opened at all says so below.
        LOG.log(System.Logger.Level.DEBUG, "computes in fp32: " + e.getMessage());
      }
    }
    return open(name, from, threads);
  }

  private static Backend open(String name, int threads, Wanted wanted) {
    return Backends.open(name, threads, wanted.precision, wanted.masks, wanted.algorithms);
  }

  /** A GPU if everything that it needs is there, else the CPU. */
  private static Opened best(int threads, Wanted wanted) {
    @Nullable String reason = Backends.whyNoCuda();
    if (reason == null) {
      try {
        return new Opened(open("cuda", threads, wanted), "");
      } catch (SettingException e) {
        throw new InputException(String.valueOf(e.getMessage()), e);
      } catch (BackendUnavailableException e) {
        reason = e.getMessage();
      }
    }
    @Nullable String needsGpu = wanted.needsGpu();
    if (needsGpu != null) {
      throw new InputException(needsGpu + reason);
    }
    if (wanted.precision != Precision.FP32) {
      throw new InputException(
          "precision %s is for a GPU; choose fp32 without one: %s"
              .formatted(wanted.precision.label(), reason));
    }
    Backend cpu = Backends.open("cpu", threads);
    return new Opened(cpu, "; no GPU: " + reason);
  }
}
