/** Optimizers over flat parameters, and schedules of the learning rate. */
package dev.gatun.optim;
