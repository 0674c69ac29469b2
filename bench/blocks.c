/* SPDX-License-Identifier: MIT */
#include "blocks.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../core/sort.h"
#include "../core/stats.h"
#include "command.h"
#include "record.h"
#include "runner.h"

/* From here on a time is no longer exact in a double, nor in a spreadsheet: 104 days. */
#define MOST_WALL_NS 0x1p53

static const struct {
    const char *column;
    int share; /* 1: over workers x wall_ns */
} metrics[METRICS] = {
    [WALL] = { "wall_ns", 0 },         [OPEN] = { "open_ns", 0 },
    [CLOSE] = { "close_ns", 0 },       [FIRST] = { "first_ns", 0 },
    [BUSY] = { "busy_sum_ns", 1 },     [RUNQ] = { "runq_ns", 1 },
    [FOREIGN] = { "foreign_ns", 1 },   [WORK] = { "busy_sum_ns", 0 },
    [ANSWER] = { "answer_p50_ns", 0 }, [LATE_ANSWER] = { "answer_p99_ns", 0 },
    [BESIDE] = { "beside_ns", 0 },     [INSIDE] = { "inside_most", 0 },
    [LOCK] = { "lock_requests", 0 },
};

/* Columns --------------------------------------------------------------------------------- */

int blocks_key_column(const struct measured *r, const char *name)
{
    int column = csv_column(r->samples, name);
    return column < r->keys ? column : -1;
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

static void find_columns(struct measured *r)
{
    r->block = csv_column(r->samples, "block");
    r->keys = r->block;
    r->seq = csv_column(r->samples, "seq");
    r->warmup = csv_column(r->samples, "warmup");
    r->verdict = csv_column(r->samples, "status");
    r->sweep = csv_column(r->samples, "sweep");
    r->suspended = csv_column(r->samples, "suspended_ns");
    for (int m = 0; m < METRICS; m++)
        r->metric[m] = csv_column(r->samples, metrics[m].column);
    r->backend = blocks_key_column(r, "backend");
    r->tasks = blocks_key_column(r, "tasks");
    r->workers = blocks_key_column(r, "workers");
    r->task_ns = blocks_key_column(r, "task_ns");
    r->chunk = blocks_key_column(r, "chunk");
    r->payload = blocks_key_column(r, "payload_bytes");
    r->cpus = blocks_key_column(r, "cpus");
    r->twin = blocks_key_column(r, "twin");
}

int blocks_path(char path[PATH_MAX], const char *dir, const char *file, const char *end,
                struct why *w)
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s", dir, file, end);
    if (length < PATH_MAX)
        return 0;
    return why(w, -ENAMETOOLONG, "%s: the folder's name is too long", dir);
}

/* Reading --------------------------------------------------------------------------------- */

static int read_table(struct csv **out, const char *dir, const char *file, struct why *w)
{
    char path[PATH_MAX];
    int error = blocks_path(path, dir, file, "", w);
    if (error)
        return error;
    error = csv_read(out, path, w);
    if (!error && (*out)->torn)
        warn("%s: the last row is cut off and was left out", path);
    return error;
}

static int read_samples(struct measured *r, const char *dir, struct why *w)
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

/* A folder is one run on one host; rows of another, pasted in, would be mixed up unseen.  In T all
 * texts of COLUMN, or in a table of keys those of ONLY, must be alike. */
static int check_one(const struct csv *t, const char *dir, const char *file, const char *column,
                     const char *only, const char *what, struct why *w)
{
    const char *first = NULL;
    int value = csv_column(t, column), key = csv_column(t, "key");
    for (long row = 0; value >= 0 && row < t->rows; row++) {
        const char *text = csv_cell(t, row, value);
        if (!*text || (only && strcmp(csv_cell(t, row, key), only) != 0))
            continue;
        if (first && strcmp(first, text) != 0)
            return why(w, -EBADMSG,
                       "%s/%s has rows of two %s, '%.80s' and '%.80s': it is not one run", dir,
                       file, what, first, text);
        first = text;
    }
    return 0;
}

