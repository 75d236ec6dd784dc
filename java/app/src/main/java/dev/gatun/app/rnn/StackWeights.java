package dev.gatun.app.rnn;

import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.backend.WeightLayout;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.StoredTensor;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A stack's shape, found from the names and shapes of its weights as PyTorch's {@code state_dict}
 * has them.
 */
final class StackWeights {
  private static final Pattern NAME =
      Pattern.compile(
          "(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr|weight_ch|norm_ih|norm_hh|norm_c|norm_c_bias)"
              + "_l(\\d{1,4})(_reverse)?");

  private final Path file;
  private final SafetensorsReader reader;
  private final Cell cell;
  private final double clip;

  private StackWeights(Path file, SafetensorsReader reader, Cell cell, double clip) {
    this.file = file;
    this.reader = reader;
    this.cell = cell;
    this.clip = clip;
  }

  /**
   * Finds the stack that a file describes.
   *
   * @param clip the limit of c, or 0
   * @throws InputException if a weight is missing, unknown or of a wrong shape
   */
  static RecurrentSpec spec(Path file, SafetensorsReader reader, Cell cell, double clip) {
    return new StackWeights(file, reader, cell, clip).spec();
  }

  /** Reads all weights into one flat host block. */
  static void read(SafetensorsReader reader, WeightLayout layout, Tensor flat) throws IOException {
    for (RecurrentSpec.WeightView view : layout.weights()) {
      reader.read(view.name(), flat.view(view.offset(), view.shape()));
    }
  }

  private RecurrentSpec spec() {
    int layers = 0;
    boolean reverse = false;
    boolean bias = false;
    boolean projection = false;
    boolean norm = false;
    boolean peephole = false;
    for (StoredTensor tensor : reader.tensors().values()) {
      Matcher name = NAME.matcher(tensor.name());
      if (!name.matches()) {
        throw wrong(
            tensor.name(),
            "unknown; give weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, _l1,"
                + " _reverse, weight_hr_l0 as PyTorch names them, and with layer normalisation"
                + " norm_ih_l0, norm_hh_l0, norm_c_l0, norm_c_bias_l0, with peepholes weight_ch_l0");
      }
      layers = Math.max(layers, Integer.parseInt(name.group(2)) + 1);
      reverse |= name.group(3) != null;
      bias |= name.group(1).startsWith("bias");
      projection |= name.group(1).equals("weight_hr");
      norm |= name.group(1).startsWith("norm");
      peephole |= name.group(1).equals("weight_ch");
    }
    if (layers > reader.tensors().size()) {
      throw wrong("layer " + (layers - 1), "far beyond the number of weights; layers count from 0");
    }
    long[] input = matrix("weight_ih_l0");
    if (input[0] % cell.gates() != 0 || input[0] == 0 || input[1] == 0) {
      throw wrong(
          "weight_ih_l0",
          "shape %s; %s needs [%d*H, C]"
              .formatted(Arrays.toString(input), Names.of(cell), cell.gates()));
    }
    checkCell(projection, norm, peephole);
    int hidden = Math.toIntExact(input[0] / cell.gates());
    RecurrentSpec spec =
        new RecurrentSpec(
                cell,
                Math.toIntExact(input[1]),
                hidden,
                projection ? projected(hidden) : 0,
                layers,
                reverse,
                bias,
                0)
            .regularized(norm ? Regularization.LAYER_NORM : Regularization.NONE)
            .with(new CellOptions(peephole, clip));
    checkAll(spec);
    return spec;
  }

  /** Refuses weights that the cell does not have. */
  private void checkCell(boolean projection, boolean norm, boolean peephole) {
    if (projection && cell != Cell.LSTM) {
      throw wrong("weight_hr_l0", "only an LSTM has a projection, not " + Names.of(cell));
    }
    if (peephole && cell != Cell.LSTM) {
      throw wrong("weight_ch_l0", "only an LSTM has peepholes, not " + Names.of(cell));
    }
    if (norm && (peephole || clip > 0)) {
      throw wrong("norm_ih_l0", "a normalised LSTM has no peepholes and no limit of c");
    }
    if (norm && cell != Cell.LSTM && cell != Cell.GRU) {
      throw wrong("norm_ih_l0", "only an LSTM or GRU normalises, not " + Names.of(cell));
    }
  }

  private int projected(int hidden) {
    long rows = matrix("weight_hr_l0")[0];
    if (rows < 1 || rows >= hidden) {
      throw wrong("weight_hr_l0", rows + " rows; a projection has 1 to H-1, H being " + hidden);
    }
    return (int) rows;
  }

  private void checkAll(RecurrentSpec spec) {
    List<String> missing = new ArrayList<>();
    for (RecurrentSpec.WeightView view : spec.weights()) {
      StoredTensor stored = reader.tensors().get(view.name());
      if (stored == null) {
        missing.add(view.name());
      } else if (!Arrays.equals(stored.shape(), view.shape())) {
        throw wrong(
            view.name(),
            "shape %s; %s with H=%d needs %s"
                .formatted(
                    Arrays.toString(stored.shape()),
                    Names.of(cell),
                    spec.hiddenSize(),
                    Arrays.toString(view.shape())));
      } else if (!isReal(stored)) {
        throw wrong(view.name(), "stored as " + stored.type() + "; give F32");
      }
    }
    if (!missing.isEmpty()) {
      throw wrong(
          String.join(", ", missing),
          "missing; a stack of %d%s%s needs that"
              .formatted(
                  spec.layers(),
                  spec.bidirectional() ? " in both directions" : "",
                  spec.bias() ? " with biases" : ""));
    }
  }

  private long[] matrix(String name) {
    StoredTensor stored = reader.tensors().get(name);
    if (stored == null) {
      throw wrong(name, "missing; there are " + String.join(", ", reader.tensors().keySet()));
    }
    if (stored.shape().length != 2) {
      throw wrong(name, "shape " + Arrays.toString(stored.shape()) + "; give a matrix");
    }
    if (Math.max(stored.shape()[0], stored.shape()[1]) > 1 << 24) {
      throw wrong(name, "shape " + Arrays.toString(stored.shape()) + "; too large");
    }
    return stored.shape();
  }

  private static boolean isReal(StoredTensor stored) {
    DType dtype = stored.type().dtype();
    return dtype != null && dtype.isReal();
  }

  private InputException wrong(String what, String problem) {
    return new InputException(file + ": " + what + ": " + problem);
  }
}
