package dev.gatun.backend.reference;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.RowActivation;
import dev.gatun.tensor.Tensor;

/** An activation, row by row. */
final class ReferenceActivation implements RowActivation {
  private final Activation activation;
  private final ActivationIo io;
  private final double[] row;
  private final double[] gradient;

  ReferenceActivation(Activation activation, ActivationIo io) {
    this.activation = activation;
    this.io = io;
    row = new double[io.width()];
    gradient = new double[io.width()];
  }

  @Override
  public void forward(int rows) {
    io.check(rows);
    for (int i = 0; i < rows; i++) {
      read(io.x(), i, row);
      Activated.forward(activation, row.length, row);
      write(row, i, io.y());
    }
  }

  @Override
  public void backward(int rows) {
    io.check(rows);
    for (int i = 0; i < rows; i++) {
      read(io.y(), i, row);
      read(io.gradientIn(), i, gradient);
      Activated.backward(activation, row.length, row, gradient);
      write(gradient, i, io.gradientOut());
    }
  }

  private static void read(Tensor from, long row, double[] to) {
    for (int k = 0; k < to.length; k++) {
      to[k] = from.get(row * to.length + k);
    }
  }

  private static void write(double[] from, long row, Tensor to) {
    for (int k = 0; k < from.length; k++) {
      to.set(row * from.length + k, from[k]);
    }
  }
}
