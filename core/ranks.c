/* SPDX-License-Identifier: MIT */
#include "ranks.h"

#include <math.h>

/* P(U <= u), U the number of pairs in which the first set's value is the smaller.  Only the first
 * u + 1 coefficients are ever looked at, so far out in the tail they are small whole numbers, and
 * exact. */
static double orders_below(long na, long nb, long u, double *count)
{
    double sum = 0, all = 1;
    for (long k = 0; k <= u; k++)
        count[k] = k == 0;
    for (long i = 1; i <= na; i++) {
        for (long k = u; k >= nb + i; k--)
            count[k] -= count[k - nb - i];
        for (long k = i; k <= u; k++)
            count[k] += count[k - i];
        all *= (double)(nb + i) / (double)i;
    }
    for (long k = 0; k <= u; k++)
        sum += count[k];
    return sum / all;
}

double ranks_p(const double *a, long na, const double *b, long nb, double *scratch)
{
    long below = 0, above = 0;
    for (long i = 0; i < na; i++)
        for (long j = 0; j < nb; j++) {
            below += a[i] < b[j];
            above += a[i] > b[j];
        }
    long clear = below > above ? below : above, rest = na * nb - clear;
    if (2 * rest >= na * nb)
        return 1;
    return fmin(1, 2 * (na < nb ? orders_below(na, nb, rest, scratch)
                                : orders_below(nb, na, rest, scratch)));
}
