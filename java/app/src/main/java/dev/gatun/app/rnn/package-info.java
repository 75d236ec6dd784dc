/** One recurrent stack over arrays in files: what {@code gatun rnn} computes. */
package dev.gatun.app.rnn;
