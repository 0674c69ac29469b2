/* SPDX-License-Identifier: MIT */
#include "summarize.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/csv.h"
#include "../core/stats.h"
#include "command.h"
#include "record.h"

/* The way through: rows of samples.csv are sorted into cells by the text left of `block`; those
 * that count are gathered by cell and block; a block becomes one number per metric, its median; a
 * cell becomes the median over its blocks.  Pairs are formed of cells that did the same work. */

#define ALPHA 0.05 /* intervals are 95 % */

/* A ratio within 3 % is "the same".  The rule is the larger of 3 % and twice the noise floor that a
 * cell measured against itself shows; plans do not yet hold such cells. */
#define MARGIN 0.03

/* From here on a time is no longer exact in a double, nor in a spreadsheet: 104 days. */
#define MOST_WALL_NS 0x1p53

enum {
    FEWEST_BLOCKS = 6,          /* for a 95 % interval */
    MOST_BLOCKS_NEEDED = 10000, /* printed for this many and more */
    MOST_VIEW = 12
};

/* What is measured per row and kept per block. */
enum metric { WALL, OPEN, CLOSE, FIRST, BUSY, RUNQ, FOREIGN, METRICS };

static const struct {
    const char *column;
    int share; /* 1: over workers x wall_ns */
} metrics[METRICS] = {
    [WALL] = {"wall_ns", 0},       [OPEN] = {"open_ns", 0},     [CLOSE] = {"close_ns", 0},
    [FIRST] = {"first_ns", 0},     [BUSY] = {"busy_sum_ns", 1}, [RUNQ] = {"runq_ns", 1},
    [FOREIGN] = {"foreign_ns", 1},
};

/* One block of one cell: the medians of its good samples; NAN: not known. */
struct block {
    int64_t number;
    double value[METRICS];
};

struct cell {
    const char *const *key; /* the texts left of `block`, as the header has them; of a table */
    const char *sweep;
    double tasks, task_workers; /* as numbers; NAN: not known */
    const struct cell *serial;  /* the same work on the serial backend, or NULL */
    struct block *block;        /* the good blocks, ascending */
    const char *reason;         /* of the first failure, or NULL */
    int64_t last_failed;        /* while failures are counted */
    long odd_rows, cut_rows; /* rows left out: impossible values; of a process that was cut off */
    /* As cells.csv has them. */
    long blocks, samples, void_samples, failed_blocks;
    double median_ns, low_ns, high_ns, q1_ns, q3_ns, mad_ns, min_ns, max_ns;
    double per_task_ns, serial_task_ns;
    double speedup, speedup_low, speedup_high, efficiency, efficiency_low, efficiency_high;
    double open_ns, open_low_ns, open_high_ns, close_ns, first_ns;
    double busy_share, runq_share, foreign_share;
    const char *status;
};

/* A row of samples.csv that counts. */
struct sample {
    long cell;
    int64_t block;
    long row;
};

/* A row of status.csv: one process that was to measure one cell. */
struct process {
    int64_t block, seq; /* UNKNOWN: empty */
    long row;
    const char *plan; /* which line of the plan it was */
    int ok, failed;
    long cell;   /* -1: not known */
    long rescue; /* its row among the cells that only their plan line tells of, or -1 */
};

/* A choice of the key's columns; -1 for one that the file lacks, which reads as empty. */
struct view {
    int columns[MOST_VIEW];
    int count;
};

struct pair {
    const struct cell *a, *b;
    long blocks;
    double ratio, ratio_low, ratio_high, p_sign, margin;
    const char *verdict;
    double blocks_needed;
};

struct run {
    struct csv *samples, *status; /* status: NULL where the file is missing */
    struct csv *rescued;          /* failed cells without a sample, read from their plan lines */
    int keys;                     /* columns left of `block` */
    int metric[METRICS], block, seq, warmup, verdict, sweep;
    int backend, tasks, workers;
    struct view order, work, match, side;

    struct process *processes; /* a row of status.csv each */
    long process_count;
    struct cell *cells;
    long cell_count, cell_room;
    long *slots; /* hash table: index of a cell, or -1 */
    size_t slot_count;
    struct sample *good;
    long good_count;
    struct block *blocks;
    double *scratch;      /* room for 3 values a good sample */
    struct cell **sorted; /* all cells, in whatever order is being walked */
};

/* Columns ------------------------------------------------------------------------------------- */

static const char *const order_names[] = {"workload", "variant", "task_ns",  "tasks", "chunk",
                                          "workers",  "backend", "schedule", NULL};
static const char *const work_names[] = {
    "runner", "workload", "work_version", "variant", "task_ns", "payload_bytes", NULL};
