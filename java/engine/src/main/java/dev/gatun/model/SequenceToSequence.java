package dev.gatun.model;

import dev.gatun.backend.Activation;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.model.RecurrentStack.Part;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * From a sequence to another of a length of its own (Sutskever et al. 2014, "Sequence to sequence
 * learning with neural networks"): an encoder reads the input, a decoder starts from its last state
 * and says one token after another, each time shown the one before. In training that is the right
 * one (teacher forcing), so that all steps run at once, or with {@link ScheduledSampling} at times
 * its own. Gives the logits [T, N, V] of each step; data comes from {@link
 * dev.gatun.data.Examples.Inputs#decoded}, and a {@link SequenceDecoder} says what is most likely.
 *
 * <p>With attention, c = sum of softmax(score(d, e)) e over the encoder's outputs e, the logits are
 * those of tanh(W [d; c]) in place of d (Luong et al. 2015, "Effective approaches to
 * attention-based neural machine translation", equations 4 to 7). Where the layers of both are of
 * the same sizes, the decoder starts from the encoder's last states, else from a linear layer of
 * both directions' for each layer.
 *
 * @param name the layer's name
 * @param tokens V, the classes that the decoder says; class 0 begins and ends each sequence
 * @param tables what tokens come in as and go out by
 * @param encoder of the input, in one direction or both
 * @param decoder of as many layers, each with or without c as the encoder's, in one direction
 * @param attention how the decoder looks back
 * @param dropout of what is read and shown, and of what the logits are made of
 * @param sampling null: always the right token
 */
public record SequenceToSequence(
    String name,
    int tokens,
    Tables tables,
    Recurrence encoder,
    Recurrence decoder,
    CrossAttention attention,
    Rates dropout,
    @Nullable ScheduledSampling sampling)
    implements Layer {
  // Names of parts; numbers: where each part's masks start among the layer's.
  static final String SOURCE = "encoder_embedding";
  static final String SOURCE_DROPOUT = "encoder_dropout";
  static final String ENCODER = "encoder";
  static final String BRIDGE = "bridge";
  static final String SHOWN = "embedding";
  static final String SHOWN_DROPOUT = "dropout";
  static final String DECODER = "decoder";
  static final String QUERY = "query";
  static final String KEY = "key";
  static final String SCORE = "score";
  static final String COMBINE = "combine";
  static final String TANH = "tanh";
  static final String OUTPUT_DROPOUT = "output_dropout";
  static final String OUTPUT = "output";
  private static final int DECODER_MASKS = 100;
  private static final int DROPOUT_MASKS = 200;
  static final int FEEDBACK_MASK = 300;

  /**
   * What tokens come in as and go out by.
   *
   * @param read what tokens of the input enter as, an {@link Embedding} or {@link OneHot}; of no
   *     account where the input is features
   * @param shown what the decoder's own enter as, likewise
   * @param output initial weights of the logits' layer; null: {@link Linear}'s default
   * @param tied whether the table of {@code shown} is the weight of the logits' layer (Press and
   *     Wolf 2017, "Using the output embedding to improve language models")
   */
  public record Tables(Layer read, Layer shown, @Nullable Initializer output, boolean tied) {
    /** Checks that there are tables. */
    public Tables {
      for (Layer layer : List.of(read, shown)) {
        if (!(layer instanceof Embedding || layer instanceof OneHot)) {
          throw new IllegalArgumentException(
              layer.name() + ": tokens enter by an Embedding or a OneHot");
        }
      }
      if (tied && (output != null || !(shown instanceof Embedding))) {
        throw new IllegalArgumentException(
            "a tied output needs an embedding of what the decoder is shown, and has its values");
      }
    }

    /** Two embeddings of a width. */
    public static Tables embeddings(int size) {
      return new Tables(Embedding.of(size), Embedding.of(size), null, false);
    }

    /** A one among zeros for each token, nothing being learnt. */
    public static Tables oneHot() {
      return new Tables(OneHot.of(), OneHot.of(), null, false);
    }

    /** The same whose logits have the table of what the decoder is shown for their weight. */
    public Tables withTiedOutput() {
      return new Tables(read, shown, null, true);
    }

    private static Layer named(Layer layer, String name) {
      return layer instanceof Embedding embedding ? embedding.named(name) : new OneHot(name);
    }
  }

  /**
   * Where dropout works besides between layers.
   *
   * @param input of the embeddings, or of the input's numbers, 0 to below 1
   * @param output of what the logits are made of, 0 to below 1
   */
  public record Rates(double input, double output) {
    /** Nowhere. */
    public static final Rates NONE = new Rates(0, 0);

    /** Checks the rates. */
    public Rates {
      if (!(input >= 0 && input < 1 && output >= 0 && output < 1)) {
        throw new IllegalArgumentException(
            "dropout %s of inputs and %s of outputs must be in [0, 1)".formatted(input, output));
      }
    }
  }

  /** Checks that encoder and decoder fit. */
  public SequenceToSequence {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(attention, "attention");
    List<RecurrentSpec> from = singly(encoder);
    List<RecurrentSpec> to = singly(decoder);
    if (tokens < 2) {
      throw new IllegalArgumentException(
          "%s: %d tokens: at least the boundary and one token".formatted(name, tokens));
    }
    if (to.stream().anyMatch(RecurrentSpec::bidirectional)
        || encoder.lastOnly()
        || decoder.lastOnly()) {
      throw new IllegalArgumentException(
          name + ": a decoder runs in one direction, and both layers give all their steps");
    }
    if (decays(encoder) || decays(decoder)) {
      throw new IllegalArgumentException(
          name
              + ": states that decay with the time since an input was seen need to be told it,"
              + " and an encoder or decoder is not; give layers without decayed(...)");
    }
    if (!kinds(from).equals(kinds(to))) {
      throw new IllegalArgumentException(
          "%s: an encoder of %s and a decoder of %s; as many of a kind are needed"
              .formatted(name, cells(from), cells(to)));
    }
    int wide = decoder.outputWidth();
    if (attention.needsOneWidth() && encoder.outputWidth() != wide) {
      throw new IllegalArgumentException(
          "%s: dot attention of a decoder %d wide over an encoder %d wide; take general or additive"
              .formatted(name, wide, encoder.outputWidth()));
    }
    if (tables.tied && tables.shown instanceof Embedding shown && shown.size() != wide) {
      throw new IllegalArgumentException(
          "%s: a tied output of a decoder %d wide and an embedding of %d; give both one width"
              .formatted(name, wide, shown.size()));
    }
  }

  private static boolean decays(Recurrence layers) {
    return switch (layers) {
      case RecurrentLayer layer -> layer.ages() > 0;
      case RecurrentStack stack -> stack.layers().stream().anyMatch(layer -> layer.ages() > 0);
    };
  }

  /** Each layer by itself, from the lowest. */
  private static List<RecurrentSpec> singly(Recurrence layers) {
    return layers.stacks().stream()
        .flatMap(stack -> Collections.nCopies(stack.layers(), stack).stream())
        .toList();
  }

  private static List<Boolean> kinds(List<RecurrentSpec> layers) {
    return layers.stream().map(layer -> layer.cell().hasCellState()).toList();
  }

  private static List<Cell> cells(List<RecurrentSpec> layers) {
    return layers.stream().map(RecurrentSpec::cell).toList();
  }

  /**
   * One called {@code seq2seq}, without attention, whose encoder and decoder are alike.
   *
   * @param tokens V, one more than the decoder has words for
   * @param embedding width of the embeddings
   * @param layers of the encoder and of the decoder
   */
  public static SequenceToSequence of(int tokens, int embedding, Recurrence layers) {
    return new SequenceToSequence(
        "seq2seq",
        tokens,
        Tables.embeddings(embedding),
        layers,
        layers,
        CrossAttention.NONE,
        Rates.NONE,
        null);
  }

  /** The same under another name. */
  public SequenceToSequence named(String newName) {
    return new SequenceToSequence(
        newName, tokens, tables, encoder, decoder, attention, dropout, sampling);
  }

  /** The same with another encoder. */
  public SequenceToSequence encoder(Recurrence other) {
    return new SequenceToSequence(
        name, tokens, tables, other, decoder, attention, dropout, sampling);
  }

  /** The same whose tokens come in and go out by others. */
  public SequenceToSequence tables(Tables others) {
    return new SequenceToSequence(
        name, tokens, others, encoder, decoder, attention, dropout, sampling);
  }

  /** The same with attention. */
  public SequenceToSequence attention(CrossAttention how) {
    return new SequenceToSequence(name, tokens, tables, encoder, decoder, how, dropout, sampling);
  }

  /** The same with dropout of embeddings and of what the logits are made of. */
  public SequenceToSequence dropout(double input, double output) {
    return new SequenceToSequence(
        name, tokens, tables, encoder, decoder, attention, new Rates(input, output), sampling);
  }

  /** The same shown what it said at times. */
  public SequenceToSequence sampling(ScheduledSampling how) {
    return new SequenceToSequence(name, tokens, tables, encoder, decoder, attention, dropout, how);
  }

  /** Whether layers stand between the encoder's last states and what the decoder starts from. */
  boolean bridged() {
    List<RecurrentSpec> from = encoder.stacks();
    List<RecurrentSpec> to = decoder.stacks();
    boolean alike = from.size() == to.size();
    for (int i = 0; alike && i < from.size(); i++) {
      alike =
          !from.get(i).bidirectional()
              && from.get(i).layers() == to.get(i).layers()
              && from.get(i).stateSize() == to.get(i).stateSize()
              && from.get(i).hiddenSize() == to.get(i).hiddenSize();
    }
    return !alike;
  }

  @Override
  public Signal output(Signal input) {
    if (!input.perStep()) {
      throw new IllegalArgumentException(
          "%s takes one row per step, not %s".formatted(name, input));
    }
    return input.withFeatures(tokens);
  }

  /** What it is made of, in the order of its parameters. */
  List<Part> parts(Signal input) {
    List<Part> parts = new ArrayList<>();
    int wide = decoder.outputWidth();
    Signal seen = input;
    if (input.isTokens()) {
      seen = add(parts, Tables.named(tables.read, part(SOURCE)), 0, input);
    }
    if (dropout.input > 0) {
      seen = add(parts, new Dropout(part(SOURCE_DROPOUT), dropout.input), DROPOUT_MASKS, seen);
    }
    Signal read = add(parts, encoder.named(part(ENCODER)), 0, seen);
    if (bridged()) {
      addBridge(parts);
    }
    Signal shown = add(parts, Tables.named(tables.shown, part(SHOWN)), 0, Signal.tokens(tokens));
    if (dropout.input > 0) {
      shown = add(parts, new Dropout(part(SHOWN_DROPOUT), dropout.input), DROPOUT_MASKS + 1, shown);
    }
    Signal said = add(parts, decoder.named(part(DECODER)), DECODER_MASKS, shown);
    if (attention != CrossAttention.NONE) {
      addScores(parts, read, said);
      Linear combine = Linear.of(wide).withoutBias().named(part(COMBINE));
      said = add(parts, combine, 0, said.withFeatures(wide + read.width()));
      said = add(parts, new ActivationLayer(part(TANH), Activation.TANH), 0, said);
    }
    if (dropout.output > 0) {
      said = add(parts, new Dropout(part(OUTPUT_DROPOUT), dropout.output), DROPOUT_MASKS + 2, said);
    }
    add(parts, logits().named(part(OUTPUT)), 0, said);
    return parts;
  }

  private Linear logits() {
    Linear own = Linear.of(tokens);
    if (tables.tied) {
      return own.tiedTo(part(SHOWN));
    }
    return tables.output == null ? own : own.initialized(tables.output);
  }

  private void addBridge(List<Part> parts) {
    List<RecurrentSpec> encoders = singly(encoder);
    List<RecurrentSpec> decoders = singly(decoder);
    for (int l = 0; l < decoders.size(); l++) {
      RecurrentSpec from = encoders.get(l);
      RecurrentSpec to = decoders.get(l);
      Signal h = new Signal(Signal.Kind.FEATURES, from.directions() * from.stateSize(), false);
      add(parts, Linear.of(to.stateSize()).named(part(BRIDGE + "_h_l" + l)), 0, h);
      if (to.cell().hasCellState()) {
        Signal c = h.withFeatures(from.directions() * from.hiddenSize());
        add(parts, Linear.of(to.hiddenSize()).named(part(BRIDGE + "_c_l" + l)), 0, c);
      }
    }
  }

  private void addScores(List<Part> parts, Signal read, Signal said) {
    switch (attention) {
      case NONE, DOT, SCALED_DOT -> {}
      case GENERAL -> add(parts, Linear.of(read.width()).withoutBias().named(part(QUERY)), 0, said);
      case ADDITIVE -> {
        int wide = said.width();
        add(parts, Linear.of(wide).named(part(QUERY)), 0, said);
        add(parts, Linear.of(wide).withoutBias().named(part(KEY)), 0, read);
        // v, one row of weights
        add(parts, Linear.of(1).withoutBias().named(part(SCORE)), 0, said);
      }
    }
  }

  private static Signal add(List<Part> parts, Layer layer, int masks, Signal input) {
    Part part = new Part(layer, masks, input);
    parts.add(part);
    return part.output();
  }

  /** A part's name in the model. */
  String part(String key) {
    return name + "." + key;
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    List<ParameterSpec> all = new ArrayList<>();
    for (Part part : parts(input)) {
      String key = part.layer().name().substring(name.length() + 1);
      for (ParameterSpec spec : part.layer().parameters(part.input())) {
        all.add(new ParameterSpec(key + "." + spec.name(), spec.shape(), spec.initializer()));
      }
    }
    return all;
  }

  @Override
  public ParameterLayout layout(Signal input, Backend backend) {
    return RecurrentStack.layout(parts(input), backend);
  }

  /**
   * A session is shown one input a step and has no targets: a {@link SequenceDecoder} is needed.
   */
  @Override
  public boolean streams() {
    return false;
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    long rows = (long) plan.maxTime() * plan.maxBatch();
    long bytes = 0;
    for (Part part : parts(input)) {
      long own = rows * part.output().width() * real.bytes() * (plan.trains() ? 2 : 1);
      bytes += own + part.layer().scratchBytes(part.input(), plan, real);
    }
    if (attention != CrossAttention.NONE) {
      bytes += rows * plan.maxTime() * real.bytes();
    }
    return bytes;
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new SequenceToSequencePlan(this, context);
  }
}
