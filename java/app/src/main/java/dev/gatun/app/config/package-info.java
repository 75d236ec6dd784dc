/**
 * Configurations: YAML read into typed values that remember their file and line. A key is one
 * declaration in {@link dev.gatun.app.config.DataKeys}, {@link dev.gatun.app.config.ModelKeys} or
 * {@link dev.gatun.app.config.TrainKeys}: name, type, range, default and meaning.
 */
package dev.gatun.app.config;
