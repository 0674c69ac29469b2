/* SPDX-License-Identifier: MIT */
#include "summarize.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/csv.h"
#include "../core/sort.h"
#include "../core/stats.h"
#include "blocks.h"
#include "command.h"
#include "derive.h"
#include "judge.h"
#include "summarize_show.h"
#include "sweep.h"
#include "table.h"
#include "view.h"
#include "whole.h"

/* The way through: blocks.c has the blocks of every cell; a cell becomes the median over its
 * blocks. Pairs are formed of cells that did the same work. */

#define ALPHA 0.05 /* intervals are 95 % */

/* A ratio within 3 % is "the same", or within twice of what a cell measured against itself shows.
 */
#define MARGIN 0.03

/* A twin whose own interval is wider than this to either side says that its work varies from
 * process to process, as a heap that workers fight for does, and nothing about other work. */
#define TELLING_WIDTH 0.25

enum { MOST_BLOCKS_NEEDED = 10000 }; /* printed for this many and more */

struct pair {
    const struct cell *a, *b;
    long blocks;
    double ratio, ratio_low, ratio_high, p_sign, p_adjusted, margin;
    const char *verdict;
    double blocks_needed;
};

struct run {
    struct measured record;
    struct view order, match, side;
    struct cell **sorted; /* all cells, in whatever order is being walked */
    double margin;        /* of all verdicts of this run */
    double *twins;        /* logarithms of the ratio of each cell and its twin, and room as much */
    long twin_count;
    struct pair *pairs;
    long pair_count, pair_room;
    int no_memory; /* for one of them */
};

static const char *const order_names[] = { "workload", "variant", "task_ns",  "tasks", "chunk",
                                           "workers",  "backend", "schedule", NULL };
static const char *const match_names[] = {
    "workload", "work_version", "variant", "task_ns", "payload_bytes", "tasks", "chunk",
    "workers",  "place",        "cpus",    "wait",    "ballast_mib",   NULL
};
static const char *const side_names[] = {
    "runner", "backend", "start", "schedule", "options", NULL
};

/* Orders ---------------------------------------------------------------------------------- */

/* The order of cells.csv: no two cells are equal in it. */
static int by_order(const void *left, const void *right, void *run)
{
    const struct cell *a = left, *b = right;
    const struct run *r = run;
    int order = view_compare_texts(a->sweep, b->sweep);
    if (!order)
        order = view_compare(&r->order, a, b);
    for (int i = 0; !order && i < r->record.keys; i++)
        order = view_compare_texts(a->key[i], b->key[i]);
    return order;
}

static int rank_in(const char *const *words, const char *word)
{
    int rank = 0;
    while (words[rank] && strcmp(words[rank], word) != 0)
        rank++;
    return rank;
}

/* Which side of a pair comes first. */
static int compare_sides(const struct run *r, const struct cell *a, const struct cell *b)
{
    static const char *const backends[] = { "omp", "pool", "pipe", NULL };
    static const char *const schedules[] = { "static", "dynamic", "guided", "steal", NULL };
    enum { RUNNER, BACKEND, START, SCHEDULE };
    const int *side = r->side.columns;
    const char *backend_a = key_text(a, side[BACKEND]), *backend_b = key_text(b, side[BACKEND]);
    const char *schedule_a = key_text(a, side[SCHEDULE]), *schedule_b = key_text(b, side[SCHEDULE]);

    int order = rank_in(backends, backend_a) - rank_in(backends, backend_b);
    if (!order)
        order = strcmp(backend_a, backend_b);
    if (!order)
        order = rank_in(schedules, schedule_a) - rank_in(schedules, schedule_b);
    return order ? order : view_compare(&r->side, a, b);
}

static int by_match(const void *left, const void *right, void *run)
{
    const struct cell *a = *(struct cell *const *)left, *b = *(struct cell *const *)right;
    int order = view_compare(&((const struct run *)run)->match, a, b);
    if (!order)
        order = compare_sides(run, a, b);
    return order ? order : (a > b) - (a < b);
}

