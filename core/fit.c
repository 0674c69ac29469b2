/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include <math.h>
#include <stdlib.h>

#include "stats.h"

static int all_finite(const double *values, long n)
{
    for (long i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

static int all_positive(const double *values, long n)
{
    for (long i = 0; i < n; i++)
        if (!isfinite(values[i]) || !(values[i] > 0))
            return 0;
    return 1;
}

/* Finite, above 0, each larger than the one before. */
static int ascends(const double *values, long n)
{
    for (long i = 1; i < n; i++)
        if (!(values[i] > values[i - 1]))
            return 0;
    return all_positive(values, n);
}

/* Lines ------------------------------------------------------------------------------------ */

/* The slopes of all pairs that differ in x.  Returns how many. */
static long pair_slopes(const double *x, const double *y, long n, double *slopes)
{
    long count = 0;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < i; j++)
            if (x[i] != x[j])
                slopes[count++] = (y[i] - y[j]) / (x[i] - x[j]);
    return count;
}

/* Multiply the polynomial of degree TOP by (1 + q + ... + q^(k-1)) / k.  Returns its degree. */
static long multiply(double *p, long top, long k)
{
    long degree = top + k - 1;
    for (long j = top + 1; j <= degree; j++)
        p[j] = 0;
    for (long j = 1; j <= degree; j++)
        p[j] += p[j - 1];
    for (long j = degree; j >= k; j--)
        p[j] -= p[j - k];
    for (long j = 0; j <= degree; j++)
        p[j] /= (double)k;
    return degree;
}

/* Divide by the same, without remainder. */
static long divide(double *p, long top, long k)
{
    double before = 0;
    for (long j = 0; j <= top; j++) {
        double here = p[j];
        p[j] = (double)k * (here - before) + (j >= k ? p[j - k] : 0);
        before = here;
    }
    return top - (k - 1);
}

/* The rank of the slopes at which the interval begins, 0: there is none.  Seen from the true line
 * the slopes below it are the pairs in disorder.  Their number is, over all orders of y,
 * distributed as inversions of a multiset: a group of S equal x after M others brings the Gaussian
 * binomial (M+S over S).  CHANCE has room for that distribution, and N values more. */
static long slope_rank(const double *x, long n, double alpha, double *chance)
{
    long before = 0, top = 0, rank = 0;
    chance[0] = 1;
    for (long i = 0; i < n; i++) {
        long same = 0, first = 1;
        for (long j = 0; j < n; j++) {
            same += x[j] == x[i];
            first = first && (j >= i || x[j] != x[i]);
        }
        for (long k = 1; first && before && k <= same; k++) {
            top = multiply(chance, top, before + k);
            top = divide(chance, top, k);
        }
        before += first ? same : 0;
    }
    for (double sum = chance[0]; sum <= alpha / 2 && rank < top; sum += chance[rank])
        rank++;
    return rank;
}

struct line fit_line(const double *x, const double *y, long n, double alpha, double *scratch)
{
    struct line line = { .slope = NAN, .intercept = NAN, .low = NAN, .high = NAN };
    if (!all_finite(x, n) || !all_finite(y, n))
        return line;
    long pairs = pair_slopes(x, y, n, scratch);
    if (!pairs)
        return line;
    long rank = slope_rank(x, n, alpha, scratch + pairs);
    stats_sort(scratch, pairs);
    line.slope = stats_median(scratch, pairs);
    line.has_interval = rank > 0;
    if (line.has_interval) {
        line.low = scratch[rank - 1];
        line.high = scratch[pairs - rank];
    }
    for (long i = 0; i < n; i++)
        scratch[i] = y[i] - line.slope * x[i];
    stats_sort(scratch, n);
    line.intercept = stats_median(scratch, n);
    return line;
}

/* Efficiency ------------------------------------------------------------------------------- */

int fit_isotonic(const double *values, const double *weights, long n, double *fitted,
                 double *scratch)
{
    double *weight = scratch, *length = scratch + n; /* of the pools; FITTED has their means */
    long pools = 0;
    if (!all_finite(values, n) || (weights && !all_positive(weights, n)))
        return 0;
    for (long i = 0; i < n; i++) {
        fitted[pools] = values[i];
        weight[pools] = weights ? weights[i] : 1;
        length[pools++] = 1;
        for (; pools > 1 && fitted[pools - 2] >= fitted[pools - 1]; pools--) {
            double *into = &fitted[pools - 2], sum = weight[pools - 2] + weight[pools - 1];
            *into += (fitted[pools - 1] - *into) * (weight[pools - 1] / sum);
            weight[pools - 2] = sum;
            length[pools - 2] += length[pools - 1];
        }
    }
    for (long at = n; pools > 0; pools--)
        for (double left = length[pools - 1], mean = fitted[pools - 1]; left > 0; left--)
            fitted[--at] = mean;
    return 1;
}

struct metg fit_metg(const double *granularity, const double *efficiency, long n, double wanted,
                     double *scratch)
{
    struct metg m = { NAN, NAN };
    double *fitted = scratch;
    long at = 0;
    if (n < 1 || !isfinite(wanted) || !all_positive(granularity, n) ||
        !fit_isotonic(efficiency, NULL, n, fitted, scratch + n))
        return m;
    m.max_efficiency = fitted[n - 1];
    while (at < n && fitted[at] < wanted)
        at++;
    m.granularity = at ? INFINITY : -INFINITY;
    if (at > 0 && at < n) {
        double share = (wanted - fitted[at - 1]) / (fitted[at] - fitted[at - 1]);
        double from = 1 / granularity[at - 1], to = 1 / granularity[at];
        m.granularity = 1 / (from + share * (to - from));
    }
    return m;
}

double fit_metg_spread(double metg90, double metg50)
{
    return isfinite(metg90) && isfinite(metg50) && metg50 > 0 ? metg90 / metg50 : NAN;
}

/* Costs ------------------------------------------------------------------------------------ */

/* A pair is two doubles: a value, its weight. */
static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double fit_weighted_median(double *pairs, long count)
{
    double all = 0, sum = 0;
    if (!count)
        return NAN;
    qsort(pairs, (size_t)count, 2 * sizeof *pairs, by_value);
    for (long i = 0; i < count; i++)
        all += pairs[2 * i + 1];
    for (long i = 0; i < count; i++) {
        sum += pairs[2 * i + 1];
        if (2 * sum == all && i + 1 < count)
            return (pairs[2 * i] + pairs[2 * i + 2]) / 2;
        if (2 * sum >= all)
            return pairs[2 * i];
    }
    return pairs[2 * count - 2];
}

static double chunks_per_task(const struct load *c)
{
    return ceil(c->tasks / c->chunk) / c->tasks;
}

/* Per task, what the work does not explain, nor the costs that are known. */
static double unexplained(const struct load *c, double workers, const struct overheads *known)
{
    double u = workers * c->wall / c->tasks - c->task;
    if (!isnan(known->chunk))
        u -= known->chunk * chunks_per_task(c);
    if (!isnan(known->fix))
        u -= known->fix * workers / c->tasks;
    return u;
}

static long add_pair(double *pairs, long count, double dx, double dy)
{
    pairs[2 * count] = dy / dx;
    pairs[2 * count + 1] = fabs(dx);
    return count + 1;
}

static double fit_chunk(const struct load *cells, long n, double workers,
                        const struct overheads *known, double *pairs)
{
    long count = 0;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < i; j++) {
            double dx = chunks_per_task(&cells[i]) - chunks_per_task(&cells[j]);
            double dy =
                unexplained(&cells[i], workers, known) - unexplained(&cells[j], workers, known);
            if (cells[i].tasks == cells[j].tasks && dx != 0)
                count = add_pair(pairs, count, dx, dy);
        }
    return fit_weighted_median(pairs, count);
}

