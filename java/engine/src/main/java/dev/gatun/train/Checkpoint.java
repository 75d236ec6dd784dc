package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Model;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.WeightAverage;
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
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The file of a run: parameters under their own names, {@code optimizer.*}, the carried states
 * {@code state.*}, what the backend keeps {@code context.*}, and {@link Progress} with the caller's
 * strings as metadata.
 */
final class Checkpoint {
  private static final String OPTIMIZER = "optimizer.";
  private static final String STATE = "state.";
  private static final String CONTEXT = "context.";

  /** The weights that learn, where the parameters under their own names are their average. */
  private static final String RAW = "raw.";

  private static final String SEED = "training.seed";
  private static final String STATE_BATCH = "training.state_batch";
  private static final String DATA = "training.data";
  private static final String BACKEND = "training.backend";
  private static final String CHOICES = "training.choices";

  /** Of a run on the CPU before there was anything to choose. */
  private static final String FIRST_CHOICES = "openblas";

  private final Model model;
  private final Optimizer optimizer;
  private final Plan plan;
  private final BatchSource data;
  private final @Nullable WeightAverage average;

  /** {@link DataPrint#of} the data; null until it is asked for. */
  private @Nullable String dataPrint;

  Checkpoint(
      Model model,
      Optimizer optimizer,
      Plan plan,
      BatchSource data,
      @Nullable WeightAverage average) {
    this.model = model;
    this.optimizer = optimizer;
    this.plan = plan;
    this.data = data;
    this.average = average;
  }

  /** Everything but the parameters, in the backend's memory. */
  private SequencedMap<String, Tensor> extras(boolean withState, boolean averaged) {
    SequencedMap<String, Tensor> all = new LinkedHashMap<>();
    optimizer.state().forEach((name, tensor) -> all.put(OPTIMIZER + name, tensor));
    model.backend().state().forEach((name, tensor) -> all.put(CONTEXT + name, tensor));
    if (withState) {
      plan.state().forEach((name, tensor) -> all.put(STATE + name, tensor));
    }
    if (averaged) {
      for (Parameter parameter : model.parameters().list()) {
        all.put(RAW + parameter.name(), parameter.value());
      }
    }
    return all;
  }

  void write(Path file, Progress progress, Map<String, String> strings) throws IOException {
    SequencedMap<String, Tensor> all = new LinkedHashMap<>();
    boolean averaged = average != null && average.taken() > 0;
    for (Parameter parameter : model.parameters().list()) {
      Tensor mean = average == null || !averaged ? null : average.values().get(parameter.name());
      all.put(parameter.name(), mean == null ? parameter.value() : mean);
    }
    for (Parameter statistic : model.parameters().statistics()) {
      all.put(statistic.name(), statistic.value());
    }
    progress.averaged = averaged && average != null ? average.taken() : 0;
    all.putAll(extras(plan.batch() > 0, averaged));
    Map<String, String> metadata = new TreeMap<>(strings);
    metadata.put(SEED, Long.toString(model.seed()));
    metadata.put(STATE_BATCH, Integer.toString(plan.batch()));
    metadata.put(DATA, dataPrint());
    metadata.put(BACKEND, model.backend().description());
    metadata.put(CHOICES, model.backend().choices());
    progress.write(metadata);
    try (Workspace host = Workspace.host(model.backend().real())) {
      for (Map.Entry<String, Tensor> entry : all.entrySet()) {
        Tensor copy = host.tensor(entry.getValue().dtype(), entry.getValue().shape());
        model.backend().copy(entry.getValue(), copy);
        entry.setValue(copy);
      }
      SafetensorsWriter.write(file, all, metadata);
    }
  }

