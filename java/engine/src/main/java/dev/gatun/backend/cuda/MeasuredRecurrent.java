package dev.gatun.backend.cuda;

import dev.gatun.backend.Recurrent;
import java.util.ArrayList;
import java.util.List;

/**
 * A stack computed the way that is chosen for its shape. A resumed run learns what its checkpoint
 * chose when its stacks are planned already: they are planned anew then.
 */
final class MeasuredRecurrent implements Recurrent {
  private final Stacks stacks;
  private final StackPlan plan;
  private final StackShape shape;

  /** Those of recorded graphs, which go on with their memory. */
  private final List<Recurrent> outlived = new ArrayList<>();

  private StackMethod method;
  private Recurrent current;
  private long version;
  private boolean recorded;
  private boolean closed;

  /** Plans what is chosen; measures if nothing is. */
  MeasuredRecurrent(Stacks stacks, StackPlan plan, StackShape shape) {
    this.stacks = stacks;
    this.plan = plan;
    this.shape = shape;
    version = stacks.choices().version();
    method = stacks.choose(shape);
    current = stacks.open(plan, method, false);
  }

  @Override
  public void forward(int t, int n) {
    if (version != stacks.choices().version() && !closed) {
      stacks.work(this::follow);
    }
    recorded |= stacks.isRecording();
    current.forward(t, n);
  }

  private void follow() {
    long seen = stacks.choices().version();
    StackMethod wanted = stacks.choose(shape);
    if (wanted != method) {
      Recurrent next = stacks.open(plan, wanted, false);
      if (recorded) {
        outlived.add(current);
      } else {
        current.close();
      }
      recorded = false;
      current = next;
      method = wanted;
    }
    version = seen;
  }

  @Override
  public void backward() {
    current.backward();
  }

  @Override
  public void refresh() {
    current.refresh();
  }

  @Override
  public long bytes() {
    return current.bytes() + outlived.stream().mapToLong(Recurrent::bytes).sum();
  }

  @Override
  public void close() {
    current.close();
    closed = true;
    outlived.forEach(Recurrent::close);
  }
}
