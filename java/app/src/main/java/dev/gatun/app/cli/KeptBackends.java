package dev.gatun.app.cli;

import dev.gatun.backend.Backend;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Backends that stay open from one command to the next of the same process and thread. */
final class KeptBackends implements AutoCloseable {
  private static final ScopedValue<KeptBackends> CURRENT = ScopedValue.newInstance();

  private final Map<String, Backend> open = new HashMap<>();

  /** Runs a command that uses what is kept. */
  int during(ScopedValue.CallableOp<Integer, RuntimeException> command) {
    return ScopedValue.where(CURRENT, this).call(command);
  }

  /** What keeps backends for the command that runs now; null for one that stands alone. */
  static @Nullable KeptBackends current() {
    return CURRENT.isBound() ? CURRENT.get() : null;
  }

  /** The backend of that name, opened once. */
  Backend get(String name, Supplier<Backend> opener) {
    return open.computeIfAbsent(name, _ -> opener.get());
  }

  @Override
  public void close() {
    open.values().forEach(Backend::close);
    open.clear();
  }
}
