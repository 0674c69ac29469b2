/* SPDX-License-Identifier: MIT
 *
 * row: what the programs of this folder share.  Each is a runner: it takes the words of a plan
 * line, tries the one case that `variant` names, and prints a CSV header and one row, in which
 * `outcome` says in a word what came of it.
 */
#ifndef LABS_ROW_H
#define LABS_ROW_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../core/clock.h"
#include "../core/csv.h"

struct row {
    const char *runner, *backend, *workload, *variant, *outcome;
    int64_t start_ns, wall_ns;
    char note[500]; /* why */
};

/* The value of "NAME=VALUE" among the words, or OTHERWISE. */
static inline const char *row_word(char **words, const char *name, const char *otherwise)
{
    size_t length = strlen(name);
    for (; *words; words++)
        if (!strncmp(*words, name, length) && (*words)[length] == '=')
            return *words + length + 1;
    return otherwise;
}

/* Print R, which began at BEGIN_NS of clock_ns, in a process that did at BORN_NS. */
static inline void row_put(const struct row *r, int64_t born_ns, int64_t begin_ns)
{
    const char *texts[] = { r->runner, r->backend, r->workload, r->variant, r->outcome, r->note };
    puts("runner,backend,workload,variant,outcome,note,sample,warmup,start_ns,wall_ns,status");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        csv_put(stdout, texts[i]);
        putchar(',');
    }
    printf("0,0,%" PRId64 ",%" PRId64 ",ok\n", begin_ns - born_ns, clock_ns() - begin_ns);
}

#endif
