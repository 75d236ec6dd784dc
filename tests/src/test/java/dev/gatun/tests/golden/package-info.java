/** PyTorch's outputs, gradients and updates; tests/goldens/README.md lists the files' keys. */
package dev.gatun.tests.golden;
