/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../core/topology.h"
#include "batch.h"
#include "command.h"
#include "handin.h"
#include "lab.h"
#include "run.h"

enum { BUDGET_S = 170 }; /* no lab takes longer */

/* The CPUs that `place` chooses here. */
static char *cpus_of(const struct record *r, const struct topology *t)
{
    int cpus[256], workers = r->workers < 256 ? (int)r->workers : 256,
                   one = !strcmp(r->place, "one");
    char *text = NULL;
    size_t length = 0;
    struct why w;
    FILE *f = open_memstream(&text, &length);
    long count = topology_place(t, one ? "close" : r->place, one ? 1 : workers, cpus, &w);
    if (!f || count < 0)
        die(EXIT_FAILED, "lab: %s", f ? w.text : "no memory");
    for (long i = 0; i < count; i++)
        fprintf(f, "%s%d", i ? "+" : "", cpus[i]);
    fclose(f);
    return text;
}

/* A file that has the lab's plan for this machine; its name is good while this program runs. */
static void write_plan(const struct sheet *s, char name[64])
{
    struct topology *t;
    struct machine facts = { 0 };
    struct plan plan;
    struct why w;
    int fd = memfd_create("plan.txt", MFD_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f)
        die(EXIT_FAILED, "lab: no memory for the plan");
    const struct topology_spec spec = { .granted = batch_cpus() };
    if (topology_load(&t, &spec, &w))
        die(EXIT_FAILED, "lab: %s", w.text);
    machine_set(&facts, "effective_workers", "", "%ld", t->effective_workers);
    machine_set(&facts, "cores", "", "%ld", t->cores);
    if (sheet_plan(s, &facts, &plan, &w))
        die(EXIT_FAILED, "lab: %s", w.text);
    for (int i = 0; i < plan.count; i++) {
        struct record *r = &plan.cells[i].record;
        char *cpus = *r->place ? cpus_of(r, t) : NULL;
        if (cpus)
            r->cpus = cpus;
        fputs(plan.cells[i].optional ? "? " : "", f); /* the run leaves it out, and says why */
        record_print_line(r, f);
        free(cpus);
    }
    if (fflush(f) || ferror(f))
        die(EXIT_FAILED, "lab: cannot write the plan: %s", strerror(errno));
    snprintf(name, 64, "/proc/self/fd/%d", fd);
    plan_free(&plan);
    machine_free(&facts);
    topology_free(t);
}

int lab_measure(const struct sheet *s, const char *out, int force)
{
    char plan[64], command[200];
    struct why w;
    write_plan(s, plan);
    snprintf(command, sizeof command, "teampool lab %s", s->name);
    int code = run_lend(plan, s->blocks, BUDGET_S, out, force, command);
    if (code != EXIT_OK && code != EXIT_FAILED) {
        warn("lab: interrupted: %s cannot be handed in; begin again", out);
        return code;
    }
    if (handin_seal(out, s->name, &w))
        die(EXIT_FAILED, "lab: %s", w.text);
    return EXIT_OK;
}
