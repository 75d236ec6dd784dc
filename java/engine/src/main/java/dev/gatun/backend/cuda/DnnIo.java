package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.backend.Precision;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The sequences of a part as cuDNN gets them: the part's own, or of 16 bits, which are rounded
 * before a call and widened after. Those without padding and those with zeros there are one then.
 */
final class DnnIo {
  final Elements x;
  final Elements maskedX;
  final Elements y;
  final @Nullable Elements dy;
  final @Nullable Elements maskedDy;
  final @Nullable Elements dx;

  final Precision precision;

  private final RnnSetting setting;
  private final PartIo io;
  private final @Nullable Rounding rounding;

  /** Reserves what is of another type. */
  DnnIo(RnnSetting setting, PartIo io) {
    this.setting = setting;
    this.io = io;
    rounding = Rounding.of(setting.context());
    precision = setting.context().precision();
    if (rounding == null) {
      x = Elements.ofTensor(io.x());
      maskedX = Elements.ofTensor(io.maskedX());
      y = Elements.ofTensor(io.y());
      dy = Elements.of(io.dy());
      maskedDy = Elements.of(io.maskedDy());
      dx = Elements.of(io.dx());
    } else {
      x = reserve(io.x());
      maskedX = x;
      y = reserve(io.y());
      dy = io.dy() == null ? null : reserve(io.y());
      maskedDy = dy;
      dx = io.dx() == null ? null : reserve(io.x());
    }
  }

  private Elements reserve(Tensor like) {
    long rows = (long) setting.maxTime() * setting.maxBatch();
    return Elements.rounded(setting.workspace(), rows, Math.toIntExact(like.dim(-1)));
  }

  /** Brings x of t steps of n sequences. */
  void beforeForward(int t, int n) {
    Tensor from = setting.lengths().ragged() ? io.maskedX() : io.x();
    round(t, n, from, x, false);
  }

  /** Takes y. */
  void afterForward(int t, int n) {
    widen(t, n, y, io.y(), false);
  }

  /** Brings dy. */
  void beforeBackward(int t, int n) {
    Tensor from = setting.lengths().ragged() ? io.maskedDy() : io.dy();
    round(t, n, from, dy, true);
  }

  /** Takes dx. */
  void afterBackward(int t, int n) {
    widen(t, n, dx, io.dx(), true);
  }

  private void round(int t, int n, @Nullable Tensor from, @Nullable Elements to, boolean gradient) {
    if (rounding != null && from != null && to != null) {
      rounding.round((long) t * n * to.width(), address(from), to.address(), gradient);
    }
  }

  private void widen(int t, int n, @Nullable Elements from, @Nullable Tensor to, boolean gradient) {
    if (rounding != null && from != null && to != null) {
      rounding.widen((long) t * n * from.width(), from.address(), address(to), gradient, false);
    }
  }
}
