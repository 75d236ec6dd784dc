/** How native libraries are found, checked and loaded, each case in a JVM of its own. */
@NullMarked
package dev.gatun.tests.loader;

import org.jspecify.annotations.NullMarked;
