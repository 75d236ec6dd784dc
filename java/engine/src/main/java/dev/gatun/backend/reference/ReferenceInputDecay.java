package dev.gatun.backend.reference;

import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;
import dev.gatun.tensor.Tensor;

/** The decay of missing inputs, element by element. */
final class ReferenceInputDecay implements InputDecay {
  private final InputDecayIo io;
  private final int inputs;

  ReferenceInputDecay(InputDecayIo io) {
    this.io = io;
    inputs = io.inputs();
  }

  @Override
  public void forward(int rows) {
    io.check(rows);
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < inputs; c++) {
        double value = x(row, c);
        double there = x(row, inputs + c);
        double mean = io.mean().get(c);
        double g = factor(row, c);
        double faded = g * value + (1 - g) * mean;
        io.y().set(2L * row * inputs + c, there * value + (1 - there) * faded);
        io.y().set(2L * row * inputs + inputs + c, there);
      }
    }
  }

  @Override
  public void backward(int rows) {
    InputDecayIo.Gradients d = io.given();
    io.check(rows);
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < inputs; c++) {
        double distance = x(row, c) - io.mean().get(c);
        double there = x(row, inputs + c);
        double age = x(row, 2 * inputs + c);
        double g = factor(row, c);
        double dy = d.dy().get(2L * row * inputs + c);
        // Where max(0, z) is 0 nothing of z shows.
        double dz = exponent(row, c) > 0 ? -g * dy * (1 - there) * distance : 0;
        add(d.dDecay(), c, dz * age);
        add(d.dDecay(), inputs + c, dz);
        Tensor dx = d.dx();
        if (dx != null) {
          long at = 3L * row * inputs + c;
          dx.set(at, dy * (there + (1 - there) * g));
          double dThere = d.dy().get(2L * row * inputs + inputs + c);
          dx.set(at + inputs, dThere + dy * (1 - g) * distance);
          dx.set(at + 2L * inputs, dz * io.decay().get(c));
        }
      }
    }
  }

  private double x(int row, int c) {
    return io.x().get(3L * row * inputs + c);
  }

  private double exponent(int row, int c) {
    return io.decay().get(c) * x(row, 2 * inputs + c) + io.decay().get(inputs + c);
  }

  private double factor(int row, int c) {
    return Math.exp(-Math.max(0, exponent(row, c)));
  }

  private static void add(Tensor to, long at, double value) {
    to.set(at, to.get(at) + value);
  }
}
