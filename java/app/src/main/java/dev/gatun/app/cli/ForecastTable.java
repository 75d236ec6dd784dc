package dev.gatun.app.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import dev.gatun.app.task.Forecast;
import dev.gatun.app.task.Predictions;
import dev.gatun.app.task.SeriesTask;
import dev.gatun.data.WindowSource;
import dev.gatun.model.Model;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Forecasts of every window of a series as CSV, written while they are made. */
final class ForecastTable {
  private final SeriesTask task;
  private final WindowSource windows;
  private final String time;
  private final CsvWriter csv;
  private final int outputs;

  /**
   * A table.
   *
   * @param time the name of the column of times, if there is one
   * @param csv where it goes
   */
  ForecastTable(SeriesTask task, WindowSource windows, String time, CsvWriter csv) {
    this.task = task;
    this.windows = windows;
    this.time = time;
    this.csv = csv;
    outputs = task.windows().outputs();
  }

  /** A line for each window: its last row and what comes after. */
  void writeByWindow(Model model) {
    List<String> header = header();
    for (int o = 0; o < outputs; o++) {
      int ahead = windows.targetRow(0, o) - windows.lastRow(0);
      addNames(header, windows.targetColumn(o) + "+" + ahead);
    }
    csv.writeRecord(header);
    task.predict(
        model,
        windows,
        (window, said) -> {
          List<String> fields = place(windows.lastRow(window));
          for (int o = 0; o < outputs; o++) {
            addValues(fields, said, o);
          }
          csv.writeRecord(fields);
        });
  }

  /** A line for each row of the series that is forecast, those of the future included. */
  void writeByRow(Model model) {
    int targets = task.windows().targets().size();
    int steps = task.windows().steps();
    BitSet stitched = Forecast.stitched(w -> windows.targetRow(w, 0), windows.windows(), steps);
    List<String> header = header();
    task.windows().targets().forEach(name -> addNames(header, name));
    csv.writeRecord(header);
    task.predict(
        model,
        windows,
        (window, said) -> {
          for (int first = 0; stitched.get(window) && first < outputs; first += targets) {
            List<String> fields = place(windows.targetRow(window, first));
            for (int o = first; o < first + targets; o++) {
              addValues(fields, said, o);
            }
            csv.writeRecord(fields);
          }
        });
  }

  private List<String> header() {
    List<String> header = new ArrayList<>(List.of("row"));
    if (task.series().times() != null) {
      header.add(time);
    }
    return header;
  }

  private void addNames(List<String> header, String name) {
    header.add(name);
    if (task.hasInterval()) {
      header.add(name + "_lower");
      header.add(name + "_upper");
    }
  }

  private List<String> place(int row) {
    List<String> fields = new ArrayList<>(List.of(Integer.toString(row + 1)));
    List<String> times = task.series().times();
    if (times != null) {
      fields.add(row < times.size() ? times.get(row) : "");
    }
    return fields;
  }

  private static void addValues(List<String> fields, Predictions said, int output) {
    fields.add(Double.toString(said.point()[output]));
    if (said.hasInterval()) {
      fields.add(Double.toString(said.lower()[output]));
      fields.add(Double.toString(said.upper()[output]));
    }
  }
}
