package dev.gatun.app.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import dev.gatun.app.task.Forecast;
import dev.gatun.app.task.Predictions;
import dev.gatun.app.task.SeriesTask;
import dev.gatun.data.WindowSource;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/** Forecasts of every window of a series as CSV. */
final class ForecastTable {
  private final SeriesTask task;
  private final WindowSource windows;
  private final Predictions predictions;
  private final String time;
  private final int outputs;

  /**
   * A table.
   *
   * @param time the name of the column of times, if there is one
   */
  ForecastTable(SeriesTask task, WindowSource windows, Predictions predictions, String time) {
    this.task = task;
    this.windows = windows;
    this.predictions = predictions;
    this.time = time;
    outputs = task.windows().outputs();
  }

  /** A line for each window: its last row and what comes after. */
  String byWindow() throws IOException {
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().build(text)) {
      List<String> header = header();
      for (int o = 0; o < outputs; o++) {
        int ahead = windows.targetRow(0, o) - windows.lastRow(0);
        addNames(header, windows.targetColumn(o) + "+" + ahead);
      }
      csv.writeRecord(header);
      for (int w = 0; w < windows.windows(); w++) {
        List<String> fields = place(windows.lastRow(w));
        for (int o = 0; o < outputs; o++) {
          addValues(fields, w * outputs + o);
        }
        csv.writeRecord(fields);
      }
    }
    return text.toString();
  }

  /** A line for each row of the series that is forecast, those of the future included. */
  String byRow() throws IOException {
    int targets = task.windows().targets().size();
    int steps = task.windows().steps();
    int[] rows = new int[windows.windows() * outputs];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = windows.targetRow(i / outputs, i % outputs);
    }
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().build(text)) {
      List<String> header = header();
      task.windows().targets().forEach(name -> addNames(header, name));
      csv.writeRecord(header);
      for (int window : Forecast.stitched(rows, outputs, steps)) {
        for (int step = 0; step < steps; step++) {
          int first = window * outputs + step * targets;
          List<String> fields = place(rows[first]);
          for (int i = first; i < first + targets; i++) {
            addValues(fields, i);
          }
          csv.writeRecord(fields);
        }
      }
    }
    return text.toString();
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
    if (predictions.hasInterval()) {
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

  private void addValues(List<String> fields, int i) {
    fields.add(Double.toString(predictions.point()[i]));
    if (predictions.hasInterval()) {
      fields.add(Double.toString(predictions.lower()[i]));
      fields.add(Double.toString(predictions.upper()[i]));
    }
  }
}
