/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../core/fit.h"
#include "layout.h"
#include "noise.h"
#include "words.h"

#define WORKERS_WITHIN 1.05
#define MARGIN         0.03 /* where no pair says which */
#define UNCERTAIN      0.05 /* a chunk whose time is known worse than this is not recommended */

const char *choice_word(enum choice c)
{
    static const char *const word[] = { "-",         "serial", "threads",
                                        "processes", "either", "can't tell yet" };
    return word[c];
}

const char *confidence_word(enum confidence c)
{
    static const char *const word[] = { "low", "medium", "high" };
    return word[c];
}

/* Add to the text in BUFFER what still fits. */
__attribute__((format(printf, 3, 4))) static void say(char *buffer, size_t room, const char *format,
                                                      ...)
{
    size_t used = strlen(buffer);
    va_list ap;
    va_start(ap, format);
    vsnprintf(buffer + used, room - used, format, ap);
    va_end(ap);
}

/* ---- how sure ----------------------------------------------------------------------------------
 */

/* Half the relative width of the interval, NAN where there is none. */
static double half_width(const struct estimate *e)
{
    return fmax(e->high / e->mid - 1, 1 - e->low / e->mid);
}

static void add_grounds(struct grounds *g, const struct cell_row *c)
{
    double width = half_width(&c->time), blocks = c->blocks > 0 ? c->blocks : 0;
    g->width = isnan(g->width) || isnan(width) ? NAN : fmax(g->width, width);
    g->blocks = fmin(g->blocks, blocks);
}

/* What stands behind a cell, and behind B as well, which may be NULL. */
static struct grounds grounds_of(const struct cell_row *a, const struct cell_row *b)
{
    struct grounds g = { .blocks = INFINITY };
    add_grounds(&g, a);
    if (b)
        add_grounds(&g, b);
    return g;
}

enum confidence confidence_of(const struct checks *checks, const struct grounds *g)
{
    if (isnan(g->width) || g->blocks < BLOCKS_FOR_INTERVAL || checks->bad || g->one_sided)
        return CONFIDENCE_LOW;
    if (!checks->warnings && g->width <= 0.02 && !g->unclear)
        return CONFIDENCE_HIGH;
    return checks->warnings <= 1 && g->width <= 0.05 ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
}

const char *doubt_word(const struct checks *checks, const struct grounds *g)
{
    if (g->blocks < BLOCKS_FOR_INTERVAL)
        return "not enough blocks";
    return confidence_of(checks, g) == CONFIDENCE_LOW ? "uncertain" : NULL;
}

/* ---- choosing a cell ------------------------------------------------------------------------- */

static int is_side(const struct cell_row *c, enum choice side)
{
    if (side == CHOICE_THREADS)
        return !strcmp(c->backend, "omp");
    return !strcmp(c->backend, "pool") || !strcmp(c->backend, "pipe");
}

static int waits(const struct cell_row *c)
{
    return !strcmp(c->workload, "sleep");
}

/* May this cell be recommended to a machine with EFFECTIVE CPUs? */
static int allowed(const struct cell_row *c, double effective)
{
    return waits(c) || isnan(effective) || c->workers <= effective;
}

/* Walk through the cells that fit; FROM starts at 0 and is moved on.  Returns NULL at the end. */
static const struct cell_row *next_cell(const struct reading *r, const struct want *want,
                                        enum choice side, double effective, long *from)
{
    while (*from < r->cells) {
        const struct cell_row *c = &r->cell[(*from)++];
        if (cell_fits(c, want) && is_side(c, side) && allowed(c, effective))
            return c;
    }
    return NULL;
}

/* The fewest workers within 5 % of the best, and of those cells the fastest.  NULL: none fits. */
static const struct cell_row *recommended(const struct reading *r, const struct want *want,
                                          enum choice side, double effective)
{
    const struct cell_row *c, *best = NULL;
    double fastest = INFINITY;
    for (long i = 0; (c = next_cell(r, want, side, effective, &i));)
        fastest = fmin(fastest, cell_task_time(c));
    for (long i = 0; (c = next_cell(r, want, side, effective, &i));) {
        if (cell_task_time(c) > fastest * WORKERS_WITHIN)
            continue;
        if (!best || c->workers < best->workers ||
            (c->workers == best->workers && cell_task_time(c) < cell_task_time(best)))
            best = c;
    }
    return best;
}

/* Are its workers worth having? */
static int gains(const struct cell_row *c)
{
    return c && !(c->workers <= 1) && !(c->speedup.mid < WORKERS_WITHIN);
}

/* Is it known that they are not?  A busy machine shows no gain, either. */
static int surely_none(const struct cell_row *c)
{
    return !c || c->speedup.high < WORKERS_WITHIN;
}

