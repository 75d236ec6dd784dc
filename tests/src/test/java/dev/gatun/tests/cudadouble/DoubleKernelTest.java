package dev.gatun.tests.cudadouble;

import static dev.gatun.tests.cudadouble.Gpu.ok;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.nvrtc.nvrtc_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The double's compiler and the kernels it runs. */
@Tag("cuda")
class DoubleKernelTest {
  private static final int ILLEGAL_ADDRESS = cudart_h.cudaErrorIllegalAddress();
  private static final int LAUNCH_FAILURE = cudart_h.cudaErrorLaunchFailure();

  /** Adds up what the threads of a block have: warps by shuffles, then shared memory. */
  private static final String SUM =
      """
      extern "C" __global__ void test(const float* x, float* y) {
        __shared__ float part[32];
        float sum = x[(long long)blockIdx.x * blockDim.x + threadIdx.x];
        for (int by = 16; by > 0; by /= 2) {
          sum += __shfl_down_sync(0xFFFFFFFFu, sum, by);
        }
        if (threadIdx.x % 32 == 0) {
          part[threadIdx.x / 32] = sum;
        }
        __syncthreads();
        if (threadIdx.x == 0) {
          float all = 0;
          for (int warp = 0; warp < (int)blockDim.x / 32; warp++) {
            all += part[warp];
          }
          y[blockIdx.x] = all;
        }
      }
      """;

  private Gpu gpu;

  @BeforeEach
  void open() {
    DoubleState.reset();
    gpu = new Gpu();
  }

  @AfterEach
  void close() {
    DoubleState.reset();
    gpu.close();
  }

  private static void assertComplains(String words) {
    assertTrue(DoubleState.complaint().contains(words), DoubleState.complaint());
  }

  private static String body(String statements) {
    return "extern \"C\" __global__ void test(float* y) {" + statements + "}";
  }

  /** Runs a kernel of one pointer in one block; what waiting for it tells. */
  private int run(String statements, int threads, MemorySegment y) {
    MemorySegment stream = gpu.stream();
    ok(gpu.launch(gpu.kernel(body(statements)), stream, 1, threads, y));
    return cudart_h.cudaStreamSynchronize(stream);
  }

  @Test
  void barriersAndShufflesWork() {
    float[] x = new float[3 * 256];
    float[] expected = new float[3];
    for (int i = 0; i < x.length; i++) {
      x[i] = i % 17;
      expected[i / 256] += x[i];
    }
    MemorySegment y = gpu.device(12);
    ok(gpu.launch(gpu.kernel(SUM), MemorySegment.NULL, 3, 256, gpu.device(x), y));
    assertArrayEquals(expected, gpu.floats(y, 3));
  }

  @Test
  void dynamicSharedMemoryWorks() {
    MemorySegment y = gpu.device(64 * 4);
    String reverse =
        "extern __shared__ float s[]; s[threadIdx.x] = threadIdx.x; __syncthreads();"
            + "y[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];";
    assertEquals(0, run(reverse, 64, y));
    float[] values = gpu.floats(y, 64);
    assertEquals(63, values[0]);
    assertEquals(0, values[63]);
  }

  @Test
  void sharedMemoryStartsAsGarbage() {
    MemorySegment y = gpu.device(0f);
    assertEquals(
        0, run("__shared__ float s[4]; s[threadIdx.x] = 1; *y = s[threadIdx.x + 1];", 1, y));
    assertTrue(Float.isNaN(gpu.floats(y, 1)[0]));
  }

  @Test
  void argumentsAreCopiedAtTheLaunch() {
    String source =
        "extern \"C\" __global__ void test(float* y, int i, long long l, float f) {"
            + "y[0] = i; y[1] = l; y[2] = f; }";
    MemorySegment y = gpu.device(12);
    MemorySegment stream = gpu.stream();
    ok(gpu.launch(gpu.kernel(source), stream, 1, 1, y, 7, 8L, 0.5f));
    assertTrue(Float.isNaN(gpu.floats(y, 1)[0]), "the null stream does not wait for this one");
    ok(cudart_h.cudaStreamSynchronize(stream));
    assertArrayEquals(new float[] {7, 8, 0.5f}, gpu.floats(y, 3));
  }

  @Test
  void partedThreadsAreAnError() {
    MemorySegment y = gpu.device(4);
    assertEquals(LAUNCH_FAILURE, run("if (threadIdx.x < 3) __syncthreads();", 64, y));
    assertComplains("3 of 64 threads wait at __syncthreads()");
    String lines = "if (threadIdx.x < 3)\n__syncthreads(); else\n__syncthreads();";
    assertEquals(LAUNCH_FAILURE, run(lines, 64, y));
    assertComplains("of line 2 and of line 3");
    String warp = "if (threadIdx.x < 3) *y = __shfl_xor_sync(0xFFFFFFFFu, *y, 1);";
    assertEquals(LAUNCH_FAILURE, run(warp, 64, y));
    assertComplains("shuffle");
    assertEquals(0, run("__syncthreads(); *y = 1;", 64, y)); // goes on
    assertEquals(1, gpu.floats(y, 1)[0]);
  }

  @Test
  void foreignPointersAreAnError() {
    MemorySegment host = gpu.arena.allocate(64);
    assertEquals(ILLEGAL_ADDRESS, run("*y = 1;", 1, host));
    assertComplains("argument 0");
    MemorySegment slot = gpu.slot();
    ok(cudart_h.cudaMalloc(slot, 64));
    MemorySegment freed = slot.get(ValueLayout.ADDRESS, 0);
    ok(cudart_h.cudaFree(freed));
    assertEquals(ILLEGAL_ADDRESS, run("*y = 1;", 1, freed));
    assertComplains("freed device memory");
    assertEquals(
        cudart_h.cudaErrorMisalignedAddress(),
        run("*y = 1;", 1, MemorySegment.ofAddress(gpu.device(64).address() + 2)));
  }

