/* SPDX-License-Identifier: MIT */
#include "openmp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "command.h"
#include "runner.h"

/* The backend sets OMP_DISPLAY_ENV where this variable is. */
#define ASK_VARIABLE "TEAMPOOL_DISPLAY_ENV"

enum { ASK_SECONDS = 10 };

/* LLVM's also tells how it is tuned inside: only how long it spins is of interest. */
static int is_telling(const char *name)
{
    return !strncmp(name, "OMP_", 4) || !strncmp(name, "GOMP_", 5) ||
           !strcmp(name, "KMP_BLOCKTIME");
}

/* TEXT has a variable a line: "  OMP_DYNAMIC = 'FALSE'", "  [host] OMP_DYNAMIC='FALSE'". */
static void set_fact(struct machine *m, const struct record *cell, char *text)
{
    char *rest = NULL, name[64], value[200], key[200], *all = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&all, &length);
    if (!f)
        die(EXIT_FAILED, "run: no memory");
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *at = strchr(line, ']');
        if (sscanf(at ? at + 1 : line, " %63[A-Z_] = '%199[^']", name, value) == 2 &&
            is_telling(name))
            fprintf(f, "%s%s=%s", ftell(f) ? " " : "", name, value);
    }
    fclose(f);
    snprintf(key, sizeof key, "omp_env:%s:%s", cell->runner, cell->wait);
    machine_set(m, key,
                "what the runtime of this runner says of itself with this wait (OMP_DISPLAY_ENV); "
                "threads and places of the first such cell",
                "%s", all);
    free(all);
}

static int is_openmp(const struct record *r)
{
    return !strcmp(r->backend, "omp") && runner_is_cell(r->runner);
}

/* Is there an earlier cell on the same runtime that waits alike? */
static int is_known(const struct plan *p, int index)
{
    const struct record *r = &p->cells[index].record;
    for (int i = 0; i < index; i++) {
        const struct record *other = &p->cells[i].record;
        if (is_openmp(other) && !strcmp(other->runner, r->runner) && !strcmp(other->wait, r->wait))
            return 1;
    }
    return 0;
}

/* The same team, with next to nothing to do. */
static struct record small(const struct record *cell)
{
    struct record r = *cell;
    r.workload = "empty";
    r.variant = "";
    r.tasks = r.workers;
    r.payload_bytes = r.ballast_mib = r.warmup_samples = r.warmup_ms = r.trace = 0;
    r.samples = r.steps_per_ms = 1;
    r.work_version = UNKNOWN;
    return r;
}

void openmp_describe(struct machine *m, const struct plan *p)
{
    setenv(ASK_VARIABLE, "1", 1);
    for (int i = 0; i < p->count; i++) {
        const struct record r = small(&p->cells[i].record);
        struct runner runner;
        struct child c;
        if (!is_openmp(&r) || is_known(p, i) || runner_find(&runner, r.runner, NULL) ||
            runner_run(&c, &runner, &r, ASK_SECONDS, NULL, NULL))
            continue; /* the run itself will say why */
        set_fact(m, &r, c.err);
        child_free(&c);
    }
    unsetenv(ASK_VARIABLE);
}
