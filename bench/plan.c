/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/text.h"
#include "command.h"
#include "price.h"
#include "runner.h"
#include "sweep.h"

/* ---- memory ---- */

static void *grow(void *array, int count, int *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room ? *room * 2 : 64;
    array = realloc(array, (size_t)*room * size);
    if (!array)
        die(EXIT_FAILED, "plan: no memory for %d cells", *room);
    return array;
}

char *plan_keep(struct plan *p, char *text)
{
    if (!text)
        die(EXIT_FAILED, "plan: no memory");
    p->texts = grow(p->texts, p->text_count, &p->text_room, sizeof *p->texts);
    return p->texts[p->text_count++] = text;
}

void plan_free(struct plan *p)
{
    for (int i = 0; i < p->text_count; i++)
        free(p->texts[i]);
    free(p->texts);
    free(p->cells);
    *p = (struct plan){ 0 };
}

/* ---- cells ---- */

static int is(const char *a, const char *b)
{
    return !strcmp(a, b);
}

/* Two cells of the same work: pairs of them are compared. */
static int same_work(const struct record *a, const struct record *b)
{
    return is(a->workload, b->workload) && is(a->variant, b->variant) && a->task_ns == b->task_ns &&
           a->payload_bytes == b->payload_bytes && a->tasks == b->tasks && a->chunk == b->chunk &&
           a->workers == b->workers && is(a->place, b->place) && is(a->cpus, b->cpus) &&
           is(a->wait, b->wait) && a->ballast_mib == b->ballast_mib;
}

static int same_cell(const struct record *a, const struct record *b)
{
    return same_work(a, b) && is(a->runner, b->runner) && is(a->backend, b->backend) &&
           is(a->start, b->start) && is(a->schedule, b->schedule) && is(a->options, b->options) &&
           a->twin == b->twin;
}

/* The same cell in two sweeps is measured once, and belongs to both. */
static void merge(struct plan *p, struct record *into, const struct record *from)
{
    if (*from->sweep && !*into->sweep) {
        into->sweep = from->sweep;
    } else if (*from->sweep && !sweep_has(into->sweep, from->sweep)) {
        into->sweep = plan_keep(p, text_of("%s+%s", into->sweep, from->sweep));
    }
    if (from->drop < into->drop)
        into->drop = from->drop;
    into->trace |= from->trace;
}

void plan_add(struct plan *p, const struct record *r)
{
    int group = p->count;
    for (int i = 0; i < p->count; i++) {
        if (same_cell(&p->cells[i].record, r)) {
            merge(p, &p->cells[i].record, r);
            return;
        }
        if (same_work(&p->cells[i].record, r))
            group = p->cells[i].group;
    }
    p->cells = grow(p->cells, p->count, &p->room, sizeof *p->cells);
    p->cells[p->count++] =
        (struct plan_cell){ .record = *r, .seconds = price_cell(r), .group = group };
}

double plan_seconds(const struct plan *p, int blocks)
{
    double sum = 0;
    for (int i = 0; i < p->count; i++) {
        const struct plan_cell *c = &p->cells[i];
        int64_t times = c->record.blocks && c->record.blocks < blocks ? c->record.blocks : blocks;
        if (!c->dropped)
            sum += c->seconds * (double)times;
    }
    return sum;
}

int plan_has_peers(const struct plan *p)
{
    for (int i = 0; i < p->count; i++)
        if (runner_is_peer(p->cells[i].record.runner))
            return 1;
    return 0;
}

/* ---- lines ---- */

int plan_read(struct plan *p, FILE *f, const char *name, struct why *w)
{
    char *line = NULL;
    size_t room = 0;
    int error = 0;
    for (long number = 1; !error && getline(&line, &room, f) >= 0; number++) {
        const char *start = line + strspn(line, " \t\r\n");
        struct why inner;
        struct record r;
        int optional = *start == '?', before = p->count;
        if (!*start || *start == '#')
            continue;
        error = record_line(&r, plan_keep(p, strdup(start + optional)), &inner);
        if (error)
            why(w, error, "%s: line %ld: %s", name, number, inner.text);
        else
            plan_add(p, &r);
        if (p->count > before) {
            p->cells[before].optional = optional;
            p->cells[before].line = number;
        }
    }
    free(line);
    if (!error && ferror(f))
        error = why(w, -EIO, "%s: cannot read: %s", name, strerror(errno));
    if (!error && !p->count)
        error = why(w, -EINVAL, "%s: no plan lines in it", name);
    return error;
}

/* ---- fewer cells ---- */

void plan_only(struct plan *p, const char *pattern)
{
    char *wide = text_of("*%s*", pattern);
    int kept = 0;
    if (!wide)
        die(EXIT_FAILED, "plan: no memory");
    for (int i = 0; i < p->count; i++) {
        char *line = record_say_line(&p->cells[i].record);
        if (!line)
            die(EXIT_FAILED, "plan: no memory");
        if (!fnmatch(wide, line, 0))
            p->cells[kept++] = p->cells[i];
        free(line);
    }
    p->count = kept;
    free(wide);
}

