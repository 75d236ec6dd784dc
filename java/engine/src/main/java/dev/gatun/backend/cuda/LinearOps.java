package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Linear layers: products by cuBLAS, biases by our kernels. */
final class LinearOps {
  private final Products products;
  private final RowKernels ops;

  LinearOps(Products products, RowKernels ops) {
    this.products = products;
    this.ops = ops;
  }

  void forward(int rows, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    int o = Math.toIntExact(weight.dim(0));
    int k = Math.toIntExact(weight.dim(1));
    if (rows > 0) {
      products.forward(rows, o, k, address(x), address(weight), address(y));
      if (bias != null) {
        ops.addBias(rows, o, bias, y);
      }
    }
  }

  void backward(
      int rows,
      Tensor x,
      Tensor weight,
      Tensor dy,
      @Nullable Tensor dx,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    int o = Math.toIntExact(weight.dim(0));
    int k = Math.toIntExact(weight.dim(1));
    if (rows > 0) {
      products.weightGradient(rows, o, k, address(dy), o, address(x), k, address(dWeight));
      if (dBias != null) {
        ops.columnSums(rows, o, dy, dBias);
      }
      if (dx != null) {
        products.inputGradient(rows, o, k, address(dy), address(weight), address(dx), false);
      }
    }
  }
}
