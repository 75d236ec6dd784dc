package dev.gatun.bindings.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Turns one header into Java sources. */
public final class Generator {
  private Generator() {}

  /**
   * What the header declares of what the options include, in the header's order.
   *
   * @throws GeneratorException when the header is missing or no valid C, or an included name is not
   *     declared or cannot be bound
   */
  public static List<Declaration> declarations(Options options) {
    List<Declaration> all = HeaderParser.parse(options.header(), options.clangArguments());
    List<Declaration> kept = new ArrayList<>();
    Set<String> missing = new HashSet<>(options.include());
    for (Declaration declaration : all) {
      String key = declaration.kind() + " " + declaration.name();
      if (!options.include().isEmpty() && !options.include().contains(key)) {
        continue;
      }
      missing.remove(key);
      check(declaration);
      kept.add(declaration);
    }
    if (!missing.isEmpty()) {
      throw new GeneratorException(
          options.header()
              + " does not declare "
              + missing.stream().sorted().collect(Collectors.joining(", ")));
    }
    return kept;
  }

  private static void check(Declaration declaration) {
    String what = declaration.kind() + " " + declaration.name() + ": ";
    switch (declaration) {
      case Declaration.Unsupported unsupported ->
          throw new GeneratorException(what + unsupported.reason());
      case Declaration.Function function -> {
        check(what, function.result());
        function.parameters().forEach(parameter -> check(what, parameter.type()));
      }
      case Declaration.Callback callback -> {
        check(what, callback.result());
        callback.parameters().forEach(parameter -> check(what, parameter.type()));
      }
      default -> {} // fields are checked where their layout is written
    }
  }

  private static void check(String what, CType type) {
    if (type instanceof CType.Unsupported unsupported) {
      throw new GeneratorException(
          what + "the type " + unsupported.spelling() + " is not supported");
    }
  }

  /**
   * The Java sources.
   *
   * @return text by file name, such as {@code cblas_h.java}
   */
  public static Map<String, String> sources(Options options) {
    List<Declaration> declarations = declarations(options);
    checkReferences(declarations);
    Map<String, Declaration.Aggregate> aggregates = new LinkedHashMap<>();
    Map<String, String> sources = new LinkedHashMap<>();
    HeaderWriter writer = new HeaderWriter(options);
    sources.put(options.headerClass() + "$shared.java", writer.shared());
    sources.put(options.headerClass() + ".java", writer.header(declarations));
    AggregateWriter aggregateWriter =
        new AggregateWriter(options, name -> required(aggregates, name).size());
    for (Declaration declaration : declarations) {
      switch (declaration) {
        case Declaration.Aggregate aggregate -> {
          aggregates.put(aggregate.name(), aggregate);
          sources.put(aggregate.name() + ".java", aggregateWriter.write(aggregate));
        }
        case Declaration.Callback callback ->
            sources.put(callback.name() + ".java", CallbackWriter.write(callback, options));
        default -> {} // in the header class
      }
    }
    return sources;
  }

  private static Declaration.Aggregate required(
      Map<String, Declaration.Aggregate> aggregates, String name) {
    Declaration.Aggregate aggregate = aggregates.get(name);
    if (aggregate == null) {
      throw new GeneratorException("struct " + name + " is used by value but is not included");
    }
    return aggregate;
  }

  private static void checkReferences(List<Declaration> declarations) {
    Set<String> names = new HashSet<>();
    Set<String> members = new HashSet<>();
    for (Declaration declaration : declarations) {
      if (declaration instanceof Declaration.Aggregate) {
        names.add(declaration.name());
      } else if (declaration instanceof Declaration.Constant && !members.add(declaration.name())) {
        throw new GeneratorException("constant " + declaration.name() + " is declared twice");
      }
    }
    for (Declaration declaration : declarations) {
      if (declaration instanceof Declaration.Function function) {
        List<CType> types = new ArrayList<>();
        types.add(function.result());
        function.parameters().stream().map(Declaration.Member::type).forEach(types::add);
        for (CType type : types) {
          if (type instanceof CType.Struct struct && !names.contains(struct.name())) {
            throw new GeneratorException(
                "function "
                    + function.name()
                    + ": struct "
                    + struct.name()
                    + " is passed by value but is not defined or not included");
          }
        }
      }
    }
  }

  /**
   * Writes the sources below the output folder, in the folder of the target package.
   *
   * @return the folder written to
   */
  public static Path write(Options options) throws IOException {
    Path folder = options.output().resolve(options.targetPackage().replace('.', '/'));
    Files.createDirectories(folder);
    for (Map.Entry<String, String> source : sources(options).entrySet()) {
      Files.writeString(folder.resolve(source.getKey()), source.getValue());
    }
    return folder;
  }
}
