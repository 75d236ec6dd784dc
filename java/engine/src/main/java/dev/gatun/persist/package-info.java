/** Files that survive a kill: safetensors, JSON and atomic replacement. */
package dev.gatun.persist;
