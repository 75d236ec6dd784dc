/** Models, their plans, sessions and files. */
package dev.gatun.tests.model;
