package dev.gatun.app.cli;

import java.lang.module.ModuleDescriptor;
import picocli.CommandLine.IVersionProvider;

/** The version that the compiler wrote into the module descriptor. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"gatun " + number() + ", JDK " + Runtime.version()};
  }

  /** The version alone. */
  static String number() {
    ModuleDescriptor descriptor = Gatun.class.getModule().getDescriptor();
    return descriptor == null ? "(class path)" : descriptor.rawVersion().orElse("(unversioned)");
  }
}
