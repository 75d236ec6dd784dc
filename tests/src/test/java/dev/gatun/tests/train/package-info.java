/** Training as a whole: it learns, resumes, accumulates, stops and frees what it took. */
package dev.gatun.tests.train;