static int sort_cells(struct run *r)
{
    r->order = view_of(&r->record, order_names);
    r->match = view_of(&r->record, match_names);
    r->side = view_of(&r->record, side_names);
    if (r->record.cell_count)
        sort(r->record.cells, (size_t)r->record.cell_count, sizeof *r->record.cells, by_order, r);
    r->sorted = malloc(((size_t)r->record.cell_count + 1) * sizeof *r->sorted);
    if (!r->sorted)
        return -ENOMEM;
    for (long i = 0; i < r->record.cell_count; i++)
        r->sorted[i] = &r->record.cells[i];
    return 0;
}

/* Walk the cells sorted by COMPARE, group by group of those that are equal in VIEW. */
static void each_group(struct run *r, int (*compare)(const void *, const void *, void *),
                       const struct view *view,
                       void (*visit)(struct run *, struct cell **, long count, FILE *), FILE *f)
{
    sort(r->sorted, (size_t)r->record.cell_count, sizeof *r->sorted, compare, r);
    for (long first = 0, last; first < r->record.cell_count; first = last) {
        for (last = first + 1; last < r->record.cell_count; last++)
            if (view_compare(view, r->sorted[first], r->sorted[last]))
                break;
        visit(r, r->sorted + first, last - first, f);
    }
}

/* Blocks to cells ------------------------------------------------------------------------- */

static long gather(const struct cell *c, enum metric m, double *out)
{
    long known = 0;
    for (long i = 0; i < c->blocks; i++)
        if (!isnan(c->block[i].value[m]))
            out[known++] = c->block[i].value[m];
    stats_sort(out, known);
    return known;
}

static double middle(const struct run *r, const struct cell *c, enum metric m)
{
    return stats_median(r->record.scratch, gather(c, m, r->record.scratch));
}

static void interval(const double *sorted, long n, double *low, double *high)
{
    *low = *high = NAN;
    stats_median_interval(sorted, n, ALPHA, low, high);
}

static void measure_cell(const struct run *r, struct cell *c)
{
    double *values = r->record.scratch;
    long n = gather(c, OPEN, values);
    c->open_ns = stats_median(values, n);
    interval(values, n, &c->open_low_ns, &c->open_high_ns);

    n = gather(c, WALL, values);
    c->median_ns = stats_median(values, n);
    interval(values, n, &c->low_ns, &c->high_ns);
    c->q1_ns = stats_quantile(values, n, 0.25);
    c->q3_ns = stats_quantile(values, n, 0.75);
    c->min_ns = stats_quantile(values, n, 0);
    c->max_ns = stats_quantile(values, n, 1);
    c->mad_ns = stats_mad(values, n, values + n);

    c->per_task_ns = c->tasks > 0 ? c->median_ns / c->tasks : NAN;
    c->close_ns = middle(r, c, CLOSE);
    c->first_ns = middle(r, c, FIRST);
    c->busy_share = middle(r, c, BUSY);
    c->runq_share = middle(r, c, RUNQ);
    c->foreign_share = middle(r, c, FOREIGN);
    c->answer_p50_ns = middle(r, c, ANSWER);
    c->answer_p99_ns = middle(r, c, LATE_ANSWER);
    c->beside_ns = middle(r, c, BESIDE);
    long disturbed = 0, suspended = c->noise[NOISE_SUSPEND];
    int most = 0;
    for (int i = 0; i < NOISES; i++) {
        disturbed += c->noise[i];
        most = c->noise[i] > c->noise[most] ? i : most;
    }
    double all = (double)(c->samples + suspended);
    c->disturbed_share = all > 0 ? (double)disturbed / all : NAN;
    c->suspect_share = all > 0 ? (double)(c->suspect + suspended) / all : NAN;
    c->cause = disturbed ? noise_word((enum noise)most) : "";
    c->status = c->blocks >= BLOCKS_FOR_INTERVAL ? "ok" : c->blocks ? "few" : "failed";
    if (!c->blocks && !c->reason && !c->odd_rows && !c->cut_rows)
        c->reason = c->void_samples ? "no sample had the right result"
                    : suspended     ? "the machine was suspended beside every sample"
                                    : "only warm-up samples";
}

