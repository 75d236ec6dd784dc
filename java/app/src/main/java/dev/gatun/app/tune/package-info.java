/** Searches over configurations: the study of {@code gatun tune}, and its quick tests. */
package dev.gatun.app.tune;
