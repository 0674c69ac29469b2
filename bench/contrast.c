/* SPDX-License-Identifier: MIT */
#include "contrast.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/sort.h"
#include "command.h"
#include "noise.h"
#include "record.h"

/* The way through: both folders are read; their cells are sorted together by all that must match,
 * so that what belongs together stands together; each matched pair is judged by its own blocks. */

#define ALPHA 0.05 /* intervals are 95 %, and so is what survives the correction */

/* A shorter task of the CPU kernel than this is no longer the same work. */
#define WORK_TOLERANCE 1e-9

/* A cell was disturbed otherwise than in the other run if its workers waited so much more for a
 * CPU. */
#define WAITED_LIMIT 0.03

/* Reading --------------------------------------------------------------------------------- */

static int read_machine(struct folder_read *r, struct why *w)
{
    char path[PATH_MAX];
    int error = blocks_path(path, r->dir, "machine.csv", "", w);
    if (!error)
        error = machine_read(&r->machine, path, w);
    if (error == -ENOENT) {
        warn("%s has no machine.csv: where and how it was measured is not known", r->dir);
        return 0;
    }
    r->has_machine = !error;
    return error;
}

/* Rows of pairs.csv whose two sides are the same cell: A against A. */
static double floor_of_pairs(const char *dir)
{
    static const char *const sides[] = { "runner", "backend", "start", "schedule", "options" };
    enum { SIDE_NAMES = sizeof sides / sizeof *sides };
    char path[PATH_MAX], name[16];
    struct csv *t = NULL;
    int a[SIDE_NAMES], b[SIDE_NAMES];
    long n = 0;
    if (blocks_path(path, dir, "pairs.csv", "", NULL) || csv_read(&t, path, NULL))
        return NAN;
    for (int i = 0; i < SIDE_NAMES; i++) {
        snprintf(name, sizeof name, "a_%s", sides[i]);
        a[i] = csv_column(t, name);
        snprintf(name, sizeof name, "b_%s", sides[i]);
        b[i] = csv_column(t, name);
    }
    int ratio = csv_column(t, "ratio");
    double *logs = malloc(2 * ((size_t)t->rows + 1) * sizeof *logs), value;
    for (long row = 0; logs && row < t->rows; row++) {
        int same = a[1] >= 0;
        for (int i = 0; i < SIDE_NAMES; i++)
            same &= !strcmp(csv_cell(t, row, a[i]), csv_cell(t, row, b[i]));
        if (same && csv_number(t, row, ratio, &value) && value > 0)
            logs[n++] = log(value);
    }
    double noise = logs ? stats_noise_floor(logs, n, logs + n) : NAN;
    free(logs);
    csv_free(t);
    return noise;
}