static int is_serial(const struct run *r, const struct cell *c)
{
    return !strcmp(key_text(c, r->record.backend), "serial");
}

/* Compare wall_ns of the blocks that both have, or of those that nothing disturbed.  SHARED gets
 * their number. */
static struct ratio compare_some(const struct run *r, const struct cell *a, const struct cell *b,
                                 int quiet_only, long *shared)
{
    double *wall_a = r->record.scratch, *wall_b = wall_a + r->record.good_count,
           *room = wall_b + r->record.good_count;
    long n = blocks_pair(a, b, quiet_only, wall_a, wall_b);
    *shared = n;
    return stats_paired_ratio(wall_a, wall_b, n, ALPHA, room);
}

static struct ratio compare_blocks(const struct run *r, const struct cell *a, const struct cell *b,
                                   long *shared)
{
    return compare_some(r, a, b, 0, shared);
}

static void measure_speedup(const struct run *r, struct cell *c)
{
    long shared;
    c->serial_task_ns = c->speedup = c->speedup_low = c->speedup_high = NAN;
    if (c->serial && c->blocks && c->tasks > 0) {
        struct ratio s = compare_blocks(r, c, c->serial, &shared);
        double per_task = c->tasks / c->serial->tasks; /* from time a job to time a task */
        c->serial_task_ns = c->serial->per_task_ns;
        c->speedup = shared ? s.center * per_task : c->serial_task_ns / c->per_task_ns;
        c->speedup_low = s.low * per_task;
        c->speedup_high = s.high * per_task;
    }
    c->efficiency = c->speedup / c->task_workers;
    c->efficiency_low = c->speedup_low / c->task_workers;
    c->efficiency_high = c->speedup_high / c->task_workers;
}

static int measure_cells(struct run *r)
{
    int error = blocks_find_serial(&r->record);
    for (long i = 0; i < r->record.cell_count; i++)
        measure_cell(r, &r->record.cells[i]);
    for (long i = 0; i < r->record.cell_count; i++)
        measure_speedup(r, &r->record.cells[i]);
    return error;
}

/* Writing --------------------------------------------------------------------------------- */

enum kind { AS_COUNT, AS_NS, AS_FINE_NS, AS_RATIO, AS_WORD };