static const char *const match_names[] = {"workload",      "work_version", "variant", "task_ns",
                                          "payload_bytes", "tasks",        "chunk",   "workers",
                                          "place",         "cpus",         "wait",    NULL};
static const char *const side_names[] = {"runner", "backend", "start", "schedule", NULL};

static int key_column(const struct run *r, const char *name)
{
    int column = csv_column(r->samples, name);
    return column < r->keys ? column : -1;
}

static struct view view_of(const struct run *r, const char *const *names)
{
    struct view v = {.count = 0};
    for (; *names; names++)
        v.columns[v.count++] = key_column(r, *names);
    return v;
}

static const char *key_text(const struct cell *c, int column)
{
    return column < 0 ? "" : c->key[column];
}

static double key_number(const struct cell *c, int column)
{
    const char *text = key_text(c, column);
    char *end;
    double value = strtod(text, &end);
    return *text && !*end && isfinite(value) ? value : NAN;
}

/* A whole number that a double holds exactly. */
static int whole_number(const struct csv *table, long row, int column, int64_t *out)
{
    double value;
    if (!csv_number(table, row, column, &value) || fabs(value) > 0x1p53 || value != floor(value))
        return 0;
    *out = (int64_t)value;
    return 1;
}

static int need_column(const struct csv *table, const char *dir, const char *file, const char *name,
                       struct why *w)
{
    if (csv_column(table, name) >= 0)
        return 0;
    return why(w, -EBADMSG, "%s/%s has no column '%s': teampool did not write it", dir, file, name);
}

static void find_columns(struct run *r)
{
    r->block = csv_column(r->samples, "block");
    r->keys = r->block;
    r->seq = csv_column(r->samples, "seq");
    r->warmup = csv_column(r->samples, "warmup");
    r->verdict = csv_column(r->samples, "status");
    r->sweep = csv_column(r->samples, "sweep");
    for (int m = 0; m < METRICS; m++)
        r->metric[m] = csv_column(r->samples, metrics[m].column);
    r->backend = key_column(r, "backend");
    r->tasks = key_column(r, "tasks");
    r->workers = key_column(r, "workers");
    r->order = view_of(r, order_names);
    r->work = view_of(r, work_names);
    r->match = view_of(r, match_names);
    r->side = view_of(r, side_names);
}

/* Reading ------------------------------------------------------------------------------------- */

static int join(char path[PATH_MAX], const char *dir, const char *file, const char *end,
                struct why *w)
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s", dir, file, end);
    if (length < PATH_MAX)
        return 0;
    return why(w, -ENAMETOOLONG, "%s: the folder's name is too long", dir);
}

static int read_table(struct csv **out, const char *dir, const char *file, struct why *w)
{
    char path[PATH_MAX];
    int error = join(path, dir, file, "", w);
    if (error)
        return error;
    error = csv_read(out, path, w);
    if (!error && (*out)->torn)
        warn("%s: the last row is cut off and was left out", path);
    return error;
}

