package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightType;
import dev.gatun.data.Batch;
import dev.gatun.data.Examples;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntUnaryOperator;

/**
 * Says what a trained {@link SequenceToSequence} finds likeliest for its input, token by token,
 * each shown the one before: greedily or by beam search. The model's parameters are read as they
 * are at each call. For one thread at a time.
 */
public final class SequenceDecoder implements AutoCloseable {

  /**
   * How to search.
   *
   * @param beam hypotheses that are kept of each sequence, at least 1; 1: greedy
   * @param maxTokens after so many tokens a sequence is cut, at least 1
   * @param lengthPenalty a, at least 0: hypotheses Y are compared by log p / ((5 + |Y|) / 6)^a, |Y|
   *     with the end (Wu et al. 2016, "Google's neural machine translation system", equation 14);
   *     0: by log p alone, which favours short ones
   * @param wanted how many of the best are searched for, 1 to beam: a search that wants one ends as
   *     soon as none can become better
   */
  public record Search(int beam, int maxTokens, double lengthPenalty, int wanted) {
    /** Checks the numbers. */
    public Search {
      if (beam < 1 || maxTokens < 1 || !(lengthPenalty >= 0 && lengthPenalty <= 100)) {
        throw new IllegalArgumentException(
            "a search with a beam of %d, %d tokens and length penalty %s: give at least 1, 1 and 0"
                .formatted(beam, maxTokens, lengthPenalty));
      }
      if (wanted < 1 || wanted > beam) {
        throw new IllegalArgumentException(
            "a search for %d hypotheses with a beam of %d: give 1 to %d"
                .formatted(wanted, beam, beam));
      }
    }

    /** For the best one. */
    public Search(int beam, int maxTokens, double lengthPenalty) {
      this(beam, maxTokens, lengthPenalty, 1);
    }

    /** The likeliest token of each step. */
    public static Search greedy(int maxTokens) {
      return new Search(1, maxTokens, 0, 1);
    }

    Search cutAt(int tokens) {
      return new Search(beam, tokens, lengthPenalty, wanted);
    }

    double penalized(double logProbability, int length) {
      return logProbability / Math.pow((5.0 + length) / 6, lengthPenalty);
    }
  }

  /**
   * What a search found.
   *
   * @param tokens without the boundary
   * @param logProbability of the tokens and, if it ended, the end
   * @param score what hypotheses are compared by
   * @param ended false: cut at the most tokens
   */
  public record Hypothesis(
      List<Integer> tokens, double logProbability, double score, boolean ended) {}

  private final Search search;
  private final Backend backend;
  private final Plan plan;
  private final int maxBatch;
  private final int classes;
  private final Workspace host;
  private final Workspace device;
  private final Tensor hostInput;
  private final Tensor hostLengths;
  private final Tensor hostTokens;
  private final Tensor hostLogits;

  /** I32 [L * N]: which row of a state each goes on from. */
  private final Tensor hostParents;

  private final Tensor parents;

  /**
   * Reserves what it takes.
   *
   * @param model whose last layer is a {@link SequenceToSequence}
   * @param maxTime the most steps of an input
   * @param maxBatch the most sequences of a call
   * @throws IllegalArgumentException if the model does not decode
   */
  public SequenceDecoder(Model model, int maxTime, int maxBatch, Search search) {
    this(model, maxTime, maxBatch, search, WeightType.FLOAT32);
  }