/* ---- one cell against another ---------------------------------------------------------------- */

static int same_work(const struct pair *p, const struct cell_row *c)
{
    return !strcmp(p->workload, c->workload) && !strcmp(p->variant, c->variant) &&
           !strcmp(p->wait, c->wait) && !strcmp(p->cpus, c->cpus) && p->task_ns == c->task_ns &&
           p->tasks == c->tasks && p->chunk == c->chunk && p->workers == c->workers;
}

static int is_a(const struct pair *p, const struct cell_row *c)
{
    return !strcmp(p->a_runner, c->runner) && !strcmp(p->a_backend, c->backend) &&
           !strcmp(p->a_schedule, c->schedule);
}

static int is_b(const struct pair *p, const struct cell_row *c)
{
    return !strcmp(p->b_runner, c->runner) && !strcmp(p->b_backend, c->backend) &&
           !strcmp(p->b_schedule, c->schedule);
}

static struct duel from_pair(const struct pair *p, int reversed)
{
    struct duel d = { .ratio = p->ratio, .blocks_needed = p->blocks_needed, .paired = 1 };
    double margin = p->margin > 0 ? p->margin : MARGIN;
    if (reversed)
        d.ratio = (struct estimate){ 1 / p->ratio.mid, 1 / p->ratio.high, 1 / p->ratio.low };
    d.verdict =
        isnan(d.ratio.low) ? VERDICT_UNCLEAR : stats_verdict(d.ratio.low, d.ratio.high, margin);
    /* the pair's own word holds a veto: it may know of bad blocks that its interval doesn't show */
    if (!strcmp(p->verdict, "unclear"))
        d.verdict = VERDICT_UNCLEAR;
    return d;
}

/* Without a pair: the widest ratio that the two intervals allow.  Nothing tells whether disturbed
 * cells would look alike in quiet blocks. */
static struct duel from_intervals(const struct reading *r, const struct cell_row *a,
                                  const struct cell_row *b)
{
    struct duel d = { .verdict = VERDICT_UNCLEAR, .blocks_needed = NAN };
    double margin = r->pairs && r->pair[0].margin > 0 ? r->pair[0].margin : MARGIN;
    double per_a = 1 / a->tasks, per_b = 1 / b->tasks;
    d.ratio.mid = cell_task_time(b) / cell_task_time(a);
    d.ratio.low = b->time.low * per_b / (a->time.high * per_a);
    d.ratio.high = b->time.high * per_b / (a->time.low * per_a);
    if (!isnan(d.ratio.low) && !isnan(d.ratio.high) && !(a->disturbed_share > NOISY_SHARE) &&
        !(b->disturbed_share > NOISY_SHARE))
        d.verdict = stats_verdict(d.ratio.low, d.ratio.high, margin);
    return d;
}

static struct duel no_duel(void)
{
    return (struct duel){ .verdict = VERDICT_UNCLEAR,
                          .ratio = { NAN, NAN, NAN },
                          .blocks_needed = NAN };
}

/* Threads against processes for two cells of the same work; A or B may be of any side. */
static struct duel duel_between(const struct reading *r, const struct cell_row *a,
                                const struct cell_row *b)
{
    for (long i = 0; i < r->pairs; i++) {
        const struct pair *p = &r->pair[i];
        if (isnan(p->ratio.mid) || !same_work(p, a) || !same_work(p, b))
            continue;
        if (is_a(p, a) && is_b(p, b))
            return from_pair(p, 0);
        if (is_a(p, b) && is_b(p, a))
            return from_pair(p, 1);
    }
    return from_intervals(r, a, b);
}

/* Which side the duel, processes over threads, speaks for. */
static enum choice winner(const struct duel *d)
{
    switch (d->verdict) {
    case VERDICT_FASTER:
        return CHOICE_PROCESSES;
    case VERDICT_SLOWER:
        return CHOICE_THREADS;
    case VERDICT_SAME:
        return CHOICE_EITHER;
    default:
        return CHOICE_UNCLEAR;
    }
}

/* ---- chunk ----------------------------------------------------------------------------------- */

static int by_chunk(const void *a, const void *b)
{
    const struct cell_row *x = *(const struct cell_row *const *)a,
                          *y = *(const struct cell_row *const *)b;
    if (x->chunk != y->chunk)
        return x->chunk < y->chunk ? -1 : 1;
    return (x > y) - (x < y);
}

