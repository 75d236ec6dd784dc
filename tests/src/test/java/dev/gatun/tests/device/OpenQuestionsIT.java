package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.persist.Json;
import dev.gatun.tests.support.ChildJvm;
import dev.gatun.tests.support.DeviceRun;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every question is answered, and no answer takes the process with it. */
@OnDevice
@Tag("questions")
class OpenQuestionsIT {
  private static final int SECONDS = 240;
  private static final String ANSWER = "answer ";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "padding_x",
        "padding_dy",
        "clipping",
        "libraries",
        "ragged",
        "capture",
        "empty",
        "all_empty",
        "accumulate",
        "weight_space",
        "algorithms",
        "cells"
      })
  void isAnswered(String question) {
    ChildJvm.Result result =
        ChildJvm.run(DeviceRun.flags(), Questions.class, List.of(question), SECONDS);
    Optional<String> answer =
        result.output().lines().filter(line -> line.startsWith(ANSWER)).findFirst();
    Map<String, Json> none = new LinkedHashMap<>();
    none.put("exit", Json.of((long) result.exit()));
    none.put("output", Json.of(result.output()));
    DeviceRun.report(
        "question_" + question,
        answer.map(line -> Json.parse(line.substring(ANSWER.length()))).orElse(Json.of(none)));
    assertEquals(0, result.exit(), result.output());
  }
}
