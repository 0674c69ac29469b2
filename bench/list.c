/* SPDX-License-Identifier: MIT
 *
 * list: what there is to measure with: workloads, backends, runners, schedules, placements,
 * profiles.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../core/topology.h"
#include "child.h"
#include "command.h"
#include "listing.h"
#include "profile.h"
#include "runner.h"
#include "words.h"

enum { ASK_SECONDS = 10 };

int listing_ask(struct csv **out, const char *who, const char *question, struct why *w)
{
    char reason[400];
    struct runner r;
    struct child c;
    int error = runner_find(&r, who, w);
    if (error)
        return error;
    r.words[r.count] = (char *)question;
    if ((error = child_run(&c, r.words, ASK_SECONDS, NULL)))
        return why(w, error, "cannot start %s: %s", r.program, strerror(-error));
    child_reason(&c, ASK_SECONDS, reason, sizeof reason);
    if (*reason)
        error = why(w, -EIO, "%s %s", r.program, reason);
    else
        error = csv_parse(out, c.out, c.out_length, r.program, w);
    child_free(&c);
    return error;
}

struct csv *listing_peers(void)
{
    struct csv *list = NULL;
    return listing_ask(&list, "peers", "--list", NULL) ? NULL : list;
}

int listing_has(const struct csv *list, const char *kind, const char *name, struct why *w)
{
    const char *names[64] = { 0 };
    int count = 0, kinds = csv_column(list, "kind"), column = csv_column(list, "name");
    for (long row = 0; row < list->rows; row++) {
        if (strcmp(csv_cell(list, row, kinds), kind) != 0)
            continue;
        if (!strcmp(csv_cell(list, row, column), name))
            return 1;
        if (count < 63)
            names[count++] = csv_cell(list, row, column);
    }
    const char *near = nearest_word(name, names);
    why(w, -EINVAL, "there is no %s '%s'%s%s%s; 'teampool list' shows all", kind, name,
        near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    return 0;
}

/* The row of NAME of KIND; -1: there is none. */
static long row_of(const struct csv *list, const char *kind, const char *name)
{
    int kinds = csv_column(list, "kind"), names = csv_column(list, "name");
    for (long row = 0; row < list->rows; row++)
        if (!strcmp(csv_cell(list, row, kinds), kind) && !strcmp(csv_cell(list, row, names), name))
            return row;
    return -1;
}

int listing_offers(const struct csv *list, const char *kind, const char *name)
{
    long row = row_of(list, kind, name);
    return row >= 0 && !*csv_cell(list, row, csv_column(list, "unavailable"));
}

const char *listing_of(const char *kind, const char *name, const char *column)
{
    static struct csv *list;
    static int asked;
    if (!asked++)
        listing_ask(&list, "cell", "--list", NULL);
    long row = list ? row_of(list, kind, name) : -1;
    return row < 0 ? "" : csv_cell(list, row, csv_column(list, column));
}

int listing_is(const char *kind, const char *name, const char *trait)
{
    return words_has(listing_of(kind, name, "traits"), trait, strlen(trait));
}

int listing_takes(const struct record *cell, struct why *w)
{
    struct runner r;
    char reason[400];
    struct child c;
    if (!runner_is_cell(cell->runner))
        return 1;
    if (runner_find(&r, cell->runner, w))
        return 0;
    r.words[r.count++] = (char *)"--check";
    if (runner_run(&c, &r, cell, ASK_SECONDS, NULL, w))
        return 0;
    int takes = WIFEXITED(c.status) && !WEXITSTATUS(c.status);
    const char *said = strstr(c.err, ": "); /* behind the program's name */
    child_reason(&c, ASK_SECONDS, reason, sizeof reason);
    if (!takes && said)
        why(w, 0, "%.*s", (int)strcspn(said + 2, "\n"), said + 2);
    else if (!takes)
        why(w, 0, "%s %s", r.program, reason);
    child_free(&c);
    return takes;
}

/* The list of RUNNER; of Python runners that of all. */
static const struct csv *list_of(const char *runner, struct why *w)
{
    static struct csv *list;
    static char whose[300];
    static struct why reason;
    const char *who = runner_is_peer(runner) ? "peers" : runner;
    if (strcmp(who, whose) != 0) {
        csv_free(list);
        list = NULL;
        snprintf(whose, sizeof whose, "%s", who);
        listing_ask(&list, who, "--list", &reason);
    }
    if (!list)
        *w = reason;
    return list;
}

/* What the cell program refuses is forgiven only for a name that it has and cannot use here. */
static int cell_is_here(const struct record *cell, struct why *w)
{
    const struct {
        const char *kind, *name;
    } names[] = { { "backend", cell->backend }, { "workload", cell->workload } };
    struct why refused;
    int missing = 0;
    if (listing_takes(cell, &refused))
        return 1;
    const struct csv *list = list_of(cell->runner, w);
    for (int i = 0; list && i < 2; i++) {
        if (!listing_has(list, names[i].kind, names[i].name, w))
            return -EINVAL;
        missing |= !listing_offers(list, names[i].kind, names[i].name);
    }
    if (list)
        *w = refused;
    return list && !missing ? -EINVAL : 0;
}

