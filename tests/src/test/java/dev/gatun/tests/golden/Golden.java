package dev.gatun.tests.golden;

import dev.gatun.backend.Backend;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** One golden file. */
public final class Golden implements AutoCloseable {
  private final SafetensorsReader reader;

  /** Opens {@code <kind>/<name>}. */
  public Golden(String name) throws IOException {
    reader = new SafetensorsReader(folder().resolve(name + ".safetensors"));
  }

  /** The folder of all golden files. */
  static Path folder() {
    URL sums = Golden.class.getResource("/golden/SHA256SUMS");
    if (sums == null) {
      throw new IllegalStateException("the goldens are not among the test resources");
    }
    try {
      return Path.of(sums.toURI()).resolveSibling("");
    } catch (URISyntaxException e) {
      throw new IllegalStateException("no path: " + sums, e);
    }
  }

  /** Every backend with every file of a kind. */
  static Stream<Arguments> casesOf(String kind) throws IOException {
    return namesOf(kind).stream()
        .flatMap(name -> Subjects.names().stream().map(backend -> Arguments.of(backend, name)));
  }

  /** The files of a kind, without the ending. */
  public static List<String> namesOf(String kind) throws IOException {
    try (Stream<Path> files = Files.list(folder().resolve(kind))) {
      return files
          .map(file -> kind + "/" + file.getFileName().toString().replace(".safetensors", ""))
          .sorted()
          .toList();
    }
  }

  /** Whether there is such a tensor. */
  public boolean has(String key) {
    return reader.tensors().containsKey(key);
  }

  /** A metadata value as text, or "null" where it is absent; numbers and lists are JSON. */
  public String text(String key) {
    return reader.metadata().getOrDefault(key, "null");
  }

  /** A metadata value as a number; {@code otherwise} where it is absent or null. */
  public double number(String key, double otherwise) {
    String value = text(key);
    return value.equals("null") ? otherwise : Double.parseDouble(value);
  }

  /** A tensor's dimensions. */
  public long[] shape(String key) {
    return reader.tensor(key).shape();
  }

  /** Reads into a backend's tensor of the same shape. */
  void read(String key, Backend backend, Tensor into) {
    try (Workspace host = Workspace.host(into.dtype())) {
      Tensor values = host.real(into.shape());
      reader.read(key, values);
      backend.copy(values, into);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All elements, row by row. */
  public double[] doubles(String key) {
    try {
      return reader.doubles(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All elements of a tensor of integers. */
  public long[] longs(String key) {
    try {
      return reader.longs(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Compares norm-wise. */
  public void assertClose(String key, double[] actual, double tolerance) {
    Numbers.assertClose(key, doubles(key), actual, tolerance);
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