struct column {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define CELL(member, as) .name = #member, .kind = AS_##as, .offset = offsetof(struct cell, member)
#define PAIR(member, as) .name = #member, .kind = AS_##as, .offset = offsetof(struct pair, member)

static const struct column cell_columns[] = {
    { CELL(blocks, COUNT) },
    { CELL(samples, COUNT) },
    { CELL(median_ns, NS) },
    { CELL(low_ns, NS) },
    { CELL(high_ns, NS) },
    { CELL(q1_ns, NS) },
    { CELL(q3_ns, NS) },
    { CELL(mad_ns, NS) },
    { CELL(min_ns, NS) },
    { CELL(max_ns, NS) },
    { CELL(per_task_ns, FINE_NS) },
    { CELL(serial_task_ns, FINE_NS) },
    { CELL(speedup, RATIO) },
    { CELL(speedup_low, RATIO) },
    { CELL(speedup_high, RATIO) },
    { CELL(efficiency, RATIO) },
    { CELL(efficiency_low, RATIO) },
    { CELL(efficiency_high, RATIO) },
    { CELL(open_ns, NS) },
    { CELL(open_low_ns, NS) },
    { CELL(open_high_ns, NS) },
    { CELL(close_ns, NS) },
    { CELL(first_ns, NS) },
    { CELL(busy_share, RATIO) },
    { CELL(runq_share, RATIO) },
    { CELL(foreign_share, RATIO) },
    { CELL(void_samples, COUNT) },
    { CELL(failed_blocks, COUNT) },
    { CELL(status, WORD) },
    { CELL(disturbed_share, RATIO) },
    { CELL(cause, WORD) },
    { CELL(suspect_share, RATIO) },
    { CELL(odd_rows, COUNT) },
    { CELL(cut_rows, COUNT) },
    { CELL(answer_p50_ns, NS) },
    { CELL(answer_p99_ns, NS) },
    { CELL(beside_ns, NS) },
    { 0 },
};

static const struct column pair_columns[] = {
    { PAIR(blocks, COUNT) },     { PAIR(ratio, RATIO) },
    { PAIR(ratio_low, RATIO) },  { PAIR(ratio_high, RATIO) },
    { PAIR(p_sign, RATIO) },     { PAIR(margin, RATIO) },
    { PAIR(verdict, WORD) },     { PAIR(blocks_needed, NS) },
    { PAIR(p_adjusted, RATIO) }, { 0 },
};

static void put_names(const struct column *columns, FILE *f)
{
    for (; columns->name; columns++)
        fprintf(f, ",%s", columns->name);
}

/* A time below 0.1 ms keeps the digits behind its point: dispatch costs nanoseconds. */
static void put_number(enum kind kind, double value, FILE *f)
{
    if (isnan(value))
        return;
    int whole = kind == AS_NS || (kind == AS_FINE_NS && value >= 1e5);
    fprintf(f, whole ? "%.0f" : "%.6g", value);
}

static void put_values(const struct column *columns, const void *row, FILE *f)
{
    for (; columns->name; columns++) {
        const char *at = (const char *)row + columns->offset;
        fputc(',', f);
        if (columns->kind == AS_COUNT)
            fprintf(f, "%ld", *(const long *)at);
        else if (columns->kind == AS_WORD)
            fputs(*(const char *const *)at, f);
        else
            put_number(columns->kind, *(const double *)at, f);
    }
}

static void put_note(const struct cell *c, FILE *f)
{
    char odd[96] = "", cut[96] = "", note[768];
    const char *reason = c->reason ? c->reason : "";
    if (c->odd_rows)
        snprintf(odd, sizeof odd, "rows left out for an impossible wall_ns, block or status: %ld",
                 c->odd_rows);
    if (c->cut_rows)
        snprintf(cut, sizeof cut, "rows left out because the cell was cut off: %ld", c->cut_rows);
    snprintf(note, sizeof note, "%.500s%s%s%s%s", reason, *reason && *odd ? "; " : "", odd,
             (*reason || *odd) && *cut ? "; " : "", cut);
    csv_put(f, note);
}

static void put_cells(struct run *r, FILE *f)
{
    for (int i = 0; i < r->record.keys; i++) {
        csv_put(f, r->record.samples->cells[i]);
        fputc(',', f);
    }
    fputs("sweep", f);
    put_names(cell_columns, f);
    fputs(",note\n", f);
    for (long i = 0; i < r->record.cell_count; i++) {
        const struct cell *c = &r->record.cells[i];
        for (int k = 0; k < r->record.keys; k++) {
            csv_put(f, c->key[k]);
            fputc(',', f);
        }
        csv_put(f, c->sweep);
        put_values(cell_columns, c, f);
        fputc(',', f);
        put_note(c, f);
        fputc('\n', f);
    }
}

/* The sweeps that A and B have in common, joined by +; as many as fit. */
static void common_sweeps(const char *a, const char *b, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    while (*a) {
        size_t length = strcspn(a, "+");
        if (length && sweep_has_part(b, a, length) && used + length + 2 < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? "+" : "",
                                     (int)length, a);
        a += length + (a[length] == '+');
    }
}

static enum verdict verdict_of(const struct run *r, const struct ratio *ratio)
{
    return ratio->has_interval ? stats_verdict(ratio->low, ratio->high, r->margin)
                               : VERDICT_UNCLEAR;
}

/* Would the blocks that nothing disturbed say the same?  Too few of them support nothing. */
static int holds_when_quiet(const struct run *r, const struct cell *a, const struct cell *b,
                            enum verdict verdict)
{
    long quiet;
    if (!(a->disturbed_share > NOISY_SHARE) && !(b->disturbed_share > NOISY_SHARE))
        return 1;
    struct ratio ratio = compare_some(r, a, b, 1, &quiet);
    return quiet >= BLOCKS_FOR_INTERVAL && verdict_of(r, &ratio) == verdict;
}

static struct pair make_pair(const struct run *r, const struct cell *a, const struct cell *b)
{
    struct pair p = { .a = a, .b = b, .margin = r->margin, .blocks_needed = NAN };
    struct ratio ratio = compare_blocks(r, a, b, &p.blocks);
    enum verdict seen = verdict_of(r, &ratio);
    int holds = seen == VERDICT_UNCLEAR || holds_when_quiet(r, a, b, seen);
    enum verdict verdict = holds ? seen : VERDICT_UNCLEAR;
    p.ratio = ratio.center;
    p.ratio_low = ratio.low;
    p.ratio_high = ratio.high;
    p.p_sign = p.blocks ? ratio.p_sign : NAN;
    p.verdict = stats_verdict_name(verdict);
    if (holds && verdict == VERDICT_UNCLEAR) { /* no number of blocks makes it quiet */
        long needed = BLOCKS_FOR_INTERVAL;
        if (ratio.has_interval)
            needed = stats_blocks_to_settle(&ratio, p.blocks, r->margin);
        p.blocks_needed = (double)(needed < MOST_BLOCKS_NEEDED ? needed : MOST_BLOCKS_NEEDED);
    }
    return p;
}

static void put_pair(const struct run *r, const struct pair *p, FILE *f)
{
    const struct cell *sides[] = { p->a, p->b };
    char sweeps[512];
    common_sweeps(p->a->sweep, p->b->sweep, sweeps, sizeof sweeps);
    for (int i = 0; i < r->match.count; i++) {
        csv_put(f, key_text(p->a, r->match.columns[i]));
        fputc(',', f);
    }
    csv_put(f, sweeps);
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < r->side.count; i++) {
            fputc(',', f);
            csv_put(f, key_text(sides[s], r->side.columns[i]));
        }
    put_values(pair_columns, p, f);
    fputc('\n', f);
}

