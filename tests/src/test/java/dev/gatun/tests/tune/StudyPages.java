package dev.gatun.tests.tune;

import dev.gatun.app.search.Goal;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.Trial;
import dev.gatun.app.tune.StudyReport;
import java.util.List;
import java.util.Random;

/** Studies that were never run, and their reports. */
final class StudyPages {
  /** As long and as odd as a value in a configuration can be. */
  static final List<String> ODD =
      List.of("<script>alert(1)</script>", "a".repeat(200), "\u0001&\"' \ud83d", "]]>");

  private static final String YAML = "model:\n  hidden: 12 # <&>\n";

  private StudyPages() {}

  /** One with trials of every state: every fourth stopped early, the last one running. */
  static Study study(int trials, int epochs, Goal... goals) {
    Space space =
        Space.empty()
            .logUniform("train.rate", 1e-4, 1e-1)
            .logInteger("model.hidden", 8, 512)
            .categorical("model.cell", "lstm", "gru")
            .uniform("model.dropout", 0, 0.5)
            .when("model.cell", "lstm");
    Study study = Study.of(space).goals(goals).seed(3).open();
    Random random = new Random(1);
    for (int i = 0; i < trials; i++) {
      Trial trial = study.ask();
      double loss = 0.1 + Math.abs(Math.log10(trial.real("train.rate")) + 2);
      int reports = i % 4 == 3 ? epochs / 4 : epochs;
      for (int epoch = 0; epoch < reports; epoch++) {
        trial.report(epoch * 7L, loss * (1 + 3 * Math.exp(-epoch / 10.0)) + random.nextDouble());
      }
      double[] values = new double[goals.length];
      for (int j = 0; j < values.length; j++) {
        values[j] = j == 0 ? loss : trial.integer("model.hidden") * 100;
      }
      if (i == 6) {
        study.fail(trial.number(), "diverged: the loss was not finite");
      } else if (i % 4 == 3) {
        study.prune(trial);
      } else if (i < trials - 1 || trials == 1) {
        study.tell(trial, values);
      }
    }
    return study;
  }

  /** One whose names and values are odd, and whose results are beyond all bounds. */
  static Study odd() {
    Space space =
        Space.empty()
            .categorical("x".repeat(200), ODD.toArray())
            .uniform("<i>" + "z".repeat(200), -1e300, 1e7);
    Study study = Study.of(space).open();
    for (int i = 0; i < 12; i++) {
      Trial trial = study.ask();
      trial.report(1, Double.NaN);
      trial.report(2, i - 5);
      if (i == 0) {
        study.fail(trial.number(), "<b>" + "r".repeat(500));
      } else {
        study.tell(trial, i == 3 ? Double.POSITIVE_INFINITY : i == 4 ? Double.NaN : i * 1e-9);
      }
    }
    return study;
  }

  /** One all of whose trials have failed. */
  static Study failed() {
    Study study = Study.of(Space.empty().uniform("x", 0, 1)).open();
    for (int i = 0; i < 5; i++) {
      study.fail(study.ask().number(), "no memory");
    }
    return study;
  }

  /** The page of a study. */
  static String page(Study study, String... objectives) {
    StudyReport report = new StudyReport("a <b> & c", List.of(objectives), study, 70);
    return report.html(report.best() == null ? "" : YAML, "");
  }
}
