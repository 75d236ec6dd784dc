package dev.gatun.app.config;

import dev.gatun.backend.Activation;
import dev.gatun.backend.UnfoldSpec.Padding;
import java.util.List;

/** The keys of convolutions over time in front of the recurrent layers. */
public final class ConvolutionKeys {
  private static final int MOST = 1 << 16;
  private static final int MOST_LAYERS = 64;

  /** A text goes on from a state, and pairs have an encoder of their own: neither has any. */
  private static final DataKeys.Kind[] DATA = {
    DataKeys.Kind.SERIES, DataKeys.Kind.TRANSCRIPTS, DataKeys.Kind.SEQUENCES, DataKeys.Kind.STRINGS
  };

  public static final Key<List<Integer>> CHANNELS =
      Key.of(
              "model.convolution.channels",
              Type.wholes(0, MOST, MOST_LAYERS),
              List.of(0),
              "channels of each convolution in front of the recurrent layers; 0: none")
          .when(DataKeys.TYPE, DATA)
          .knownAs("filters", "out_channels", "conv");

  public static final Key<List<Integer>> KERNEL =
      wholes("kernel", 3, "steps that a convolution sees: one number, or one for each")
          .knownAs("kernel_size", "filter_size");

  public static final Key<List<Integer>> STRIDE =
      wholes("stride", 1, "steps from one window to the next: one number, or one for each")
          .knownAs("strides");

  public static final Key<Padding> PADDING =
      Key.of(
              "model.convolution.padding",
              Type.oneOf(Padding.class),
              Padding.SAME,
              "zeros on both sides, before a sequence, or none")
          .when(DataKeys.TYPE, DATA);

  public static final Key<Activation> ACTIVATION =
      Key.of(
              "model.convolution.activation",
              Type.oneOf(Activation.class),
              Activation.RELU,
              "what a convolution's outputs go through")
          .when(DataKeys.TYPE, DATA);

  static final List<Key<?>> ALL = List.of(CHANNELS, KERNEL, STRIDE, PADDING, ACTIVATION);

  private static Key<List<Integer>> wholes(String name, int fallback, String says) {
    return Key.of(
            "model.convolution." + name, Type.wholes(1, MOST, MOST_LAYERS), List.of(fallback), says)
        .when(DataKeys.TYPE, DATA);
  }

  private ConvolutionKeys() {}
}
