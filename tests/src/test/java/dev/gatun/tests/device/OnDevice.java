package dev.gatun.tests.device;

import dev.gatun.tests.support.DeviceRun;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A class of tests for a device: skipped, with the reason, in any other run. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("device")
@ExtendWith(OnDevice.Condition.class)
@interface OnDevice {
  /** Lets the tests of a run with a device, or its double, go on. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return DeviceRun.possible()
          ? ConditionEvaluationResult.enabled("there is a device, or its double")
          : ConditionEvaluationResult.disabled(
              "this run has no GPU: bin/gatun-device-tests runs it, see docs/gpu/README.md");
    }
  }
}
