/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"
#include "listing.h"
#include "price.h"
#include "profile.h"
#include "room.h"
#include "runner.h"
#include "sweep.h"
#include "words.h"

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

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
    char *both;
    if (*from->sweep && !*into->sweep) {
        into->sweep = from->sweep;
    } else if (*from->sweep && !sweep_has(into->sweep, from->sweep)) {
        if (asprintf(&both, "%s+%s", into->sweep, from->sweep) < 0)
            both = NULL;
        into->sweep = plan_keep(p, both);
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

int plan_place(struct plan *p, const struct topology *t, const char *place, long workers,
               const char **out, struct why *w)
{
    int *cpus = malloc((size_t)workers * sizeof *cpus);
    size_t room = (size_t)workers * 12 + 1, used = 0;
    char *text = calloc(room, 1);
    if (!cpus || !text)
        die(EXIT_FAILED, "plan: no memory for %ld workers", workers);
    long count = topology_place(t, place, workers, cpus, w);
    for (long i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%d", i ? "+" : "", cpus[i]);
    free(cpus);
    *out = plan_keep(p, text);
    return count < 0 ? (int)count : 0;
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

/* ---- plans by hand ---- */

static int is_given(char **words, int count, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < count; i++)
        if (!strncmp(words[i], name, length) && words[i][length] == '=')
            return 1;
    return 0;
}

/* Add the cells for WORDS[at ..], the words before being already in BASE. */
static int product(struct plan *p, struct record base, char **words, int count, int at,
                   int place_cpus, const struct topology *t, struct why *w)
{
    if (at == count) {
        int error = record_complete(&base, w);
        if (!error && place_cpus) {
            if (!*base.place)
                base.place = "close";
            error = plan_place(p, t, base.place, (long)base.workers, &base.cpus, w);
        }
        if (!error)
            plan_add(p, &base);
        return error;
    }
    const char *equals = strchr(words[at], '=');
    if (!equals)
        return why(w, -EINVAL, "'%s' is not of the form field=value,value,...", words[at]);
    const char *value = equals + 1;
    for (;;) {
        int length = (int)strcspn(value, ",");
        char *word;
        if (asprintf(&word, "%.*s=%.*s", (int)(equals - words[at]), words[at], length, value) < 0)
            word = NULL;
        int error = record_word(&base, plan_keep(p, word), w);
        if (!error)
            error = product(p, base, words, count, at + 1, place_cpus, t, w);
        if (error || !value[length])
            return error;
        value += length + 1;
    }
}

int plan_product(struct plan *p, char **words, int count, const struct topology *t, struct why *w)
{
    struct record base;
    record_init(&base);
    return product(p, base, words, count, 0, !is_given(words, count, "cpus"), t, w);
}

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
        if (p->count > before)
            p->cells[before].optional = optional;
    }
    free(line);
    if (!error && ferror(f))
        error = why(w, -EIO, "%s: cannot read: %s", name, strerror(errno));
    if (!error && !p->count)
        error = why(w, -EINVAL, "%s: no plan lines in it", name);
    return error;
}

/* ---- fewer cells ---- */

static char *line_of(const struct record *r)
{
    char *line = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&line, &length);
    if (!f)
        die(EXIT_FAILED, "plan: no memory");
    record_print_line(r, f);
    fclose(f);
    return line;
}

void plan_only(struct plan *p, const char *pattern)
{
    char *wide;
    int kept = 0;
    if (asprintf(&wide, "*%s*", pattern) < 0)
        die(EXIT_FAILED, "plan: no memory");
    for (int i = 0; i < p->count; i++) {
        char *line = line_of(&p->cells[i].record);
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

void plan_print_dropped(const struct plan *p, FILE *f)
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

void plan_print(const struct plan *p, FILE *f)
{
    for (int i = 0; i < p->count; i++) {
        if (p->cells[i].dropped)
            continue;
        fputs("teampool-cell ", f);
        record_print_line(&p->cells[i].record, f);
    }
}

/* ---- the command ---- */

/* Names that nobody has are better refused here than a hundred times later. */
static void refuse_unknown(const struct plan *p)
{
    struct csv *list;
    struct why w;
    struct runner runner;
    if (listing_ask(&list, "cell", "--list", &w))
        die(EXIT_FAILED, "plan: %s", w.text);
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (!strchr(r->runner, '/') && runner_find(&runner, r->runner, &w))
            die(EXIT_USAGE, "plan: %s", w.text);
        if (runner_is_cell(r->runner) && (!listing_has(list, "backend", r->backend, &w) ||
                                          !listing_has(list, "workload", r->workload, &w)))
            die(EXIT_USAGE, "plan: %s", w.text);
    }
    csv_free(list);
}

/* Of a command line that is not whole: a name that nobody has tells more than what is missing. */
static void refuse_unknown_words(char **words, int count)
{
    static const char *const kinds[] = { "backend", "workload" };
    struct csv *list;
    struct why w;
    if (is_given(words, count, "runner") || listing_ask(&list, "cell", "--list", &w))
        return;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < COUNT(kinds); k++) {
            size_t length = strlen(kinds[k]);
            if (strncmp(words[i], kinds[k], length) != 0 || words[i][length] != '=')
                continue;
            char *names = strdup(words[i] + length + 1), *rest = names, *name;
            while (rest && (name = strsep(&rest, ",")))
                if (!listing_has(list, kinds[k], name, &w))
                    die(EXIT_USAGE, "plan: %s", w.text);
            free(names);
        }
    csv_free(list);
}

