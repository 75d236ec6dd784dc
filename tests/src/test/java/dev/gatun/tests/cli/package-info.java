/** The command line as a user has it: a process with arguments, streams and an exit status. */
package dev.gatun.tests.cli;
