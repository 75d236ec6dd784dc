/** The oracle: every operation in double precision and plain loops, written to be read. */
package dev.gatun.backend.reference;