/* Two sides, or a cell and its twin. */
static int is_pair(const struct run *r, const struct cell *a, const struct cell *b)
{
    int sides = view_compare(&r->side, a, b) != 0;
    return sides ? !a->twin && !b->twin : a->twin != b->twin;
}

static void compare_twins(struct run *r, struct cell **cells, long count, FILE *none)
{
    (void)none;
    for (long i = 0; i < count; i++)
        for (long j = i + 1; j < count; j++) {
            long shared;
            if (!cells[i]->blocks || !cells[j]->blocks ||
                view_compare(&r->side, cells[i], cells[j]))
                continue;
            struct ratio ratio = compare_blocks(r, cells[i], cells[j], &shared);
            if (shared >= BLOCKS_FOR_INTERVAL && log(ratio.high / ratio.low) <= 2 * TELLING_WIDTH)
                r->twins[r->twin_count++] = log(ratio.center);
        }
}

/* How far two of the same lie apart in this run is what its verdicts may not go below. */
static int find_margin(struct run *r)
{
    r->twins = malloc(((size_t)r->record.cell_count * 2 + 1) * sizeof *r->twins);
    if (!r->twins)
        return -ENOMEM;
    each_group(r, by_match, &r->match, compare_twins, NULL);
    r->margin = stats_margin(
        MARGIN, stats_noise_floor(r->twins, r->twin_count, r->twins + r->record.cell_count));
    return 0;
}

static void keep_pair(struct run *r, const struct pair *p)
{
    if (r->pair_count == r->pair_room) {
        long room = r->pair_room ? 2 * r->pair_room : 64;
        struct pair *more = realloc(r->pairs, (size_t)room * sizeof *more);
        if (!more) {
            r->no_memory = 1;
            return;
        }
        r->pairs = more;
        r->pair_room = room;
    }
    r->pairs[r->pair_count++] = *p;
}

