/* SPDX-License-Identifier: MIT */
#include "formula.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/stats.h"
#include "reading.h"

enum { NAME = 64 };

struct parser {
    const char *at, *end;
    const struct hand_in *h;
    struct why *why;
    double crowding;
    int error;
};

static double fail(struct parser *p, int error, const char *format, const char *what)
{
    if (!p->error)
        p->error = why(p->why, error, format, what); /* each format has one %s */
    return NAN;
}

static void skip_blanks(struct parser *p)
{
    while (p->at < p->end && isspace((unsigned char)*p->at))
        p->at++;
}

static int take(struct parser *p, char c)
{
    skip_blanks(p);
    if (p->at == p->end || *p->at != c)
        return 0;
    p->at++;
    return 1;
}

static int is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Returns 0: there is none. */
static int take_name(struct parser *p, char name[NAME])
{
    int length = 0;
    skip_blanks(p);
    while (p->at < p->end && is_name(*p->at) && length < NAME - 1)
        name[length++] = *p->at++;
    name[length] = 0;
    return length;
}

/* ---- what was measured ---- */

/* Is this row a good sample of LABEL? */
static int is_sample(const struct csv *s, long row, const char *label)
{
    return sweep_has(reading_text(s, row, "sweep"), label) &&
           strcmp(reading_text(s, row, "warmup"), "1") != 0 &&
           !strcmp(reading_text(s, row, "status"), "ok") &&
           !(reading_value(s, row, "suspended_ns") > 0);
}

/* How long workers waited for a CPU, or a quota stopped them, as a share of their time. */
static double crowding_of(const struct hand_in *h, long row)
{
    const struct csv *s = h->samples;
    double workers = reading_value(s, row, "workers"), wall = reading_value(s, row, "wall_ns");
    double waited = reading_value(s, row, "runq_ns") / (workers * wall);
    double stopped = reading_value(s, row, "throttled_ns") / wall;
    if (!(workers <= handin_fact(h, "effective_workers")))
        waited = NAN; /* no wonder */
    return fmax(0, fmax(waited, stopped));
}

/* Why the run left LABEL out, as status.csv has it; NULL: it did not. */
static const char *why_left_out(const struct hand_in *h, const char *label)
{
    for (long row = 0; h->status && row < h->status->rows; row++) {
        const char *sweep = strstr(reading_text(h->status, row, "line"), "sweep=");
        const char *labels = sweep ? sweep + strlen("sweep=") : "";
        char *own = strndup(labels, strcspn(labels, " "));
        int found = own && sweep_has(own, label);
        free(own);
        if (found && !strcmp(reading_text(h->status, row, "status"), "skipped"))
            return reading_text(h->status, row, "reason");
    }
    return NULL;
}

/* LABEL has no good sample: because something failed, or it was left out or not planned. */
static double not_measured(struct parser *p, const char *label)
{
    for (int i = 0; i < p->h->plan.count; i++)
        if (sweep_has(p->h->plan.cells[i].record.sweep, label))
            return fail(p, -EAGAIN, "'%s' failed: see status.csv", label);
    const char *reason = why_left_out(p->h, label);
    return reason && *reason ? fail(p, -ENODATA, "%s", reason)
                             : fail(p, -ENODATA, "'%s' was not measured", label);
}

/* The values of COLUMN in the good samples of LABEL in BLOCK (0: in all), ascending.  Returns how
 * many. */
static long gather(struct parser *p, const char *label, int column, long block, double *values)
{
    const struct csv *s = p->h->samples;
    long count = 0;
    for (long row = 0; row < s->rows; row++)
        if (is_sample(s, row, label) &&
            (!block || reading_value(s, row, "block") == (double)block) &&
            csv_number(s, row, column, &values[count])) {
            count++;
            p->crowding = fmax(p->crowding, crowding_of(p->h, row));
        }
    stats_sort(values, count);
    return count;
}

