/* SPDX-License-Identifier: MIT
 *
 * combine: those plans for which one must know the machine: every combination of some words, and
 * the command that prints one.
 */
#include "combine.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/text.h"
#include "batch.h"
#include "command.h"
#include "listing.h"
#include "profile.h"
#include "room.h"
#include "runner.h"
#include "words.h"

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
        char *word = text_of("%.*s=%.*s", (int)(equals - words[at]), words[at], length, value);
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
        for (int k = 0; k < 2; k++) {
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
static int of_profile = -1; /* not given */

static const struct option options[] = {
    { "--profile", "P", OPTION_WORD, ONE_OF(&of_profile, profiles), "whose sweeps" },
    { "--only", "PATTERN", OPTION_TEXT, &only,
      "cells whose line contains it: 'sweep=chunk', 'backend=omp*task_ns=1000 '" },
    { "--topology", "MACHINE", OPTION_TEXT, &spec.described, TOPOLOGY_HELP },
    { 0 },
};

static void tell_dropped(const struct plan *p, const struct profile *profile, double budget_s,
                         int dropped)
{
    char cells[WORD], blocks[WORD], *list = plan_say_dropped(p);
    double seconds = plan_seconds(p, profile->blocks_least);
    warn("plan: %s left out so that %s %s %.0f s: %s", words_plural(cells, dropped, "cell"),
         words_plural(blocks, profile->blocks_least, "block"),
         seconds > budget_s ? "take no more than" : "fit into", fmax(seconds, budget_s), list);
    free(list);
}

static int plan_main(const struct command *self, int argc, char **argv)
{
    struct topology *t;
    struct plan p = { 0 };
    struct why w;
    char why[ROOM_WHY];
    int words = options_take(self, argc, argv);
    const struct profile *profile = &profiles[of_profile >= 0 ? of_profile : PROFILE_DEFAULT];

    if (words && of_profile >= 0)
        die(EXIT_USAGE, "plan: --profile and '%s' both say what to lay out: give one of them",
            argv[0]);
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
        double budget_s = profile_budget_s(profile, &p);
        int dropped = plan_fit(&p, budget_s * PLAN_FILL, 0, profile->blocks_least);
        if (dropped)
            tell_dropped(&p, profile, budget_s, dropped);
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
