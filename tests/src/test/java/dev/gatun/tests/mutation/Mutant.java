package dev.gatun.tests.mutation;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;

/**
 * A technique turned into a no-op: a method that does nothing.
 *
 * @param type the class in {@code dev.gatun}, as {@code optim.Averaging}
 * @param method all of that name
 * @param gives what it gives instead of its work
 */
record Mutant(String type, String method, Gives gives) {
  /** What is left of a method. */
  enum Gives {
    /** Nothing, zero, false or null. */
    NOTHING,
    /** The object it was called on, or its first argument if it is static. */
    ITSELF,
    /** The first argument of a method of an object. */
    FIRST,
    /** The last argument. */
    LAST,
    /** A schedule that stays at the first argument of a static method. */
    CONSTANT
  }

  /** As {@code optim.Averaging.takes NOTHING}. */
  static Mutant parse(String text) {
    String[] words = text.strip().split(" ", -1);
    int dot = words[0].lastIndexOf('.');
    return new Mutant(
        "dev.gatun." + words[0].substring(0, dot),
        words[0].substring(dot + 1),
        Gives.valueOf(words[1]));
  }

  /** The class without its work. */
  byte[] of(byte[] original) {
    ClassFile file = ClassFile.of();
    boolean[] found = new boolean[1];
    ClassTransform transform =
        ClassTransform.transformingMethods(
            m -> m.methodName().equalsString(method) && m.code().isPresent(),
            (builder, element) -> {
              if (element instanceof CodeModel code) {
                found[0] = true;
                MethodModel of = code.parent().orElseThrow();
                boolean isStatic = of.flags().has(AccessFlag.STATIC);
                builder.withCode(body -> write(body, of.methodTypeSymbol(), isStatic));
              } else {
                builder.with(element);
              }
            });
    byte[] mutated = file.transformClass(file.parse(original), transform);
    if (!found[0]) {
      throw new IllegalArgumentException(this + ": there is no such method");
    }
    return mutated;
  }

  private void write(CodeBuilder body, MethodTypeDesc descriptor, boolean isStatic) {
    TypeKind kind = TypeKind.from(descriptor.returnType());
    switch (gives) {
      case NOTHING -> nothing(body, kind);
      case ITSELF -> body.loadLocal(kind, 0).return_(kind);
      case FIRST -> body.loadLocal(kind, 1).return_(kind);
      case LAST -> {
        int slot = isStatic ? 0 : 1;
        for (ClassDesc parameter : descriptor.parameterList()) {
          slot += TypeKind.from(parameter).slotSize();
        }
        body.loadLocal(kind, slot - kind.slotSize()).return_(kind);
      }
      case CONSTANT -> {
        MethodTypeDesc of = MethodTypeDesc.of(descriptor.returnType(), ConstantDescs.CD_double);
        body.dload(0).invokestatic(ClassDesc.of(type), "constant", of).areturn();
      }
    }
  }

  private static void nothing(CodeBuilder body, TypeKind kind) {
    switch (kind) {
      case VOID -> {}
      case REFERENCE -> body.aconst_null();
      case LONG -> body.lconst_0();
      case FLOAT -> body.fconst_0();
      case DOUBLE -> body.dconst_0();
      case BOOLEAN, BYTE, SHORT, CHAR, INT -> body.iconst_0();
    }
    body.return_(kind);
  }

  @Override
  public String toString() {
    return type.substring("dev.gatun.".length()) + "." + method;
  }
}
