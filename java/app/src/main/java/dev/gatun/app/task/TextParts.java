package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.TokenKeys;
import dev.gatun.data.BytePairs;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import dev.gatun.data.Tokenizer;
import dev.gatun.data.Vocabulary;
import dev.gatun.data.WordVocabulary;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A text as tokens, cut into its parts. Parts are cut by characters, whatever tokens are: words and
 * pieces of words are learnt from the training part alone.
 *
 * @param tokenizer how tokens and text become one another
 * @param tokens of all parts
 * @param split of the tokens
 * @param texts the text of each part: training, validation, test
 */
@SuppressWarnings("ArrayRecordComponent") // shared with sources, never changed
record TextParts(Tokenizer tokenizer, int[] tokens, Split split, String[] texts) {
  /** Some editors begin UTF-8 files with it; it is no part of the text. */
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  /** How far back a cut looks for a space. */
  private static final int REACH = 1_000;

  /**
   * Reads and cuts a text.
   *
   * @param known the tokens of a trained model; null: they are taken from the text
   */
  static TextParts load(Config config, Path file, @Nullable Tokenizer known) {
    String text = read(file);
    if (config.get(TokenKeys.TOKENS) == TokenKeys.Kind.CHARACTERS) {
      Tokenizer tokenizer = known == null ? Vocabulary.of(text) : known;
      int[] tokens = encode(file, text, tokenizer);
      Split split = split(config, tokens.length);
      check(config, tokenizer, split);
      return new TextParts(tokenizer, tokens, split, texts(text, split, false));
    }
    String[] texts = texts(text, split(config, text.codePointCount(0, text.length())), true);
    Tokenizer tokenizer = known == null ? learn(config, texts[0]) : known;
    int[][] parts = new int[texts.length][];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = tokenizer.encode(texts[i]);
    }
    int[] tokens = new int[parts[0].length + parts[1].length + parts[2].length];
    System.arraycopy(parts[0], 0, tokens, 0, parts[0].length);
    System.arraycopy(parts[1], 0, tokens, parts[0].length, parts[1].length);
    System.arraycopy(parts[2], 0, tokens, parts[0].length + parts[1].length, parts[2].length);
    Split split = Split.counts(tokens.length, parts[0].length, parts[1].length, parts[2].length);
    check(config, tokenizer, split);
    return new TextParts(tokenizer, tokens, split, texts);
  }

  /** A text that is one part, the training part by name. */
  static TextParts whole(Path file, Tokenizer tokenizer) {
    String text = read(file);
    int[] tokens = encode(file, text, tokenizer);
    if (tokens.length == 0) {
      throw new InputException(file + ": no " + tokenizer.unit() + " in it; give some text");
    }
    Split split = Split.counts(tokens.length, tokens.length, 0, 0);
    return new TextParts(tokenizer, tokens, split, new String[] {text, "", ""});
  }

  static Tokenizer learn(Config config, String training) {
    int most = config.get(TokenKeys.VOCABULARY);
    try {
      if (config.get(TokenKeys.TOKENS) == TokenKeys.Kind.WORDS) {
        int least = config.get(TokenKeys.LEAST);
        return WordVocabulary.of(training, least, most, config.get(TokenKeys.LOWERCASE));
      }
      return BytePairs.of(training, most);
    } catch (IllegalArgumentException e) {
      throw config.error(TokenKeys.VOCABULARY, String.valueOf(e.getMessage()));
    }
  }

  /** The text of each part; cuts between words go back to the space before. */
  private static String[] texts(String text, Split split, boolean betweenWords) {
    int end = text.offsetByCodePoints(0, split.test().to());
    // Nothing is left over for a part that was not asked for.
    boolean tested = split.test().size() > 0;
    int second = tested ? place(text, split.validation().to(), betweenWords) : end;
    int first =
        split.validation().size() == 0 ? second : place(text, split.training().to(), betweenWords);
    int third = tested ? place(text, split.test().from(), betweenWords) : end;
    return new String[] {
      text.substring(0, first),
      text.substring(first, Math.max(first, second)),
      text.substring(Math.max(first, third), end)
    };
  }

  /** A fold follows its training part at once: no window reaches from one part into another. */
  private static Split split(Config config, int available) {
    Split fold = Folds.blocked(config, Task.split(config, available), 0);
    if (fold.training().from() > 0 || fold.training().to() < fold.validation().from()) {
      throw config.error(
          FoldKeys.KIND, "blocked; a text has neither gap nor train_rows; remove them");
    }
    return fold;
  }

  private static int place(String text, int codePoints, boolean betweenWords) {
    int at = text.offsetByCodePoints(0, codePoints);
    if (betweenWords && at < text.length()) {
      for (int back = at; back > Math.max(0, at - REACH); back--) {
        if (Character.isWhitespace(text.charAt(back))) {
          return back;
        }
      }
    }
    return at;
  }

  private static String read(Path file) {
    try {
      String text = Files.readString(file);
      if (text.startsWith(BYTE_ORDER_MARK)) {
        text = text.substring(BYTE_ORDER_MARK.length());
      }
      if (text.isEmpty()) {
        throw new InputException(file + ": empty; give some text");
      }
      return text;
    } catch (CharacterCodingException e) {
      throw new InputException(file + ": not UTF-8 text; convert it, as with iconv -t UTF-8", e);
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static int[] encode(Path file, String text, Tokenizer tokenizer) {
    try {
      return tokenizer.encode(text);
    } catch (IllegalArgumentException e) {
      throw new InputException(file + ": " + e.getMessage(), e);
    }
  }

  /** The next token is what is measured, so that one token alone has nothing. */
  private static void check(Config config, Tokenizer tokenizer, Split split) {
    check(config, DataKeys.VALIDATION, tokenizer, split.validation());
    check(config, DataKeys.TEST, tokenizer, split.test());
  }

  private static void check(Config config, Key<Double> key, Tokenizer tokenizer, Range part) {
    if (config.get(key) > 0 && part.size() < 2) {
      String unit = tokenizer.unit();
      throw config.error(
          key,
          "comes to %d %s, and measuring needs 2; give more, or 0 for no such part"
              .formatted(
                  part.size(), part.size() == 1 ? unit.substring(0, unit.length() - 1) : unit));
    }
  }

  /** How many characters a token of a part stands for, in the mean. */
  double charactersPerToken(Range part) {
    String text = text(part);
    return (double) text.codePointCount(0, text.length()) / part.size();
  }

  /** How many bytes of UTF-8 a token of a part stands for, in the mean. */
  double bytesPerToken(Range part) {
    return (double) text(part).getBytes(StandardCharsets.UTF_8).length / part.size();
  }

  private String text(Range part) {
    if (part.equals(split.training())) {
      return texts[0];
    }
    return part.equals(split.validation()) ? texts[1] : texts[2];
  }
}
