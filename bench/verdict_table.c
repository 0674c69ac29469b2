/* SPDX-License-Identifier: MIT
 *
 * verdict.csv: the answers once more, for programs: a row each, in words that stay.  It decides
 * nothing: what stands here is what verdict.c found.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

/* A row.  NAN and "" are empty fields. */
struct row {
    const char *question, *workload, *variant, *choice, *backend, *schedule;
    double task_ns, workers, chunk, chunk_low, chunk_high;
    struct estimate time, ratio; /* time: ns */
    double efficiency;
    struct grounds grounds;
};

#define NOTHING                                                                                    \
    {                                                                                              \
        NAN, NAN, NAN                                                                              \
    }

static struct row row_of(const char *question, const char *choice)
{
    return (struct row){ .question = question,
                         .workload = "",
                         .variant = "",
                         .choice = choice,
                         .backend = "",
                         .schedule = "",
                         .task_ns = NAN,
                         .workers = NAN,
                         .chunk = NAN,
                         .chunk_low = NAN,
                         .chunk_high = NAN,
                         .time = NOTHING,
                         .ratio = NOTHING,
                         .efficiency = NAN };
}

static const char *choice_key(enum choice c)
{
    static const char *const key[] = {
        "none", "serial", "threads", "processes", "either", "unclear"
    };
    return key[c];
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Whole numbers whole, others with six digits. */
static void put_number(FILE *f, double value)
{
    if (isfinite(value))
        fprintf(f, value == round(value) || value >= 1e6 ? "%.0f" : "%.6g", value);
    fputc(',', f);
}

static void put_text(FILE *f, const char *text)
{
    csv_put(f, text);
    fputc(',', f);
}

/* What keeps an answer from high confidence, in words joined by +; nothing where nothing does. */
static void put_reason(FILE *f, const struct checks *checks, const struct grounds *g, int smoke)
{
    const struct {
        int holds;
        const char *word;
    } reason[] = {
        { smoke, "smoke" },
        { isnan(g->width) || g->blocks < 6, "few_blocks" },
        { g->width > 0.02, "wide" },
        { g->one_sided, "one_sided" },
        { g->unclear, "unclear" },
        { checks->warnings > 0, "warnings" },
        { checks->bad > 0, "bad_check" },
    };
    const char *plus = "";
    for (size_t i = 0; i < sizeof reason / sizeof *reason; i++)
        if (reason[i].holds) {
            fprintf(f, "%s%s", plus, reason[i].word);
            plus = "+";
        }
    fputc('\n', f);
}

static void put_row(FILE *f, const struct row *r, const struct checks *checks, int smoke)
{
    enum confidence sure = smoke ? CONFIDENCE_LOW : confidence_of(checks, &r->grounds);
    put_text(f, r->question);
    put_text(f, r->workload);
    put_text(f, r->variant);
    put_number(f, r->task_ns);
    put_text(f, r->choice);
    put_text(f, r->backend);
    put_text(f, r->schedule);
    put_number(f, r->workers);
    put_number(f, r->chunk);
    put_number(f, r->chunk_low);
    put_number(f, r->chunk_high);
    put_number(f, r->time.mid);
    put_number(f, r->time.low);
    put_number(f, r->time.high);
    put_number(f, r->ratio.mid);
    put_number(f, r->ratio.low);
    put_number(f, r->ratio.high);
    put_number(f, r->efficiency);
    put_text(f, confidence_word(sure));
    put_reason(f, checks, &r->grounds, smoke);
}

/* ---- the answers ----------------------------------------------------------------------------- */

/* The cell that an answer names. */
static void take_cell(struct row *row, const struct cell_row *c)
{
    row->workload = c->workload;
    row->variant = c->variant;
    row->task_ns = c->task_ns;
    row->backend = c->backend;
    row->schedule = c->schedule;
    row->workers = c->workers;
    row->chunk = c->chunk;
    row->efficiency = c->efficiency.mid;
    row->time = (struct estimate){ c->time.mid / c->tasks, c->time.low / c->tasks,
                                   c->time.high / c->tasks };
}

static void take_range(struct row *row, const struct chunk_range *range)
{
    if (!(range->low > 0))
        return;
    if (row->chunk != range->recommended) /* no cell has just that */
        row->time = (struct estimate)NOTHING;
    row->chunk = range->recommended;
    row->chunk_low = range->low;
    row->chunk_high = range->high;
}

static void put_headline(FILE *f, const struct checks *checks, const struct answer *v)
{
    struct row row = row_of("headline", choice_key(v->choice));
    const struct cell_row *t = v->threads.cell, *p = v->processes.cell;
    const struct cell_row *c = v->choice == CHOICE_PROCESSES || !t ? p : t;
    row.grounds = v->grounds;
    if (c && v->choice != CHOICE_NONE) {
        take_cell(&row, c);
        take_range(&row, &v->chunk);
        row.ratio = v->duel.ratio;
    }
    if (v->choice == CHOICE_SERIAL) { /* the cell is the best that workers could do */
        row.backend = "serial";
        row.schedule = "";
        row.workers = 1;
        row.chunk = row.efficiency = NAN;
        row.time = (struct estimate)NOTHING;
    }
    put_row(f, &row, checks, v->smoke);
}

static void put_advice(FILE *f, const struct checks *checks, const struct advice *a)
{
    struct row row = row_of("best", choice_key(a->choice));
    take_cell(&row, a->cell);
    row.ratio = a->duel.ratio;
    row.grounds = a->grounds;
    put_row(f, &row, checks, 0);
}

/* Who is asked how large a chunk, and how short a task, may be. */
static const struct who {
    const char *backend, *schedule, *side;
} who[] = {
    { "omp", "dynamic", "threads" },
    { "pool", "dynamic", "processes" },
    { "pool", "steal", "processes" },
    { "pipe", "dynamic", "processes" },
};
enum { WHO = sizeof who / sizeof *who };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distinct task lengths of the chunk sweep, ascending.  Returns how many. */
static long chunk_lengths(const struct reading *r, double *length)
{
    struct want want = { .sweep = "chunk" };
    long n = 0, distinct = 0;
    for (long i = 0; i < r->cells; i++)
        if (cell_fits(&r->cell[i], &want) && r->cell[i].task_ns > 0)
            length[n++] = r->cell[i].task_ns;
    if (n)
        qsort(length, (size_t)n, sizeof *length, by_size);
    for (long i = 0; i < n; i++)
        if (!distinct || length[i] > length[distinct - 1])
            length[distinct++] = length[i];
    return distinct;
}

static void put_chunks(FILE *f, const struct reading *r, const struct checks *checks)
{
    double *length = calloc((size_t)r->cells + 1, sizeof *length);
    long lengths = length ? chunk_lengths(r, length) : 0;
    for (long i = 0; i < lengths; i++)
        for (int k = 0; k < WHO; k++) {
            struct row row = row_of("chunk", who[k].side);
            struct chunk_range range =
                chunk_range_of(r, who[k].backend, who[k].schedule, length[i]);
            if (!(range.low > 0))
                continue;
            row.workload = "cpu";
            row.task_ns = length[i];
            row.backend = who[k].backend;
            row.schedule = who[k].schedule;
            take_range(&row, &range);
            row.grounds = range.grounds;
            put_row(f, &row, checks, 0);
        }
    free(length);
}

static void put_shortest(FILE *f, const struct reading *r, const struct checks *checks)
{
    static const char *const key[] = { [SHORTEST_UNKNOWN] = "unknown",
                                       [SHORTEST_AT] = "at",
                                       [SHORTEST_BELOW] = "below",
                                       [SHORTEST_NEVER] = "never",
                                       [SHORTEST_UNCLEAR] = "unclear" };
    for (int k = 0; k < WHO; k++) {
        struct shortest s = shortest_of(r, who[k].backend, who[k].schedule);
        struct row row = row_of("shortest", key[s.kind]);
        row.workload = "cpu";
        row.task_ns = s.ns;
        row.backend = who[k].backend;
        row.schedule = who[k].schedule;
        row.efficiency = s.efficiency;
        row.grounds = s.grounds;
        put_row(f, &row, checks, 0);
    }
}

/* ---- start-up -------------------------------------------------------------------------------- */

static const struct want startup = { .sweep = "startup" };

static int opens(const struct cell_row *c)
{
    return cell_fits(c, &startup) && c->open.mid > 0 && strcmp(c->backend, "serial") != 0;
}

/* The most workers whose start was timed and that this machine has CPUs for; NAN: none. */
static double startup_workers(const struct reading *r, double effective)
{
    double most = NAN;
    for (long i = 0; i < r->cells; i++)
        if (opens(&r->cell[i]) && !(r->cell[i].workers > effective))
            most = fmax(most, r->cell[i].workers);
    return most;
}

/* Times over the quickest's; the interval is the widest that the two allow. */
static struct estimate over(const struct estimate *slow, const struct estimate *quick)
{
    return (struct estimate){ slow->mid / quick->mid, slow->low / quick->high,
                              slow->high / quick->low };
}

static void put_startup(FILE *f, const struct reading *r, const struct checks *checks,
                        double effective)
{
    double workers = startup_workers(r, effective);
    const struct cell_row *quick = NULL;
    for (long i = 0; i < r->cells; i++)
        if (opens(&r->cell[i]) && r->cell[i].workers == workers &&
            (!quick || r->cell[i].open.mid < quick->open.mid))
            quick = &r->cell[i];
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        if (!opens(c) || c->workers != workers)
            continue;
        struct row row = row_of("startup", c == quick ? "quickest" : "slower");
        row.backend = c->backend;
        row.workers = workers;
        row.time = c->open;
        row.ratio = c == quick ? (struct estimate)NOTHING : over(&c->open, &quick->open);
        row.grounds = (struct grounds){ .width = fmax(c->open.high / c->open.mid - 1,
                                                      1 - c->open.low / c->open.mid),
                                        .blocks = c->blocks > 0 ? c->blocks : 0 };
        put_row(f, &row, checks, 0);
    }
}

void verdict_write(const struct reading *r, const struct checks *checks, const struct answer *v,
                   FILE *f)
{
    fputs("question,workload,variant,task_ns,choice,backend,schedule,workers,chunk,chunk_low,"
          "chunk_high,time_ns,time_low_ns,time_high_ns,ratio,ratio_low,ratio_high,efficiency,"
          "confidence,reason\n",
          f);
    put_headline(f, checks, v);
    if (v->smoke)
        return;
    for (int i = 0; i < v->advices; i++)
        put_advice(f, checks, &v->advice[i]);
    put_chunks(f, r, checks);
    put_shortest(f, r, checks);
    put_startup(f, r, checks, v->effective);
}