int listing_is_here(const struct record *cell, struct why *w)
{
    struct runner r;
    int error = runner_find(&r, cell->runner, w);
    if (error)
        return error == -EINVAL ? error : 0;
    if (runner_is_cell(cell->runner))
        return cell_is_here(cell, w);
    const struct csv *list = list_of(cell->runner, w);
    if (list && runner_is_peer(cell->runner) && !listing_has(list, "runner", cell->runner, w))
        return -EINVAL;
    for (long row = 0; list && row < list->rows; row++) {
        const char *name = csv_cell(list, row, csv_column(list, "name"));
        const char *reason = csv_cell(list, row, csv_column(list, "unavailable"));
        size_t own = strlen(cell->backend), all = strlen(name);
        if (all >= own && !strcmp(name + all - own, cell->backend) && *reason)
            return why(w, 0, "%s", reason);
    }
    return list != NULL;
}

/* The first word or the last number is what an option is if nobody says. */
static void print_values(const char *form, int width)
{
    const char *last = strchr(form, ';');
    if (last)
        printf("  %-*s values: %.*s; default%s\n", width, "", (int)(last - form), form, last + 1);
    else
        printf("  %-*s values: %s; default %.*s\n", width, "", form, (int)strcspn(form, " "), form);
}

static void print_kind(const struct csv *list, const char *kind, const char *forms)
{
    int options = !strcmp(kind, "option"), width = options ? 20 : 13;
    for (long row = 0; row < list->rows; row++) {
        if (strcmp(csv_cell(list, row, csv_column(list, "kind")), kind) != 0)
            continue;
        const char *form = csv_cell(list, row, csv_column(list, "forms"));
        const char *unavailable = csv_cell(list, row, csv_column(list, "unavailable"));
        printf("  %-*s %s\n", width, csv_cell(list, row, csv_column(list, "name")),
               csv_cell(list, row, csv_column(list, "summary")));
        const char *start = csv_cell(list, row, csv_column(list, "start"));
        if (*form && options)
            print_values(form, width);
        else if (*form)
            printf("  %-*s %s: %s\n", width, "", forms, form);
        if (*start && strcmp(start, "none") != 0)
            printf("  %-13s start: %s\n", "", start);
        if (*unavailable)
            printf("  %-13s not on this machine: %s\n", "", unavailable);
    }
}

/* PEERS NULL: there are none, for what REASON says. */
static void print_runners(const struct csv *peers, const struct why *reason)
{
    struct runner llvm;
    printf("\nrunners (runner=):\n  %-12s %s\n", "cell", "teampool-cell, for all of the above");
    printf("  %-12s the same built by clang, with LLVM's OpenMP runtime\n", RUNNER_LLVM);
    if (runner_find(&llvm, RUNNER_LLVM, NULL))
        printf("  %-12s not built: it needs clang and libomp-dev beside GCC\n", "");
    if (peers)
        print_kind(peers, "runner", "workloads");
    else
        printf("  %-12s not on this machine: %s\n", "py-...", reason->text);
    printf("  %-12s a program of yours that takes the same words and prints the same rows\n",
           "a/path");
}

static void print_all(const struct csv *list)
{
    struct csv *peers = NULL;
    struct why reason;
    listing_ask(&peers, "peers", "--list", &reason);
    printf("workloads (workload=):\n");
    print_kind(list, "workload", "variants");
    printf("\nbackends (backend=):\n");
    print_kind(list, "backend", "schedules");
    printf("\noptions of a backend or a runner (options=name:value+name:value):\n");
    print_kind(list, "option", "values");
    if (peers)
        print_kind(peers, "option", "values");
    print_runners(peers, &reason);
    printf(
        "\nschedules (schedule=):\n"
        "  static     chunks dealt in advance, in turn\n"
        "  dynamic    the next chunk goes to whoever asks\n"
        "  guided     the same, with chunks that shrink towards the end\n"
        "  steal      a block each, taken chunk by chunk; who runs out takes half of another's "
        "rest\n"
        "\nhow workers come to be (start=):\n"
        "  thread     threads of the caller's process\n"
        "  fork       copies of the caller: quick from a small one; see its memory as it was then\n"
        "  spawn      the program started anew: as quick from a caller of many GiB; share only "
        "what "
        "is mapped\n"
        "\nplacements (place=):\n");
    for (const char *const *place = place_words; *place; place++)
        printf("  %s\n", *place);
    printf("\nprofiles (--profile):\n");
    for (const struct profile *p = profiles; p->name; p++)
        printf("  %-10s %s (%.0f s)\n", p->name, p->summary, p->budget_s);
    csv_free(peers);
}

static int list_main(const struct command *self, int argc, char **argv)
{
    struct csv *list = NULL;
    struct why w;
    if (options_take(self, argc, argv))
        die(EXIT_USAGE, "list takes no operands");
    if (listing_ask(&list, "cell", "--list", &w))
        die(EXIT_FAILED, "list: %s", w.text);
    print_all(list);
    csv_free(list);
    return EXIT_OK;
}

const struct command command_list = {
    .name = "list",
    .operands = "",
    .summary = "workloads, backends, runners, schedules, placements and profiles",
    .main = list_main,
};
