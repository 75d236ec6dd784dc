package dev.gatun.app.tune;

import dev.gatun.app.search.Goal;
import dev.gatun.app.search.StudyEvent;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/** Events of a study as JSON on one line. Numbers are texts that read back as the same bits. */
final class EventCodec {
  private EventCodec() {}

  /** As one line, without its end. */
  static String write(StudyEvent event) {
    Map<String, Json> out = new LinkedHashMap<>();
    out.put("event", Json.of(event.getClass().getSimpleName().toLowerCase(Locale.ROOT)));
    if (event instanceof StudyEvent.OfTrial of) {
      out.put("trial", Json.of(of.trial()));
    }
    switch (event) {
      case StudyEvent.Created e -> {
        out.put("space", Json.of(e.space()));
        out.put("goals", Json.of(e.goals().stream().map(g -> Json.of(g.name())).toList()));
        out.put("seed", Json.of(Long.toString(e.seed())));
      }
      case StudyEvent.Suggested e -> {
        Map<String, Json> codes = new LinkedHashMap<>();
        e.codes().forEach((name, code) -> codes.put(name, Json.of(Double.toString(code))));
        out.put("codes", Json.of(codes));
        out.put("owner", Json.of(e.owner()));
      }
      case StudyEvent.Reported e -> {
        out.put("step", Json.of(e.step()));
        out.put("value", Json.of(Double.toString(e.value())));
      }
      case StudyEvent.Pruned _ -> {}
      case StudyEvent.Finished e ->
          out.put("values", Json.of(e.values().stream().map(v -> Json.of(v.toString())).toList()));
      case StudyEvent.Failed e -> out.put("reason", Json.of(e.reason()));
    }
    return Json.of(out).print();
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws FormatException if it is no such line
   */
  static StudyEvent read(String line) {
    try {
      if (!(Json.parse(line) instanceof Json.Members in)) {
        throw new FormatException("no event: " + line);
      }
      String kind = text(in.get("event"));
      if (kind.equals("created")) {
        List<Goal> goals = items(in.get("goals")).stream().map(g -> Goal.valueOf(text(g))).toList();
        return new StudyEvent.Created(
            text(in.get("space")), goals, Long.parseLong(text(in.get("seed"))));
      }
      int trial = Integer.parseInt(((Json.Numeral) in.get("trial")).digits());
      return switch (kind) {
        case "suggested" -> {
          SequencedMap<String, Double> codes = new LinkedHashMap<>();
          ((Json.Members) in.get("codes"))
              .values()
              .forEach((name, code) -> codes.put(name, Double.valueOf(text(code))));
          yield new StudyEvent.Suggested(trial, codes, text(in.get("owner")));
        }
        case "reported" ->
            new StudyEvent.Reported(
                trial,
                Long.parseLong(((Json.Numeral) in.get("step")).digits()),
                Double.parseDouble(text(in.get("value"))));
        case "pruned" -> new StudyEvent.Pruned(trial);
        case "finished" ->
            new StudyEvent.Finished(
                trial, items(in.get("values")).stream().map(v -> Double.valueOf(text(v))).toList());
        case "failed" -> new StudyEvent.Failed(trial, text(in.get("reason")));
        default -> throw new FormatException("an event that this version does not know: " + kind);
      };
    } catch (ClassCastException | IllegalArgumentException e) {
      throw new FormatException("no event: " + line, e);
    }
  }

  private static String text(Json json) {
    return ((Json.Text) json).value();
  }

  private static List<Json> items(Json json) {
    return ((Json.Items) json).values();
  }
}
