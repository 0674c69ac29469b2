/* SPDX-License-Identifier: MIT
 *
 * ranks: are two sets of values from the same distribution?  A test by order alone, exact for any
 * number of values and whatever the distribution: for runs of few blocks, where a t test would have
 * to trust that noise is normal.  Allocates nothing.  Runs in: either.
 */
#ifndef CORE_RANKS_H
#define CORE_RANKS_H

/* Exact two-sided rank sum test of NA values against NB: P(as far apart or farther), where every
 * order of all values is equally likely.  Equal values count as evidence against a difference, so
 * that the p is never too small.  Returns p; 1 where a side is empty.  SCRATCH has room for
 * NA * NB / 2 + 1 values.
 * Source: Mann & Whitney (1947); the number of orders for each U are the coefficients of the
 * Gaussian binomial: the product of (1 - x^(nb+i)) / (1 - x^i), i = 1..na. */
double ranks_p(const double *a, long na, const double *b, long nb, double *scratch);

#endif