/* The median over blocks of their medians.  Returns how many blocks there are. */
static long middle_of(struct parser *p, const char *label, int column, double *values, double *out)
{
    long blocks = 0, rows = p->h->samples->rows;
    double *middle = malloc(((size_t)rows + 1) * sizeof *middle);
    for (long block = 1; middle && block <= rows; block++) {
        long count = gather(p, label, column, block, values);
        if (count)
            middle[blocks++] = stats_median(values, count);
    }
    if (blocks) {
        stats_sort(middle, blocks);
        *out = stats_median(middle, blocks);
    }
    free(middle);
    return blocks;
}

enum which { MIDDLE, LEAST, MOST };

/* COLUMN over the good samples of LABEL. */
static double measured(struct parser *p, const char *label, const char *name, enum which which)
{
    const struct csv *s = p->h->samples;
    int column = s ? csv_column(s, name) : -1;
    if (!s)
        return fail(p, -EINVAL, "'%s' is not known before the run", label);
    if (column < 0)
        return fail(p, -EINVAL, "samples.csv has no column '%s'", name);
    double *values = malloc(((size_t)s->rows + 1) * sizeof *values), result = NAN;
    if (!values)
        return fail(p, -ENOMEM, "no memory for '%s'", label);
    long count = which == MIDDLE ? middle_of(p, label, column, values, &result)
                                 : gather(p, label, column, 0, values);
    if (count && which != MIDDLE)
        result = values[which == LEAST ? 0 : count - 1];
    free(values);
    return count ? result : not_measured(p, label);
}

/* The CPU of WORKER in CPUS, "0+2+4"; -1: it is not bound. */
static long cpu_of(const char *cpus, double worker)
{
    long list[256], count = 0;
    char *end = (char *)cpus;
    for (; *cpus && count < 256; cpus = *end ? end + 1 : end)
        list[count++] = strtol(cpus, &end, 10);
    return count && worker >= 0 && worker < INT_MAX ? list[(long)worker % count] : -1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double distinct(double *values, long count)
{
    double distinct = count > 0;
    qsort(values, (size_t)count, sizeof *values, by_value);
    for (long i = 1; i < count; i++)
        distinct += values[i] != values[i - 1];
    return distinct;
}

/* Over the trace of LABEL: the CPUs in use, or the rows off their worker's CPU. */
static double traced(struct parser *p, const char *label, int strays)
{
    const struct csv *t = p->h->trace;
    if (!t)
        return not_measured(p, label);
    double *cpus = malloc(((size_t)t->rows + 1) * sizeof *cpus), most = 0, off = 0, seq = -1;
    long count = 0, rows = 0;
    for (long row = 0; cpus && row < t->rows; row++) {
        double cell = reading_value(t, row, "cell"), cpu = reading_value(t, row, "cpu");
        if (!(cell >= 1 && cell <= p->h->plan.count) || isnan(cpu))
            continue;
        const struct record *r = &p->h->plan.cells[(long)cell - 1].record;
        if (!sweep_has(r->sweep, label))
            continue;
        if (reading_value(t, row, "seq") != seq) {
            most = fmax(most, distinct(cpus, count));
            count = 0;
        }
        seq = reading_value(t, row, "seq");
        cpus[count++] = cpu;
        off += (double)cpu_of(r->cpus, reading_value(t, row, "worker")) != cpu;
        rows++;
    }
    if (cpus)
        most = fmax(most, distinct(cpus, count));
    free(cpus);
    return !rows ? not_measured(p, label) : strays ? off : most;
}

/* ---- the grammar ---- */

static double sum(struct parser *p);

/* LABEL or LABEL.COLUMN, the label being read. */
static void take_column(struct parser *p, char column[NAME])
{
    snprintf(column, NAME, "wall_ns");
    if (take(p, '.') && !take_name(p, column))
        fail(p, -EINVAL, "%s: a column is missing behind the point", p->at);
}

static double call_of_cells(struct parser *p, const char *function)
{
    char label[NAME], column[NAME];
    if (!take_name(p, label))
        return fail(p, -EINVAL, "%s(...) takes a label", function);
    take_column(p, column);
    if (!take(p, ')'))
        return fail(p, -EINVAL, "%s(...: a ) is missing", function);
    if (!strcmp(function, "cpus") || !strcmp(function, "strays"))
        return traced(p, label, *function == 's');
    return measured(p, label, column, !strcmp(function, "least") ? LEAST : MOST);
}

static double call(struct parser *p, const char *function)
{
    static const char *const of_cells[] = { "least", "most", "cpus", "strays" };
    for (size_t i = 0; i < sizeof of_cells / sizeof *of_cells; i++)
        if (!strcmp(function, of_cells[i]))
            return call_of_cells(p, function);
    double a = sum(p), b = take(p, ',') ? sum(p) : NAN;
    if (!take(p, ')'))
        return fail(p, -EINVAL, "%s(...: a ) is missing", function);
    if (!strcmp(function, "ceil"))
        return ceil(a);
    if (!strcmp(function, "sqrt"))
        return sqrt(a);
    if (!strcmp(function, "min"))
        return fmin(a, b);
    if (!strcmp(function, "max"))
        return fmax(a, b);
    return fail(p, -EINVAL, "there is no function '%s'", function);
}

static double take_number(struct parser *p)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
    char *end, unit[NAME];
    double value = strtod(p->at, &end);
    p->at = end < p->end ? end : p->end;
    if (p->at == p->end || !isalpha((unsigned char)*p->at))
        return value;
    take_name(p, unit);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(units[i].name, unit))
            return value * units[i].ns;
    return fail(p, -EINVAL, "there is no unit '%s'", unit);
}

