/** Central differences in float64 against the reference's backward. */
package dev.gatun.tests.gradient;
