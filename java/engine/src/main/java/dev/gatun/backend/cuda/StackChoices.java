package dev.gatun.backend.cuda;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Which way each shape of stack is computed here: as a resumed run's checkpoint says, else as a
 * file on disk says, else as is measured now, and then always so. A backend and its forks share it.
 */
final class StackChoices {
  private static final System.Logger LOG = System.getLogger(StackChoices.class.getName());
  private static final String STACKS = "stacks";

  /** By the shapes in words. */
  private final SortedMap<String, StackMethod> chosen = new TreeMap<>();

  /** The shapes that a checkpoint had, until one is planned. */
  private final Set<String> recorded = new HashSet<>();

  /** The device and its libraries, the same for all that is chosen. */
  private Map<String, Json> machine = Map.of();

  /** Counts the times that what had been chosen was replaced. */
  private volatile long version;

  /** What is chosen for a shape may be another one when this has changed. */
  long version() {
    return version;
  }

  /**
   * What to compute a shape by.
   *
   * @param context of the device, which is the current one
   * @param measuring measures; what it adds to its argument is logged
   */
  synchronized StackMethod of(
      StackShape shape, CudaContext context, Function<StringBuilder, MethodTimes> measuring) {
    String name = shape.toString();
    StackMethod known = chosen.get(name);
    if (known != null && shape.methods().contains(known)) {
      if (recorded.remove(name)) {
        tell(name, known, "as recorded", "");
      }
      return known;
    }
    machine(context);
    Map<String, Json> key = key(shape);
    MethodTimes times = MethodTimes.stored(key, shape.standard());
    String source = "measured before";
    StringBuilder dropped = new StringBuilder();
    if (times == null || !shape.methods().containsAll(times.milliseconds().sequencedKeySet())) {
      context.refuseInRecording("measuring what computes a recurrent stack fastest");
      source = "measured now";
      times = measuring.apply(dropped);
      store(times, key);
    }
    StackMethod choice = times.choice();
    chosen.put(name, choice);
    tell(name, choice, source + ": " + times, dropped);
    return choice;
  }

  private static void tell(String shape, StackMethod choice, String why, CharSequence dropped) {
    LOG.log(
        System.Logger.Level.INFO,
        "the recurrent stack %s runs by %s (%s)%s".formatted(shape, choice.label(), why, dropped));
  }

  private static void store(MethodTimes times, Map<String, Json> key) {
    try {
      times.store(key);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "what was measured is not kept: " + e.getMessage());
    }
  }

  private Map<String, Json> machine(CudaContext context) {
    if (machine.isEmpty()) {
      Map<String, Json> facts = new LinkedHashMap<>();
      // Devices of one kind are sold with different memory, which has different speed.
      long gibibytes = Math.round(Device.memory()[1] / (double) (1 << 30));
      String kind = context.device().kind();
      facts.put("device", Json.of("%s, %d GiB".formatted(kind, gibibytes)));
      facts.put("libraries", Json.of(CudaDevices.libraries()));
      machine = facts;
    }
    return machine;
  }

  /** What times depend on. */
  private Map<String, Json> key(StackShape shape) {
    Map<String, Json> key = new LinkedHashMap<>();
    ModuleDescriptor module = StackChoices.class.getModule().getDescriptor();
    key.put("gatun", Json.of(module == null ? "" : module.rawVersion().orElse("")));
    key.putAll(machine);
    key.put("stack", Json.of(shape.toString()));
    return key;
  }

  /** As {@link dev.gatun.backend.Backend#choices}. */
  synchronized String record() {
    if (chosen.isEmpty()) {
      return "";
    }
    Map<String, Json> stacks = new LinkedHashMap<>();
    chosen.forEach((shape, method) -> stacks.put(shape, Json.of(method.label())));
    Map<String, Json> all = new LinkedHashMap<>(machine);
    all.put(STACKS, Json.of(stacks));
    return Json.of(all).print();
  }

  /**
   * Takes over what {@link #record} said, on the same device with the same libraries; anything else
   * changes nothing.
   *
   * @param context of the device, which is the current one
   */
  synchronized void reproduce(String record, CudaContext context) {
    try {
      Json.Members all = Json.parse(record).asObject();
      for (Map.Entry<String, Json> fact : machine(context).entrySet()) {
        if (!fact.getValue().equals(all.find(fact.getKey()))) {
          return;
        }
      }
      Map<String, StackMethod> read = new LinkedHashMap<>();
      Json.Members stacks = all.get(STACKS).asObject();
      for (Map.Entry<String, Json> each : stacks.values().entrySet()) {
        StackMethod method = StackMethod.named(each.getValue().asText());
        if (method == null) {
          return; // of a later version
        }
        read.put(each.getKey(), method);
      }
      if (!chosen.entrySet().containsAll(read.entrySet())) {
        chosen.putAll(read);
        recorded.addAll(read.keySet());
        version++;
      }
    } catch (FormatException e) {
      return; // another kind of backend's
    }
  }
}