static int read_samples(struct run *r, const char *dir, struct why *w)
{
    struct stat st;
    if (stat(dir, &st))
        return errno == ENOENT ? why(w, -ENOENT, "%s: no such folder", dir)
                               : why(w, -errno, "%s: %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return why(w, -ENOTDIR, "%s is not a folder; give the folder of a run", dir);

    int error = read_table(&r->samples, dir, "samples.csv", w);
    if (error == -ENOENT)
        return why(w, error, "%s is not a run: it has no samples.csv", dir);
    if (error || (error = need_column(r->samples, dir, "samples.csv", "block", w)) ||
        (error = need_column(r->samples, dir, "samples.csv", "wall_ns", w)))
        return error;
    if (!csv_column(r->samples, "block"))
        return why(w, -EBADMSG, "%s/samples.csv has nothing left of 'block' to name a cell", dir);
    if (!r->samples->rows)
        warn("%s: no samples: samples.csv has a header and no rows", dir);
    return 0;
}

static int read_status(struct run *r, const char *dir, struct why *w)
{
    static const char *const needed[] = {"block", "seq", "status"};
    int error = read_table(&r->status, dir, "status.csv", w);
    if (error == -ENOENT) {
        warn("%s has no status.csv: all rows count, also those of a cell that was cut off", dir);
        return 0;
    }
    for (int i = 0; !error && i < 3; i++)
        error = need_column(r->status, dir, "status.csv", needed[i], w);
    if (!error)
        error = need_column(r->samples, dir, "samples.csv", "seq", w);
    return error;
}

/* Processes: the rows of status.csv ------------------------------------------------------------ */

static int by_place(const void *left, const void *right)
{
    const struct process *a = left, *b = right;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static int by_plan(const void *left, const void *right)
{
    const struct process *a = left, *b = right;
    int order = strcmp(a->plan, b->plan);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static void sort_processes(struct run *r, int (*compare)(const void *, const void *))
{
    if (r->process_count)
        qsort(r->processes, (size_t)r->process_count, sizeof *r->processes, compare);
}

static int list_processes(struct run *r)
{
    const struct csv *t = r->status;
    if (!t)
        return 0;
    int block = csv_column(t, "block"), seq = csv_column(t, "seq");
    int status = csv_column(t, "status"), plan = csv_column(t, "cell"),
        line = csv_column(t, "line");

    r->processes = calloc((size_t)t->rows + 1, sizeof *r->processes);
    if (!r->processes)
        return -ENOMEM;
    for (long row = 0; row < t->rows; row++) {
        struct process *p = &r->processes[r->process_count++];
        const char *word = csv_cell(t, row, status);
        *p = (struct process){
            .block = UNKNOWN, .seq = UNKNOWN, .row = row, .cell = -1, .rescue = -1};
        whole_number(t, row, block, &p->block);
        whole_number(t, row, seq, &p->seq);
        p->plan = csv_cell(t, row, *csv_cell(t, row, plan) ? plan : line);
        p->ok = !strcmp(word, "ok");
        p->failed = !p->ok && strcmp(word, "skipped") != 0;
    }
    sort_processes(r, by_place);
    return 0;
}

/* The process of BLOCK and SEQ, the latest if it was tried again; NULL: none finished. */
static struct process *find_process(struct run *r, int64_t block, int64_t seq)
{
    long low = 0, high = r->process_count; /* the answer is just below `high` */
    struct process wanted = {.block = block, .seq = seq, .row = LONG_MAX};
    while (low < high) {
        long middle = low + (high - low) / 2;
        if (by_place(&r->processes[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (!high || r->processes[high - 1].block != block || r->processes[high - 1].seq != seq)
        return NULL;
    return &r->processes[high - 1];
}

/* Cells, found by the text of their key ---------------------------------------------------------
 */

/* FNV-1a over the texts with their ends (Fowler, Noll, Vo). */
static uint64_t hash_key(const char *const *key, int keys)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < keys; i++) {
        const char *s = key[i];
        do
            hash = (hash ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
        while (*s++);
    }
    return hash;
}

static int same_key(const char *const *a, const char *const *b, int keys)
{
    for (int i = 0; i < keys; i++)
        if (strcmp(a[i], b[i]) != 0)
            return 0;
    return 1;
}

/* The texts of a row: its first ones are the key. */
static const char *const *row_key(const struct csv *table, long row)
{
    return table->cells + (row + 1) * table->columns;
}

/* Room for one cell per row of both files, half full at most. */
static int make_slots(struct run *r)
{
    size_t most = (size_t)(r->samples->rows + r->process_count) * 2;
    for (r->slot_count = 64; r->slot_count < most;)
        r->slot_count *= 2;
    r->slots = malloc(r->slot_count * sizeof *r->slots);
    if (!r->slots)
        return -ENOMEM;
    for (size_t i = 0; i < r->slot_count; i++)
        r->slots[i] = -1;
    return 0;
}

static int add_cell(struct run *r, const char *const *key)
{
    if (r->cell_count == r->cell_room) {
        long room = r->cell_room ? r->cell_room * 2 : 256;
        struct cell *cells = realloc(r->cells, (size_t)room * sizeof *cells);
        if (!cells)
            return -ENOMEM;
        r->cells = cells;
        r->cell_room = room;
    }
    struct cell *c = &r->cells[r->cell_count++];
    *c = (struct cell){.key = key, .sweep = "", .last_failed = UNKNOWN};
    c->tasks = key_number(c, r->tasks);
    c->task_workers = key_number(c, r->workers);
    return 0;
}

/* The cell of KEY, new if need be.  Returns its index, or -ENOMEM. */
static long cell_of(struct run *r, const char *const *key, const char *sweep)
{
    size_t slot = hash_key(key, r->keys) & (r->slot_count - 1);
    while (r->slots[slot] >= 0 && !same_key(r->cells[r->slots[slot]].key, key, r->keys))
        slot = (slot + 1) & (r->slot_count - 1);
    if (r->slots[slot] < 0) {
        if (add_cell(r, key))
            return -ENOMEM;
        r->slots[slot] = r->cell_count - 1;
    }
    struct cell *c = &r->cells[r->slots[slot]];
    if (!*c->sweep)
        c->sweep = sweep;
    return r->slots[slot];
}

/* Is it the time of a job that was done rightly, in a block that has a number? */
static int possible(const struct run *r, long row, int64_t block, const char *word)
{
    double wall;
    return block != UNKNOWN && !strcmp(word, "ok") &&
           csv_number(r->samples, row, r->metric[WALL], &wall) && wall > 0 && wall <= MOST_WALL_NS;
}

/* Decide whether ROW counts; if it does, add it to the good samples. */
static void judge_row(struct run *r, long row, long cell)
{
    struct cell *c = &r->cells[cell];
    const char *word = r->verdict < 0 ? "ok" : csv_cell(r->samples, row, r->verdict);
    struct process *p = NULL;
    int64_t block = UNKNOWN, seq = UNKNOWN;
    double warmup = 0;

    whole_number(r->samples, row, r->block, &block);
    whole_number(r->samples, row, r->seq, &seq);
    if (r->status && block != UNKNOWN && (p = find_process(r, block, seq)))
        p->cell = cell;
    if (!strcmp(word, "void")) {
        c->void_samples++;
        return;
    }
    csv_number(r->samples, row, r->warmup, &warmup);
    if (warmup != 0)
        return;
    if (!possible(r, row, block, word))
        c->odd_rows++;
    else if (r->status && !p)
        c->cut_rows++;
    else if (!p || p->ok)
        r->good[r->good_count++] = (struct sample){cell, block, row};
}

static int sort_into_cells(struct run *r)
{
    int error = make_slots(r);
    r->good = malloc(((size_t)r->samples->rows + 1) * sizeof *r->good);
    if (error || !r->good)
        return -ENOMEM;
    for (long row = 0; row < r->samples->rows; row++) {
        long cell = cell_of(r, row_key(r->samples, row), csv_cell(r->samples, row, r->sweep));
        if (cell < 0)
            return -ENOMEM;
        judge_row(r, row, cell);
    }
    return 0;
}

/* Failures: a cell that failed has no sample to tell its name, only its line of the plan --------
 */

static const char *planned_text(const struct record *record, const char *name, char buffer[32])
{
    for (const struct field *f = record_fields; f->name; f++)
        if (!strcmp(f->name, name)) {
            const char *text = record_text(record, f, 1, buffer);
            return strcmp(text, "auto") ? text : ""; /* what it would have become is not known */
        }
    return "";
}

/* Write the key and the sweep that LINE of the plan gives.  Returns 1, or 0: not such a line. */
static int put_planned(const struct run *r, const char *line, FILE *f)
{
    struct record record;
    struct why w = {"out of memory"};
    char *copy = strdup(line), buffer[32];
    int good = copy && record_line(&record, copy, &w) == 0;
    if (!good)
        warn("status.csv: a failed cell cannot be listed: its line does not read: %s", w.text);
    for (int i = 0; good && i < r->keys; i++) {
        csv_put(f, planned_text(&record, r->samples->cells[i], buffer));
        fputc(',', f);
    }
    if (good) {
        csv_put(f, record.sweep);
        fputc('\n', f);
    }
    free(copy);
    return good;
}

/* The processes FIRST..LAST-1 measured the same line of the plan.  Give all of them the cell that
 * one of them left a sample of; if none did and one failed, write the line's key to F as row
 * RESCUE. Returns the number of rows written: 0 or 1. */
static int settle_plan_line(struct run *r, long first, long last, long rescue, FILE *f)
{
    int line = csv_column(r->status, "line"), written = 0;
    long cell = -1, failed = -1;
    for (long i = first; i < last; i++) {
        if (cell < 0)
            cell = r->processes[i].cell;
        if (failed < 0 && r->processes[i].failed)
            failed = i;
    }
    if (cell < 0 && failed >= 0)
        written = put_planned(r, csv_cell(r->status, r->processes[failed].row, line), f);
    for (long i = first; i < last; i++) {
        struct process *p = &r->processes[i];
        if (p->cell < 0)
            p->cell = cell;
        if (written)
            p->rescue = rescue;
    }
    return written;
}

static void put_rescued(struct run *r, FILE *f)
{
    long rescued = 0;
    for (int i = 0; i < r->keys; i++) {
        csv_put(f, r->samples->cells[i]);
        fputc(',', f);
    }
    fputs("sweep\n", f);
    for (long first = 0, last; first < r->process_count; first = last) {
        for (last = first + 1; last < r->process_count; last++)
            if (strcmp(r->processes[first].plan, r->processes[last].plan) != 0)
                break;
        rescued += settle_plan_line(r, first, last, rescued, f);
    }
}

/* Find the cell of every process, making cells of those that never gave a sample. */
static int find_cells_of_processes(struct run *r, struct why *w)
{
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    if (!f)
        return -errno;
    sort_processes(r, by_plan);
    put_rescued(r, f);
    int error = fclose(f) ? -ENOMEM : csv_parse(&r->rescued, text, (long)length, "status.csv", w);
    free(text);
    for (long i = 0; !error && i < r->process_count; i++) {
        struct process *p = &r->processes[i];
        if (p->rescue < 0)
            continue;
        p->cell =
            cell_of(r, row_key(r->rescued, p->rescue), csv_cell(r->rescued, p->rescue, r->keys));
        error = p->cell < 0 ? -ENOMEM : 0;
    }
    return error;
}

static int count_failures(struct run *r, struct why *w)
{
    int reason = r->status ? csv_column(r->status, "reason") : -1;
    int error = r->status ? find_cells_of_processes(r, w) : 0;
    if (error)
        return error;
    sort_processes(r, by_place);
    for (long i = 0; i < r->process_count; i++) {
        const struct process *p = &r->processes[i];
        if (!p->failed || p->cell < 0)
            continue;
        struct cell *c = &r->cells[p->cell];
        if (!c->reason)
            c->reason = csv_cell(r->status, p->row, reason);
        if (p->block != c->last_failed)
            c->failed_blocks++;
        c->last_failed = p->block;
    }
    return 0;
}

/* Samples to blocks --------------------------------------------------------------------------- */

static int by_cell_and_block(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static double measured(const struct run *r, const struct sample *s, enum metric m)
{
    double value, wall;
    if (!csv_number(r->samples, s->row, r->metric[m], &value) || value < 0)
        return NAN;
    if (!metrics[m].share)
        return value;
    csv_number(r->samples, s->row, r->metric[WALL], &wall);
    return value / (r->cells[s->cell].task_workers * wall);
}

static struct block block_of(const struct run *r, const struct sample *samples, long count)
{
    struct block b = {.number = samples->block};
    for (int m = 0; m < METRICS; m++) {
        long known = 0;
        for (long i = 0; i < count; i++) {
            double value = measured(r, &samples[i], m);
            if (isfinite(value))
                r->scratch[known++] = value;
        }
        stats_sort(r->scratch, known);
        b.value[m] = stats_median(r->scratch, known);
    }
    return b;
}

static int make_blocks(struct run *r)
{
    size_t most = (size_t)r->good_count + 1;
    r->blocks = malloc(most * sizeof *r->blocks);
    r->scratch = malloc(3 * most * sizeof *r->scratch);
    if (!r->blocks || !r->scratch)
        return -ENOMEM;
    qsort(r->good, (size_t)r->good_count, sizeof *r->good, by_cell_and_block);

    struct block *b = r->blocks;
    for (long first = 0, last; first < r->good_count; first = last, b++) {
        const struct sample *s = &r->good[first];
        struct cell *c = &r->cells[s->cell];
        for (last = first + 1; last < r->good_count; last++)
            if (r->good[last].cell != s->cell || r->good[last].block != s->block)
                break;
        *b = block_of(r, s, last - first);
        if (!c->blocks++)
            c->block = b;
        c->samples += last - first;
    }
    return 0;
}

/* Orders -------------------------------------------------------------------------------------- */

/* Nothing, then numbers by value, then words. */
static int compare_texts(const char *a, const char *b)
{
    char *end_a, *end_b;
    int order = strcmp(a, b);
    if (!order || !*a || !*b)
        return order;
    double x = strtod(a, &end_a), y = strtod(b, &end_b);
    int word_a = *end_a || isnan(x), word_b = *end_b || isnan(y);
    if (word_a != word_b)
        return word_a - word_b;
    if (word_a || x == y)
        return order;
    return x < y ? -1 : 1;
}

static int compare_view(const struct view *v, const struct cell *a, const struct cell *b)
{
    int order = 0;
    for (int i = 0; !order && i < v->count; i++)
        order = compare_texts(key_text(a, v->columns[i]), key_text(b, v->columns[i]));
    return order;
}

/* The order of cells.csv: no two cells are equal in it. */
static int by_order(const void *left, const void *right, void *run)
{
    const struct cell *a = left, *b = right;
    const struct run *r = run;
    int order = compare_texts(a->sweep, b->sweep);
    if (!order)
        order = compare_view(&r->order, a, b);
    for (int i = 0; !order && i < r->keys; i++)
        order = compare_texts(a->key[i], b->key[i]);
    return order;
}

static int by_work(const void *left, const void *right, void *run)
{
    const struct cell *a = *(struct cell *const *)left, *b = *(struct cell *const *)right;
    int order = compare_view(&((const struct run *)run)->work, a, b);
    return order ? order : (a > b) - (a < b);
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
    static const char *const backends[] = {"omp", "pool", "pipe", NULL};
    static const char *const schedules[] = {"static", "dynamic", "guided", "steal", NULL};
    enum { RUNNER, BACKEND, START, SCHEDULE };
    const int *side = r->side.columns;
    const char *backend_a = key_text(a, side[BACKEND]), *backend_b = key_text(b, side[BACKEND]);
    const char *schedule_a = key_text(a, side[SCHEDULE]), *schedule_b = key_text(b, side[SCHEDULE]);

    int order = rank_in(backends, backend_a) - rank_in(backends, backend_b);
    if (!order)
        order = strcmp(backend_a, backend_b);
    if (!order)
        order = rank_in(schedules, schedule_a) - rank_in(schedules, schedule_b);
    return order ? order : compare_view(&r->side, a, b);
}

static int by_match(const void *left, const void *right, void *run)
{
    const struct cell *a = *(struct cell *const *)left, *b = *(struct cell *const *)right;
    int order = compare_view(&((const struct run *)run)->match, a, b);
    if (!order)
        order = compare_sides(run, a, b);
    return order ? order : (a > b) - (a < b);
}

static int sort_cells(struct run *r)
{
    if (r->cell_count)
        qsort_r(r->cells, (size_t)r->cell_count, sizeof *r->cells, by_order, r);
    r->sorted = malloc(((size_t)r->cell_count + 1) * sizeof *r->sorted);
    if (!r->sorted)
        return -ENOMEM;
    for (long i = 0; i < r->cell_count; i++)
        r->sorted[i] = &r->cells[i];
    return 0;
}

/* Walk the cells sorted by COMPARE, group by group of those that are equal in VIEW. */
static void each_group(struct run *r, int (*compare)(const void *, const void *, void *),
                       const struct view *view,
                       void (*visit)(struct run *, struct cell **, long count, FILE *), FILE *f)
{
    qsort_r(r->sorted, (size_t)r->cell_count, sizeof *r->sorted, compare, r);
    for (long first = 0, last; first < r->cell_count; first = last) {
        for (last = first + 1; last < r->cell_count; last++)
            if (compare_view(view, r->sorted[first], r->sorted[last]))
                break;
        visit(r, r->sorted + first, last - first, f);
    }
}

/* Blocks to cells ----------------------------------------------------------------------------- */

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
    return stats_median(r->scratch, gather(c, m, r->scratch));
}

static void interval(const double *sorted, long n, double *low, double *high)
{
    *low = *high = NAN;
    stats_median_interval(sorted, n, ALPHA, low, high);
}

static void measure_cell(const struct run *r, struct cell *c)
{
    double *values = r->scratch;
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
    c->status = c->blocks >= FEWEST_BLOCKS ? "ok" : c->blocks ? "few" : "failed";
}

static int is_serial(const struct run *r, const struct cell *c)
{
    return !strcmp(key_text(c, r->backend), "serial");
}

/* Is X the better reference for a job of TASKS than Y? */
static int better_reference(const struct cell *x, const struct cell *y, double tasks)
{
    if (!y || (x->tasks == tasks) != (y->tasks == tasks))
        return !y || x->tasks == tasks;
    if (x->blocks != y->blocks)
        return x->blocks > y->blocks;
    return x->tasks > y->tasks;
}

/* Give each cell of one and the same work its serial reference; a serial cell is its own. */
static void choose_serial(struct run *r, struct cell **cells, long count, FILE *none)
{
    (void)none;
    for (long s = 0; s < count; s++) {
        struct cell *serial = cells[s];
        if (!is_serial(r, serial) || !serial->blocks || !(serial->tasks > 0))
            continue;
        for (long i = 0; i < count; i++)
            if (!is_serial(r, cells[i]) &&
                better_reference(serial, cells[i]->serial, cells[i]->tasks))
                cells[i]->serial = serial;
        serial->serial = serial;
    }
}

/* Compare wall_ns of the blocks that both have.  SHARED gets their number. */
static struct ratio compare_blocks(const struct run *r, const struct cell *a, const struct cell *b,
                                   long *shared)
{
    double *wall_a = r->scratch, *wall_b = wall_a + r->good_count, *room = wall_b + r->good_count;
    long n = 0;
    for (long i = 0, j = 0; i < a->blocks && j < b->blocks;) {
        int64_t number_a = a->block[i].number, number_b = b->block[j].number;
        if (number_a == number_b) {
            wall_a[n] = a->block[i].value[WALL];
            wall_b[n++] = b->block[j].value[WALL];
        }
        i += number_a <= number_b;
        j += number_b <= number_a;
    }
    *shared = n;
    return stats_paired_ratio(wall_a, wall_b, n, ALPHA, room);
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

static void measure_cells(struct run *r)
{
    for (long i = 0; i < r->cell_count; i++)
        measure_cell(r, &r->cells[i]);
    each_group(r, by_work, &r->work, choose_serial, NULL);
    for (long i = 0; i < r->cell_count; i++)
        measure_speedup(r, &r->cells[i]);
}

/* Writing ------------------------------------------------------------------------------------- */

enum kind { AS_COUNT, AS_NS, AS_FINE_NS, AS_RATIO, AS_WORD };

struct column {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define CELL(member, as) .name = #member, .kind = AS_##as, .offset = offsetof(struct cell, member)
#define PAIR(member, as) .name = #member, .kind = AS_##as, .offset = offsetof(struct pair, member)

static const struct column cell_columns[] = {
    {CELL(blocks, COUNT)},
    {CELL(samples, COUNT)},
    {CELL(median_ns, NS)},
    {CELL(low_ns, NS)},
    {CELL(high_ns, NS)},
    {CELL(q1_ns, NS)},
    {CELL(q3_ns, NS)},
    {CELL(mad_ns, NS)},
    {CELL(min_ns, NS)},
    {CELL(max_ns, NS)},
    {CELL(per_task_ns, FINE_NS)},
    {CELL(serial_task_ns, FINE_NS)},
    {CELL(speedup, RATIO)},
    {CELL(speedup_low, RATIO)},
    {CELL(speedup_high, RATIO)},
    {CELL(efficiency, RATIO)},
    {CELL(efficiency_low, RATIO)},
    {CELL(efficiency_high, RATIO)},
    {CELL(open_ns, NS)},
    {CELL(open_low_ns, NS)},
    {CELL(open_high_ns, NS)},
    {CELL(close_ns, NS)},
    {CELL(first_ns, NS)},
    {CELL(busy_share, RATIO)},
    {CELL(runq_share, RATIO)},
    {CELL(foreign_share, RATIO)},
    {CELL(void_samples, COUNT)},
    {CELL(failed_blocks, COUNT)},
    {CELL(status, WORD)},
    {0},
};

static const struct column pair_columns[] = {
    {PAIR(blocks, COUNT)},     {PAIR(ratio, RATIO)},      {PAIR(ratio_low, RATIO)},
    {PAIR(ratio_high, RATIO)}, {PAIR(p_sign, RATIO)},     {PAIR(margin, RATIO)},
    {PAIR(verdict, WORD)},     {PAIR(blocks_needed, NS)}, {0},
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
    char note[768];
    const char *gap = "";
    int used = snprintf(note, sizeof note, "%.500s", c->reason ? c->reason : "");
    if (used)
        gap = "; ";
    if (c->odd_rows) {
        used += snprintf(note + used, sizeof note - (size_t)used,
                         "%s%ld rows left out: wall_ns, block or status is not a possible value",
                         gap, c->odd_rows);
        gap = "; ";
    }
    if (c->cut_rows)
        snprintf(note + used, sizeof note - (size_t)used,
                 "%s%ld rows left out: the cell was cut off", gap, c->cut_rows);
    csv_put(f, note);
}

static void put_cells(struct run *r, FILE *f)
{
    for (int i = 0; i < r->keys; i++) {
        csv_put(f, r->samples->cells[i]);
        fputc(',', f);
    }
    fputs("sweep", f);
    put_names(cell_columns, f);
    fputs(",note\n", f);
    for (long i = 0; i < r->cell_count; i++) {
        const struct cell *c = &r->cells[i];
        for (int k = 0; k < r->keys; k++) {
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

static int has_sweep(const char *sweeps, const char *word, size_t length)
{
    while (*sweeps) {
        size_t next = strcspn(sweeps, "+");
        if (next == length && !strncmp(sweeps, word, length))
            return 1;
        sweeps += next + (sweeps[next] == '+');
    }
    return 0;
}

/* The sweeps that A and B have in common, joined by +; as many as fit. */
static void common_sweeps(const char *a, const char *b, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    while (*a) {
        size_t length = strcspn(a, "+");
        if (length && has_sweep(b, a, length) && used + length + 2 < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? "+" : "",
                                     (int)length, a);
        a += length + (a[length] == '+');
    }
}

static struct pair make_pair(const struct run *r, const struct cell *a, const struct cell *b)
{
    struct pair p = {.a = a, .b = b, .margin = MARGIN, .blocks_needed = NAN};
    struct ratio ratio = compare_blocks(r, a, b, &p.blocks);
    enum verdict verdict = VERDICT_UNCLEAR;
    p.ratio = ratio.center;
    p.ratio_low = ratio.low;
    p.ratio_high = ratio.high;
    p.p_sign = p.blocks ? ratio.p_sign : NAN;
    if (ratio.has_interval)
        verdict = stats_verdict(ratio.low, ratio.high, MARGIN);
    p.verdict = stats_verdict_name(verdict);
    if (verdict == VERDICT_UNCLEAR) {
        long needed = FEWEST_BLOCKS;
        if (ratio.has_interval)
            needed = stats_blocks_to_settle(&ratio, p.blocks, MARGIN);
        p.blocks_needed = (double)(needed < MOST_BLOCKS_NEEDED ? needed : MOST_BLOCKS_NEEDED);
    }
    return p;
}

static void put_pair(const struct run *r, const struct pair *p, FILE *f)
{
    const struct cell *sides[] = {p->a, p->b};
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

/* Pair all cells of one group, which stand in the order of compare_sides. */
static void put_group(struct run *r, struct cell **cells, long count, FILE *f)
{
    long paired = 0;
    for (long i = 0; i < count; i++)
        if (cells[i]->blocks && !is_serial(r, cells[i]))
            cells[paired++] = cells[i];
    for (long i = 0; i < paired; i++)
        for (long j = i + 1; j < paired; j++)
            if (compare_view(&r->side, cells[i], cells[j])) {
                struct pair p = make_pair(r, cells[i], cells[j]);
                put_pair(r, &p, f);
            }
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
    each_group(r, by_match, &r->match, put_group, f);
}

static const struct output {
    const char *file;
    void (*put)(struct run *, FILE *);
} outputs[] = {
    {"cells.csv", put_cells},
    {"pairs.csv", put_pairs},
};
enum { OUTPUTS = sizeof outputs / sizeof *outputs };

static int write_new(struct run *r, const char *dir, const struct output *o, struct why *w)
{
    char path[PATH_MAX];
    int error = join(path, dir, o->file, ".new", w);
    if (error)
        return error;
    FILE *f = fopen(path, "w");
    if (!f)
        return why(w, -errno, "%s: cannot write: %s", path, strerror(errno));
    o->put(r, f);
    errno = 0;
    int failed = fflush(f) || ferror(f);
    error = failed ? -(errno ? errno : EIO) : 0;
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
    int error = join(new_path, dir, o->file, ".new", w);
    if (error || (error = join(path, dir, o->file, "", w)))
        return error;
    if (rename(new_path, path))
        return why(w, -errno, "%s: cannot replace: %s", path, strerror(errno));
    return 0;
}

/* Both tables are complete on disk before the first takes its place. */
static int write_tables(struct run *r, const char *dir, struct why *w)
{
    int error = 0;
    for (int i = 0; !error && i < OUTPUTS; i++)
        error = write_new(r, dir, &outputs[i], w);
    for (int i = 0; !error && i < OUTPUTS; i++)
        error = put_in_place(dir, &outputs[i], w);
    for (int i = 0; error && i < OUTPUTS; i++) {
        char path[PATH_MAX];
        if (!join(path, dir, outputs[i].file, ".new", NULL))
            unlink(path);
    }
    return error;
}

/* The whole ----------------------------------------------------------------------------------- */

static void run_free(struct run *r)
{
    csv_free(r->samples);
    csv_free(r->status);
    csv_free(r->rescued);
    free(r->processes);
    free(r->cells);
    free(r->slots);
    free(r->good);
    free(r->blocks);
    free(r->scratch);
    free(r->sorted);
}

int summarize(const char *dir, struct why *w)
{
    struct run r = {0};
    int error = read_samples(&r, dir, w);
    if (!error)
        error = read_status(&r, dir, w);
    if (error)
        goto done;
    find_columns(&r);
    if ((error = list_processes(&r)) || (error = sort_into_cells(&r)) ||
        (error = count_failures(&r, w)) || (error = make_blocks(&r)) || (error = sort_cells(&r)))
        goto done;
    measure_cells(&r);
    error = write_tables(&r, dir, w);
done:
    run_free(&r);
    if (error == -ENOMEM)
        why(w, error, "%s: not enough memory to summarize it", dir);
    return error;
}

static int summarize_main(const struct command *self, int argc, char **argv)
{
    const struct option options[] = {{0}};
    struct why w = {""};
    if (options_take(self, options, argc, argv) != 1)
        die(EXIT_USAGE, "summarize: give the folder of one run: teampool summarize DIR");
    if (summarize(argv[0], &w))
        die(EXIT_FAILED, "summarize: %s", w.text);
    return EXIT_OK;
}

const struct command command_summarize = {
    .name = "summarize",
    .operands = "DIR",
    .summary = "samples -> cells.csv and pairs.csv: medians over blocks, intervals, verdicts",
    .about =
        "Reads DIR/samples.csv and DIR/status.csv and writes DIR/cells.csv and DIR/pairs.csv.\n"
        "The same record gives the same bytes.  Samples with a wrong result, warm-up samples and\n"
        "those of a cell that failed or was cut off do not count.  An interval is 95 % and needs\n"
        "6 blocks.",
    .main = summarize_main,
};
