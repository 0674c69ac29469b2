/* SPDX-License-Identifier: MIT
 *
 * list: what there is to measure with: workloads, backends, schedules, placements, profiles.
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
#include "plan.h"

enum { ASK_SECONDS = 10 };

int listing_cell_program(char *path, long room)
{
    return child_find("teampool-cell", path, room);
}

int listing_ask(struct csv **out, const char *question, struct why *w)
{
    char path[4096], reason[400];
    struct child c;
    if (!listing_cell_program(path, sizeof path))
        return why(w, -ENOENT,
                   "cannot find teampool-cell beside this program; build or install both");
    char *argv[] = { path, (char *)question, NULL };
    int error = child_run(&c, argv, ASK_SECONDS, NULL);
    if (error)
        return why(w, error, "cannot start %s: %s", path, strerror(-error));
    child_reason(&c, ASK_SECONDS, reason, sizeof reason);
    if (*reason)
        error = why(w, -EIO, "%s %s", path, reason);
    else
        error = csv_parse(out, c.out, c.out_length, path, w);
    child_free(&c);
    return error;
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
        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 0;
}

int listing_takes(const struct record *cell, struct why *w)
{
    enum { WORDS_MOST = 96 };
    char path[4096], reason[400], *argv[WORDS_MOST] = { path, "--check" }, *line = NULL;
    size_t length = 0;
    struct child c;
    FILE *f;
    if (strcmp(cell->runner, "cell") != 0)
        return 1;
    if (!listing_cell_program(path, sizeof path) || !(f = open_memstream(&line, &length)))
        return why(w, 0, "cannot find teampool-cell beside this program, or no memory");
    record_print_line(cell, f);
    fclose(f);
    record_words(line, argv + 2, WORDS_MOST - 2);
    int error = child_run(&c, argv, ASK_SECONDS, NULL);
    if (error) {
        free(line);
        return why(w, 0, "cannot start %s: %s", path, strerror(-error));
    }
    int takes = WIFEXITED(c.status) && !WEXITSTATUS(c.status);
    const char *said = strstr(c.err, ": "); /* behind the program's name */
    child_reason(&c, ASK_SECONDS, reason, sizeof reason);
    if (!takes && said)
        why(w, 0, "%.*s", (int)strcspn(said + 2, "\n"), said + 2);
    else if (!takes)
        why(w, 0, "%s %s", path, reason);
    child_free(&c);
    free(line);
    return takes;
}

static void print_kind(const struct csv *list, const char *kind, const char *forms)
{
    for (long row = 0; row < list->rows; row++) {
        if (strcmp(csv_cell(list, row, csv_column(list, "kind")), kind) != 0)
            continue;
        const char *form = csv_cell(list, row, csv_column(list, "forms"));
        const char *unavailable = csv_cell(list, row, csv_column(list, "unavailable"));
        printf("  %-13s %s\n", csv_cell(list, row, csv_column(list, "name")),
               csv_cell(list, row, csv_column(list, "summary")));
        const char *start = csv_cell(list, row, csv_column(list, "start"));
        if (*form)
            printf("  %-13s %s: %s\n", "", forms, form);
        if (*start && strcmp(start, "none") != 0)
            printf("  %-13s start: %s\n", "", start);
        if (*unavailable)
            printf("  %-13s not on this machine: %s\n", "", unavailable);
    }
}

static void print_all(const struct csv *list)
{
    printf("workloads (workload=):\n");
    print_kind(list, "workload", "variants");
    printf("\nbackends (backend=):\n");
    print_kind(list, "backend", "schedules");
    printf("\noptions of a backend (options=name:value+name:value):\n");
    print_kind(list, "option", "values");
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
    for (const char *const *place = topology_places; *place; place++)
        printf("  %s\n", *place);
    printf("\nprofiles (--profile):\n");
    for (const struct profile *p = profiles; p->name; p++)
        printf("  %-10s %s (%.0f s)\n", p->name, p->summary, p->budget_s);
}

static int list_main(const struct command *self, int argc, char **argv)
{
    struct csv *list = NULL;
    struct why w;
    if (options_take(self, argc, argv))
        die(EXIT_USAGE, "list takes no operands");
    if (listing_ask(&list, "--list", &w))
        die(EXIT_FAILED, "list: %s", w.text);
    print_all(list);
    csv_free(list);
    return EXIT_OK;
}

const struct command command_list = {
    .name = "list",
    .operands = "",
    .summary = "workloads, backends, schedules, placements and profiles",
    .main = list_main,
};
