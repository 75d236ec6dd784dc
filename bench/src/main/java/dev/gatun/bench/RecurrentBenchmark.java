package dev.gatun.bench;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A recurrent stack over whole sequences: {@code infer} is forward with the weights packed before;
 * {@code train} packs, runs forward and backward with dx and all weight gradients.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 5, time = 5)
@Fork(
    value = 3,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--add-modules=jdk.incubator.vector"})
public class RecurrentBenchmark {
  /** The backend. */
  @Param("cpu")
  public String backend = "cpu";

  /** Threads of the backend. */
  @Param({"1", "2"})
  public int threads = 1;

  /** A {@link Cell} name. */
  @Param({"LSTM", "GRU", "TANH"})
  public Cell cell = Cell.LSTM;

  /** Layers, time, batch, input and hidden size: L,T,N,C,H. */
  @Param({"1,50,64,512,512", "2,128,32,128,128", "1,100,1,128,128"})
  public String shape = "1,50,64,512,512";

  // Set by open, which JMH calls before anything else.
  @SuppressWarnings("NullAway.Init")
  private Backend opened;

  @SuppressWarnings("NullAway.Init")
  private RecurrentCase inference;

  @SuppressWarnings("NullAway.Init")
  private RecurrentCase training;

  /** Opens the backend and plans both modes. */
  @Setup(Level.Trial)
  public void open() {
    String[] sizes = shape.split(",", -1);
    if (sizes.length != 5) {
      throw new IllegalArgumentException("shape " + shape + " must be L,T,N,C,H");
    }
    int layers = Integer.parseInt(sizes[0]);
    int time = Integer.parseInt(sizes[1]);
    int batch = Integer.parseInt(sizes[2]);
    RecurrentSpec spec =
        RecurrentSpec.of(cell, Integer.parseInt(sizes[3]), Integer.parseInt(sizes[4]))
            .stacked(layers, 0);
    opened = Backends.open(backend, threads);
    StackData data = StackData.of(spec, time, batch);
    inference = new RecurrentCase(opened, data, dev.gatun.backend.Mode.INFERENCE);
    training = new RecurrentCase(opened, data, dev.gatun.backend.Mode.TRAINING);
  }

  /** Closes what {@link #open} opened. */
  @TearDown(Level.Trial)
  public void close() {
    training.close();
    inference.close();
    opened.close();
  }

  /** Forward. */
  @Benchmark
  public Tensor infer() {
    inference.infer();
    return inference.y();
  }

  /** Pack, forward, backward. */
  @Benchmark
  public Tensor train() {
    training.train();
    return training.dWeights();
  }

  /** The plan that {@link #train} runs. */
  RecurrentCase training() {
    return training;
  }
}
