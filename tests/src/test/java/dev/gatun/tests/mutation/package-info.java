/** What notices a technique that does nothing. */
package dev.gatun.tests.mutation;