/* Cells that fit, ascending.  Returns how many; the caller frees OUT.  No memory counts as none. */
static long sorted_cells(const struct reading *r, const struct want *want,
                         int order(const void *, const void *), const struct cell_row ***out)
{
    const struct cell_row **found = *out = calloc((size_t)r->cells + 1, sizeof *found);
    long n = 0;
    for (long i = 0; found && i < r->cells; i++)
        if (cell_fits(&r->cell[i], want))
            found[n++] = &r->cell[i];
    if (n)
        qsort(found, (size_t)n, sizeof *found, order);
    return n;
}

struct chunk_range chunk_range_of(const struct reading *r, const char *backend,
                                  const char *schedule, double task_ns)
{
    struct want want = {
        .sweep = "chunk", .backend = backend, .schedule = schedule, .task_ns = task_ns
    };
    struct chunk_range range = { .task_ns = task_ns };
    const struct cell_row **size;
    long n = sorted_cells(r, &want, by_chunk, &size);
    double *room = malloc(2 * ((size_t)n + 1) * sizeof *room);
    for (long i = 0; room && i < n; i++) {
        room[i] = size[i]->chunk;
        room[n + i] = cell_task_time(size[i]);
    }
    if (room) {
        struct chunk_span span = fit_chunk_span(room, room + n, n, CHUNK_WITHIN);
        range.low = span.low;
        range.high = span.high;
        range.recommended = span.recommended;
        for (long i = 0; i < span.count; i++)
            if (i == 0)
                range.grounds = grounds_of(size[span.first], NULL);
            else
                add_grounds(&range.grounds, size[span.first + i]);
    }
    free(room);
    free(size);
    return range;
}

/* Of the lengths in the chunk sweep the one nearest to NEAR, by factor; the shorter of two. */
static double chunk_length_near(const struct reading *r, const char *backend, double near)
{
    struct want want = { .sweep = "chunk", .backend = backend };
    double found = 0, distance = INFINITY;
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        if (!cell_fits(c, &want) || !(c->task_ns > 0))
            continue;
        double d = near > 0 ? fabs(log(c->task_ns / near)) : c->task_ns;
        if (d < distance - 1e-9 || (fabs(d - distance) < 1e-9 && c->task_ns < found)) {
            distance = d;
            found = c->task_ns;
        }
    }
    return found;
}

/* ---- shortest worthwhile task ---------------------------------------------------------------- */

/* The row of metg.csv with the most task lengths; -1: none. */
static long metg_row(const struct reading *r, const char *backend, const char *schedule)
{
    long best = -1;
    double most = 0;
    for (long i = -1; (i = reading_find(r->metg, i + 1, backend, schedule)) >= 0;)
        if (reading_value(r->metg, i, "lengths") > most) {
            most = reading_value(r->metg, i, "lengths");
            best = i;
        }
    return best;
}

struct estimate worthwhile_of(const struct reading *r, const char *backend, const char *schedule,
                              int percent)
{
    char name[16];
    long row = metg_row(r, backend, schedule);
    double share = percent / 100.0;
    if (row < 0)
        return (struct estimate){ NAN, NAN, NAN };
    snprintf(name, sizeof name, "metg%d", percent);
    struct estimate e = reading_estimate(r->metg, row, name, "_ns");
    return (struct estimate){ share * e.mid, share * e.low, share * e.high };
}

struct shortest shortest_of(const struct reading *r, const char *backend, const char *schedule)
{
    struct shortest s = { .ns = NAN,
                          .efficiency = NAN,
                          .low = NAN,
                          .high = NAN,
                          .backend = backend,
                          .schedule = schedule };
    long row = metg_row(r, backend, schedule);
    if (row < 0)
        return s;
    const char *status = reading_text(r->metg, row, "metg50_status");
    struct estimate at = worthwhile_of(r, backend, schedule, 50);
    struct estimate most = reading_estimate(r->metg, row, "max_efficiency", "");
    s.efficiency = most.mid;
    s.grounds.blocks = fmax(0, reading_value(r->metg, row, "blocks"));
    s.grounds.width = half_width(&most);
    if (!strcmp(status, "at")) {
        s.kind = SHORTEST_AT;
        s.ns = at.mid;
        s.low = at.low;
        s.high = at.high;
        s.grounds.width = half_width(&at);
    } else if (!strcmp(status, "below")) {
        s.kind = SHORTEST_BELOW;
        s.ns = reading_work(r, reading_value(r->metg, row, "shortest_ns"));
    } else if (!strcmp(status, "not_reached")) {
        s.kind = SHORTEST_NEVER;
        s.ns = reading_work(r, reading_value(r->metg, row, "longest_ns"));
    } else if (!strcmp(status, "unclear")) {
        s.kind = SHORTEST_UNCLEAR;
        s.grounds.unclear = 1;
    }
    return s;
}

/* With the schedule that the threads had: two schedules are no comparison of threads with
 * processes.  Over pipes where the pool was not measured. */
