package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.LibraryStatus;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The GPUs of this machine, seen without taking any of their memory. */
public final class CudaDevices {
  private CudaDevices() {}

  /** What keeps every device of this machine from being opened, with the remedy; null: nothing. */
  public static @Nullable String missing() {
    Cuda.Probe probe = Cuda.probe();
    List<LibraryStatus> absent =
        probe.libraries().stream().filter(library -> !library.available()).toList();
    if (absent.isEmpty()) {
      return probe.reason();
    }
    String first = absent.getFirst().name() + ": " + absent.getFirst().reason();
    String others =
        absent.stream().skip(1).map(LibraryStatus::name).collect(Collectors.joining(", "));
    return others.isEmpty() ? first : first + " (nor are there " + others + ")";
  }

  /**
   * Every device of this machine by its name, with its kind; empty without a usable runtime.
   *
   * @throws DeviceException if a device does not answer
   */
  public static List<String> names() {
    return IntStream.range(0, Cuda.probe().devices())
        .mapToObj(Device::look)
        .map(device -> device.name() + ": " + device.kind())
        .toList();
  }

  /** What was found to compute with, by name and version. */
  static String libraries() {
    return Cuda.probe().libraries().stream()
        .map(library -> library.name() + " " + library.version())
        .collect(Collectors.joining(", "));
  }
}