/* Pair all cells of one group, which stand in the order of compare_sides. */
static void pair_group(struct run *r, struct cell **cells, long count, FILE *none)
{
    long paired = 0;
    (void)none;
    for (long i = 0; i < count; i++)
        if (cells[i]->blocks && !is_serial(r, cells[i]))
            cells[paired++] = cells[i];
    for (long i = 0; i < paired; i++)
        for (long j = i + 1; j < paired; j++)
            if (is_pair(r, cells[i], cells[j])) {
                struct pair p = make_pair(r, cells[i], cells[j]);
                keep_pair(r, &p);
            }
}

/* All pairs, and what their p are among so many.  A twin is no test of anything. */
static int find_pairs(struct run *r)
{
    each_group(r, by_match, &r->match, pair_group, NULL);
    double *p = malloc((3 * (size_t)r->pair_count + 1) * sizeof *p);
    if (!p || r->no_memory) {
        free(p);
        return -ENOMEM;
    }
    for (long i = 0; i < r->pair_count; i++)
        p[i] = r->pairs[i].b->twin || r->pairs[i].a->twin ? NAN : r->pairs[i].p_sign;
    stats_adjust_p(p, r->pair_count, p + r->pair_count);
    for (long i = 0; i < r->pair_count; i++)
        r->pairs[i].p_adjusted = p[i];
    free(p);
    return 0;
}

static void put_pairs(struct run *r, FILE *f)
{
    for (const char *const *name = match_names; *name; name++)
        fprintf(f, "%s,", *name);
    fputs("sweep", f);
    for (const char *const *name = side_names; *name; name++)
        fprintf(f, ",a_%s", *name);
    for (const char *const *name = side_names; *name; name++)
        fprintf(f, ",b_%s", *name);
    put_names(pair_columns, f);
    fputc('\n', f);
    for (long i = 0; i < r->pair_count; i++)
        put_pair(r, &r->pairs[i], f);
}

/* The first two are made here, the others by their rooms, from what those two are made of. */
static const struct output {
    const char *file;
    void (*put)(struct run *, FILE *);
    int (*derive)(struct derivation *, FILE *);
} outputs[] = {
    { "cells.csv", put_cells, NULL },
    { "pairs.csv", put_pairs, NULL },
    { "metg.csv", NULL, metg_put },
    { "map.csv", NULL, map_put },
    { "crossover.csv", NULL, crossover_put },
    { "costs.csv", NULL, costs_put },
    { "chunks.csv", NULL, chunks_put },
    { "scaling.csv", NULL, growth_put },
    { "prediction.csv", NULL, prediction_put },
    { "shares.csv", NULL, shares_put },
    { "strip.csv", NULL, strip_put },
    { "lock.csv", NULL, lock_put },
};
enum { OUTPUTS = sizeof outputs / sizeof *outputs };

const char *summarize_table(int i)
{
    return i >= 0 && i < OUTPUTS ? outputs[i].file : NULL;
}

static int write_new(struct run *r, struct derivation *d, const char *dir, const struct output *o,
                     struct why *w)
{
    char path[PATH_MAX];
    int error = blocks_path(path, dir, o->file, ".new", w);
    if (error)
        return error;
    FILE *f = fopen(path, "w");
    if (!f)
        return why(w, -errno, "%s: cannot write: %s", path, strerror(errno));
    if (o->put)
        o->put(r, f);
    else
        error = o->derive(d, f);
    errno = 0;
    if ((fflush(f) || ferror(f)) && !error)
        error = -(errno ? errno : EIO);
    if (fclose(f) && !error)
        error = -errno;
    if (error) {
        unlink(path);
        why(w, error, "%s: cannot write: %s; the old file is kept", path, strerror(-error));
    }
    return error;
}

static int put_in_place(const char *dir, const struct output *o, struct why *w)
{
    char new_path[PATH_MAX], path[PATH_MAX];
    int error = blocks_path(new_path, dir, o->file, ".new", w);
    if (error || (error = blocks_path(path, dir, o->file, "", w)))
        return error;
    if (rename(new_path, path))
        return why(w, -errno, "%s: cannot replace: %s", path, strerror(errno));
    return 0;
}

