package dev.gatun.app.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.app.config.Numbers;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** A bar on a terminal, redrawn in place; elsewhere nothing but whole lines. */
public final class Progress {
  /** Redrawing more often than the eye reads would only cost time. */
  private static final long REDRAW_NANOS = 100_000_000;

  private static final int BAR = 20;
  private static final int REPORTS = 20;

  /**
   * Where a run is.
   *
   * @param step steps done
   * @param steps steps in all, at least 1
   * @param loss of the last steps
   * @param rate the learning rate
   * @param perSecond examples or tokens
   * @param unit what perSecond counts
   * @param left the time the rest will take
   */
  public record State(
      long step,
      long steps,
      double loss,
      double rate,
      double perSecond,
      String unit,
      Duration left) {}

  private final PrintStream out;
  private final boolean terminal;
  private long drawn;
  private boolean open;
  private long shown;

  /** Progress on standard error. */
  public Progress() {
    this(System.err, Terminal.onStandardError());
  }

  /**
   * Progress elsewhere.
   *
   * @param out where it goes
   * @param terminal whether lines can be redrawn there
   */
  public Progress(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** One that shows nothing: of a run among others. */
  public static Progress silent() {
    return new Progress(new PrintStream(OutputStream.nullOutputStream(), false, UTF_8), false);
  }

  /** Whether {@link #show} has any effect now: to be asked before anything is computed for it. */
  public boolean due() {
    return terminal && System.nanoTime() - drawn >= REDRAW_NANOS;
  }

  /**
   * Whether a report is shown as a line of its own: every one where there is no bar, else about
   * twenty in a run.
   */
  public boolean showsReport(long step, long steps) {
    long every = Math.max(1, steps / REPORTS);
    boolean next = step / every > shown;
    shown = Math.max(shown, step / every);
    return !terminal || next || step >= steps;
  }

  /** Whether a line can be redrawn in place. */
  public boolean onTerminal() {
    return terminal;
  }

  /** Redraws the bar. */
  public void show(State state) {
    show(bar(state));
  }

  /** Redraws the line in place, with this text; elsewhere than on a terminal nothing. */
  public void show(String text) {
    if (terminal) {
      drawn = System.nanoTime();
      open = true;
      out.print("\r" + text + "\u001b[K");
      out.flush();
    }
  }

  /** Prints a whole line, above the bar if there is one. */
  public void line(String text) {
    if (open) {
      out.print("\r\u001b[K");
      open = false;
    }
    out.println(text);
    out.flush();
  }

  /** Removes the bar. */
  public void close() {
    if (open) {
      out.print("\r\u001b[K");
      out.flush();
      open = false;
    }
  }

  /** The bar of a state, at most 80 columns for common values. */
  static String bar(State state) {
    return String.format(
        Locale.ROOT,
        "%s loss %s  rate %.1e  %,.0f %s/s  %s left",
        bar(state.step, state.steps),
        Numbers.shown(state.loss),
        state.rate,
        state.perSecond,
        state.unit,
        clock(state.left));
  }

  /** The part that is done, as a percentage and a bar. */
  public static String bar(long done, long all) {
    double share = Math.clamp((double) done / all, 0, 1);
    int full = (int) (share * BAR);
    return "%3d%% [%s%s]".formatted((int) (share * 100), "=".repeat(full), " ".repeat(BAR - full));
  }

  /** Hours, minutes and seconds, as 0:42, 3:05 or 1:02:03. */
  public static String clock(Duration time) {
    long s = Math.max(0, time.toSeconds());
    return s >= 3600
        ? "%d:%02d:%02d".formatted(s / 3600, s / 60 % 60, s % 60)
        : "%d:%02d".formatted(s / 60, s % 60);
  }
}
