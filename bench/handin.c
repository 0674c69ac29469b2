/* SPDX-License-Identifier: MIT */
#include "handin.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "order.h"
#include "reading.h"
#include "runner.h"

#define SEAL      "lab_seal"
#define TOLERANCE 0.01    /* of sums of times: those of whole runs are written with two digits */
enum { SHARED_ROWS = 2 }; /* one could be chance */

/* ---- reading --------------------------------------------------------------------------------- */

static int path_of(char path[PATH_MAX], const char *dir, const char *name, struct why *w)
{
    if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
        return why(w, -ENAMETOOLONG, "%s: the name is too long", dir);
    return 0;
}

static int read_table(struct csv **out, const char *dir, const char *name, struct why *w)
{
    char path[PATH_MAX];
    int error = path_of(path, dir, name, w);
    return error ? error : csv_read(out, path, w);
}

static int read_plan(struct hand_in *h, struct why *w)
{
    char path[PATH_MAX];
    int error = path_of(path, h->dir, "plan.txt", w);
    FILE *f = error ? NULL : fopen(path, "re");
    if (!error && !f)
        error = why(w, -errno, "cannot open %s: %s", path, strerror(errno));
    if (!error)
        error = plan_read(&h->plan, f, path, w);
    if (f)
        fclose(f);
    return error;
}

int handin_open(struct hand_in *h, const char *dir, struct why *w)
{
    char path[PATH_MAX];
    *h = (struct hand_in){ .dir = dir };
    int error = path_of(path, dir, "machine.csv", w);
    if (!error)
        error = machine_read(&h->machine, path, w);
    if (!error)
        error = read_plan(h, w);
    if (!error)
        error = read_table(&h->samples, dir, "samples.csv", w);
    if (!error)
        error = read_table(&h->status, dir, "status.csv", w);
    if (!error && read_table(&h->trace, dir, "trace.csv", NULL))
        h->trace = NULL;
    return error;
}

void handin_close(struct hand_in *h)
{
    machine_free(&h->machine);
    plan_free(&h->plan);
    csv_free(h->samples);
    csv_free(h->status);
    csv_free(h->trace);
}

double handin_fact(const struct hand_in *h, const char *key)
{
    const char *text = machine_get(&h->machine, key);
    char *end;
    double value = strtod(text, &end);
    return end == text || *end || !isfinite(value) ? NAN : value;
}

double handin_foreign(const struct hand_in *h)
{
    return handin_fact(h, "foreign_share") + handin_fact(h, "steal_share");
}

/* ---- the seal -------------------------------------------------------------------------------- */

