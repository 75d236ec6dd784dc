package dev.gatun.model;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.persist.StoredTensor;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** Parameters in safetensors files, under their names. */
final class ParameterFile {
  /** What else than parameters a training checkpoint holds. */
  private static final List<String> OTHERS = List.of("optimizer.", "state.", "context.", "raw.");

  private ParameterFile() {}

  private static List<Parameter> stored(ParameterSet parameters) {
    List<Parameter> all = new ArrayList<>(parameters.list());
    all.addAll(parameters.statistics());
    return all;
  }

  static void save(ParameterSet parameters, Path file) throws IOException {
    try (Workspace host = Workspace.host(parameters.backend().real())) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      for (Parameter parameter : stored(parameters)) {
        Tensor copy = host.real(parameter.value().shape());
        parameters.backend().copy(parameter.value(), copy);
        tensors.put(parameter.name(), copy);
      }
      SafetensorsWriter.write(file, tensors, Map.of());
    }
  }

  static void load(ParameterSet parameters, SafetensorsReader file) throws IOException {
    try (Workspace host = Workspace.host(DType.F64)) {
      check(parameters, file);
      List<Parameter> all = stored(parameters);
      List<Tensor> staged = new ArrayList<>();
      for (Parameter parameter : all) {
        Tensor copy = host.tensor(parameter.value().dtype(), parameter.value().shape());
        file.read(parameter.name(), copy);
        checkFinite(parameter.name(), copy, file.name());
        staged.add(copy);
      }
      for (int i = 0; i < staged.size(); i++) {
        parameters.backend().copy(staged.get(i), all.get(i).value());
      }
    }
    parameters.changed();
  }

  /** A weight that is not finite spreads to every output: it is noticed here or much later. */
  private static void checkFinite(String name, Tensor values, String file) {
    for (long i = 0; i < values.size(); i++) {
      if (!Double.isFinite(values.get(i))) {
        throw new FormatException(
            "%s: %s%s is %s: weights must be finite"
                .formatted(file, name, Arrays.toString(place(i, values.shape())), values.get(i)));
      }
    }
  }

  /** The indices of flat element {@code i}. */
  private static long[] place(long i, long[] shape) {
    long[] place = new long[shape.length];
    long rest = i;
    for (int d = shape.length - 1; d >= 0; d--) {
      place[d] = rest % shape[d];
      rest /= shape[d];
    }
    return place;
  }

  /** One error that lists everything that does not fit. */
  private static void check(ParameterSet parameters, SafetensorsReader file) {
    List<String> problems = new ArrayList<>();
    Map<String, StoredTensor> unknown = new LinkedHashMap<>(file.tensors());
    for (Parameter parameter : stored(parameters)) {
      StoredTensor stored = unknown.remove(parameter.name());
      if (stored == null) {
        problems.add("no " + parameter.name());
      } else if (!Arrays.equals(stored.shape(), parameter.value().shape())) {
        problems.add(
            "%s is %s, the model's is %s"
                .formatted(
                    parameter.name(),
                    Arrays.toString(stored.shape()),
                    Arrays.toString(parameter.value().shape())));
      }
    }
    for (String name : unknown.keySet()) {
      if (OTHERS.stream().noneMatch(name::startsWith)) {
        problems.add("the model has no " + name);
      }
    }
    if (!problems.isEmpty()) {
      int shown = Math.min(problems.size(), 5);
      String more = problems.size() > shown ? "; and " + (problems.size() - shown) + " more" : "";
      throw new FormatException(
          "%s is of another model: %s%s"
              .formatted(file.name(), String.join("; ", problems.subList(0, shown)), more));
    }
  }
}
