package dev.gatun.app.config;

import java.util.List;
import java.util.Map;

/** The keys of how text becomes tokens. */
public final class TokenKeys {
  /** What a token is. */
  public enum Kind {
    CHARACTERS,
    WORDS,
    BPE
  }

  public static final Key<Kind> TOKENS =
      Key.of(
              "data.tokens",
              Type.oneOf(Kind.class),
              Kind.CHARACTERS,
              "what a token is: a character, a word, or a piece of one by byte pair encoding;"
                  + " words and pieces are those of the training part")
          .when(DataKeys.TYPE, DataKeys.Kind.TEXT, DataKeys.Kind.PAIRS)
          .knownAs("tokenizer", "level", "tokenization");

  public static final Key<Integer> VOCABULARY =
      Key.of(
              "data.vocabulary",
              Type.whole(2, 1 << 24),
              10_000,
              "the most tokens there are; of words, the most frequent")
          .when(TOKENS, Kind.WORDS, Kind.BPE)
          .defaultFor(TOKENS, Map.of(Kind.BPE, 1_000))
          .knownAs("vocab_size", "vocabulary_size", "max_tokens", "merges");

  public static final Key<Integer> LEAST =
      Key.of(
              "data.min_count",
              Type.whole(1, Integer.MAX_VALUE),
              2,
              "words that stand in the training part less often are unknown ones, <unk>")
          .when(TOKENS, Kind.WORDS)
          .knownAs("min_frequency", "min_freq");

  public static final Key<Boolean> LOWERCASE =
      Key.of("data.lowercase", Type.flag(), false, "capital letters of words are made small")
          .when(TOKENS, Kind.WORDS)
          .knownAs("lower", "do_lower_case");

  static final List<Key<?>> ALL = List.of(TOKENS, VOCABULARY, LEAST, LOWERCASE);

  private TokenKeys() {}
}
