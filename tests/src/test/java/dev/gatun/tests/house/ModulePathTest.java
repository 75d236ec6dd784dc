package dev.gatun.tests.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The tests would pass on the class path too, but then they would not prove the modules. */
class ModulePathTest {
  @Test
  void testsRunAsANamedModuleOnJava25() {
    Module module = getClass().getModule();
    assertEquals("dev.gatun.tests", module.getName());
    assertTrue(Runtime.version().feature() >= 25, "runs on " + Runtime.version());
  }

  @Test
  void bindingsAloneHaveNativeAccess() {
    ModuleLayer layer = ModuleLayer.boot();
    for (String name : new String[] {"dev.gatun", "dev.gatun.kernels", "dev.gatun.tests"}) {
      assertEquals(false, layer.findModule(name).orElseThrow().isNativeAccessEnabled(), name);
    }
    assertTrue(layer.findModule("dev.gatun.bindings").orElseThrow().isNativeAccessEnabled());
  }
}