static struct shortest shortest_processes(const struct reading *r)
{
    struct shortest pool = shortest_of(r, "pool", "dynamic");
    return pool.kind == SHORTEST_UNKNOWN ? shortest_of(r, "pipe", "dynamic") : pool;
}

int shortest_is_known(const struct shortest *s)
{
    return s->kind != SHORTEST_UNKNOWN && s->kind != SHORTEST_UNCLEAR;
}

static struct shortest doubted(const struct checks *checks, struct shortest s)
{
    s.doubt = shortest_is_known(&s) ? doubt_word(checks, &s.grounds) : NULL;
    return s;
}

const char *shortest_word(char buffer[64], const struct shortest *s)
{
    char time[WORD];
    switch (s->kind) {
    case SHORTEST_AT:
        return words_time(buffer, s->ns, 2);
    case SHORTEST_BELOW:
        snprintf(buffer, 64, "below %.48s", words_time(time, s->ns, 2));
        return buffer;
    case SHORTEST_NEVER:
        snprintf(buffer, 64, "not reached");
        return buffer;
    case SHORTEST_UNCLEAR:
        snprintf(buffer, 64, "can't tell yet");
        return buffer;
    case SHORTEST_UNKNOWN:
        break;
    }
    snprintf(buffer, 64, "not measured");
    return buffer;
}

/* ---- best choice per workload ---------------------------------------------------------------- */

/* "CPU-bound, 10 µs tasks" */
static void name_work(char out[64], const struct cell_row *c)
{
    char time[WORD];
    words_time(time, c->task_ns, 2);
    if (!strcmp(c->workload, "cpu"))
        snprintf(out, 64, "CPU-bound, %.20s tasks", time);
    else if (!strcmp(c->workload, "sleep"))
        snprintf(out, 64, "Sleeping, %.20s tasks", time);
    else if (!strcmp(c->variant, "uniform"))
        snprintf(out, 64, "Even tasks, %.20s", time);
    else if (!strcmp(c->variant, "heavy"))
        snprintf(out, 64, "A few heavy tasks, mean %.20s", time);
    else if (!strcmp(c->variant, "ramp"))
        snprintf(out, 64, "Tasks that grow, mean %.20s", time);
    else
        snprintf(out, 64, "%.16s%s%.16s, %.20s tasks", c->workload, *c->variant ? " " : "",
                 c->variant, time);
}

static void describe_other(struct advice *a, const struct duel *d, const char *other, double theirs)
{
    char word[WORD];
    switch (d->verdict) {
    case VERDICT_FASTER:
    case VERDICT_SLOWER:
        snprintf(a->other, sizeof a->other, "%s %s", other, words_slower(word, theirs));
        strcpy(a->sure, "yes");
        break;
    case VERDICT_SAME:
        snprintf(a->other, sizeof a->other, "the same (%.1f%% apart)",
                 100 * fabs(d->ratio.mid - 1));
        strcpy(a->sure, "yes");
        break;
    default:
        if (isnan(d->ratio.low))
            snprintf(a->other, sizeof a->other, "processes %s", words_slower(word, d->ratio.mid));
        else
            snprintf(a->other, sizeof a->other, "processes %s",
                     words_slower_range(word, d->ratio.low, d->ratio.high));
        if (isnan(d->ratio.low))
            strcpy(a->sure, "no: too few blocks");
        else if (d->blocks_needed > 0 && d->blocks_needed < 1000)
            snprintf(a->sure, sizeof a->sure, "no: takes about %.30s",
                     words_plural(word, d->blocks_needed, "block"));
        else
            strcpy(a->sure, "no");
    }
}

/* The cell of SIDE that did exactly OTHER's work, if it is nearly as good as C; else C.  Two cells
 * of the same work have a pair, which tells far more than two intervals do. */
static const struct cell_row *alike(const struct reading *r, const struct want *want,
                                    enum choice side, const struct cell_row *c,
                                    const struct cell_row *other)
{
    const struct cell_row *found;
    for (long i = 0; (found = next_cell(r, want, side, NAN, &i));)
        if (found->chunk == other->chunk && found->workers == other->workers &&
            found->tasks == other->tasks && !strcmp(found->cpus, other->cpus) &&
            cell_task_time(found) <= cell_task_time(c) * CHUNK_WITHIN)
            return found;
    return c;
}

/* Where the chunk was swept, the cell nearest the recommended size stands for C: the fastest of
 * many equals is only the luckiest. */
