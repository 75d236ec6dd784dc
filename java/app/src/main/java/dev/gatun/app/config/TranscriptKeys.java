package dev.gatun.app.config;

import java.util.List;

/** The keys about transcripts that are aligned by CTC. */
public final class TranscriptKeys {
  public static final Key<Integer> BLANK =
      Key.of(
              "model.blank",
              Type.whole(0, Integer.MAX_VALUE),
              0,
              "the output that stands for no character; the characters have the others in order")
          .when(DataKeys.TYPE, DataKeys.Kind.TRANSCRIPTS)
          .knownAs("blank_index", "blank_id", "blank_label");

  static final List<Key<?>> ALL = List.of(BLANK);

  private TranscriptKeys() {}
}
