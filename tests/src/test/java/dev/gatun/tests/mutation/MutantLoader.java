package dev.gatun.tests.mutation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Classes of Gatun and its tests once more, one of them mutated. */
final class MutantLoader extends ClassLoader {
  /** What the classes were, by name: read once. */
  private static final Map<String, byte[]> READ = new HashMap<>();

  /** These classes are in no module that may call libraries, and the reference calls none. */
  private static final Mutant FLAGS = Mutant.parse("Backends.missingFlag NOTHING");

  private final @Nullable Mutant mutant;
  private boolean used;

  /**
   * A set of classes of its own.
   *
   * @param mutant null: all as they are
   */
  MutantLoader(@Nullable Mutant mutant) {
    super(MutantLoader.class.getClassLoader());
    this.mutant = mutant;
  }

  /** Whether the mutated class has been asked for. */
  boolean used() {
    return used;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith("dev.gatun.")) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> known = findLoadedClass(name);
      return known != null ? known : define(name);
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    byte[] bytes = READ.computeIfAbsent(name, MutantLoader::read);
    if (bytes.length == 0) {
      throw new ClassNotFoundException(name);
    }
    if (name.equals(FLAGS.type())) {
      bytes = FLAGS.of(bytes);
    }
    if (mutant != null && name.equals(mutant.type())) {
      used = true;
      bytes = mutant.of(bytes);
    }
    return defineClass(name, bytes, 0, bytes.length);
  }

  private static byte[] read(String name) {
    String file = name.replace('.', '/') + ".class";
    try (InputStream in = MutantLoader.class.getClassLoader().getResourceAsStream(file)) {
      return in == null ? new byte[0] : in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
