package dev.gatun.backend.cuda;

import dev.gatun.DeviceException;
import dev.gatun.bindings.generated.nvrtc.nvrtc_h;

/** Turns the status of a CUDA library's call into an exception that names the call. */
final class Calls {
  private Calls() {}

  /** An {@code nvrtcResult}. */
  static void compiler(int status, String call) {
    if (status != nvrtc_h.NVRTC_SUCCESS()) {
      throw new DeviceException(
          "%s: %s (%d)".formatted(call, nvrtc_h.nvrtcGetErrorString(status).getString(0), status));
    }
  }
}