static double number_of(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    return *text && !*end && isfinite(value) ? value : NAN;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The kernel's speed that each cell's task length was computed with; the median, as a cell that was
 * measured by hand has one of its own in every process. */
static int read_steps(struct folder_read *r)
{
    const struct measured *m = &r->record;
    int column = csv_column(m->samples, "steps_per_ms");
    double *room = malloc(((size_t)m->good_count + 1) * sizeof *room);
    r->steps = malloc(((size_t)m->cell_count + 1) * sizeof *r->steps);
    if (!room || !r->steps) {
        free(room);
        return -ENOMEM;
    }
    for (long i = 0; i < m->cell_count; i++)
        r->steps[i] = NAN;
    for (long first = 0, last; first < m->good_count; first = last) {
        long known = 0, cell = m->good[first].cell;
        for (last = first; last < m->good_count && m->good[last].cell == cell; last++)
            known += csv_number(m->samples, m->good[last].row, column, &room[known]);
        qsort(room, (size_t)known, sizeof *room, by_value);
        if (known && room[0] > 0)
            r->steps[cell] = stats_median(room, known);
    }
    free(room);
    return 0;
}

static int read_run(struct folder_read *r, const char *dir, struct why *w)
{
    r->dir = dir;
    int error = blocks_read(&r->record, dir, w);
    if (!error)
        error = read_machine(r, w);
    if (error || (error = read_steps(r)) || (error = blocks_find_serial(&r->record)))
        return error;
    r->foreign = fmax(number_of(machine_get(&r->machine, "foreign_share")),
                      number_of(machine_get(&r->machine, "steal_share")));
    r->noise_floor = number_of(machine_get(&r->machine, "aa_floor"));
    if (isnan(r->noise_floor))
        r->noise_floor = floor_of_pairs(dir);
    return 0;
}

/* The two machines ------------------------------------------------------------------------ */

/* They differ between any two runs and bias none. */
static const char *const passing_facts[] = {
    "date_utc",      "seed",          "command",  "load_before",   "load_after",
    "elapsed_s",     "sampled_s",     "blocks",   "foreign_share", "steal_share",
    "interrupted",   "clock_cost_ns", "budget_s", "blocks_most",   "aa_floor",
    "settled_cells", "overtime_s",    "narrow",   "suspended_s",   NULL
};

/* Measured numbers: a per cent up or down is no difference. */
static const char *const measured_facts[] = { "steps_per_ms", "memory_kib", NULL };

static int is_among(const char *const *words, const char *word)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static int fact_differs(const char *key, const char *a, const char *b)
{
    if (!strcmp(a, b) || is_among(passing_facts, key))
        return 0;
    double x = number_of(a), y = number_of(b);
    return !is_among(measured_facts, key) || !(fabs(x - y) <= 0.01 * fabs(x));
}

int contrast_difference(const struct comparison *c, int n, const char **key, const char **old_value,
                        const char **new_value)
{
    const struct machine *a = &c->run[OLD].machine, *b = &c->run[NEW].machine;
    for (int i = 0; i < a->count + b->count; i++) {
        *key = i < a->count ? a->facts[i].key : b->facts[i - a->count].key;
        *old_value = machine_get(a, *key);
        *new_value = machine_get(b, *key);
        int again = 0; /* a key of both has been looked at in the first */
        for (int k = 0; i >= a->count && k < a->count; k++)
            again |= !strcmp(a->facts[k].key, *key);
        if (!again && fact_differs(*key, *old_value, *new_value) && n-- == 0)
            return 1;
    }
    return 0;
}

static enum same_host same_host(const struct comparison *c)
{
    static const char *const identity[] = { "hostname", "cpu_model", "kernel" };
    const struct machine *a = &c->run[OLD].machine, *b = &c->run[NEW].machine;
    if (!*machine_get(a, "hostname") || !*machine_get(b, "hostname"))
        return HOST_UNKNOWN;
    for (int i = 0; i < 3; i++)
        if (strcmp(machine_get(a, identity[i]), machine_get(b, identity[i])) != 0)
            return HOST_OTHER;
    return HOST_SAME;
}

static int is_slow_build(const struct machine *m)
{
    return !strcmp(machine_get(m, "build_type"), "Debug") ||
           strstr(machine_get(m, "flags"), "-fsanitize") != NULL;
}

static int check_builds(const struct comparison *c, int force, struct why *w)
{
    const struct machine *a = &c->run[OLD].machine, *b = &c->run[NEW].machine;
    const char *type_a = machine_get(a, "build_type"), *type_b = machine_get(b, "build_type");
    int differ = *type_a && *type_b && strcmp(type_a, type_b) != 0;
    if (!differ && is_slow_build(a) == is_slow_build(b)) {
        if (is_slow_build(a))
            warn("both runs were measured with a Debug or sanitizer build: their times are not "
                 "those of a program that people use");
        return 0;
    }
    if (!c->run[OLD].has_machine || !c->run[NEW].has_machine)
        return 0;
    if (force) {
        warn("the runs were measured with builds of different types (%s and %s): that alone can "
             "make the difference",
             type_a, type_b);
        return 0;
    }
    return why(w, -EINVAL,
               "%s was measured with a %s build (%s) and %s with a %s build (%s): that alone makes "
               "a difference; measure both with the release preset, or add --force to compare "
               "anyway",
               c->run[OLD].dir, type_a, machine_get(a, "flags"), c->run[NEW].dir, type_b,
               machine_get(b, "flags"));
}

/* Are these the same samples, text by text? */
static int same_record(const struct csv *a, const struct csv *b)
{
    if (a->rows != b->rows || a->columns != b->columns || !a->rows)
        return 0;
    for (long i = 0; i < (a->rows + 1) * a->columns; i++)
        if (strcmp(a->cells[i], b->cells[i]) != 0)
            return 0;
    return 1;
}

/* Names ----------------------------------------------------------------------------------- */

static void add_column(struct comparison *c, const char *name)
{
    struct key_column *k = &c->columns[c->column_count++];
    *k = (struct key_column){ .name = name, .fallback = "", .matches = 1 };
    for (int s = 0; s < SIDES; s++)
        k->at[s] = blocks_key_column(&c->run[s].record, name);
    for (const struct field *f = record_fields; f->name; f++)
        if (!strcmp(f->name, name) && f->fallback)
            k->fallback = f->fallback;
    if (!strcmp(name, "work_version") || (!strcmp(name, "cpus") && c->host == HOST_OTHER))
        k->matches = 0;
}

static int list_columns(struct comparison *c)
{
    const struct measured *a = &c->run[OLD].record, *b = &c->run[NEW].record;
    c->columns = calloc((size_t)(a->keys + b->keys), sizeof *c->columns);
    if (!c->columns)
        return -ENOMEM;
    for (int i = 0; i < a->keys; i++)
        add_column(c, a->samples->cells[i]);
    for (int i = 0; i < b->keys; i++)
        if (blocks_key_column(a, b->samples->cells[i]) < 0)
            add_column(c, b->samples->cells[i]);
    return 0;
}

static const char *text_in(const struct key_column *k, const struct cell *cell, enum side s)
{
    return k->at[s] < 0 ? k->fallback : key_text(cell, k->at[s]);
}

const char *contrast_text(const struct comparison *c, const struct contrast *row, int column)
{
    enum side s = row->cell[OLD] ? OLD : NEW;
    return text_in(&c->columns[column], row->cell[s], s);
}

const char *contrast_verdict(const struct contrast *row)
{
    return row->fate == COMPARED ? stats_verdict_name(row->verdict) : "missing";
}

/* Nothing, then numbers by value, then words; "8" and "8.0" are equal. */
static int compare_texts(const char *a, const char *b)
{
    int order = strcmp(a, b);
    if (!order || !*a || !*b)
        return order;
    double x = number_of(a), y = number_of(b);
    if (isnan(x) != isnan(y))
        return isnan(x) - isnan(y);
    return isnan(x) ? order : (x > y) - (x < y);
}

/* A cell on its way to its like. */
struct entry {
    const struct cell *cell;
    enum side side;
    int taken;
};

/* MATCHES: by the columns that must match; else by the others. */
static int compare_entries(const struct comparison *c, const struct entry *a, const struct entry *b,
                           int matches)
{
    int order = 0;
    for (int i = 0; !order && i < c->column_count; i++)
        if (c->columns[i].matches == matches)
            order = compare_texts(text_in(&c->columns[i], a->cell, a->side),
                                  text_in(&c->columns[i], b->cell, b->side));
    return order;
}

static int by_name(const void *left, const void *right, void *comparison)
{
    const struct entry *a = left, *b = right;
    int order = compare_entries(comparison, a, b, 1);
    if (!order)
        order = compare_entries(comparison, a, b, 0);
    if (!order)
        order = (int)a->side - (int)b->side;
    return order ? order : (a->cell > b->cell) - (a->cell < b->cell);
}

/* Matching -------------------------------------------------------------------------------- */

static struct contrast *add_row(struct comparison *c, struct entry *a, struct entry *b)
{
    struct contrast *row = &c->rows[c->count++];
    *row = (struct contrast){ .fate = a && b ? COMPARED : MISSING, .verdict = VERDICT_UNCLEAR };
    struct entry *both[] = { a, b };
    for (int i = 0; i < 2; i++)
        if (both[i]) {
            row->cell[both[i]->side] = both[i]->cell;
            both[i]->taken = 1;
        }
    return row;
}

static const char *version_of(const struct comparison *c, const struct entry *e)
{
    for (int i = 0; i < c->column_count; i++)
        if (!strcmp(c->columns[i].name, "work_version"))
            return text_in(&c->columns[i], e->cell, e->side);
    return "";
}

/* The first untaken entry of NEW among E[0..COUNT-1] that fits A.  ANY_VERSION and ANY_CPUS say
 * what may differ. */
static struct entry *partner(const struct comparison *c, const struct entry *a, struct entry *e,
                             long count, int exact, int any_version)
{
    for (long i = 0; i < count; i++) {
        if (e[i].taken || e[i].side != NEW)
            continue;
        if (exact ? !compare_entries(c, a, &e[i], 0)
                  : any_version || !compare_texts(version_of(c, a), version_of(c, &e[i])))
            return &e[i];
    }
    return NULL;
}

/* The entries of one group agree in all that must match.  First those that agree in the rest, too;
 * then other CPUs; then what would match but for the work's version, which is said, not compared.
 */
static void match_group(struct comparison *c, struct entry *e, long count)
{
    enum { EXACT, OTHER_CPUS, ANY_VERSION, PASSES };
    for (int pass = EXACT; pass < PASSES; pass++)
        for (long i = 0; i < count; i++) {
            struct entry *b = NULL;
            if (!e[i].taken && e[i].side == OLD)
                b = partner(c, &e[i], e, count, pass == EXACT, pass == ANY_VERSION);
            if (!b)
                continue;
            struct contrast *row = add_row(c, &e[i], b);
            if (pass < ANY_VERSION)
                continue;
            row->fate = OTHER_WORK;
            snprintf(row->note, sizeof row->note,
                     "work_version is %.20s in OLD and %.20s in NEW: not the same work",
                     version_of(c, &e[i]), version_of(c, b));
        }
    for (long i = 0; i < count; i++)
        if (!e[i].taken) {
            struct contrast *row = add_row(c, &e[i], NULL);
            snprintf(row->note, sizeof row->note, "only in %s", e[i].side == OLD ? "OLD" : "NEW");
        }
}

static int match_cells(struct comparison *c)
{
    long count = 0, all = c->run[OLD].record.cell_count + c->run[NEW].record.cell_count;
    struct entry *entries = calloc((size_t)all + 1, sizeof *entries);
    c->rows = calloc((size_t)all + 1, sizeof *c->rows);
    if (!entries || !c->rows) {
        free(entries);
        return -ENOMEM;
    }
    for (int s = 0; s < SIDES; s++)
        for (long i = 0; i < c->run[s].record.cell_count; i++)
            entries[count++] = (struct entry){ &c->run[s].record.cells[i], (enum side)s, 0 };
    sort(entries, (size_t)count, sizeof *entries, by_name, c);
    for (long first = 0, last; first < count; first = last) {
        for (last = first + 1; last < count; last++)
            if (compare_entries(c, &entries[first], &entries[last], 1))
                break;
        match_group(c, entries + first, last - first);
    }
    free(entries);
    return 0;
}

/* A cell that is there but has no time is missing, too, and its reason is worth more than that. */
static void find_failures(struct contrast *row)
{
    static const char *const names[] = { "OLD", "NEW" };
    size_t used = 0;
    if (row->fate != COMPARED || (row->cell[OLD]->blocks && row->cell[NEW]->blocks))
        return;
    row->fate = MISSING;
    for (int s = 0; s < SIDES; s++)
        if (!row->cell[s]->blocks && used < sizeof row->note)
            used += (size_t)snprintf(row->note + used, sizeof row->note - used,
                                     "%sno time in %s: %.80s", used ? "; " : "", names[s],
                                     row->cell[s]->reason         ? row->cell[s]->reason
                                     : row->cell[s]->void_samples ? "no sample was right"
                                                                  : "no sample counted");
}

/* Judging --------------------------------------------------------------------------------- */

static long log_times(const struct cell *cell, double *out)
{
    for (long i = 0; i < cell->blocks; i++)
        out[i] = log(cell->block[i].value[WALL]);
    return cell->blocks;
}

/* Of "both runs are the same" when B's logarithms are moved by SHIFT. */
static double p_of(const struct difference *d, double shift)
{
    double error = (d->high - d->low) / 2 / stats_t_quantile(1 - ALPHA / 2, d->df);
    double apart = fabs(d->center + shift);
    if (!(error > 0))
        return apart == 0;
    return 2 * stats_t_below(-apart / error, d->df);
}

/* The work of a task may differ: task lengths are nominal, and the steps that make them up follow
 * from the kernel's speed as each run measured it.  By what factor NEW's time must be multiplied to
 * be that of OLD's work lies between two bounds: all of the time goes into steps; or only the share
 * that the tasks' nominal length accounts for, and the rest is hand-out, which stays as it is. */
static void work_factors(const struct comparison *c, const struct contrast *row, double *whole,
                         double *part)
{
    const struct measured *m = &c->run[NEW].record;
    const struct cell *cell = row->cell[NEW];
    double nominal = number_of(key_text(cell, blocks_key_column(m, "task_ns")));
    double workers = fmax(1, cell->task_workers);
    double share = cell->tasks * nominal / (workers * row->time_ns[NEW]);
    share = share > 0 ? fmin(1, share) : 0;
    *whole = 1 / row->work_ratio;
    *part = 1 - share * (1 - *whole);
}

/* How many steps NEW did for one of OLD's; 1 for what does not compute. */
static double work_ratio(const struct comparison *c, const struct contrast *row)
{
    const char *workload =
        key_text(row->cell[OLD], blocks_key_column(&c->run[OLD].record, "workload"));
    double steps[SIDES];
    if (!strcmp(workload, "sleep") || !strcmp(workload, "empty") ||
        !strncmp(workload, "python_", 7)) /* it measures its own speed, in every process */
        return 1;
    for (int s = 0; s < SIDES; s++)
        steps[s] = c->run[s].steps[row->cell[s] - c->run[s].record.cells];
    double ratio = steps[NEW] / steps[OLD];
    return isnan(ratio) || fabs(ratio - 1) < WORK_TOLERANCE ? 1 : ratio;
}

static void judge(const struct comparison *c, struct contrast *row, int has_interval)
{
    long blocks = row->blocks[OLD] < row->blocks[NEW] ? row->blocks[OLD] : row->blocks[NEW];
    long needed = BLOCKS_FOR_INTERVAL;
    row->verdict = has_interval ? stats_verdict(row->low, row->high, c->margin) : VERDICT_UNCLEAR;
    row->blocks_needed = NAN;
    if (row->verdict != VERDICT_UNCLEAR)
        return;
    if (has_interval) {
        struct ratio r = { .center = row->ratio, .low = row->low, .high = row->high };
        needed = stats_blocks_to_settle(&r, blocks, c->margin);
    }
    row->blocks_needed = (double)(needed < MOST_BLOCKS_NEEDED ? needed : MOST_BLOCKS_NEEDED);
}

static double middle(const struct cell *cell, enum metric m, double *scratch)
{
    long known = 0;
    for (long i = 0; i < cell->blocks; i++)
        if (!isnan(cell->block[i].value[m]))
            scratch[known++] = cell->block[i].value[m];
    stats_sort(scratch, known);
    return stats_median(scratch, known);
}

/* Blocks are independent of each other, but a busy hour is in all blocks of its run, and no number
 * of blocks averages it out.  So where other programs ran, and the workers of the slower side
 * waited more for their CPUs, the difference proves nothing. */
static void doubt_disturbed(const struct comparison *c, struct contrast *row)
{
    enum side slow = row->verdict == VERDICT_SLOWER ? NEW : OLD, quick = slow == NEW ? OLD : NEW;
    for (int s = 0; s < SIDES; s++)
        row->waited[s] = middle(row->cell[s], RUNQ, c->scratch);
    if ((row->verdict != VERDICT_SLOWER && row->verdict != VERDICT_FASTER) ||
        !(c->run[slow].foreign > NOISE_FOREIGN) ||
        !(row->waited[slow] - row->waited[quick] > WAITED_LIMIT))
        return;
    row->disturbed = 1;
    row->verdict = VERDICT_UNCLEAR;
    snprintf(
        row->note, sizeof row->note,
        "other programs ran: workers waited for a CPU %.0f%% of the time in OLD, %.0f%% in NEW",
        100 * row->waited[OLD], 100 * row->waited[NEW]);
}

static void compare_times(struct comparison *c, struct contrast *row)
{
    double *a = c->scratch, *b = a + c->room;
    long na = log_times(row->cell[OLD], a), nb = log_times(row->cell[NEW], b);
    double whole, part;

    struct difference d = stats_independent(a, na, b, nb, ALPHA);
    for (int s = 0; s < SIDES; s++) {
        const double *logs = s == OLD ? a : b;
        double sum = 0;
        row->blocks[s] = row->cell[s]->blocks;
        for (long i = 0; i < row->blocks[s]; i++)
            sum += logs[i];
        row->time_ns[s] = exp(sum / (double)row->blocks[s]);
    }
    row->work_ratio = work_ratio(c, row);
    work_factors(c, row, &whole, &part);
    double least = log(fmin(whole, part)), most = log(fmax(whole, part));
    row->ratio = exp(d.center + (least + most) / 2);
    row->low = exp(d.low + least);
    row->high = exp(d.high + most);
    row->p = NAN;
    int has_interval = d.has_interval;
    if (has_interval) {
        row->p = fmax(p_of(&d, least), p_of(&d, most));
        if (d.center + least < 0 && d.center + most > 0)
            row->p = 1;
    }
    if (c->same_record) {
        row->ratio = row->low = row->high = row->p = 1;
        has_interval = 1;
    }
    judge(c, row, has_interval);
    doubt_disturbed(c, row);
}

/* Logarithms of the speed-up, block by block.  Returns how many blocks have one. */
static long log_speedups(const struct cell *cell, double *out, double *serial)
{
    const struct cell *reference = cell->serial;
    if (!reference || !(cell->tasks > 0))
        return 0;
    long n = blocks_pair(cell, reference, 0, out, serial);
    for (long i = 0; i < n; i++)
        out[i] = log(serial[i] / reference->tasks / (out[i] / cell->tasks));
    return n;
}

/* Speed-up against speed-up: what remains when each run is measured in its own serial time. */
static void compare_shapes(struct comparison *c, struct contrast *row)
{
    double *logs[] = { c->scratch, c->scratch + c->room }, *rest = logs[NEW] + c->room;
    long n[SIDES];
    row->shape = row->shape_low = row->shape_high = NAN;
    row->shape_verdict = VERDICT_UNCLEAR;
    for (int s = 0; s < SIDES; s++) {
        n[s] = log_speedups(row->cell[s], logs[s], rest);
        memcpy(rest, logs[s], (size_t)n[s] * sizeof *rest);
        stats_sort(rest, n[s]);
        row->speedup[s] = exp(stats_median(rest, n[s]));
    }
    row->has_shape = n[OLD] && n[NEW] && row->cell[OLD]->serial != row->cell[OLD] &&
                     row->cell[NEW]->serial != row->cell[NEW];
    if (!row->has_shape)
        return;
    struct difference d = stats_independent(logs[OLD], n[OLD], logs[NEW], n[NEW], ALPHA);
    row->shape = exp(d.center);
    row->shape_low = exp(d.low);
    row->shape_high = exp(d.high);
    if (c->same_record)
        row->shape = row->shape_low = row->shape_high = 1;
    if (d.has_interval || c->same_record) /* as times: a lower one is faster */
        row->shape_verdict = stats_verdict(1 / row->shape_high, 1 / row->shape_low, c->margin);
}

/* What else a reader of one row should know. */
static void note(struct contrast *row)
{
    size_t used = strlen(row->note);
    for (int s = 0; s < SIDES; s++)
        if (row->cell[s]->void_samples && used < sizeof row->note)
            used += (size_t)snprintf(row->note + used, sizeof row->note - used,
                                     "%swrong results in %s: %ld samples void", used ? "; " : "",
                                     s == OLD ? "OLD" : "NEW", row->cell[s]->void_samples);
}

/* A hundred comparisons at 5 % find five differences where there are none. */
static int correct_for_many(struct comparison *c)
{
    double *p = malloc(3 * ((size_t)c->count + 1) * sizeof *p);
    if (!p)
        return -ENOMEM;
    for (long i = 0; i < c->count; i++)
        p[i] = c->rows[i].fate == COMPARED ? c->rows[i].p : NAN;
    stats_adjust_p(p, c->count, p + c->count);
    for (long i = 0; i < c->count; i++) {
        struct contrast *row = &c->rows[i];
        row->p_adjusted = p[i];
        row->counts = row->fate == COMPARED && p[i] <= ALPHA &&
                      (row->verdict == VERDICT_FASTER || row->verdict == VERDICT_SLOWER);
    }
    free(p);
    return 0;
}

static int judge_rows(struct comparison *c)
{
    long most = 1;
    for (int s = 0; s < SIDES; s++)
        for (long i = 0; i < c->run[s].record.cell_count; i++)
            if (c->run[s].record.cells[i].blocks > most)
                most = c->run[s].record.cells[i].blocks;
    c->room = most;
    /* two sets of values, and room for one more */
    c->scratch = malloc(3 * ((size_t)most + 1) * sizeof *c->scratch);
    if (!c->scratch)
        return -ENOMEM;
    for (long i = 0; i < c->count; i++) {
        struct contrast *row = &c->rows[i];
        row->time_ns[OLD] = row->time_ns[NEW] = row->work_ratio = NAN;
        row->ratio = row->low = row->high = row->p = row->blocks_needed = NAN;
        row->speedup[OLD] = row->speedup[NEW] = row->waited[OLD] = row->waited[NEW] = NAN;
        row->shape = row->shape_low = row->shape_high = NAN;
        find_failures(row);
        if (row->fate != COMPARED)
            continue;
        compare_times(c, row);
        compare_shapes(c, row);
        note(row);
    }
    return correct_for_many(c);
}

/* Who beats whom -------------------------------------------------------------------------- */

static int is_side_column(const char *name)
{
    static const char *const names[] = {
        "runner", "backend", "start", "schedule", "options", NULL
    };
    return is_among(names, name);
}

/* The same work, whoever does it. */
static int compare_works(const struct comparison *c, const struct contrast *a,
                         const struct contrast *b)
{
    int order = 0;
    for (int i = 0; !order && i < c->column_count; i++)
        if (c->columns[i].matches && !is_side_column(c->columns[i].name))
            order = compare_texts(contrast_text(c, a, i), contrast_text(c, b, i));
    return order;
}

static int by_works(const void *left, const void *right, void *comparison)
{
    const struct contrast *a = *(struct contrast *const *)left,
                          *b = *(struct contrast *const *)right;
    int order = compare_works(comparison, a, b);
    return order ? order : (a > b) - (a < b);
}

/* Does B beat A in this run, beyond doubt and margin?  RATIO gets B's time over A's. */
static enum verdict beats(struct comparison *c, const struct cell *a, const struct cell *b,
                          double *ratio)
{
    double *times_a = c->scratch, *times_b = times_a + c->room;
    long n = blocks_pair(a, b, 0, times_a, times_b);
    struct ratio r = stats_paired_ratio(times_a, times_b, n, ALPHA, times_b + c->room);
    *ratio = r.center;
    return r.has_interval ? stats_verdict(r.low, r.high, c->margin) : VERDICT_UNCLEAR;
}

static int add_flip(struct comparison *c, const struct contrast *a, const struct contrast *b)
{
    double ratio[SIDES];
    enum verdict old = beats(c, a->cell[OLD], b->cell[OLD], &ratio[OLD]);
    if (old != VERDICT_FASTER && old != VERDICT_SLOWER)
        return 0;
    if (beats(c, a->cell[NEW], b->cell[NEW], &ratio[NEW]) !=
        (old == VERDICT_FASTER ? VERDICT_SLOWER : VERDICT_FASTER))
        return 0;
    if (!(c->flip_count & (c->flip_count + 1))) { /* full at 0, 1, 3, 7, ... */
        size_t room = 2 * (size_t)c->flip_count + 1;
        struct flip *flips = realloc(c->flips, room * sizeof *flips);
        if (!flips)
            return -ENOMEM;
        c->flips = flips;
    }
    int turned = old == VERDICT_FASTER; /* B won in OLD */
    c->flips[c->flip_count++] = (struct flip){
        .winner = turned ? b : a,
        .loser = turned ? a : b,
        .old_ratio = turned ? 1 / ratio[OLD] : ratio[OLD],
        .new_ratio = turned ? 1 / ratio[NEW] : ratio[NEW],
    };
    return 0;
}

static int find_flips(struct comparison *c)
{
    struct contrast **sorted = malloc(((size_t)c->count + 1) * sizeof(struct contrast *));
    long count = 0;
    int error = 0;
    if (!sorted)
        return -ENOMEM;
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].fate == COMPARED)
            sorted[count++] = &c->rows[i];
    sort(sorted, (size_t)count, sizeof(struct contrast *), by_works, c);
    for (long i = 0; !error && i < count; i++)
        for (long k = i + 1; !error && k < count && !compare_works(c, sorted[i], sorted[k]); k++)
            error = add_flip(c, sorted[i], sorted[k]);
    free(sorted);
    return error;
}

