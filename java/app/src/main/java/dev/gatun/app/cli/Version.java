package dev.gatun.app.cli;

import java.lang.module.ModuleDescriptor;
import picocli.CommandLine.IVersionProvider;

/** The version that the compiler wrote into the module descriptor. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    ModuleDescriptor descriptor = Gatun.class.getModule().getDescriptor();
    String version =
        descriptor == null ? "(class path)" : descriptor.rawVersion().orElse("(unversioned)");
    return new String[] {"gatun " + version + ", JDK " + Runtime.version()};
  }
}
