/** Figures of merit, from what was true and what was said. They know no model and no data. */
package dev.gatun.metric;
