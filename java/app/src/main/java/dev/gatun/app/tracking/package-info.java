/** What other programs read of a run: TensorBoard's event files and an MLflow server. */
@NullMarked
package dev.gatun.app.tracking;

import org.jspecify.annotations.NullMarked;