  /** Restores everything; checks all of it before anything changes. */
  Progress read(Path file, EarlyStop rule) throws IOException {
    Backend backend = model.backend();
    try (SafetensorsReader reader = new SafetensorsReader(file);
        Workspace host = Workspace.host(DType.F64)) {
      Progress progress = Progress.read(reader.metadata(), file.toString(), rule);
      checkPosition(progress, file);
      checkSeed(reader.metadata(), file);
      checkData(reader.metadata(), file);
      int stateBatch = stateBatch(reader.metadata(), file);
      checkAverage(progress, file);
      SequencedMap<String, Tensor> extras = extras(stateBatch > 0, progress.averaged > 0);
      extras
          .keySet()
          .removeIf(name -> name.startsWith(CONTEXT) && !reader.tensors().containsKey(name));
      checkExtras(reader, extras, file);
      List<Tensor> staged = new ArrayList<>();
      for (Map.Entry<String, Tensor> entry : extras.entrySet()) {
        Tensor copy = host.tensor(entry.getValue().dtype(), entry.getValue().shape());
        reader.read(entry.getKey(), copy);
        staged.add(copy);
      }
      model.load(reader);
      if (average != null) {
        restoreAverage(average, progress.averaged);
      }
      Iterator<Tensor> copies = staged.iterator();
      for (Tensor tensor : extras.values()) {
        backend.copy(copies.next(), tensor);
      }
      model.parameters().changed();
      if (stateBatch > 0) {
        plan.restoredState(stateBatch);
      }
      backend.reproduce(reader.metadata().getOrDefault(CHOICES, FIRST_CHOICES));
      return progress;
    }
  }

  /** Takes over parameters that have been read, as what they were written as. */
  private void restoreAverage(WeightAverage to, long taken) {
    to.restore(taken);
    if (taken > 0) {
      for (Parameter parameter : model.parameters().list()) {
        model
            .backend()
            .copy(parameter.value(), Objects.requireNonNull(to.values().get(parameter.name())));
      }
    }
  }

  private void checkAverage(Progress progress, Path file) {
    if (progress.averaged > 0 && average == null) {
      throw new FormatException(
          file + " has averaged weights and this run averages none: resume with the same average");
    }
  }

  private String dataPrint() {
    if (dataPrint == null) {
      dataPrint = DataPrint.of(data);
    }
    return dataPrint;
  }

  private void checkData(Map<String, String> metadata, Path file) {
    String stored = metadata.get(DATA);
    if (!dataPrint().equals(stored)) {
      throw new FormatException(
          ("%s was trained on other data, or in another order: %s there, %s here; resume with the"
                  + " same data, batch size and seed, or load only the weights into a new run")
              .formatted(file, stored, dataPrint()));
    }
  }

  private void checkPosition(Progress progress, Path file) {
    int batches = data.batches(progress.epoch);
    if (progress.index >= batches) {
      throw new FormatException(
          "%s stands at batch %d of epoch %d, which has %d here: the data is not the same"
              .formatted(file, progress.index, progress.epoch, batches));
    }
  }

  private void checkSeed(Map<String, String> metadata, Path file) {
    String seed = metadata.get(SEED);
    if (!Long.toString(model.seed()).equals(seed)) {
      throw new FormatException(
          "%s was trained with seed %s and this model was made with seed %d: resume with the same"
              .formatted(file, seed, model.seed()));
    }
  }

  private int stateBatch(Map<String, String> metadata, Path file) {
    String text = metadata.getOrDefault(STATE_BATCH, "0");
    try {
      int batch = Integer.parseInt(text);
      if (batch >= 0 && batch <= plan.spec().maxBatch()) {
        return batch;
      }
    } catch (NumberFormatException e) {
      throw new FormatException(file + ": " + STATE_BATCH + " is '" + text + "'", e);
    }
    throw new FormatException(
        "%s carries the states of %s sequences, this run has at most %d in a batch"
            .formatted(file, text, plan.spec().maxBatch()));
  }

  private static void checkExtras(
      SafetensorsReader reader, SequencedMap<String, Tensor> extras, Path file) {
    for (Map.Entry<String, Tensor> entry : extras.entrySet()) {
      StoredTensor stored = reader.tensors().get(entry.getKey());
      if (stored == null) {
        throw new FormatException(
            "%s has no %s: it was written with another optimizer, or model"
                .formatted(file, entry.getKey()));
      }
      if (!Arrays.equals(stored.shape(), entry.getValue().shape())) {
        throw new FormatException(
            "%s: %s is %s, this run's is %s"
                .formatted(
                    file,
                    entry.getKey(),
                    Arrays.toString(stored.shape()),
                    Arrays.toString(entry.getValue().shape())));
      }
    }
    for (String name : reader.tensors().keySet()) {
      if (name.startsWith(OPTIMIZER) && !extras.containsKey(name)) {
        throw new FormatException(
            "%s has %s, which this run's optimizer does not know: it was written with another"
                .formatted(file, name));
      }
    }
  }
}
