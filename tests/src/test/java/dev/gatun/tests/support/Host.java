package dev.gatun.tests.support;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;

/** Values of tensors wherever they live: host memory is used as it is, any other is copied. */
public final class Host {
  private Host() {}

  /** All elements. */
  public static double[] read(Backend backend, Tensor tensor) {
    if (tensor.memory() instanceof HostMemory) {
      return tensor.toDoubles();
    }
    Tensor copy = Tensor.host(tensor.dtype(), tensor.shape());
    try (Memory memory = copy.memory()) {
      backend.copy(tensor, Tensor.of(memory, tensor.dtype(), tensor.shape()));
      return copy.toDoubles();
    }
  }

  /** One element. */
  public static double get(Backend backend, Tensor tensor, long i) {
    return read(backend, tensor.view(i, 1))[0];
  }

  /** Sets all elements, rounded to the tensor's type. */
  public static Tensor write(Backend backend, Tensor tensor, double... values) {
    if (tensor.memory() instanceof HostMemory) {
      return tensor.copyFrom(values);
    }
    Tensor copy = Tensor.host(tensor.dtype(), tensor.shape());
    try (Memory memory = copy.memory()) {
      copy.copyFrom(values);
      backend.copy(Tensor.of(memory, tensor.dtype(), tensor.shape()), tensor);
    }
    return tensor;
  }

  /** Sets one element. */
  public static void set(Backend backend, Tensor tensor, long i, double value) {
    write(backend, tensor.view(i, 1), value);
  }
}