/* Drop the whole point of the sweep that cell WORST stands at. */
static int drop_point(struct plan *p, int worst)
{
    const struct record w = p->cells[worst].record;
    int dropped = 0;
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (p->cells[i].dropped || r->drop != w.drop || !is(r->sweep, w.sweep) ||
            !is(r->workload, w.workload) || !is(r->variant, w.variant) || r->task_ns != w.task_ns ||
            r->workers != w.workers || (r->chunk != w.chunk && !is(r->workload, "skew")))
            continue;
        p->cells[i].dropped = 1;
        dropped++;
    }
    return dropped;
}

/* Is it there for others to be held against? */
static int is_reference(const struct record *r)
{
    return is(r->backend, "serial") || (is(r->sweep, "length") && is(r->schedule, "static"));
}

/* A reference that no other cell is held against is of no use. */
static int drop_lonely(struct plan *p)
{
    int dropped = 0;
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        int used = p->cells[i].dropped || !is_reference(r);
        for (int k = 0; k < p->count && !used; k++) {
            const struct record *other = &p->cells[k].record;
            used = !p->cells[k].dropped && !is_reference(other) &&
                   !runner_compare(other->runner, r->runner) && is(other->workload, r->workload) &&
                   is(other->variant, r->variant) && other->task_ns == r->task_ns;
        }
        p->cells[i].dropped |= !used;
        dropped += !used;
    }
    return dropped;
}

void plan_leave_out(struct plan *p, int i, const char *why)
{
    p->cells[i].dropped = 1;
    p->cells[i].why = plan_keep(p, strdup(why));
}

int plan_fit(struct plan *p, double seconds, int done, int blocks)
{
    int dropped = 0;
    while (plan_seconds(p, blocks) - plan_seconds(p, done) > seconds) {
        int worst = -1;
        for (int i = 0; i < p->count; i++)
            if (!p->cells[i].dropped && p->cells[i].record.drop > 0 && !p->cells[i].record.twin &&
                (worst < 0 || p->cells[i].record.drop >= p->cells[worst].record.drop))
                worst = i; /* a twin goes with its point */
        if (worst < 0)
            break;
        dropped += drop_point(p, worst);
        dropped += drop_lonely(p); /* at once: what they took may keep other points */
    }
    return dropped;
}

static int is_dropped(const struct plan_cell *c)
{
    return c->dropped && !c->why; /* with a reason, that is told elsewhere */
}

static int same_first_sweep(const struct record *a, const struct record *b)
{
    size_t length = strcspn(a->sweep, "+");
    return length == strcspn(b->sweep, "+") && !strncmp(a->sweep, b->sweep, length);
}

/* Does the sweep over workers keep a cell with as many as R, or was one before I among the lost? */
static int is_kept_or_told(const struct plan *p, const struct record *r, int i)
{
    for (int k = 0; k < p->count; k++) {
        const struct plan_cell *c = &p->cells[k];
        if (c->record.workers == r->workers && sweep_has(c->record.sweep, "workers") &&
            (k < i || !c->dropped))
            return 1;
    }
    return 0;
}

static void print_dropped(const struct plan *p, FILE *f)
{
    const char *between = "";
    for (int i = 0; i < p->count; i++) {
        int earlier = 0, cells = 0, dropped = 0;
        for (int k = 0; k < p->count; k++) {
            int same = same_first_sweep(&p->cells[i].record, &p->cells[k].record);
            earlier += same && k < i;
            dropped += same && is_dropped(&p->cells[k]);
            cells += same;
        }
        if (earlier || !dropped)
            continue;
        fprintf(f, "%s%.*s %d of %d", between, (int)strcspn(p->cells[i].record.sweep, "+"),
                p->cells[i].record.sweep, dropped, cells);
        between = ", ";
    }
    between = "; no team of ";
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (!is_dropped(&p->cells[i]) || !sweep_has(r->sweep, "workers") ||
            is_kept_or_told(p, r, i))
            continue;
        fprintf(f, "%s%lld", between, (long long)r->workers);
        between = ", ";
    }
}

char *plan_say_dropped(const struct plan *p)
{
    char *list = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&list, &length);
    if (!f)
        die(EXIT_FAILED, "plan: no memory");
    print_dropped(p, f);
    fclose(f);
    return list;
}

void plan_print(const struct plan *p, FILE *f)
{
    for (int i = 0; i < p->count; i++) {
        if (p->cells[i].dropped)
            continue;
        fputs("teampool-cell ", f);
        record_print_line(&p->cells[i].record, f);
    }
}
