/** What several kinds of tests share: seeded numbers, bounds, plans with all their tensors. */
package dev.gatun.tests.support;
