/** Models as stacks of layers: parameters, plans that run them, and streaming sessions. */
package dev.gatun.model;