  /** The same with the matrices of recurrent layers rounded. */
  public SequenceDecoder(
      Model model, int maxTime, int maxBatch, Search search, WeightType weights) {
    Objects.requireNonNull(search, "search");
    if (!model.spec().decodes()) {
      throw new IllegalArgumentException(
          "the model's last layer decodes no sequences: it has to be a SequenceToSequence");
    }
    this.search = search;
    this.maxBatch = maxBatch;
    backend = model.backend();
    classes = model.spec().output().width();
    int rows = Math.multiplyExact(maxBatch, search.beam);
    plan = model.plan(PlanSpec.inference(maxTime, rows).withLabels(1).withWeights(weights));
    host = Workspace.host(backend.real());
    device = backend.workspace();
    try {
      Signal in = model.spec().input();
      hostInput = host.tensor(in.dtype(backend.real()), in.shape(maxTime, rows));
      hostLengths = host.tensor(DType.I32, rows);
      hostTokens = host.tensor(DType.I32, rows);
      hostLogits = host.real(rows, classes);
      long states = (long) layers(plan.layers.decoder().decoder()) * rows;
      hostParents = host.tensor(DType.I32, states);
      parents = device.tensor(DType.I32, states);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Decodes the inputs of a batch; its targets are not looked at.
   *
   * @return for each sequence what was found, the best first
   * @throws IllegalArgumentException if the batch is larger than what was reserved
   */
  public List<List<Hypothesis>> decode(Batch batch) {
    return decode(batch, steps -> search.maxTokens);
  }

  /**
   * The same, where a sequence is cut by its own length.
   *
   * @param most tokens, by the steps of an input; no more than those of the search
   */
  public List<List<Hypothesis>> decode(Batch batch, IntUnaryOperator most) {
    int n = batch.size();
    if (n > maxBatch || batch.time() > plan.spec().maxTime()) {
      throw new IllegalArgumentException(
          "%d steps of %d sequences; reserved are %d of %d"
              .formatted(batch.time(), n, plan.spec().maxTime(), maxBatch));
    }
    plan.usage.enterAlone();
    try {
      copyInputs(batch);
      plan.resetState(); // layers below would go on from the call before
      plan.layers.encode(batch.time(), n * search.beam);
      List<Beam> beams = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        int cut = most.applyAsInt(Math.toIntExact(batch.lengths().getLong(i)));
        beams.add(new Beam(search.cutAt(Math.min(cut, search.maxTokens))));
      }
      return search(beams);
    } finally {
      plan.usage.exit();
    }
  }

  /** Each sequence as often as its beam is wide, one after another. */
  private void copyInputs(Batch batch) {
    int rows = batch.size() * search.beam;
    long width = batch.layout().isTokens() ? 1 : batch.layout().features();
    for (int t = 0; t < batch.time(); t++) {
      for (int row = 0; row < rows; row++) {
        long from = ((long) t * batch.size() + row / search.beam) * width;
        long to = ((long) t * rows + row) * width;
        for (long c = 0; c < width; c++) {
          hostInput.set(to + c, batch.inputs().get(from + c));
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      hostLengths.setLong(row, batch.lengths().getLong(row / search.beam));
    }
    backend.copy(hostInput, plan.input());
    backend.copy(hostLengths, Objects.requireNonNull(plan.lengths()));
  }

  private List<List<Hypothesis>> search(List<Beam> beams) {
    int rows = beams.size() * search.beam;
    for (int row = 0; row < rows; row++) {
      hostTokens.setLong(row, Examples.BOUNDARY);
    }
    DecoderPlan decoder = plan.layers.decoder().decoder();
    Tensor logits = decoder.output().view(0, rows, classes);
    double[] read = new double[rows * classes];
    backend.fill(Objects.requireNonNull(decoder.lengths), 1);
    // One step more, to end after the last token.
    for (int step = 0; step <= search.maxTokens; step++) {
      backend.copy(hostTokens, decoder.shown.view(0, hostTokens.size()));
      plan.layers.decoder().decode(1, rows);
      backend.copy(logits, hostLogits.view(0, rows, classes));
      for (int i = 0; i < read.length; i++) {
        read[i] = hostLogits.get(i);
      }
      boolean all = true;
      for (int i = 0; i < beams.size(); i++) {
        all &= beams.get(i).advance(read, i * search.beam, classes);
        goOn(beams.get(i), i * search.beam);
      }
      if (all) {
        break;
      }
      goOnFrom(decoder, rows);
    }
    return beams.stream().map(Beam::found).toList();
  }

  /** What the rows of a sequence are shown next, and whose state they take over. */
  private void goOn(Beam beam, int first) {
    for (int k = 0; k < search.beam; k++) {
      boolean lives = k < beam.alive().size();
      hostTokens.setLong(first + k, lives ? beam.alive().get(k).token() : Examples.BOUNDARY);
      hostParents.setLong(first + k, first + (lives ? beam.alive().get(k).row() : k));
    }
  }

  /** The layers of a decoder's highest stack, whose states lie together. */
  private static int layers(DecoderPlan decoder) {
    return decoder.layers.stacks().stream().mapToInt(RecurrentSpec::layers).max().orElseThrow();
  }

  private void goOnFrom(DecoderPlan decoder, int rows) {
    for (int l = 1; l < layers(decoder); l++) {
      for (int row = 0; row < rows; row++) {
        hostParents.setLong((long) l * rows + row, (long) l * rows + hostParents.getLong(row));
      }
    }
    backend.copy(hostParents, parents);
    for (int s = 0; s < decoder.last.size(); s++) {
      State last = decoder.last.get(s);
      State first = decoder.initial.get(s);
      int states = decoder.layers.stacks().get(s).layers() * rows;
      take(states, last.h(), first.h());
      if (last.c() != null && first.c() != null) {
        take(states, last.c(), first.c());
      }
    }
  }

  /** Rows of a state are looked up as those of a table. */
  private void take(int rows, Tensor from, Tensor to) {
    backend.embedding(rows, parents, from.view(0, rows, from.dim(-1)), to);
  }

  /** The bytes that it holds. */
  public long bytes() {
    return plan.bytes() + host.bytes() + device.bytes();
  }

  /**
   * Frees what it reserved.
   *
   * @throws IllegalStateException if a call runs on another thread
   */
  @Override
  public void close() {
    plan.close();
    host.close();
    device.close();
  }
}