/* The whole ------------------------------------------------------------------------------- */

static int count_rows(struct comparison *c)
{
    double *needed = malloc(((size_t)c->count + 1) * sizeof *needed);
    long known = 0;
    if (!needed)
        return -ENOMEM;
    for (long i = 0; i < c->count; i++) {
        const struct contrast *row = &c->rows[i];
        long least = row->blocks[row->blocks[NEW] < row->blocks[OLD] ? NEW : OLD];
        c->other_work += row->fate == OTHER_WORK;
        if (row->fate == MISSING) {
            c->missing[OLD] += !row->cell[OLD] || !row->cell[OLD]->blocks;
            c->missing[NEW] += row->cell[OLD] && row->cell[OLD]->blocks;
        }
        if (row->fate != COMPARED)
            continue;
        c->compared++;
        c->verdicts[row->verdict]++;
        c->faster += row->counts && row->verdict == VERDICT_FASTER;
        c->slower += row->counts && row->verdict == VERDICT_SLOWER;
        if (least > c->most_blocks)
            c->most_blocks = least;
        c->disturbed += row->disturbed;
        if (row->verdict != VERDICT_UNCLEAR || row->disturbed)
            continue;
        c->too_few += least < BLOCKS_FOR_INTERVAL;
        if (least >= BLOCKS_FOR_INTERVAL)
            needed[known++] = row->blocks_needed / (double)least;
    }
    stats_sort(needed, known);
    c->blocks_factor = stats_median(needed, known);
    free(needed);
    return 0;
}

