/** The harness: what the machine can do at best, and how long the engine takes. */
package dev.gatun.app.bench;
