/** Runs: their directory, training with everything it leaves, and loading what was trained. */
package dev.gatun.app.run;
