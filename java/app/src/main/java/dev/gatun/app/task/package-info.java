/** What a configuration asks for: data cut into parts, a model, a loss and their measures. */
package dev.gatun.app.task;
