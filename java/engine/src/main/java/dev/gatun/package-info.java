/** Entry points: opening a backend by name, and checking the gradients of any function. */
package dev.gatun;