  @Test
  void whatLiesBehindABlockIsNotWritten() {
    assertEquals(ILLEGAL_ADDRESS, run("y[64] = 1;", 1, gpu.device(256)));
    assertComplains("an access to");
    MemorySegment slot = gpu.slot();
    ok(cudart_h.cudaMalloc(slot, 20));
    MemorySegment block = slot.get(ValueLayout.ADDRESS, 0);
    assertEquals(ILLEGAL_ADDRESS, run("y[5] = 1;", 1, block));
    assertComplains("written 0 bytes behind a block of 20 bytes");
    assertEquals(ILLEGAL_ADDRESS, cudart_h.cudaFree(block));
    assertEquals(ILLEGAL_ADDRESS, run("y[-5000] = 1;", 256, gpu.device(256)));
    assertEquals(ILLEGAL_ADDRESS, run("*y = 1;", 1, MemorySegment.NULL));
  }

  @Test
  void wrongLaunchesAreRefused() {
    MemorySegment kernel = gpu.kernel(body("*y = 1;"));
    MemorySegment y = gpu.device(4);
    int configuration = cudart_h.cudaErrorInvalidConfiguration();
    assertEquals(configuration, gpu.launch(kernel, MemorySegment.NULL, 0, 32, y));
    assertEquals(configuration, gpu.launch(kernel, MemorySegment.NULL, 1, 1025, y));
    assertEquals(
        cudart_h.cudaErrorInvalidDeviceFunction(), gpu.launch(y, MemorySegment.NULL, 1, 1, y));
  }

  @Test
  void devicesAreApart() {
    MemorySegment kernel = gpu.kernel(body("*y = 1;"));
    MemorySegment here = gpu.stream();
    MemorySegment mine = gpu.device(4);
    DoubleState.devices(2);
    try {
      ok(cudart_h.cudaSetDevice(1));
      MemorySegment there = gpu.stream();
      assertEquals(cudart_h.cudaErrorInvalidResourceHandle(), gpu.launch(kernel, here, 1, 1, mine));
      assertComplains("device 1 is current");
      ok(gpu.launch(kernel, there, 1, 1, mine));
      assertEquals(ILLEGAL_ADDRESS, cudart_h.cudaStreamSynchronize(there));
      assertComplains("memory of device 0 on a stream of device 1");
    } finally {
      ok(cudart_h.cudaSetDevice(0));
      DoubleState.devices(-1);
    }
  }

  @Test
  void aKernelIsCaptured() {
    MemorySegment kernel = gpu.kernel(body("*y += 1;"));
    MemorySegment y = gpu.device(0f);
    MemorySegment stream = gpu.stream();
    MemorySegment slot = gpu.slot();
    ok(cudart_h.cudaStreamBeginCapture(stream, cudart_h.cudaStreamCaptureModeThreadLocal()));
    ok(gpu.launch(kernel, stream, 1, 1, y));
    ok(cudart_h.cudaStreamEndCapture(stream, slot));
    MemorySegment graph = slot.get(ValueLayout.ADDRESS, 0);
    ok(cudart_h.cudaGraphInstantiate(slot, graph, 0));
    MemorySegment exec = slot.get(ValueLayout.ADDRESS, 0);
    for (int i = 0; i < 3; i++) {
      ok(cudart_h.cudaGraphLaunch(exec, stream));
    }
    ok(cudart_h.cudaStreamSynchronize(stream));
    assertEquals(3, gpu.floats(y, 1)[0]);
    ok(cudart_h.cudaGraphExecDestroy(exec));
    ok(cudart_h.cudaGraphDestroy(graph));
  }

  @Test
  void aWrongSourceHasALog() {
    MemorySegment program = gpu.program("\n" + body("*y = nothing;"));
    assertEquals(nvrtc_h.NVRTC_ERROR_COMPILATION(), gpu.compile(program, "sm_90"));
    MemorySegment size = gpu.slot();
    ok(nvrtc_h.nvrtcGetProgramLogSize(program, size));
    MemorySegment log = gpu.arena.allocate(size.get(ValueLayout.JAVA_LONG, 0));
    ok(nvrtc_h.nvrtcGetProgramLog(program, log));
    String text = log.getString(0);
    assertTrue(text.contains("test.cu:2") && text.contains("nothing"), text);
    assertEquals(nvrtc_h.NVRTC_ERROR_INVALID_OPTION(), gpu.compile(program, "sm_12"));
  }

  @Test
  void imagesAreForOneArchitecture() {
    MemorySegment library = gpu.slot();
    MemorySegment older = gpu.image(body("*y = 1;"), "sm_80");
    assertEquals(cudart_h.cudaErrorNoKernelImageForDevice(), gpu.load(older, library));
    MemorySegment image = gpu.image(body("*y = 1;"), "sm_90");
    image.set(ValueLayout.JAVA_BYTE, image.byteSize() - 1, (byte) 77);
    assertEquals(cudart_h.cudaErrorInvalidKernelImage(), gpu.load(image, library));
    ok(gpu.load(gpu.image(body("*y = 1;"), "sm_90"), library));
    assertEquals(
        cudart_h.cudaErrorSymbolNotFound(),
        cudart_h.cudaLibraryGetKernel(
            gpu.slot(), library.get(ValueLayout.ADDRESS, 0), gpu.arena.allocateFrom("none")));
  }
}
