/**
 * Search for the best values of parameters of any objective function: spaces, strategies, pruners,
 * a study and its events. Stands alone: it knows nothing of networks, and needs no other package.
 */
@org.jspecify.annotations.NullMarked
package dev.gatun.app.search;
