package dev.gatun.kernels;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** The CUDA C sources, which NVRTC compiles for the device that is found. */
public final class CudaSource {
  /** The sources with kernels that every device compiles; what is in no list is a header. */
  public static final List<String> KERNELS =
      List.of(
          "activations.cu",
          "attention.cu",
          "batchnorm.cu",
          "cells.cu",
          "ctc.cu",
          "decay.cu",
          "feedback.cu",
          "gru.cu",
          "hardest.cu",
          "lstm.cu",
          "ops.cu",
          "pooling.cu",
          "precision.cu",
          "regular.cu",
          "rnn.cu",
          "tables.cu",
          "unfold.cu",
          "updates.cu",
          "weights.cu");

  /** Those that are compiled for the shape of a stack, when one needs them. */
  public static final List<String> SHAPED =
      List.of(
          "persistent_gru.cu", "persistent_lstm.cu", "persistent_reset.cu", "persistent_simple.cu");

  private CudaSource() {}

  /**
   * Reads a source.
   *
   * @param file its name, such as {@code ops.cu}
   * @throws IllegalArgumentException if there is none of that name
   */
  public static String read(String file) {
    try (InputStream in = CudaSource.class.getResourceAsStream("cuda/" + file)) {
      if (in == null) {
        throw new IllegalArgumentException("there is no CUDA source " + file);
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