static double fit_fix(const struct load *cells, long n, double workers,
                      const struct overheads *known, double *pairs)
{
    long count = 0;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < i; j++) {
            double dx = workers / cells[i].tasks - workers / cells[j].tasks;
            double dy =
                unexplained(&cells[i], workers, known) - unexplained(&cells[j], workers, known);
            int same_chunk = chunks_per_task(&cells[i]) == chunks_per_task(&cells[j]);
            if (dx != 0 && (same_chunk || !isnan(known->chunk)))
                count = add_pair(pairs, count, dx, dy);
        }
    return fit_weighted_median(pairs, count);
}

static int sound(const struct load *cells, long n)
{
    for (long i = 0; i < n; i++) {
        const struct load *c = &cells[i];
        if (!isfinite(c->tasks) || !isfinite(c->chunk) || !isfinite(c->wall) || !isfinite(c->task))
            return 0;
        if (c->tasks < 1 || c->chunk < 1 || !(c->wall > 0) || c->task < 0)
            return 0;
    }
    return n > 0;
}

struct overheads fit_overheads(const struct load *cells, long n, double workers, double *scratch)
{
    struct overheads o = { NAN, NAN, NAN, NAN };
    if (!sound(cells, n) || !isfinite(workers) || workers < 1)
        return o;
    o.chunk = fit_chunk(cells, n, workers, &o, scratch);
    o.fix = fit_fix(cells, n, workers, &o, scratch);
    for (long i = 0; i < n; i++)
        scratch[i] = unexplained(&cells[i], workers, &o);
    stats_sort(scratch, n);
    o.rest = stats_median(scratch, n);
    if (!isnan(o.chunk) && !isnan(o.fix))
        o.item = o.rest;
    return o;
}