static const struct cell_row *with_good_chunk(const struct reading *r, const struct cell_row *c)
{
    struct want want = { .sweep = "chunk",
                         .backend = c->backend,
                         .schedule = c->schedule,
                         .workload = c->workload,
                         .variant = c->variant,
                         .task_ns = c->task_ns };
    struct chunk_range good = chunk_range_of(r, c->backend, c->schedule, c->task_ns);
    const struct cell_row *best = c;
    double nearest = INFINITY;
    for (long i = 0; i < r->cells && good.low > 0; i++) {
        const struct cell_row *o = &r->cell[i];
        if (!cell_fits(o, &want) || o->workers != c->workers || o->chunk < good.low ||
            o->chunk > good.high || fabs(log(o->chunk / good.recommended)) >= nearest)
            continue;
        nearest = fabs(log(o->chunk / good.recommended));
        best = o;
    }
    return best;
}

/* An answer of a run that its checks speak against is not sure. */
static void doubt(const struct checks *checks, struct advice *a)
{
    char word[WORD];
    if (strcmp(a->sure, "yes") != 0 || confidence_of(checks, &a->grounds) != CONFIDENCE_LOW)
        return;
    if (checks->bad + checks->warnings > 1)
        snprintf(a->sure, sizeof a->sure, "no: %s",
                 words_plural(word, checks->bad + checks->warnings, "warning"));
    else
        snprintf(a->sure, sizeof a->sure, "no: ±%.0f%%", 100 * a->grounds.width);
}

static void advise(const struct reading *r, double effective, const struct cell_row *like,
                   struct answer *v)
{
    struct want want = { .workload = like->workload,
                         .variant = like->variant,
                         .task_ns = like->task_ns };
    const struct cell_row *t = recommended(r, &want, CHOICE_THREADS, effective);
    const struct cell_row *p = recommended(r, &want, CHOICE_PROCESSES, effective);
    if ((!t && !p) || v->advices == ADVICE_ROWS)
        return;
    struct advice *a = &v->advice[v->advices++];
    name_work(a->work, like);
    if (!t || !p) {
        a->choice = t ? CHOICE_THREADS : CHOICE_PROCESSES;
        snprintf(a->other, sizeof a->other, "%s not measured", t ? "processes" : "threads");
        strcpy(a->sure, "no: nothing to compare with");
        a->cell = t ? t : p;
        a->grounds = grounds_of(a->cell, NULL);
        a->grounds.one_sided = 1;
        a->duel = no_duel();
        return;
    }
    t = with_good_chunk(r, t);
    p = with_good_chunk(r, p);
    p = alike(r, &want, CHOICE_PROCESSES, p, t);
    t = alike(r, &want, CHOICE_THREADS, t, p);
    struct duel d = a->duel = duel_between(r, t, p);
    a->grounds = grounds_of(t, p);
    if (!gains(t) && !gains(p) && surely_none(t) && surely_none(p)) {
        a->choice = CHOICE_SERIAL;
        a->cell = t;
        snprintf(a->other, sizeof a->other, "no gain from workers");
        snprintf(a->sure, sizeof a->sure, "%s", isnan(t->time.low) ? "no: too few blocks" : "yes");
        return;
    }
    a->choice = winner(&d);
    a->grounds.unclear = a->choice == CHOICE_UNCLEAR;
    a->cell = a->choice == CHOICE_PROCESSES ? p : t;
    if (a->choice == CHOICE_PROCESSES)
        describe_other(a, &d, "threads", 1 / d.ratio.mid);
    else
        describe_other(a, &d, "processes", d.ratio.mid);
}

/* A row of its own: each work of these sweeps, and the long tasks (100 µs, 1 ms, ...) of `length`.
 */
static int has_row(const struct cell_row *c)
{
    if (!strcmp(c->backend, "serial") || !strcmp(c->workload, "empty"))
        return 0;
    if (cell_in(c, "workers") || cell_in(c, "chunk") || cell_in(c, "schedules") ||
        cell_in(c, "lesson"))
        return 1;
    double decade = log10(c->task_ns);
    return cell_in(c, "length") && c->task_ns >= 1e5 && decade == round(decade);
}

static int work_order(const void *a, const void *b)
{
    static const char *const order[] = { "cpu", "skew", "sleep" };
    const struct cell_row *x = *(const struct cell_row *const *)a,
                          *y = *(const struct cell_row *const *)b;
    int rank[2] = { 3, 3 };
    for (int i = 0; i < 3; i++) {
        rank[0] = strcmp(x->workload, order[i]) ? rank[0] : i;
        rank[1] = strcmp(y->workload, order[i]) ? rank[1] : i;
    }
    if (rank[0] != rank[1])
        return rank[0] - rank[1];
    int text = strcmp(x->workload, y->workload);
    text = text ? text : -strcmp(x->variant, y->variant);
    return text ? text : (x->task_ns > y->task_ns) - (x->task_ns < y->task_ns);
}

