package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.rnn.RnnFiles;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Precision;
import dev.gatun.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code gatun rnn}. */
@Command(
    name = "rnn",
    description = {
      "Run one recurrent stack over arrays, forward and backward: for checking against any"
          + " framework.",
      "Weights are named and laid out as PyTorch's state_dict (weight_ih_l0, weight_hh_l0,"
          + " bias_ih_l0, bias_hh_l0, _l1, _reverse, weight_hr_l0); layers, directions, projection"
          + " and absence of bias follow from the names, as does layer normalisation (norm_ih_l0,"
          + " norm_hh_l0, norm_c_l0, norm_c_bias_l0) and peepholes (weight_ch_l0, of i, f, o).",
      "Inputs: x [T,N,C]; optional h0 [L*D,N,P or H], c0 [L*D,N,H], lengths [N] int64, dy, dhn,"
          + " dcn. Output: y, hn, cn; with dy also dx, dh0, dc0 and grad.NAME of each weight."
    })
final class RnnCommand implements Callable<Integer> {
  /** What is computed in; FP64 is written too, all else writes FP32. */
  enum Computed {
    FP32(Precision.FP32),
    FP64(Precision.FP32),
    TF32(Precision.TF32),
    FP16(Precision.FP16),
    BF16(Precision.BF16);

    final Precision device;

    Computed(Precision device) {
      this.device = device;
    }
  }

  @Option(
      names = "--cell",
      required = true,
      paramLabel = "CELL",
      converter = CellConverter.class,
      description = CellConverter.CELLS)
  private Cell cell = Cell.LSTM;

  @Option(names = "--weights", required = true, paramLabel = "FILE", description = "Safetensors.")
  private Path weights = Path.of("");

  @Option(names = "--inputs", required = true, paramLabel = "FILE", description = "Safetensors.")
  private Path inputs = Path.of("");

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "Safetensors, created or replaced.")
  private Path output = Path.of("");

  @Option(
      names = "--backend",
      defaultValue = "cpu",
      paramLabel = "NAME",
      description = "reference, cpu, cuda or cuda:N. Default: cpu.")
  private String backend = "cpu";

  @Option(
      names = "--precision",
      defaultValue = "fp32",
      paramLabel = "P",
      description =
          "fp32; with the reference also fp64, with cuda also tf32, fp16 or bf16. Default: fp32.")
  private Computed precision = Computed.FP32;

  @Option(
      names = "--cell-clip",
      defaultValue = "0",
      paramLabel = "X",
      description = "Limit of the absolute value of c (lstm). Default: none.")
  private double clip;

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description = "Default: one for each core.")
  private int threads;

  @Override
  public Integer call() throws IOException {
    if (precision == Computed.FP64 && !backend.equals("reference")) {
      throw new InputException(
          "--precision fp64: only the reference computes in double precision;"
              + " give --backend reference");
    }
    if (precision.device != Precision.FP32 && !backend.startsWith("cuda")) {
      throw new InputException(
          "--precision %s: only a GPU computes in it; give --backend cuda, or fp32"
              .formatted(precision.device.label()));
    }
    checkClip();
    Output.checkWritable("--output", output);
    for (Path input : List.of(weights, inputs)) {
      if (Files.exists(output) && Files.exists(input) && Files.isSameFile(output, input)) {
        throw new InputException("--output " + output + ": is an input; give another path");
      }
    }
    DType written = precision == Computed.FP64 ? DType.F64 : DType.F32;
    try (Backend context =
        Devices.announced(backend, "--backend", threads, Devices.Wanted.of(precision.device))
            .backend()) {
      new RnnFiles(cell, clip, weights, inputs, output, written).run(context);
    }
    return 0;
  }

  private void checkClip() {
    if (!(clip >= 0 && clip < Double.POSITIVE_INFINITY)) {
      throw new InputException("--cell-clip %s: give at least 0; 0 is no limit".formatted(clip));
    }
    if (clip > 0 && cell != Cell.LSTM) {
      throw new InputException("--cell-clip: only an LSTM has a c, not " + Names.of(cell));
    }
  }
}
