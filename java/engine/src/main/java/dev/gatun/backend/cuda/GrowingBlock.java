package dev.gatun.backend.cuda;

/** Device memory for scratch, which grows to the largest call; what it held is lost then. */
final class GrowingBlock implements AutoCloseable {
  private final CudaContext context;
  private DeviceMemory memory;

  GrowingBlock(CudaContext context) {
    this.context = context;
    memory = DeviceMemory.allocate(context, 0);
  }

  /** Where so many bytes are. Freeing a smaller block waits for the device. */
  long address(long bytes) {
    if (memory.bytes() < bytes) {
      DeviceMemory larger = DeviceMemory.allocate(context, bytes);
      DeviceMemory smaller = memory;
      memory = larger;
      smaller.close();
    }
    return memory.address();
  }

  @Override
  public void close() {
    memory.close();
  }
}
