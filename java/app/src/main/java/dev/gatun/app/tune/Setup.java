package dev.gatun.app.tune;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TuneSection;
import java.util.List;
import java.util.Map;

/**
 * What all trials of a study have in common.
 *
 * @param overrides of the configuration, as {@code --set}
 * @param options of the command line, which win over both
 */
record Setup(TuneSection section, List<String> overrides, List<Config.Option> options) {
  Setup {
    overrides = List.copyOf(overrides);
    options = List.copyOf(options);
  }

  /**
   * The configuration of a trial.
   *
   * @param fold from 1, of its cross-validation; 0: of the parts as they are
   * @param values by key, as for {@code --set}; they win over the overrides
   * @throws InputException if they do not fit together
   */
  Config config(int fold, Map<String, String> values) {
    return section.config(overrides, options, fold, values);
  }
}
