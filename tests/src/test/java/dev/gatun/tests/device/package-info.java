/** What only a GPU can prove; the same tests run sized down on the CUDA double. */
package dev.gatun.tests.device;
