/** The training loop: validation, early stopping, checkpoints and exact resume. */
package dev.gatun.train;
