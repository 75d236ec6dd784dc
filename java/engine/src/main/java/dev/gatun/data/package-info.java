/** From text, series and arrays to batches in host memory. */
package dev.gatun.data;
