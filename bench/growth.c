/* SPDX-License-Identifier: MIT
 *
 * scaling.csv: how speed grows with workers: a row per series of the `workers` sweep, here without
 * its count of workers.
 */
#include "derive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/scaling.h"
#include "../core/sort.h"
#include "words.h"

enum { COUNTS_FOR_USL = 6, COUNTS_ALIKE = 3 };

/* One series at rising counts of workers. */
struct growth {
    struct cell *const *cell;
    long count, alike; /* the laws are fitted to the first ALIKE: workers on cores of one kind */
    double *workers, *speedup; /* room for COUNT each */
};

/* Speed-ups of BLOCK; 0: one is missing. */
static int take_speedups(const struct derivation *d, const struct growth *g, long block)
{
    for (long i = 0; i < g->count; i++) {
        const struct cell *c = g->cell[i];
        int64_t number = d->number[block];
        g->workers[i] = c->task_workers;
        g->speedup[i] =
            c->serial ? derive_task(d, c->serial, number) / derive_task(d, c, number) : NAN;
        if (!isfinite(g->speedup[i]))
            return 0;
    }
    return 1;
}

static double amdahl(const struct derivation *d, const void *self, long block)
{
    const struct growth *g = self;
    return take_speedups(d, g, block) ? scaling_amdahl(g->workers, g->speedup, g->alike) : NAN;
}

static double karp_flatt(const struct derivation *d, const void *self, long block)
{
    const struct growth *g = self;
    long last = g->count - 1;
    return take_speedups(d, g, block) ? scaling_karp_flatt(g->workers[last], g->speedup[last])
                                      : NAN;
}

static double largest_speedup(const struct derivation *d, const void *self, long block)
{
    const struct growth *g = self;
    return take_speedups(d, g, block) ? g->speedup[g->count - 1] : NAN;
}

static double sigma(const struct derivation *d, const void *self, long block)
{
    const struct growth *g = self;
    if (!take_speedups(d, g, block))
        return NAN;
    return scaling_usl_free(g->workers, g->speedup, g->alike).sigma;
}

static double kappa(const struct derivation *d, const void *self, long block)
{
    const struct growth *g = self;
    if (!take_speedups(d, g, block))
        return NAN;
    return scaling_usl_free(g->workers, g->speedup, g->alike).kappa;
}

/* Why something is missing; "" where nothing is. */
static void say_why(char out[96], const struct growth *g, long blocks, const struct center *k)
{
    char counts[WORD];
    *out = 0;
    if (!blocks)
        snprintf(out, 96, "no block has a serial time and all worker counts");
    else if (g->alike < COUNTS_FOR_USL)
        snprintf(out, 96, "only %.40s%s: USL takes %d",
                 words_plural(counts, (double)g->alike, "worker count"),
                 g->alike < g->count ? " on cores alike" : "", COUNTS_FOR_USL);
    else if (!k->has_interval)
        snprintf(out, 96, "too few blocks: no interval for kappa, so no peak");
    else if (!(k->low > 0))
        snprintf(out, 96, "kappa may be 0: no peak");
}

/* The law within its bounds, fitted to the middle of the speed-ups; intervals come from fits
 * without bounds, see core/scaling.h. */
static void put_usl(struct derivation *d, const struct growth *g, long blocks, FILE *f)
{
    struct center s = derive_center(d, sigma, g), k = derive_center(d, kappa, g);
    char note[96];
    for (long i = 0; i < g->count; i++)
        g->speedup[i] = g->cell[i]->speedup;
    struct usl u = scaling_usl(g->workers, g->speedup, g->alike);
    s.mid = u.sigma;
    k.mid = u.kappa;
    derive_put_center(f, &s);
    derive_put_center(f, &k);
    derive_put(f, scaling_usl_peak(u.sigma, u.kappa, k.has_interval ? k.low : NAN));
    derive_put(f, g->cell[g->alike - 1]->task_workers);
    say_why(note, g, blocks, &k);
    fputc(',', f);
    csv_put(f, note);
}

static const char *const alike_names[] = { "runner",  "backend",       "start",    "schedule",
                                           "wait",    "place",         "workload", "work_version",
                                           "variant", "payload_bytes", "task_ns",  "chunk",
                                           NULL };

static void put_growth(struct derivation *d, const struct view *alike, struct growth *g, FILE *f)
{
    struct center most = derive_center(d, largest_speedup, g);
    struct center a = derive_center(d, amdahl, g), k = derive_center(d, karp_flatt, g);
    for (int i = 0; i < alike->count; i++) {
        if (i)
            fputc(',', f);
        csv_put(f, key_text(g->cell[0], alike->columns[i]));
    }
    fprintf(f, ",%ld", g->count);
    derive_put(f, g->cell[g->count - 1]->task_workers);
    fprintf(f, ",%ld", most.n);
    derive_put_center(f, &most);
    derive_put_center(f, &a);
    derive_put_center(f, &k);
    put_usl(d, g, most.n, f);
    fputc('\n', f);
}

static int by_growth(const void *left, const void *right, void *alike)
{
    const struct cell *a = *(struct cell *const *)left, *b = *(struct cell *const *)right;
    int order = view_compare(alike, a, b);
    order =
        order ? order : (a->task_workers > b->task_workers) - (a->task_workers < b->task_workers);
    return order ? order : (a > b) - (a < b);
}

/* Of COUNT cells those alike with the first, one a count of workers. */
static long one_a_count(struct cell **cell, long count, const struct view *alike, long *next)
{
    long end = 0, kept = 0;
    while (end < count && !view_compare(alike, cell[0], cell[end]))
        end++;
    for (long i = 0; i < end; i++)
        if (!kept || cell[i]->task_workers != cell[kept - 1]->task_workers)
            cell[kept++] = cell[i];
    *next = end;
    return kept;
}

/* How many of them work on the fastest cores, one on each: no law of P workers holds where the next
 * worker is a slower core or half of one.  With too few of these, or where nobody says how many
 * such cores there are: all. */
static long count_alike(const struct derivation *d, struct cell *const *cell, long count)
{
    long alike = 0;
    while (alike < count && cell[alike]->task_workers <= d->record->alike_cores)
        alike++;
    return alike < COUNTS_ALIKE ? count : alike;
}

int growth_put(struct derivation *d, FILE *f)
{
    struct view alike = view_of(d->record, alike_names);
    double *room = malloc(2 * ((size_t)d->count + 1) * sizeof *room);
    if (!room)
        return -ENOMEM;
    for (const char *const *name = alike_names; *name; name++)
        fprintf(f, "%s%s", name == alike_names ? "" : ",", *name);
    fputs(",counts,workers,blocks,speedup,speedup_low,speedup_high,amdahl,amdahl_low,amdahl_high,"
          "karp_flatt,karp_flatt_low,karp_flatt_high,sigma,sigma_low,sigma_high,kappa,kappa_low,"
          "kappa_high,peak_workers,law_workers,note\n",
          f);
    long all = derive_pick(d, 0, d->count, NULL, "workers"), next;
    if (all)
        sort(d->pick, (size_t)all, sizeof *d->pick, by_growth, &alike);
    for (long first = 0; first < all; first += next) {
        long count = one_a_count(d->pick + first, all - first, &alike, &next);
        struct growth g = { d->pick + first, count, count_alike(d, d->pick + first, count), room,
                            room + count };
        put_growth(d, &alike, &g, f);
    }
    free(room);
    return 0;
}