static void set_margin(struct comparison *c, double least)
{
    c->margin = stats_margin(least, fmax(c->run[OLD].noise_floor, c->run[NEW].noise_floor));
}

static int prepare(struct comparison *c, const char *const *dirs, int force, struct why *w)
{
    int error = 0;
    for (int s = 0; !error && s < SIDES; s++)
        error = read_run(&c->run[s], dirs[s], w);
    if (error || (error = check_builds(c, force, w)))
        return error;
    c->same_record = same_record(c->run[OLD].record.samples, c->run[NEW].record.samples);
    c->host = same_host(c);
    return 0;
}

int contrast_runs(struct comparison *c, const char *old_dir, const char *new_dir,
                  double least_margin, int force, struct why *w)
{
    const char *const dirs[] = { old_dir, new_dir };
    *c = (struct comparison){ 0 };
    int error = prepare(c, dirs, force, w);
    if (!error) {
        set_margin(c, least_margin);
        if (!(error = list_columns(c)) && !(error = match_cells(c)) && !(error = judge_rows(c)) &&
            !(error = find_flips(c)))
            error = count_rows(c);
    }
    if (error == -ENOMEM)
        why(w, error, "not enough memory to compare %s and %s", old_dir, new_dir);
    return error;
}

void contrast_free(struct comparison *c)
{
    for (int s = 0; s < SIDES; s++) {
        blocks_free(&c->run[s].record);
        machine_free(&c->run[s].machine);
        free(c->run[s].steps);
    }
    free(c->columns);
    free(c->rows);
    free(c->flips);
    free(c->scratch);
}
