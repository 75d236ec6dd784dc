package dev.gatun.backend.reference;

import dev.gatun.backend.AdadeltaRule;
import dev.gatun.backend.AdagradRule;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.backend.LambRule;
import dev.gatun.backend.LionRule;
import dev.gatun.backend.NadamRule;
import dev.gatun.backend.RmsPropRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.tensor.Tensor;
import java.util.List;

/** Updates by the equations of their rules, one element after the other. */
final class ReferenceUpdater implements Updater {
  private final UpdateRule rule;
  private final UpdateTensors tensors;
  private final UpdatePart[] parts;
  private final Tensor control;

  /** LAMB's steps of one tensor. */
  private double[] u = new double[0];

  /** t, the update that goes on, from 1. */
  private double t;

  ReferenceUpdater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts) {
    this.rule = rule;
    this.tensors = tensors;
    this.parts = parts.toArray(UpdatePart[]::new);
    control = tensors.control();
  }

  @Override
  public void step() {
    boolean skip = control.get(Control.NON_FINITE) != -1;
    t = control.get(Control.UPDATES);
    for (UpdatePart part : parts) {
      if (!skip && rule instanceof LambRule lamb) {
        lamb(lamb, part);
      }
      for (long i = part.offset(); i < part.end(); i++) {
        if (part.row() > 0 && (i - part.offset()) % part.row() == 0 && !touched(i, part.row())) {
          i += part.row() - 1; // the whole row
          continue;
        }
        if (!skip && !(rule instanceof LambRule)) {
          update(part, i);
        }
        tensors.gradients().set(i, 0);
      }
    }
  }

  private boolean touched(long first, int row) {
    for (long i = first; i < first + row; i++) {
      if (tensors.gradients().get(i) != 0) {
        return true;
      }
    }
    return false;
  }

  private void update(UpdatePart part, long i) {
    double rate = control.get(Control.RATE) * part.rate();
    double decay = rule.weightDecay() * part.decay();
    double p = tensors.parameters().get(i);
    double g = control.get(Control.FACTOR) * tensors.gradients().get(i);
    if (rule.decoupled()) {
      p -= rate * decay * p;
    } else {
      g += decay * p;
    }
    tensors.parameters().set(i, p - rate * direction(g, i));
  }

  /** What the rate is multiplied with; moments move on. */
  private double direction(double g, long i) {
    return switch (rule) {
      case SgdRule sgd -> {
        if (sgd.momentum() == 0) {
          yield g;
        }
        double m = set(0, i, sgd.momentum() * moment(0, i) + g);
        yield sgd.nesterov() ? g + sgd.momentum() * m : m;
      }
      case AdamRule adam -> {
        double m = mean(0, i, adam.beta1(), g) / (1 - Math.pow(adam.beta1(), t));
        double v = mean(1, i, adam.beta2(), g * g);
        v = adam.amsgrad() ? set(2, i, Math.max(moment(2, i), v)) : v;
        yield m / (Math.sqrt(v / (1 - Math.pow(adam.beta2(), t))) + adam.epsilon());
      }
      case NadamRule nadam -> {
        double ahead = nadam.momentum(t + 1);
        double product = nadam.product(t);
        double m = mean(0, i, nadam.beta1(), g) * ahead / (1 - product * ahead);
        double v = mean(1, i, nadam.beta2(), g * g) / (1 - Math.pow(nadam.beta2(), t));
        double now = g * (1 - nadam.momentum(t)) / (1 - product);
        yield (now + m) / (Math.sqrt(v) + nadam.epsilon());
      }
      case AdagradRule adagrad -> {
        double sum = set(0, i, moment(0, i) + g * g);
        double fall = 1 + (t - 1) * adagrad.rateDecay();
        yield g / fall / (Math.sqrt(sum) + adagrad.epsilon());
      }
      case AdadeltaRule adadelta -> {
        double v = mean(0, i, adadelta.decay(), g * g) + adadelta.epsilon();
        double d = Math.sqrt(moment(1, i) + adadelta.epsilon()) / Math.sqrt(v) * g;
        mean(1, i, adadelta.decay(), d * d);
        yield d;
      }
      case RmsPropRule rms -> rms(rms, g, i);
      case LionRule lion -> {
        double m = moment(0, i);
        mean(0, i, lion.beta2(), g);
        yield Math.signum(lion.beta1() * m + (1 - lion.beta1()) * g);
      }
      case LambRule _ -> throw new IllegalStateException("LAMB goes by tensors");
    };
  }

  private double rms(RmsPropRule rule, double g, long i) {
    double v = mean(0, i, rule.decay(), g * g);
    if (rule.centered()) {
      double mean = mean(1, i, rule.decay(), g);
      v = Math.max(0, v - mean * mean); // rounding may leave less than nothing
    }
    double d = g / (Math.sqrt(v) + rule.epsilon());
    int last = rule.moments().size() - 1;
    return rule.momentum() == 0 ? d : set(last, i, rule.momentum() * moment(last, i) + d);
  }

  private void lamb(LambRule rule, UpdatePart part) {
    int size = Math.toIntExact(part.size());
    if (u.length < size) {
      u = new double[size];
    }
    double parameterNorm = 0;
    double updateNorm = 0;
    for (int k = 0; k < size; k++) {
      long i = part.offset() + k;
      double p = tensors.parameters().get(i);
      double g = control.get(Control.FACTOR) * tensors.gradients().get(i);
      double m = mean(0, i, rule.beta1(), g) / (1 - Math.pow(rule.beta1(), t));
      double v = mean(1, i, rule.beta2(), g * g) / (1 - Math.pow(rule.beta2(), t));
      u[k] = m / (Math.sqrt(v) + rule.epsilon()) + rule.weightDecay() * part.decay() * p;
      parameterNorm += p * p;
      updateNorm += u[k] * u[k];
    }
    double trust =
        parameterNorm == 0 || updateNorm == 0 ? 1 : Math.sqrt(parameterNorm / updateNorm);
    double rate = control.get(Control.RATE) * part.rate() * trust;
    for (int k = 0; k < size; k++) {
      long i = part.offset() + k;
      tensors.parameters().set(i, tensors.parameters().get(i) - rate * u[k]);
    }
  }

  private double moment(int which, long i) {
    return tensors.moments().get(which).get(i);
  }

  private double set(int which, long i, double value) {
    tensors.moments().get(which).set(i, value);
    return value;
  }

  private double mean(int which, long i, double keep, double value) {
    return set(which, i, keep * moment(which, i) + (1 - keep) * value);
  }

  @Override
  public void close() {}
}
