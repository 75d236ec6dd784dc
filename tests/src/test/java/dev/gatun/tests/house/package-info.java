/**
 * What a user touches before any Java of ours runs: launcher, wrapper, README, consumer project.
 */
package dev.gatun.tests.house;
