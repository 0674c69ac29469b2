/* SPDX-License-Identifier: MIT
 *
 * run: measuring a plan, for other commands than `run`.
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

/* Measure the plan in the file PLAN, in BLOCKS blocks and at most BUDGET_S seconds, into the new
 * folder OUT: as `teampool run` does, but what came out is left to the caller to say.  COMMAND:
 * what the person typed.  FORCE: with a build that is no release, too.  Returns an exit code,
 * EXIT_FAILED also where only some cells failed; or ends the program with a sentence.  Runs in:
 * caller, once. */
int run_lend(const char *plan, long blocks, double budget_s, const char *out, int force,
             const char *command);

#endif
