package dev.gatun.app.cli;

import dev.gatun.backend.WeightType;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads how weights are kept. */
final class PrecisionConverter implements ITypeConverter<WeightType> {
  @Override
  public WeightType convert(String text) {
    for (WeightType type : WeightType.values()) {
      if (type.label().equals(text)) {
        return type;
      }
    }
    throw new TypeConversionException(
        "'%s' is no precision of weights; give one of %s"
            .formatted(
                text,
                Arrays.stream(WeightType.values())
                    .map(WeightType::label)
                    .collect(Collectors.joining(", "))));
  }
}