/* Take from machine.csv what the blocks depend on; it may be missing. */
static int read_machine(struct measured *r, const char *dir, struct why *w)
{
    struct csv *t;
    char path[PATH_MAX];
    int error = blocks_path(path, dir, "machine.csv", "", w);
    r->foreign_share = r->alike_cores = NAN;
    if (error || csv_read(&t, path, NULL))
        return error;
    for (long row = 0; row < t->rows; row++) {
        const char *key = csv_cell(t, row, csv_column(t, "key"));
        int value = csv_column(t, "value");
        if (!strcmp(key, "foreign_share"))
            csv_number(t, row, value, &r->foreign_share);
        else if (!strcmp(key, "alike_cores"))
            csv_number(t, row, value, &r->alike_cores);
    }
    error = check_one(t, dir, "machine.csv", "value", "hostname", "hosts", w);
    csv_free(t);
    return error;
}

static int read_status(struct measured *r, const char *dir, struct why *w)
{
    static const char *const needed[] = { "block", "seq", "status" };
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

/* Processes: the rows of status.csv ------------------------------------------------------- */

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

static void sort_processes(struct measured *r, int (*compare)(const void *, const void *))
{
    if (r->process_count)
        qsort(r->processes, (size_t)r->process_count, sizeof *r->processes, compare);
}

static int list_processes(struct measured *r)
{
    const struct csv *t = r->status;
    if (!t)
        return 0;
    int block = csv_column(t, "block"), seq = csv_column(t, "seq");
    int status = csv_column(t, "status"), line = csv_column(t, "line");
    int plan = csv_column(t, "cell"), wall = csv_column(t, "wall_ms");
    double ms;

    r->processes = calloc((size_t)t->rows + 1, sizeof *r->processes);
    if (!r->processes)
        return -ENOMEM;
    for (long row = 0; row < t->rows; row++) {
        struct process *p = &r->processes[r->process_count++];
        const char *word = csv_cell(t, row, status);
        *p = (struct process){
            .block = UNKNOWN, .seq = UNKNOWN, .row = row, .cell = -1, .rescue = -1
        };
        p->wall_ns = csv_number(t, row, wall, &ms) && ms > 0 ? (ms + 0.1) * 1e6 : INFINITY;
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
static struct process *find_process(struct measured *r, int64_t block, int64_t seq)
{
    long low = 0, high = r->process_count; /* the answer is just below `high` */
    struct process wanted = { .block = block, .seq = seq, .row = LONG_MAX };
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

/* Cells, found by the text of their key --------------------------------------------------- */

/* FNV-1a over the texts with their ends (Fowler, Noll, Vo). */
uint64_t blocks_key_hash(const char *const *key, int keys)
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
static int make_slots(struct measured *r)
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

static int add_cell(struct measured *r, const char *const *key)
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
    *c = (struct cell){ .key = key, .sweep = "", .last_failed = UNKNOWN };
    c->tasks = key_number(c, r->tasks);
    c->task_workers = key_number(c, r->workers);
    c->task_ns = key_number(c, r->task_ns);
    c->chunk = key_number(c, r->chunk);
    c->payload_bytes = key_number(c, r->payload);
    c->twin = key_number(c, r->twin) > 0;
    return 0;
}

/* The cell of KEY, new if need be.  Returns its index, or -ENOMEM. */
static long cell_of(struct measured *r, const char *const *key, const char *sweep)
{
    size_t slot = blocks_key_hash(key, r->keys) & (r->slot_count - 1);
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

/* Is it the time of a job that was done rightly, in a block that has a number?  A sample lasts no
 * longer than its process P lived, if that is known. */
static int possible(const struct measured *r, long row, int64_t block, const char *word,
                    const struct process *p)
{
    double wall, most = p && p->wall_ns < MOST_WALL_NS ? p->wall_ns : MOST_WALL_NS;
    return block != UNKNOWN && !strcmp(word, "ok") &&
           csv_number(r->samples, row, r->metric[WALL], &wall) && wall > 0 && wall <= most;
}

/* Decide whether ROW counts; if it does, add it to the good samples. */
static void judge_row(struct measured *r, long row, long cell)
{
    struct cell *c = &r->cells[cell];
    const char *word = r->verdict < 0 ? "ok" : csv_cell(r->samples, row, r->verdict);
    struct process *p = NULL;
    int64_t block = UNKNOWN, seq = UNKNOWN;
    double warmup = 0, suspended = 0;

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
    if (!possible(r, row, block, word, p))
        c->odd_rows++;
    else if (r->status && !p)
        c->cut_rows++;
    else if (csv_number(r->samples, row, r->suspended, &suspended) && suspended > 0)
        c->noise[NOISE_SUSPEND]++; /* that is all there is to say of it */
    else if (!p || p->ok)
        r->good[r->good_count++] = (struct sample){ cell, block, row, NOISES };
}

static int sort_into_cells(struct measured *r)
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

/* Failures -------------------------------------------------------------------------------- */

/* A cell that always failed has no sample to tell its name, only its line of the plan.  The text of
 * a field in it; "" where the cell would have had to choose. */
static const char *planned_text(const struct record *record, const char *name, char buffer[32])
{
    for (const struct field *f = record_fields; f->name; f++)
        if (!strcmp(f->name, name)) {
            const char *text = record_text(record, f, 1, buffer);
            return strcmp(text, "auto") ? text : "";
        }
    return "";
}

/* Write the key and the sweep that LINE of the plan gives.  Returns 1, or 0: not such a line. */
static int put_planned(const struct measured *r, const char *line, FILE *f)
{
    struct record record;
    struct why w = { "out of memory" };
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
static int settle_plan_line(struct measured *r, long first, long last, long rescue, FILE *f)
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

static void put_rescued(struct measured *r, FILE *f)
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
static int find_cells_of_processes(struct measured *r, struct why *w)
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

static int count_failures(struct measured *r, struct why *w)
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

/* Samples to blocks ----------------------------------------------------------------------- */

static int by_cell_and_block(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static double measured(const struct measured *r, const struct sample *s, enum metric m)
{
    double value, wall;
    if (!csv_number(r->samples, s->row, r->metric[m], &value) || value < 0)
        return NAN;
    if (!metrics[m].share)
        return value;
    csv_number(r->samples, s->row, r->metric[WALL], &wall);
    return value / (r->cells[s->cell].task_workers * wall);
}

/* How many of the samples of C were disturbed; its causes are counted. */
static long count_disturbed(const struct measured *r, struct cell *c,
                            const struct noise_usual *usual, struct sample *samples, long count)
{
    long disturbed = 0;
    for (long i = 0; i < count; i++) {
        enum noise cause = samples[i].cause = noise_of(&r->noise, samples[i].row, usual);
        c->suspect += noise_warns(&r->noise, samples[i].row, usual);
        if (cause < NOISES) {
            c->noise[cause]++;
            disturbed++;
        }
    }
    return disturbed;
}

static struct block block_of(const struct measured *r, const struct noise_usual *usual,
                             struct sample *samples, long count)
{
    struct block b = { .number = samples->block };
    b.disturbed = 2 * count_disturbed(r, &r->cells[samples->cell], usual, samples, count) > count;
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

/* The samples from FIRST on that are of its cell; SAME_BLOCK: and of its block. */
static long count_like(const struct measured *r, long first, int same_block)
{
    const struct sample *s = &r->good[first];
    long last = first + 1;
    while (last < r->good_count && r->good[last].cell == s->cell &&
           (!same_block || r->good[last].block == s->block))
        last++;
    return last - first;
}

/* A run measures the kernel's speed once, and a plan may set it for a cell; a cell of two speeds
 * has rows of two runs.  (One that is measured by hand measures its own, and has no status.csv.) */
static int check_one_run(const struct measured *r, const struct sample *s, long count,
                         const char *dir, struct why *w)
{
    int steps = csv_column(r->samples, "steps_per_ms");
    for (long i = 1; r->status && i < count; i++)
        if (strcmp(csv_cell(r->samples, s[0].row, steps), csv_cell(r->samples, s[i].row, steps)) !=
            0)
            return why(
                w, -EBADMSG,
                "%s/samples.csv has rows of two runs: rows %ld and %ld are of one cell, but its "
                "task's length is %s steps per ms in one and %s in the other",
                dir, s[0].row + 2, s[i].row + 2, csv_cell(r->samples, s[0].row, steps),
                csv_cell(r->samples, s[i].row, steps));
    return 0;
}

/* What was left out is said: it may be the very thing that one is looking for. */
static void warn_of_rows(const struct measured *r, const char *dir)
{
    long odd = 0, cut = 0;
    for (long i = 0; i < r->cell_count; i++) {
        odd += r->cells[i].odd_rows;
        cut += r->cells[i].cut_rows;
    }
    if (odd)
        warn("%s: rows left out for an impossible wall_ns, block or status: %ld", dir, odd);
    if (cut)
        warn("%s: rows left out because their cell was cut off: %ld", dir, cut);
}

static int make_blocks(struct measured *r, const char *dir, struct why *w)
{
    size_t most = (size_t)r->good_count + 1;
    struct noise_usual usual = { 0 };
    r->blocks = malloc(most * sizeof *r->blocks);
    r->scratch = malloc((3 * most + 2 * (size_t)r->samples->rows) * sizeof *r->scratch);
    if (!r->blocks || !r->scratch)
        return -ENOMEM;
    noise_open(&r->noise, r->samples, r->foreign_share, r->scratch);
    qsort(r->good, (size_t)r->good_count, sizeof *r->good, by_cell_and_block);

    struct block *b = r->blocks;
    for (long first = 0, count; first < r->good_count; first += count, b++) {
        struct sample *s = &r->good[first];
        struct cell *c = &r->cells[s->cell];
        if (!c->blocks) {
            c->good = s;
            long all = count_like(r, first, 0);
            int error = check_one_run(r, s, all, dir, w);
            if (error)
                return error;
            usual = noise_usual(&r->noise, &s->row, sizeof *s, all, c->task_workers,
                                key_text(c, r->cpus), r->scratch);
        }
        count = count_like(r, first, 1);
        *b = block_of(r, &usual, s, count);
        if (!c->blocks++)
            c->block = b;
        c->samples += count;
    }
    return 0;
}

/* Cells beside each other ----------------------------------------------------------------- */

long blocks_pair(const struct cell *a, const struct cell *b, int quiet_only, double *wall_a,
                 double *wall_b)
{
    long n = 0;
    for (long i = 0, j = 0; i < a->blocks && j < b->blocks;) {
        int64_t number_a = a->block[i].number, number_b = b->block[j].number;
        if (number_a == number_b &&
            !(quiet_only && (a->block[i].disturbed || b->block[j].disturbed))) {
            wall_a[n] = a->block[i].value[WALL];
            wall_b[n++] = b->block[j].value[WALL];
        }
        i += number_a <= number_b;
        j += number_b <= number_a;
    }
    return n;
}

/* Columns that say what a task does.  The first one tells by its family. */
static const char *const work_names[] = { "runner",  "workload", "work_version",
                                          "variant", "task_ns",  "payload_bytes" };
enum { WORK_NAMES = sizeof work_names / sizeof *work_names };

static int compare_work(const struct cell *a, const struct cell *b, const int *columns)
{
    int order = runner_compare(key_text(a, columns[0]), key_text(b, columns[0]));
    for (int i = 1; !order && i < WORK_NAMES; i++)
        order = strcmp(key_text(a, columns[i]), key_text(b, columns[i]));
    return order;
}

static int by_work(const void *left, const void *right, void *columns)
{
    const struct cell *a = *(struct cell *const *)left, *b = *(struct cell *const *)right;
    int order = compare_work(a, b, columns);
    return order ? order : (a > b) - (a < b);
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

static int is_serial(const struct measured *r, const struct cell *c)
{
    return !strcmp(key_text(c, r->backend), "serial");
}

/* The same for the cells of one and the same work. */
static void choose_serial(const struct measured *r, struct cell **cells, long count)
{
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

int blocks_find_serial(struct measured *r)
{
    int columns[WORK_NAMES];
    struct cell **sorted = malloc(((size_t)r->cell_count + 1) * sizeof *sorted);
    if (!sorted)
        return -ENOMEM;
    for (int i = 0; i < WORK_NAMES; i++)
        columns[i] = blocks_key_column(r, work_names[i]);
    for (long i = 0; i < r->cell_count; i++)
        sorted[i] = &r->cells[i];
    sort(sorted, (size_t)r->cell_count, sizeof *sorted, by_work, columns);
    for (long first = 0, last; first < r->cell_count; first = last) {
        for (last = first + 1; last < r->cell_count; last++)
            if (compare_work(sorted[first], sorted[last], columns))
                break;
        choose_serial(r, sorted + first, last - first);
    }
    free(sorted);
    return 0;
}

/* The whole ------------------------------------------------------------------------------- */

void blocks_free(struct measured *r)
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
}

int blocks_read(struct measured *r, const char *dir, struct why *w)
{
    int error = read_samples(r, dir, w);
    if (!error)
        error = read_status(r, dir, w);
    if (!error)
        error = read_machine(r, dir, w);
    if (!error)
        error = check_one(r->samples, dir, "samples.csv", "hostname", NULL, "hosts", w);
    if (error)
        return error;
    find_columns(r);
    if (!(error = list_processes(r)) && !(error = sort_into_cells(r)) &&
        !(error = count_failures(r, w)))
        error = make_blocks(r, dir, w);
    if (!error)
        warn_of_rows(r, dir);
    return error;
}
