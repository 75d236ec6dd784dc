/** What a run shows and leaves: progress, metrics, logs and charts. */
package dev.gatun.app.report;
