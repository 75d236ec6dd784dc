/** Why a trained model says what it says: attributions of its output to its input. */
package dev.gatun.explain;