/* Chunks ----------------------------------------------------------------------------------- */

double fit_best_chunk(double tasks, double workers, double chunk, double task)
{
    if (!(tasks >= 1 && workers >= 1 && chunk >= 0 && task > 0))
        return NAN;
    return fmin(tasks, fmax(1, sqrt(tasks * chunk / (workers * task))));
}

long fit_cpython_chunk(long tasks, long workers)
{
    long parts = 4 * workers;
    return tasks / parts + (tasks % parts > 0);
}

static double power_of_two_near(double low, double high)
{
    return exp2(round((log2(low) + log2(high)) / 2));
}

struct chunk_span fit_chunk_span(const double *chunks, const double *times, long n, double within)
{
    struct chunk_span span = { 0 };
    double best = INFINITY;
    for (long i = 0; i < n; i++)
        best = fmin(best, times[i]);
    for (long i = 0, run = 0; i < n; i++) {
        run = times[i] <= best * within ? run + 1 : 0;
        if (run <= span.count)
            continue;
        span.count = run;
        span.first = i - run + 1;
        span.low = chunks[span.first];
        span.high = chunks[i];
    }
    if (span.count) {
        span.recommended = power_of_two_near(span.low, span.high);
        if (span.recommended < span.low || span.recommended > span.high)
            span.recommended = span.low;
    }
    return span;
}

double fit_chunk_regret(const double *chunks, const double *times, long n, double chunk)
{
    double best = INFINITY, time;
    long at = 0;
    if (!ascends(chunks, n) || !all_positive(times, n) || !all_positive(&chunk, 1))
        return NAN;
    for (long i = 0; i < n; i++)
        best = fmin(best, times[i]);
    while (at < n && chunks[at] < chunk)
        at++;
    if (at == n || (at == 0 && chunks[0] != chunk))
        return NAN;
    time = times[at];
    if (chunks[at] != chunk) {
        double share = log(chunk / chunks[at - 1]) / log(chunks[at] / chunks[at - 1]);
        time = times[at - 1] + share * (times[at] - times[at - 1]);
    }
    return time / best - 1;
}
