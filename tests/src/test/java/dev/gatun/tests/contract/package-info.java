/** What every backend must do, operation by operation, run over all of them. */
package dev.gatun.tests.contract;
