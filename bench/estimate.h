/* SPDX-License-Identifier: MIT
 *
 * estimate: a figure that was measured, with what is known of its truth.
 */
#ifndef BENCH_ESTIMATE_H
#define BENCH_ESTIMATE_H

/* A median with its 95 % interval.  NAN: not known; LOW and HIGH are known together or not. */
struct estimate {
    double mid, low, high;
};

#endif