static double fact(struct parser *p, const char *key)
{
    double value = handin_fact(p->h, key);
    return isnan(value) ? fail(p, -ENODATA, "machine.csv does not tell '%s'", key) : value;
}

static double value(struct parser *p)
{
    char name[NAME], column[NAME];
    skip_blanks(p);
    if (take(p, '('))
        return sum(p) + (take(p, ')') ? 0 : fail(p, -EINVAL, "%s: a ) is missing", "formula"));
    if (p->at < p->end && isdigit((unsigned char)*p->at))
        return take_number(p);
    if (!take_name(p, name))
        return fail(p, -EINVAL, "'%.20s' is no value", p->at);
    if (take(p, '('))
        return call(p, name);
    if (!strcmp(name, "P"))
        return fact(p, "effective_workers");
    take_column(p, column);
    return !strcmp(name, "machine") ? fact(p, column) : measured(p, name, column, MIDDLE);
}

static double product(struct parser *p)
{
    double result = value(p);
    for (;;) {
        if (take(p, '*'))
            result *= value(p);
        else if (take(p, '/'))
            result /= value(p);
        else
            return result;
    }
}

static double sum(struct parser *p)
{
    double result = product(p);
    for (;;) {
        if (take(p, '+'))
            result += product(p);
        else if (take(p, '-'))
            result -= product(p);
        else
            return result;
    }
}

int formula_compute(const char *text, size_t length, const struct hand_in *h,
                    struct formula_result *out, struct why *w)
{
    struct parser p = { text, text + length, h, w, 0, 0 };
    double result = sum(&p);
    skip_blanks(&p);
    if (!p.error && p.at < p.end)
        fail(&p, -EINVAL, "'%s' stands behind the end", p.at);
    *out = (struct formula_result){ result, p.crowding };
    return p.error;
}

int formula_text(const char *text, size_t length, const struct hand_in *h, const char **out,
                 struct why *w)
{
    struct parser p = { text, text + length, h, w, 0, 0 };
    char label[NAME], column[NAME];
    const char *found = NULL;
    if (!take_name(&p, label))
        fail(&p, -EINVAL, "'%s' is no label", text);
    take_column(&p, column);
    if (!strcmp(label, "machine")) {
        *out = machine_get(&h->machine, column);
        return p.error;
    }
    for (long row = 0; !p.error && h->samples && row < h->samples->rows; row++) {
        if (!is_sample(h->samples, row, label))
            continue;
        const char *told = reading_text(h->samples, row, column);
        if (found && strcmp(found, told) != 0)
            fail(&p, -EAGAIN, "'%s' was not the same each time", label);
        found = told;
    }
    if (!found)
        not_measured(&p, label);
    *out = found;
    return p.error;
}
