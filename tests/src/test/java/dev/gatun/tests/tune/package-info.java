/** The journal of a study, and the command that searches. */
package dev.gatun.tests.tune;