/* All tables are complete on disk before the first takes its place. */
static int write_tables(struct run *r, const char *dir, struct why *w)
{
    struct derivation d;
    int error = derive_open(&d, &r->record, r->margin);
    for (int i = 0; !error && i < OUTPUTS; i++)
        error = write_new(r, &d, dir, &outputs[i], w);
    derive_close(&d);
    for (int i = 0; !error && i < OUTPUTS; i++)
        error = put_in_place(dir, &outputs[i], w);
    for (int i = 0; error && i < OUTPUTS; i++) {
        char path[PATH_MAX];
        if (!blocks_path(path, dir, outputs[i].file, ".new", NULL))
            unlink(path);
    }
    return error;
}

/* The whole ------------------------------------------------------------------------------- */

/* Read the run in DIR and have USE look at it. */
static int with_run(const char *dir, int (*use)(struct run *, void *self, struct why *), void *self,
                    struct why *w)
{
    struct run r = { 0 };
    int error = blocks_read(&r.record, dir, w);
    if (!error)
        error = sort_cells(&r);
    if (!error)
        error = measure_cells(&r);
    if (!error)
        error = find_margin(&r);
    if (!error)
        error = use(&r, self, w);
    free(r.sorted);
    free(r.twins);
    free(r.pairs);
    blocks_free(&r.record);
    if (error == -ENOMEM)
        why(w, error, "%s: not enough memory to summarize it", dir);
    return error;
}

static int write_all(struct run *r, void *dir, struct why *w)
{
    int error = find_pairs(r);
    return error ? error : write_tables(r, dir, w);
}

int summarize(const char *dir, struct why *w)
{
    int error = with_run(dir, write_all, (void *)dir, w);
    if (!error)
        error = judge(dir, w);
    if (!error)
        whole_tidy(dir);
    return error;
}

struct loan {
    int (*use)(struct derivation *, void *, struct why *);
    void *self;
};

static int lend(struct run *r, void *self, struct why *w)
{
    const struct loan *l = self;
    struct derivation d;
    int error = derive_open(&d, &r->record, r->margin);
    if (!error)
        error = l->use(&d, l->self, w);
    derive_close(&d);
    return error;
}

int summarize_lend(const char *dir, int (*use)(struct derivation *, void *, struct why *),
                   void *self, struct why *w)
{
    struct loan l = { use, self };
    return with_run(dir, lend, &l, w);
}

static int form = -1; /* not given */

static const struct option options[] = {
    { "--format", "FORMAT", OPTION_WORD, ONE_OF(&form, table_forms),
      "show answers, pairs and cells, too" },
    { 0 },
};

static int summarize_main(const struct command *self, int argc, char **argv)
{
    struct why w = { "" };
    if (options_take(self, argc, argv) != 1)
        die(EXIT_USAGE, "summarize: give the folder of one run: teampool summarize DIR");
    if (summarize(argv[0], &w))
        die(EXIT_FAILED, "summarize: %s", w.text);
    if (form >= 0 && summarize_show(argv[0], form, stdout, &w))
        die(EXIT_FAILED, "summarize: %s", w.text);
    return EXIT_OK;
}

const struct command command_summarize = {
    .name = "summarize",
    .operands = "DIR",
    .summary = "samples -> tables: medians, intervals, pairs, costs, predictions, verdict",
    .about =
        "Reads DIR/samples.csv and DIR/status.csv and writes, into DIR, cells.csv and pairs.csv\n"
        "(medians over blocks, intervals, verdicts) and what follows: metg.csv, map.csv,\n"
        "crossover.csv, costs.csv, chunks.csv, scaling.csv, prediction.csv, shares.csv,\n"
        "strip.csv and lock.csv; with machine.csv and doctor.csv then checks.csv and verdict.csv.\n"
        "The same record gives the same bytes.  Samples with a wrong result, warm-up samples and\n"
        "those of a cell that failed or was cut off do not count.  An interval is 95 % and needs\n"
        "6 blocks.  With --format they are shown, too, on standard output; csv is one table then:\n"
        "table,cell,against,unit,value,low,high,blocks,verdict, with verdict.csv's question, pair "
        "or\n"
        "cell in the first column.",
    .main = summarize_main,
    .options = options,
};
