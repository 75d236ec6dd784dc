package dev.gatun.app.rnn;

import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightLayout;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.persist.StoredTensor;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Runs a recurrent stack over arrays in safetensors files, forward and, when gradients of its
 * outputs are given, backward.
 *
 * @param cell the cell of every layer
 * @param clip the limit of an LSTM's c, or 0
 * @param weights as PyTorch's {@code state_dict}
 * @param inputs {@code x}; optional {@code h0}, {@code c0}, {@code lengths}, {@code dy}, {@code
 *     dhn}, {@code dcn}
 * @param output created or replaced
 * @param written the type of what is written
 */
public record RnnFiles(
    Cell cell, double clip, Path weights, Path inputs, Path output, DType written) {
  private static final Set<String> INPUTS = Set.of("x", "h0", "c0", "lengths", "dy", "dhn", "dcn");

  /**
   * Computes and writes everything.
   *
   * @throws InputException if a file is missing or malformed or an array has a wrong name or shape
   * @throws IOException if a file cannot be read or written
   */
  public void run(Backend backend) throws IOException {
    try (SafetensorsReader stored = open(weights);
        SafetensorsReader given = open(inputs);
        Workspace host = Workspace.host(DType.F32)) {
      RecurrentSpec spec = StackWeights.spec(weights, stored, cell, clip);
      WeightLayout layout = backend.layout(spec);
      Tensor flat = host.tensor(backend.real(), layout.size());
      StackWeights.read(stored, layout, flat);
      new Call(spec, given, backend).run(flat, host);
    } catch (FormatException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    }
  }

  private static SafetensorsReader open(Path file) throws IOException {
    try {
      return new SafetensorsReader(file);
    } catch (NoSuchFileException e) {
      throw new InputException(file + ": no such file; give a safetensors file", e);
    }
  }

  /** One forward and backward with all its tensors. */
  private final class Call {
    private final RecurrentSpec spec;
    private final SafetensorsReader given;
    private final Backend backend;
    private final int t;
    private final int n;

    Call(RecurrentSpec spec, SafetensorsReader given, Backend backend) {
      this.spec = spec;
      this.given = given;
      this.backend = backend;
      for (String name : new TreeSet<>(given.tensors().keySet())) {
        boolean ofCellState = name.equals("c0") || name.equals("dcn");
        if (!INPUTS.contains(name) || (ofCellState && !cell.hasCellState())) {
          throw wrong(
              name,
              INPUTS.contains(name)
                  ? "only an LSTM has a cell state, not " + Names.of(cell)
                  : "unknown; give x and if wanted h0, c0, lengths, dy, dhn, dcn");
        }
      }
      StoredTensor x = given.tensors().get("x");
      if (x == null) {
        throw wrong("x", "missing; give x [T, N, C]");
      }
      long[] shape = x.shape();
      if (shape.length == 3 && (shape[0] < 1 || shape[1] < 1)) {
        throw wrong(
            "x",
            "shape %s; T (time) and N (batch) have to be at least 1"
                .formatted(Arrays.toString(shape)));
      }
      if (shape.length != 3 || shape[2] != spec.inputSize()) {
        throw wrong(
            "x",
            "shape %s; the weights need [T, N, %d]"
                .formatted(Arrays.toString(shape), spec.inputSize()));
      }
      t = Math.toIntExact(shape[0]);
      n = Math.toIntExact(shape[1]);
    }

    void run(Tensor hostWeights, Workspace host) throws IOException {
      boolean backward = has("dy") || has("dhn") || has("dcn");
      long rows = (long) spec.layers() * spec.directions();
      long out = spec.outputSize();
      try (Workspace memory = backend.workspace()) {
        WeightLayout layout = backend.layout(spec);
        Tensor flat = memory.real(layout.size());
        backend.copy(hostWeights, flat);
        Tensor dFlat = memory.real(layout.size());
        State last = state(memory, rows);
        State initial = has("h0") || has("c0") ? state(memory, "h0", "c0", rows) : null;
        State dInitial = backward ? state(memory, rows) : null;
        State dLast = has("dhn") || has("dcn") ? state(memory, "dhn", "dcn", rows) : null;
        Tensor dx = backward ? memory.real(t, n, spec.inputSize()) : null;
        Tensor y = memory.real(t, n, out);
        RecurrentIo io =
            new RecurrentIo(
                input(memory, "x", t, n, spec.inputSize()),
                has("lengths") ? lengths(memory, host) : null,
                initial,
                y,
                last,
                backward
                    ? new RecurrentIo.Gradients(
                        has("dy") ? input(memory, "dy", t, n, out) : null,
                        dLast,
                        dx,
                        dInitial,
                        dFlat)
                    : null);
        Mode mode = backward ? Mode.TRAINING : Mode.INFERENCE;
        MaskKey mask = new MaskKey(0, 0, memory.tensor(DType.I64, 1));
        try (Recurrent plan = backend.recurrent(spec, flat, io, mode, mask)) {
          plan.refresh();
          plan.forward(t, n);
          if (backward) {
            plan.backward();
          }
        }
        Results results = new Results(backend, host, written);
        results.add("y", y);
        results.add("hn", last.h());
        results.add("cn", last.c());
        results.add("dx", dx);
        results.add("dh0", dInitial == null ? null : dInitial.h());
        results.add("dc0", dInitial == null ? null : dInitial.c());
        if (backward) {
          for (RecurrentSpec.WeightView view : layout.weights()) {
            results.add("grad." + view.name(), dFlat.view(view.offset(), view.shape()));
          }
        }
        SafetensorsWriter.write(output, results.tensors, Map.of());
      }
    }

    private boolean has(String name) {
      return given.tensors().containsKey(name);
    }

    private State state(Workspace memory, long rows) {
      return new State(
          memory.real(rows, n, spec.stateSize()),
          cell.hasCellState() ? memory.real(rows, n, spec.hiddenSize()) : null);
    }

    private State state(Workspace memory, String h, String c, long rows) throws IOException {
      State state = state(memory, rows);
      if (has(h)) {
        read(h, state.h());
      }
      if (state.c() != null && has(c)) {
        read(c, state.c());
      }
      return state;
    }

    private Tensor input(Workspace memory, String name, long... shape) throws IOException {
      Tensor tensor = memory.real(shape);
      read(name, tensor);
      return tensor;
    }

    private void read(String name, Tensor into) throws IOException {
      try (Workspace staging = Workspace.host(into.dtype())) {
        Tensor read = staging.real(into.shape());
        given.read(name, read);
        backend.copy(read, into);
      }
    }

    private Tensor lengths(Workspace memory, Workspace host) throws IOException {
      Tensor lengths = host.tensor(DType.I32, n);
      given.read("lengths", lengths);
      for (int i = 0; i < n; i++) {
        long length = lengths.getLong(i);
        if (length < 0 || length > t) {
          throw wrong(
              "lengths",
              "%d for sequence %d; give 0 to %d, the steps of x".formatted(length, i, t));
        }
      }
      Tensor copy = memory.tensor(DType.I32, n);
      backend.copy(lengths, copy);
      return copy;
    }

    private InputException wrong(String what, String problem) {
      return new InputException(inputs + ": " + what + ": " + problem);
    }
  }

  /** Host copies of results, by name. */
  private static final class Results {
    final LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    private final Backend backend;
    private final Workspace host;
    private final DType type;

    Results(Backend backend, Workspace host, DType type) {
      this.backend = backend;
      this.host = host;
      this.type = type;
    }

    void add(String name, @Nullable Tensor tensor) {
      if (tensor != null) {
        Tensor copy = host.tensor(type, tensor.shape());
        backend.copy(tensor, copy);
        tensors.put(name, copy);
      }
    }
  }
}
