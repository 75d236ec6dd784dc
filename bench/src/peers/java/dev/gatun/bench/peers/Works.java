package dev.gatun.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The lists of work. */
final class Works {
  /** As in pytorch.py, so that the tables can be read side by side. */
  private static final List<String> TIMED =
      List.of(
          "lstm L1 N64 T50 C512 H512",
          "lstm L1 N128 T25 C1024 H1024",
          "lstm L1 N16 T25 C512 H512",
          "lstm L1 N20 T35 C200 H200",
          "lstm L2 N32 T128 C128 H128",
          "lstm L1 N1 T100 C128 H128",
          "gru L1 N64 T50 C512 H512",
          "gru L2 N32 T128 C128 H128",
          "gru L1 N1 T100 C128 H128",
          "tanh L1 N64 T50 C512 H512",
          "lstm L1 N64 T50 C256 H256 P128");

  /** The steps are those of the check; a timed step comes after all before it. */
  private static final List<String> TIMED_STREAMS =
      List.of("lstm L1 N1 T8 C64 H64", "lstm L1 N1 T8 C256 H256", "lstm L1 N1 T8 C512 H512");

  /** Each structure of the timed ones and the other cells; sizes odd and different. */
  private static final List<String> SMALL =
      List.of(
          "lstm L1 N3 T5 C7 H11",
          "lstm L2 N3 T5 C7 H11",
          "lstm L1 N1 T9 C5 H13",
          "lstm L1 N3 T5 C7 H11 P6",
          "gru L1 N3 T5 C7 H11",
          "gru L2 N3 T5 C7 H11",
          "gru-reset-before L1 N3 T5 C7 H11",
          "tanh L1 N3 T5 C7 H11",
          "relu L2 N3 T5 C7 H11");

  private static final List<String> SMALL_STREAMS =
      List.of("lstm L1 N1 T6 C7 H11", "lstm L2 N1 T6 C7 H11");

  private Works() {}

  /** What the table shows. */
  static List<Work> timed() {
    return all(TIMED, TIMED_STREAMS);
  }

  /** What every build with the peers checks. */
  static List<Work> small() {
    return all(SMALL, SMALL_STREAMS);
  }

  private static List<Work> all(List<String> stacks, List<String> streams) {
    List<Work> all = new ArrayList<>();
    for (String stack : stacks) {
      Stream.of(" infer", " train").map(kind -> Work.parse(stack + kind)).forEach(all::add);
    }
    for (String stream : streams) {
      all.add(Work.parse(stream + " stream"));
    }
    return List.copyOf(all);
  }
}
