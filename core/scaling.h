/* SPDX-License-Identifier: MIT
 *
 * scaling: laws of how speed grows with workers, fitted to speed-ups.  A speed-up X at P workers is
 * serial time over parallel time; X(1) is 1 by definition.  Fitted on ln X, for noise is in
 * proportion.  Pure functions, nothing allocated.  A value that is not finite, a count below 1 or a
 * speed-up that is not above 0 is refused: the answer is NAN.  All functions run in: either.
 *
 * Intervals: fit every block's speed-ups by themselves and give the results to stats_center.  Its
 * order statistics assume no shape; a bootstrap over 6 to 30 blocks would cover too little, and a
 * jackknife needs an estimate that is smooth, which a bound is not.
 */
#ifndef CORE_SCALING_H
#define CORE_SCALING_H

/* The serial fraction s, 0 <= s <= 1, of Amdahl's law X = 1 / (s + (1 - s) / P), by least squares
 * on ln X.  NAN where no count is above 1. Source: Amdahl (1967). */
double scaling_amdahl(const double *workers, const double *speedup, long n);

/* The serial fraction that one point shows, (1/X - 1/P) / (1 - 1/P).  Below 0: faster than P times.
 * Growing with P: not a serial part, but overhead that grows.  NAN for WORKERS <= 1.
 * Source: Karp & Flatt (1990). */
double scaling_karp_flatt(double workers, double speedup);

/* X = P / (1 + sigma (P - 1) + kappa P (P - 1)). */
struct usl {
    double sigma; /* contention, >= 0 */
    double kappa; /* coherence: what every pair of workers costs, >= 0 */
};

/* The Universal Scalability Law, by least squares on ln X within sigma, kappa >= 0.  NAN where
 * there are fewer than 6 different worker counts: with fewer, any three points would fit. Source:
 * Gunther, Guerrilla Capacity Planning (2007), 4. */
struct usl scaling_usl(const double *workers, const double *speedup, long n);

/* The same without the bounds: sigma or kappa may be below 0.  For the blocks, whose results make
 * the interval: with bounds, a sigma that noise would take below 0 is held there, and the kappa
 * fitted beside it is too small (simulated, sigma 0, kappa 1e-4, 20 blocks: without bounds its
 * interval covers 96 %, with them far less). */
struct usl scaling_usl_free(const double *workers, const double *speedup, long n);

/* Time until CHUNKS chunks are done by WORKERS workers who claim them one by one where one claim is
 * served at a time, first come, first served: a claim takes CLAIM, a chunk WORK.  Exact for chunks
 * that are all alike:
 *
 *     (rounds - 1) max(WORK + CLAIM, WORKERS CLAIM) + last CLAIM + WORK
 *
 * with rounds = ceil(CHUNKS / WORKERS), LAST of them claimed in the last round.  From WORKERS =
 * 1 + WORK / CLAIM on the claims alone take all the time, 1 / CLAIM chunks in a unit of it.  NAN
 * unless CHUNKS and WORKERS are 1 or more, WORK and CLAIM 0 or more.
 * Source: the closed network of one server and WORKERS customers who think; its bounds are those of
 * Denning & Buzen, The Operational Analysis of Queueing Network Models (1978), X <= min(P / (Z +
 * S), 1 / S), its knee (Z + S) / S Kleinrock's saturation point (Queueing Systems 2, 1976, 4.12).
 */
double scaling_claims(double chunks, double workers, double work, double claim);

/* The worker count with the highest speed-up, sqrt((1 - sigma) / kappa), 1 at least.  NAN unless
 * KAPPA_LOW, the lower end of kappa's interval, is above 0: a kappa that may be 0 has no peak.  May
 * lie far beyond what was measured. */
double scaling_usl_peak(double sigma, double kappa, double kappa_low);

#endif
