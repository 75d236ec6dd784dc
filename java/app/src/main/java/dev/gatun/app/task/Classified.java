package dev.gatun.app.task;

import dev.gatun.metric.ClassMetrics;
import java.util.List;

/**
 * What a classifier said of a part of its data.
 *
 * @param names of the classes, in their order
 * @param metrics what was counted
 */
public record Classified(List<String> names, ClassMetrics metrics) {}
