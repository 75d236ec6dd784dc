package dev.gatun.tests.cudadouble;

import static dev.gatun.tests.cudadouble.Gpu.ok;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.generated.cublas.cublas_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The double's matrix products against plain loops, and what it refuses. */
@Tag("cuda")
class DoubleBlasTest {
  private static final int M = 5;
  private static final int N = 3;
  private static final int K = 4;
  private static final int LEADING = 7;

  private Gpu gpu;
  private MemorySegment handle;
  private MemorySegment two;
  private MemorySegment half;
  private MemorySegment zero;

  @BeforeEach
  void open() {
    DoubleState.reset();
    gpu = new Gpu();
    handle = gpu.blas(MemorySegment.NULL);
    two = gpu.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 2);
    half = gpu.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0.5f);
    zero = gpu.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
  }

  @AfterEach
  void close() {
    DoubleState.reset();
    gpu.close();
  }

  private static float[] random(int count) {
    Random random = new Random(count);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return values;
  }

  private static double at(float[] matrix, boolean transpose, int row, int column) {
    return transpose ? matrix[row * LEADING + column] : matrix[column * LEADING + row];
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 0", "0, 1", "1, 1"})
  void multipliesAsLoopsDo(int transposeA, int transposeB) {
    float[] a = random(LEADING * LEADING);
    float[] b = random(LEADING * LEADING + 1);
    float[] c = random(LEADING * N);
    float[] expected = c.clone();
    for (int i = 0; i < M; i++) {
      for (int j = 0; j < N; j++) {
        double sum = 0;
        for (int l = 0; l < K; l++) {
          sum += at(a, transposeA == 1, i, l) * at(b, transposeB == 1, l, j);
        }
        expected[j * LEADING + i] = (float) (2 * sum + 0.5 * c[j * LEADING + i]);
      }
    }
    MemorySegment out = gpu.device(c);
    ok(
        cublas_h.cublasSgemm_v2(
            handle,
            transposeA,
            transposeB,
            M,
            N,
            K,
            two,
            gpu.device(a),
            LEADING,
            gpu.device(b),
            LEADING,
            half,
            out,
            LEADING));
    assertArrayEquals(expected, gpu.floats(out, c.length), 1e-6f);
  }

  @Test
  void zeroBetaReadsNothing() {
    MemorySegment out = gpu.device(4); // NaN
    MemorySegment x = gpu.device(3f);
    ok(cublas_h.cublasSgemm_v2(handle, 0, 0, 1, 1, 1, two, x, 1, x, 1, zero, out, 1));
    assertArrayEquals(new float[] {18}, gpu.floats(out, 1));
  }

  @Test
  void batchesAreApart() {
    MemorySegment a = gpu.device(1f, 0f, 2f, 0f);
    MemorySegment b = gpu.device(3f, 4f);
    MemorySegment c = gpu.device(8);
    ok(
        cublas_h.cublasSgemmStridedBatched(
            handle, 0, 0, 1, 1, 1, two, a, 1, 2, b, 1, 1, zero, c, 1, 1, 2));
    assertArrayEquals(new float[] {6, 16}, gpu.floats(c, 2));
  }

  @ParameterizedTest
  @CsvSource({"0", "1"})
  void multipliesVectors(int transpose) {
    float[] a = {1, 2, 3, 4, 5, 6}; // columns of two
    int inner = transpose == 0 ? 3 : 2;
    float[] x = transpose == 0 ? new float[] {1, 9, 2, 9, 3} : new float[] {1, 9, 2};
    float[] expected = transpose == 0 ? new float[] {22, 28} : new float[] {5, 11, 17};
    MemorySegment y = gpu.device((5 - inner) * 4L);
    MemorySegment one = gpu.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
    ok(
        cublas_h.cublasSgemv_v2(
            handle, transpose, 2, 3, one, gpu.device(a), 2, gpu.device(x), 2, zero, y, 1));
    assertArrayEquals(expected, gpu.floats(y, 5 - inner));
  }

  @Test
  void shortTypesRound() {
    MemorySegment y = gpu.device(4);
    MemorySegment one = gpu.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
    float value = 1 + 0x1p-11f; // TF32 has ten bits
    MemorySegment x = gpu.device(value);
    MemorySegment factor = gpu.device(1f);
    ok(cublas_h.cublasSgemm_v2(handle, 0, 0, 1, 1, 1, one, x, 1, factor, 1, zero, y, 1));
    assertEquals(value, gpu.floats(y, 1)[0]);
    ok(cublas_h.cublasSetMathMode(handle, cublas_h.CUBLAS_TF32_TENSOR_OP_MATH()));
    ok(cublas_h.cublasSgemm_v2(handle, 0, 0, 1, 1, 1, one, x, 1, factor, 1, zero, y, 1));
    assertEquals(1, gpu.floats(y, 1)[0]);
    assertEquals(3.140625f, convert(cublas_h.CUDA_R_16F(), (short) 0x4248));
    assertEquals(-0x1p-24f, convert(cublas_h.CUDA_R_16F(), (short) 0x8001));
    assertEquals(-3.140625f, convert(cublas_h.CUDA_R_16BF(), (short) 0xC049));
  }

  /** Times one, by GemmEx, from a type of two bytes to float. */
  private float convert(int type, short bits) {
    short one = (short) (type == cublas_h.CUDA_R_16F() ? 0x3C00 : 0x3F80);
    MemorySegment in = gpu.device(Float.intBitsToFloat((one << 16) | (bits & 0xFFFF)));
    MemorySegment right = MemorySegment.ofAddress(in.address() + 2);
    MemorySegment out = gpu.device(4);
    MemorySegment alpha = gpu.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
    ok(
        cublas_h.cublasGemmEx(
            handle,
            0,
            0,
            1,
            1,
            1,
            alpha,
            in,
            type,
            1,
            right,
            type,
            1,
            zero,
            out,
            cublas_h.CUDA_R_32F(),
            1,
            cublas_h.CUBLAS_COMPUTE_32F(),
            -1));
    return gpu.floats(out, 1)[0];
  }

  @Test
  void wrongCallsAreRefused() {
    MemorySegment x = gpu.device(16);
    int invalid = cublas_h.CUBLAS_STATUS_INVALID_VALUE();
    assertEquals(
        invalid, cublas_h.cublasSgemm_v2(handle, 0, 0, 2, 2, 2, two, x, 1, x, 2, zero, x, 2));
    MemorySegment host = gpu.arena.allocate(16);
    assertNotEquals(
        0, cublas_h.cublasSgemm_v2(handle, 0, 0, 2, 2, 2, two, x, 2, host, 2, zero, x, 2));
    assertTrue(DoubleState.complaint().contains(": B"), DoubleState.complaint());
    assertNotEquals(0, cublas_h.cublasSgemm_v2(handle, 0, 0, 2, 2, 2, two, x, 3, x, 2, zero, x, 2));
    assertTrue(DoubleState.complaint().contains("20 bytes"), DoubleState.complaint());
    assertEquals(cublas_h.CUBLAS_STATUS_NOT_INITIALIZED(), cublas_h.cublasSetMathMode(x, 0));
  }
}