/* Of all combinations, those that do not go together: a schedule that a backend has not. */
static void leave_out_impossible(struct plan *p)
{
    struct why w, first = { "" };
    int kept = 0, count = p->count;
    for (int i = 0; i < count; i++) {
        if (listing_takes(&p->cells[i].record, &w))
            p->cells[kept++] = p->cells[i];
        else if (!*first.text)
            first = w;
    }
    p->count = kept;
    if (!kept)
        die(EXIT_USAGE, "plan: %s", first.text);
    if (kept < count)
        warn("plan: %d of %d combinations left out: %s", count - kept, count, first.text);
}

static const char *only;
static struct topology_spec spec = { .source = "--topology" };
static int of_profile = PROFILE_DEFAULT;

static const struct option options[] = {
    { "--profile", "P", OPTION_WORD, ONE_OF(&of_profile, profiles), "whose sweeps" },
    { "--only", "PATTERN", OPTION_TEXT, &only,
      "cells whose line contains it: 'sweep=chunk', 'backend=omp*task_ns=1000 '" },
    { "--topology", "MACHINE", OPTION_TEXT, &spec.described, TOPOLOGY_HELP },
    { 0 },
};

static void tell_dropped(const struct plan *p, const struct profile *profile, int dropped)
{
    char cells[WORD], blocks[WORD], *list = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&list, &length);
    double seconds = plan_seconds(p, profile->blocks_least);
    if (!f)
        die(EXIT_FAILED, "plan: no memory");
    plan_print_dropped(p, f);
    fclose(f);
    warn("plan: %s left out so that %s %s %.0f s: %s", words_plural(cells, dropped, "cell"),
         words_plural(blocks, profile->blocks_least, "block"),
         seconds > profile->budget_s ? "take no more than" : "fit into",
         fmax(seconds, profile->budget_s), list);
    free(list);
}

static int plan_main(const struct command *self, int argc, char **argv)
{
    struct topology *t;
    struct plan p = { 0 };
    struct why w;
    char why[ROOM_WHY];
    int words = options_take(self, argc, argv);
    const struct profile *profile = &profiles[of_profile];

    spec.root = getenv("TEAMPOOL_ROOT");
    spec.granted = batch_cpus();
    if (topology_load(&t, &spec, &w))
        die(EXIT_FAILED, "plan: %s", w.text);
    if (words) {
        if (plan_product(&p, argv, words, t, &w)) {
            refuse_unknown_words(argv, words);
            die(EXIT_USAGE, "plan: %s", w.text);
        }
        refuse_unknown(&p);
        leave_out_impossible(&p);
    } else {
        room_limit(t, spec.root, why);
        profile_plan(&p, profile, t);
        room_fit(&p, t, spec.root);
        if (only)
            plan_only(&p, only);
        room_tell(&p, "plan", why);
        room_insist(&p, "plan");
        int dropped = plan_fit(&p, profile->budget_s * PLAN_FILL, 0, profile->blocks_least);
        if (dropped)
            tell_dropped(&p, profile, dropped);
    }
    if (only && words)
        plan_only(&p, only);
    if (!p.count)
        die(EXIT_USAGE, "plan: no cell's line contains '%s'", only);
    plan_print(&p, stdout);
    plan_free(&p);
    topology_free(t);
    return EXIT_OK;
}

const struct command command_plan = {
    .name = "plan",
    .operands = "[FIELD=VALUE,VALUE ...]",
    .summary = "plan lines, a cell a line",
    .about =
        "Without operands: the sweeps of a profile, laid out for this machine.  With operands: "
        "every\n"
        "combination of the values given, as in\n"
        "  teampool plan backend=omp,pool schedule=dynamic workload=cpu task_ns=1000 chunk=1,16\n"
        "The lines can be kept, changed and measured: teampool run --plan FILE, or one by one by "
        "hand.\n"
        "A profile leaves out what there is too little time for, or too few processes, files or "
        "memory, and\n"
        "says so.\n"
        "'teampool-cell --help' lists the fields.",
    .main = plan_main,
    .options = options,
};
