/** The search: spaces, studies, strategies, pruners. */
@org.jspecify.annotations.NullMarked
package dev.gatun.tests.search;