/* FNV-1a, Fowler, Noll and Vo. */
static uint64_t add_bytes(uint64_t sum, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint64_t add_text(uint64_t sum, const char *s)
{
    return add_bytes(sum, s, strlen(s) + 1);
}

static uint64_t add_file(uint64_t sum, const char *dir, const char *name)
{
    char path[PATH_MAX], bytes[4096];
    size_t length;
    FILE *f = path_of(path, dir, name, NULL) ? NULL : fopen(path, "re");
    sum = add_text(sum, name);
    while (f && (length = fread(bytes, 1, sizeof bytes, f)) > 0)
        sum = add_bytes(sum, bytes, length);
    if (f)
        fclose(f);
    return sum;
}

/* Over the record and all facts but the seal itself. */
static void seal_of(const struct machine *m, const char *dir, char out[17])
{
    static const char *const files[] = { "plan.txt", "samples.csv", "status.csv", "trace.csv" };
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        sum = add_file(sum, dir, files[i]);
    for (int i = 0; i < m->count; i++)
        if (strcmp(m->facts[i].key, SEAL) != 0)
            sum = add_text(add_text(add_text(sum, m->facts[i].key), m->facts[i].value),
                           m->facts[i].note);
    snprintf(out, 17, "%016" PRIx64, sum);
}

int handin_seal(const char *dir, const char *lab, struct why *w)
{
    struct machine m = { 0 };
    char path[PATH_MAX], seal[17];
    int error = path_of(path, dir, "machine.csv", w);
    if (!error)
        error = machine_read(&m, path, w);
    if (!error) {
        machine_set(&m, "lab", "", "%s", lab);
        seal_of(&m, dir, seal);
        machine_set(&m, SEAL, "over plan.txt, samples.csv, status.csv, trace.csv and these facts",
                    "%s", seal);
        error = machine_write(&m, path, w);
    }
    machine_free(&m);
    return error;
}

/* ---- can it be? ------------------------------------------------------------------------------ */

static int is_ok(const struct hand_in *h, long row)
{
    return !strcmp(reading_text(h->status, row, "status"), "ok");
}

/* The plan's cell of a row of status.csv; NULL: there is none. */
static const struct record *cell_of(const struct hand_in *h, long row)
{
    double cell = reading_value(h->status, row, "cell");
    return cell >= 1 && cell <= h->plan.count ? &h->plan.cells[(long)cell - 1].record : NULL;
}

/* What the run left out stands before the first launch: so many rows. */
static long left_out(const struct csv *status)
{
    long rows = 0;
    while (rows < status->rows && !*reading_text(status, rows, "cell") &&
           !strcmp(reading_text(status, rows, "status"), "skipped"))
        rows++;
    return rows;
}

/* Launches are numbered from 1 without a gap, and each block took its cells in the order that the
 * seed makes of the plan. */
static int check_order(const struct hand_in *h, struct why *w)
{
    double seed = handin_fact(h, "seed"), block = 0;
    int *order = calloc((size_t)h->plan.count, sizeof *order), count = 0, at = 0, error = 0;
    if (!order)
        return why(w, -ENOMEM, "no memory");
    if (!(seed >= 0 && seed < 1e15))
        error = why(w, -EBADMSG, "machine.csv has no seed");
    const long first = left_out(h->status);
    for (long row = first; !error && row < h->status->rows; row++) {
        long seq = row - first + 1;
        if (!cell_of(h, row))
            error = why(w, -EBADMSG, "status.csv, row %ld: no such line in plan.txt", row + 1);
        else if (reading_value(h->status, row, "seq") != (double)seq)
            error =
                why(w, -EBADMSG, "status.csv, row %ld: its seq is '%s', not %ld: rows are missing",
                    row + 1, reading_text(h->status, row, "seq"), seq);
        else if (reading_value(h->status, row, "block") != block) {
            block += 1;
            if (reading_value(h->status, row, "block") != block)
                error =
                    why(w, -EBADMSG, "status.csv, row %ld: block %g is missing", row + 1, block);
            count = order_block(&h->plan, (uint64_t)seed, (int)block, order);
            at = 0;
        }
        while (!error && at < count && order[at] != (int)reading_value(h->status, row, "cell") - 1)
            at++;
        if (!error && at++ >= count)
            error = why(w, -EBADMSG, "status.csv, row %ld: not in the order that seed %.0f makes",
                        row + 1, seed);
    }
    free(order);
    return error;
}

/* The same beyond what every run looks at: a lab's plan names the options as the rows do, and a
 * workload without a length tells 0. */
static const char *other_field(const struct csv *s, long row, const struct record *cell)
{
    double task_ns = reading_value(s, row, "task_ns");
    if (strcmp(reading_text(s, row, "options"), cell->options) != 0)
        return "options";
    if (strcmp(reading_text(s, row, "sweep"), cell->sweep) != 0)
        return "sweep";
    if (task_ns > 0 && task_ns != (double)cell->task_ns)
        return "task_ns";
    return record_other_field(cell, s, row);
}

/* Rows FIRST .. END-1 of samples.csv are those of a launch that lived WALL_NS. */
static int check_launch(const struct hand_in *h, const struct record *cell, long first, long end,
                        double wall_ns, struct why *w)
{
    const struct csv *s = h->samples;
    double sum = 0, now = 0;
    long timed = 0;
    for (long row = first; row < end; row++) {
        double wall = reading_value(s, row, "wall_ns"), start = reading_value(s, row, "start_ns");
        const char *other = other_field(s, row, cell);
        if (other)
            return why(w, -EBADMSG, "samples.csv, row %ld: its %s is '%s', which the plan has not",
                       row + 1, other, reading_text(s, row, other));
        if (reading_value(s, row, "sample") != (double)(row - first))
            return why(w, -EBADMSG, "samples.csv, row %ld: sample %ld is missing", row + 1,
                       row - first);
        if (!(wall > 0) || start < now)
            return why(w, -EBADMSG, "samples.csv, row %ld: it begins before the one before it ends",
                       row + 1);
        now = isnan(start) ? now + wall : start + wall;
        sum += wall;
        timed += strcmp(reading_text(s, row, "warmup"), "1") != 0;
    }
    if (timed != cell->samples)
        return why(w, -EBADMSG, "samples.csv, row %ld: %ld samples of the %" PRId64 " planned",
                   first + 1, timed, cell->samples);
    if (!(fmax(sum, now) <= wall_ns * (1 + TOLERANCE)))
        return why(w, -EBADMSG,
                   "samples.csv, row %ld: %.1f ms of samples in a process that lived %.1f ms",
                   first + 1, fmax(sum, now) / 1e6, wall_ns / 1e6);
    return 0;
}

/* Each launch that went well has its rows, in the same order, and there are no others. */
static int check_rows(const struct hand_in *h, struct why *w)
{
    const struct csv *s = h->samples;
    long row = 0;
    int error = 0;
    for (long launch = 0; !error && launch < h->status->rows; launch++) {
        long first = row;
        if (!is_ok(h, launch))
            continue;
        while (row < s->rows &&
               reading_value(s, row, "seq") == reading_value(h->status, launch, "seq") &&
               reading_value(s, row, "block") == reading_value(h->status, launch, "block"))
            row++;
        error = check_launch(h, cell_of(h, launch), first, row,
                             reading_value(h->status, launch, "wall_ms") * 1e6, w);
    }
    if (!error && row < s->rows)
        error = why(w, -EBADMSG, "samples.csv, row %ld: of no launch in status.csv", row + 1);
    return error;
}

/* All that was measured fits into the time that the run took. */
static int check_sums(const struct hand_in *h, struct why *w)
{
    double elapsed = handin_fact(h, "elapsed_s"), sampled = handin_fact(h, "sampled_s");
    double lived = 0, sum = 0;
    for (long row = 0; row < h->status->rows; row++)
        lived += is_ok(h, row) ? reading_value(h->status, row, "wall_ms") / 1e3 : 0;
    for (long row = 0; row < h->samples->rows; row++)
        sum += reading_value(h->samples, row, "wall_ns") / 1e9;
    if (!(elapsed > 0) || !(sampled >= 0))
        return why(w, -EBADMSG, "machine.csv does not say how long the run took: it has not ended");
    if (!(lived <= elapsed * (1 + TOLERANCE) + 0.1))
        return why(w, -EBADMSG, "its processes lived %.2f s in a run that took %.2f s", lived,
                   elapsed);
    if (!(fabs(sum - sampled) <= sampled * TOLERANCE + 0.05))
        return why(w, -EBADMSG, "its samples add up to %.2f s; the run counted %.2f s", sum,
                   sampled);
    return 0;
}

/* Does the runner tell a checksum? */
static int has_checksum(const char *runner)
{
    return !strcmp(runner, "cell") || runner_is_peer(runner);
}

/* Of two rows: is it the same work by runners of a kind, so that the results must be the same? */
static int same_work(const struct csv *s, long a, long b)
{
    static const char *const names[] = { "workload", "variant",       "task_ns",
                                         "tasks",    "payload_bytes", "steps_per_ms" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(reading_text(s, a, names[i]), reading_text(s, b, names[i])) != 0)
            return 0;
    return !runner_compare(reading_text(s, a, "runner"), reading_text(s, b, "runner"));
}

static int check_results(const struct hand_in *h, struct why *w)
{
    const struct csv *s = h->samples;
    for (long row = 0; row < s->rows; row++) {
        const char *sum = reading_text(s, row, "checksum");
        if (strcmp(reading_text(s, row, "status"), "ok") != 0)
            return why(w, -EBADMSG, "samples.csv, row %ld: its status is '%s'", row + 1,
                       reading_text(s, row, "status"));
        if (!has_checksum(reading_text(s, row, "runner")))
            continue;
        if (strlen(sum) != 16)
            return why(w, -EBADMSG, "samples.csv, row %ld: it has no checksum of its results",
                       row + 1);
        for (long other = 0; other < row; other++)
            if (same_work(s, other, row) && strcmp(reading_text(s, other, "checksum"), sum) != 0)
                return why(w, -EBADMSG,
                           "samples.csv, rows %ld and %ld: the same work with other results",
                           other + 1, row + 1);
    }
    return 0;
}

/* Who sleeps cannot be early; percentiles ascend. */
static int check_bounds(const struct hand_in *h, struct why *w)
{
    static const char *const rising[] = { "answer_p50_ns", "answer_p90_ns", "answer_p99_ns",
                                          "answer_max_ns", "wall_ns" };
    const struct csv *s = h->samples;
    for (long row = 0; row < s->rows; row++) {
        double naps = ceil(reading_value(s, row, "tasks") / reading_value(s, row, "workers"));
        double least = naps * reading_value(s, row, "task_ns");
        if (strstr(reading_text(s, row, "workload"), "sleep") &&
            reading_value(s, row, "wall_ns") < least)
            return why(w, -EBADMSG, "samples.csv, row %ld: %.1f ms asleep in %.1f ms", row + 1,
                       least / 1e6, reading_value(s, row, "wall_ns") / 1e6);
        for (size_t i = 1; i < sizeof rising / sizeof *rising; i++)
            if (reading_value(s, row, rising[i - 1]) > reading_value(s, row, rising[i]))
                return why(w, -EBADMSG, "samples.csv, row %ld: %s is more than %s", row + 1,
                           rising[i - 1], rising[i]);
    }
    return 0;
}

static int check_seal(const struct hand_in *h, struct why *w)
{
    char seal[17];
    seal_of(&h->machine, h->dir, seal);
    if (strcmp(machine_get(&h->machine, SEAL), seal) != 0)
        return why(w, -EBADMSG, "its files are not as the program left them: the seal is another");
    return 0;
}

int handin_check(const struct hand_in *h, struct why *w)
{
    static int (*const checks[])(const struct hand_in *,
                                 struct why *) = { check_order,   check_rows,   check_sums,
                                                   check_results, check_bounds, check_seal };
    int error = 0;
    for (size_t i = 0; !error && i < sizeof checks / sizeof *checks; i++)
        error = checks[i](h, w);
    return error;
}

/* ---- two of them ----------------------------------------------------------------------------- */

enum { ALIKE = 4 };

/* The columns that two measurements share only by chance: to the nanosecond how long, and when it
 * began or what else was measured. */
static void find_columns(const struct csv *samples, int columns[ALIKE])
{
    static const char *const names[ALIKE] = { "wall_ns", "start_ns", "open_ns", "busy_sum_ns" };
    for (int n = 0; n < ALIKE; n++)
        columns[n] = csv_column(samples, names[n]);
}

int handin_shares_rows(const struct hand_in *a, const struct hand_in *b)
{
    int of_a[ALIKE], of_b[ALIKE], shared = 0;
    find_columns(a->samples, of_a);
    find_columns(b->samples, of_b);
    for (long i = 0; i < a->samples->rows && shared < SHARED_ROWS; i++) {
        for (long k = 0; k < b->samples->rows && shared < SHARED_ROWS; k++) {
            int n = 0;
            while (n < ALIKE &&
                   !strcmp(csv_cell(a->samples, i, of_a[n]), csv_cell(b->samples, k, of_b[n])))
                n++;
            shared += n == ALIKE;
        }
    }
    return shared >= SHARED_ROWS;
}
