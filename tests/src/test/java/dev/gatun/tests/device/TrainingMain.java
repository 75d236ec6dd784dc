package dev.gatun.tests.device;

/** Trains in a process of its own: {@code STEPS SEED}; prints the checksum of the parameters. */
public final class TrainingMain {
  private TrainingMain() {}

  /** Runs it. */
  public static void main(String[] args) {
    try (TextTraining training = new TextTraining(Long.parseLong(args[1]))) {
      training.steps(Integer.parseInt(args[0]));
      System.out.printf("%nchecksum %d%n", training.checksum());
    }
  }
}
