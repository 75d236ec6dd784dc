package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The sequences that the parts of a stack work on: the plan's own, and what lies between them. */
final class CudnnBuffers {
  private final RnnSetting setting;
  private final RecurrentSpec spec;
  private final RecurrentIo io;
  private final @Nullable Gradients gradients;
  private final boolean ragged;

  CudnnBuffers(RnnSetting setting, RecurrentSpec spec) {
    this.setting = setting;
    this.spec = spec;
    io = setting.io();
    gradients = setting.trains() ? io.gradients() : null;
    ragged = io.lengths() != null;
  }

  /**
   * Reserves them, for the stack as a whole or each of its layers, first layer first.
   *
   * @param drops whether our masks come between
   */
  List<PartIo> parts(int count, boolean drops) {
    List<PartIo> parts = new ArrayList<>();
    Tensor x = real(io.x(), spec.inputSize());
    Tensor maskedX = ragged ? buffer(spec.inputSize()) : x;
    Tensor dx = gradients == null ? null : given(gradients.dx(), spec.inputSize());
    for (int i = 0; i < count - 1; i++) {
      // In inference nothing is dropped, and two take turns; so they do for gradients: one part
      // reads its dy while it writes its dx.
      boolean trains = gradients != null;
      Tensor y = trains || i < 2 ? buffer(spec.outputSize()) : parts.get(i - 2).y();
      Tensor dropped = drops ? buffer(spec.outputSize()) : y;
      Tensor dy = !trains ? null : i < 2 ? buffer(spec.outputSize()) : parts.get(i - 2).dy();
      parts.add(new PartIo(x, maskedX, y, dy, dy, dx));
      x = dropped;
      maskedX = dropped; // made of a y with zeros on padding, or that y
      dx = dy;
    }
    Tensor dy = null;
    Tensor maskedDy = null;
    if (gradients != null) {
      dy = given(gradients.dy(), spec.outputSize()); // zeros if there is none
      maskedDy = ragged && gradients.dy() != null ? buffer(spec.outputSize()) : dy;
    }
    parts.add(new PartIo(x, maskedX, real(io.y(), spec.outputSize()), dy, maskedDy, dx));
    return parts;
  }

  private Tensor given(@Nullable Tensor tensor, int width) {
    return tensor == null ? buffer(width) : real(tensor, width);
  }

  /** Every tensor as [T, N, width]. */
  private Tensor real(Tensor tensor, int width) {
    return tensor.view(0, setting.maxTime(), setting.maxBatch(), width);
  }

  private Tensor buffer(int width) {
    Workspace workspace = setting.workspace();
    return workspace.real(setting.maxTime(), setting.maxBatch(), width);
  }
}
