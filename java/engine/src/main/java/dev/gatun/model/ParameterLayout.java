package dev.gatun.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a layer's parameters lie in its part of the flat blocks. What lies between them belongs to
 * no parameter and stays zero.
 *
 * @param offsets the first element of each parameter, in the order of {@link Layer#parameters}
 * @param size elements of the part
 * @param alignment bytes that the part's start is a multiple of
 */
public record ParameterLayout(List<Long> offsets, long size, int alignment) {
  /** Takes a copy of the list. */
  public ParameterLayout {
    offsets = List.copyOf(offsets);
  }

  /** One parameter after another. */
  public static ParameterLayout packed(List<ParameterSpec> parameters) {
    List<Long> offsets = new ArrayList<>();
    long end = 0;
    for (ParameterSpec parameter : parameters) {
      offsets.add(end);
      end += parameter.size();
    }
    return new ParameterLayout(offsets, end, 1);
  }
}
