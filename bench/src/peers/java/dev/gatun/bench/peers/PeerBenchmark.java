package dev.gatun.bench.peers;

import dev.gatun.bench.StackData;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** One engine at one work. {@link Compare} starts it, with the engine's class path. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PeerBenchmark {
  /** A {@link Peer} name. */
  @Param("GATUN")
  public String peer = "GATUN";

  /** Threads of the engine. */
  @Param("1")
  public int threads = 1;

  /** A {@link Work}. */
  @Param("lstm L1 N64 T50 C512 H512 infer")
  public String work = "";

  // Set by open, which JMH calls before anything else.
  @SuppressWarnings("NullAway.Init")
  private Runnable running;

  @SuppressWarnings("NullAway.Init")
  private AutoCloseable opened;

  /** Starts the engine and prepares the work. */
  @Setup(Level.Trial)
  public void open() {
    if (!ForkedJvm.settings().isEmpty()) {
      throw new IllegalStateException(
          "the environment must not have " + ForkedJvm.settings() + ": start it by Compare");
    }
    Work parsed = Work.parse(work);
    StackData data = parsed.data();
    Engine engine = Peer.valueOf(peer).open(threads);
    if (parsed.kind() == Work.Kind.STREAM) {
      Stream stream = engine.stream(data);
      float[] x = Arrays.copyOf(data.x(), data.spec().inputSize());
      float[] y = new float[data.spec().outputSize()];
      opened = stream;
      running = () -> stream.step(x, y);
    } else {
      Stack stack = engine.stack(data, parsed.kind() == Work.Kind.TRAIN);
      opened = stack;
      running = stack::run;
    }
  }

  /** Closes what {@link #open} opened. */
  @TearDown(Level.Trial)
  public void close() throws Exception {
    opened.close();
  }

  /** The work, once. */
  @Benchmark
  public void run() {
    running.run();
  }
}