/* Of one work, the table's order. */
static int by_work(const void *a, const void *b)
{
    const struct cell_row *x = *(const struct cell_row *const *)a,
                          *y = *(const struct cell_row *const *)b;
    int order = work_order(a, b);
    return order ? order : (x > y) - (x < y);
}

static void advise_all(const struct reading *r, const struct checks *checks, struct answer *v)
{
    const struct cell_row **work = calloc((size_t)r->cells + 1, sizeof *work);
    struct want any = { 0 };
    long n = 0;
    if (!work)
        return;
    for (long i = 0; i < r->cells; i++)
        if (cell_fits(&r->cell[i], &any) && has_row(&r->cell[i]))
            work[n++] = &r->cell[i];
    qsort(work, (size_t)n, sizeof *work, by_work);
    for (long i = 0; i < n; i++)
        if (i == 0 || work_order(&work[i - 1], &work[i]))
            advise(r, v->effective, work[i], v);
    for (int i = 0; i < v->advices; i++)
        doubt(checks, &v->advice[i]);
    free(work);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

/* The side's best number of workers: from the sweep over workers, or else from the chunk sweep. */
static const struct cell_row *side_cell(const struct reading *r, enum choice side, double effective)
{
    static const struct want wants[] = {
        { .sweep = "workers", .workload = "cpu", .backend = "pool" },
        { .sweep = "workers", .workload = "cpu" },
        { .sweep = "chunk", .workload = "cpu" },
        { .sweep = "length", .workload = "cpu" },
    };
    for (int i = side == CHOICE_THREADS; i < (int)(sizeof wants / sizeof *wants); i++) {
        const struct cell_row *c = recommended(r, &wants[i], side, effective);
        if (c)
            return c;
    }
    return NULL;
}

static enum choice choose(const struct answer *v)
{
    const struct cell_row *t = v->threads.cell, *p = v->processes.cell;
    if (v->smoke || v->one_cpu || (!t && !p))
        return CHOICE_NONE;
    if (!gains(t) && !gains(p))
        return surely_none(t) && surely_none(p) ? CHOICE_SERIAL : CHOICE_UNCLEAR;
    if (!t || !p)
        return t ? CHOICE_THREADS : CHOICE_PROCESSES;
    return winner(&v->duel);
}

static const struct cell_row *chosen_cell(const struct answer *v)
{
    if (v->choice == CHOICE_PROCESSES || !v->threads.cell)
        return v->processes.cell;
    return v->threads.cell;
}

/* The reason that the cells of BACKEND give for having failed, or "". */
static const char *failure_of(const struct reading *r, const char *backend)
{
    for (long i = 0; i < r->cells; i++)
        if (!strcmp(r->cell[i].backend, backend) && !strcmp(r->cell[i].status, "failed"))
            return *r->cell[i].note ? r->cell[i].note : "every launch failed";
    return "";
}

/* Is there a chunk to recommend, and not only by chance? */
static int has_chunk(const struct answer *v)
{
    return v->chunk.low > 0 && v->chunk.grounds.width <= UNCERTAIN;
}

static int one_sided(const struct answer *v)
{
    return !v->threads.cell || !v->processes.cell;
}

static void write_headline(struct answer *v)
{
    char *out = v->headline, workers[WORD], chunk[WORD + 32] = "";
    size_t room = sizeof v->headline;
    if (has_chunk(v)) {
        char number[WORD];
        snprintf(chunk, sizeof chunk, ", %s%s %s per chunk",
                 v->chunk.recommended > 1 ? "about " : "",
                 words_count(number, v->chunk.recommended),
                 v->chunk.recommended == 1 ? "task" : "tasks");
    }
    words_plural(workers, v->workers, "worker");
    if (v->smoke)
        say(out, room, "No verdict: a smoke run only proves that everything works.");
    else if (v->one_cpu)
        say(out, room, "One CPU: parallel cannot speed up CPU-bound work here.");
    else if (v->choice == CHOICE_NONE)
        say(out, room,
            "No verdict: that takes the \"workers\" sweep of a profile, and this run has no good "
            "cell of it. The pairs are in pairs.csv.");
    else if (one_sided(v)) {
        say(out, room, "Only %s gave results", v->threads.cell ? "threads" : "processes");
        if (v->choice == CHOICE_SERIAL)
            say(out, room, ", and no number of workers was worth it here.");
        else if (v->choice == CHOICE_UNCLEAR)
            say(out, room, ", and whether they gain anything can't be told yet.");
        else
            say(out, room, ": %s%s.", workers, chunk);
    } else if (v->choice == CHOICE_SERIAL)
        say(out, room, "Stay serial: no number of workers was worth it here.");
    else if (v->choice == CHOICE_EITHER)
        say(out, room, "Use threads or processes, either will do: %s%s.", workers, chunk);
    else if (v->choice == CHOICE_UNCLEAR && isnan(v->duel.ratio.low))
        say(out, room, "Threads or processes? Can't tell: too few blocks.");
    else if (v->choice == CHOICE_UNCLEAR)
        say(out, room, "Threads or processes? Can't tell yet; use %s%s.", workers, chunk);
    else
        say(out, room, "Use %s: %s%s.", choice_word(v->choice), workers, chunk);
}

/* "8 threads ran 7.41 times as fast as serial code (95% interval 7.30 to 7.50)": all three with the
 * same digits, or the middle could seem to lie outside its interval. */
static void say_speedup(char *out, size_t room, const char *who, const struct cell_row *c)
{
    char time[WORD], count[WORD];
    int digits = c->speedup.mid < 10 ? 2 : 1;
    words_plural(count, c->workers, who);
    if (isnan(c->speedup.mid)) {
        say(out, room, "%s took %s a task", count, words_time(time, cell_task_time(c), 3));
        return;
    }
    say(out, room, "%s ran %.*f times as fast as serial code", count, digits, c->speedup.mid);
    if (!isnan(c->speedup.low))
        say(out, room, " (95%% interval %.*f to %.*f)", digits, c->speedup.low, digits,
            c->speedup.high);
}

static void say_duel(char *out, size_t room, const struct duel *d)
{
    char word[WORD];
    const char *how = d->paired ? "Compared block by block" : "By their intervals";
    if (isnan(d->ratio.mid))
        return;
    if (d->verdict == VERDICT_SAME)
        say(out, room, " %s, they are the same within the margin (processes %s).", how,
            words_slower(word, d->ratio.mid));
    else if (d->verdict != VERDICT_UNCLEAR)
        say(out, room, " %s, processes were %s.", how, words_slower(word, d->ratio.mid));
    else if (isnan(d->ratio.low))
        say(out, room, " Too few blocks to compare them.");
    else
        say(out, room, " %s, processes were anything from %s.", how,
            words_slower_range(word, d->ratio.low, d->ratio.high));
    if (d->verdict == VERDICT_UNCLEAR && !isnan(d->ratio.low) && d->blocks_needed > 0 &&
        d->blocks_needed < 1000)
        say(out, room, " About %s would settle it.", words_plural(word, d->blocks_needed, "block"));
}

static void write_evidence(const struct reading *r, struct answer *v)
{
    const struct cell_row *t = v->threads.cell, *p = v->processes.cell;
    char *out = v->evidence, work[64];
    size_t room = sizeof v->evidence;
    if (v->one_cpu)
        say(out, room,
            "Workers take turns on it, so they can only add cost. Tasks that wait, for a "
            "disk, a network or a timer, still overlap: see the lesson.");
    if (v->smoke)
        say(out, room,
            "The figures below have the right shape, not the right numbers. "
            "Run the quick or the default profile for an answer.");
    if (v->smoke || v->one_cpu || (!t && !p))
        return;
    name_work(work, t ? t : p);
    say(out, room, "%s: ", work);
    if (t)
        say_speedup(out, room, "thread", t);
    say(out, room, "%s", t && p ? ", " : "");
    if (p)
        say_speedup(out, room, "process", p);
    say(out, room, ".");
    if (t && p) {
        say_duel(out, room, &v->duel);
        return;
    }
    const char *failure = failure_of(r, t ? "pool" : "omp");
    say(out, room, " %s could not be compared: %s.", t ? "Processes" : "Threads",
        *failure ? failure : "not measured");
}

static void judge_confidence(const struct checks *checks, struct answer *v)
{
    const struct cell_row *c = chosen_cell(v);
    char *out = v->reason;
    size_t room = sizeof v->reason;
    struct grounds g = c ? grounds_of(c, NULL) : (struct grounds){ .width = NAN };
    g.one_sided = one_sided(v);
    g.unclear = v->choice == CHOICE_UNCLEAR;
    v->grounds = g;
    v->confidence = CONFIDENCE_LOW;
    if (v->smoke) {
        say(out, room, "A smoke run proves that everything works, and nothing about speed.");
        return;
    }
    if (!c) {
        say(out, room, "There is no good cell to stand on.");
        return;
    }
    char blocks[WORD], count[WORD];
    words_plural(blocks, c->blocks > 0 ? c->blocks : 0, "block");
    v->confidence = confidence_of(checks, &g);
    if (isnan(g.width) || g.blocks < BLOCKS_FOR_INTERVAL) {
        say(out, room, "%s, and fewer than 6 give no 95%% interval.", blocks);
        return;
    }
    say(out, room, "%s in shuffled order, and the interval is ±%.1f%%", blocks, 100 * g.width);
    if (checks->bad)
        say(out, room, ". A check below says not to use the numbers.");
    else if (checks->warnings)
        say(out, room, ". %s below %s.", words_plural(count, checks->warnings, "check"),
            checks->warnings == 1 ? "warns" : "warn");
    else if (g.one_sided)
        say(out, room, ", but one side is missing.");
    else
        say(out, room, "; no check below warns.");
}

static void find_chunk(const struct reading *r, struct answer *v)
{
    const struct cell_row *c = chosen_cell(v);
    if (!c || v->choice == CHOICE_NONE || v->choice == CHOICE_SERIAL)
        return;
    double length = chunk_length_near(r, c->backend, c->task_ns);
    if (length > 0)
        v->chunk = chunk_range_of(r, c->backend, c->schedule, length);
}

void verdict_compute(const struct reading *r, const struct checks *checks, struct answer *v)
{
    *v = (struct answer){ .smoke = reading_is_smoke(r),
                          .effective = reading_number(r, "effective_workers") };
    v->one_cpu = v->effective == 1;
    v->duel = no_duel();
    v->threads.cell = side_cell(r, CHOICE_THREADS, v->effective);
    v->processes.cell = side_cell(r, CHOICE_PROCESSES, v->effective);
    if (v->threads.cell && v->processes.cell)
        v->duel = duel_between(r, v->threads.cell, v->processes.cell);
    v->choice = choose(v);
    v->threads.shortest = doubted(checks, shortest_of(r, "omp", "dynamic"));
    v->processes.shortest = doubted(checks, shortest_processes(r));
    v->stealing = doubted(checks, shortest_of(r, "pool", "steal"));
    find_chunk(r, v);
    if (v->choice != CHOICE_NONE && v->choice != CHOICE_SERIAL)
        v->workers = chosen_cell(v)->workers;
    write_headline(v);
    write_evidence(r, v);
    judge_confidence(checks, v);
    if (!v->smoke)
        advise_all(r, checks, v);
}

/* "task that is worth it: threads 3.1 µs (uncertain: 2.9 µs to 4.0 µs), processes ...". */
static void say_shortest(char *out, size_t room, const char *who, const struct shortest *s)
{
    char word[WORD], low[WORD], high[WORD];
    say(out, room, "%s %s", who, shortest_word(word, s));
    if (!s->doubt)
        return;
    say(out, room, " (%s", s->doubt);
    if (s->low > 0 && s->high > 0)
        say(out, room, ": %s to %s", words_time(low, s->low, 2), words_time(high, s->high, 2));
    say(out, room, ")");
}

void verdict_print(const struct answer *v, FILE *f)
{
    enum { ROW = 14 }; /* where the texts of rows begin */
    char shortest[8 * WORD] = "task that is worth it: ";
    char low[WORD], high[WORD], length[WORD];
    layout_wrap(f, v->headline, 0, 0);
    layout_wrap(f, v->evidence, 0, 0);
    if (v->smoke)
        return;
    if (v->chunk.low > 0 && isnan(v->chunk.grounds.width))
        fprintf(f, "  chunk       can't tell: too few blocks\n");
    else if (v->chunk.low > 0 && !has_chunk(v))
        fprintf(f, "  chunk       can't tell: its times are uncertain by ±%.0f%%\n",
                100 * v->chunk.grounds.width);
    else if (v->chunk.low > 0 && v->chunk.low == v->chunk.high)
        fprintf(f, "  chunk       %s a chunk is best for tasks of %s, by more than 2%%\n",
                words_count(low, v->chunk.low), words_time(length, v->chunk.task_ns, 2));
    else if (v->chunk.low > 0)
        fprintf(f, "  chunk       %s to %s tasks of %s are within 2%% of the best\n",
                words_count(low, v->chunk.low), words_count(high, v->chunk.high),
                words_time(length, v->chunk.task_ns, 2));
    if (!v->one_cpu) {
        say_shortest(shortest, sizeof shortest, "threads", &v->threads.shortest);
        say_shortest(shortest, sizeof shortest, ", processes", &v->processes.shortest);
        if (shortest_is_known(&v->stealing))
            say_shortest(shortest, sizeof shortest, ", stealing", &v->stealing);
        layout_wrap(f, shortest, ROW, fprintf(f, "  shortest   "));
    }
    layout_wrap(f, v->reason, ROW, fprintf(f, "  confidence  %s:", confidence_word(v->confidence)));
}
