/* SPDX-License-Identifier: MIT */
#include "pus.h"

#include "../core/csv.h"
#include "whole.h"

void pus_put(const struct topology *t, FILE *f)
{
    fputs("cpu,package,node,core,rank,kind,kind_name,allowed", f);
    for (int level = 1; level <= TOPOLOGY_LEVELS; level++)
        fprintf(f, ",l%d,l%d_kib", level, level);
    fputc('\n', f);
    for (const struct topology_pu *p = t->pu; p < t->pu + t->pus; p++) {
        fprintf(f, "%d,%d,%d,%d,%d,%d,", p->cpu, p->package, p->node, p->core, p->rank, p->kind);
        csv_put(f, t->kind[p->kind].name);
        fprintf(f, ",%d", p->allowed);
        for (int level = 1; level <= TOPOLOGY_LEVELS; level++) {
            long kib = p->cache_kib[level - 1];
            if (p->cache[level - 1] < 0)
                fputs(",,", f);
            else if (kib > 0)
                fprintf(f, ",%d,%ld", p->cache[level - 1], kib);
            else
                fprintf(f, ",%d,", p->cache[level - 1]);
        }
        fputc('\n', f);
    }
}

static void put(const void *topology, FILE *f)
{
    pus_put(topology, f);
}

int pus_write(const struct topology *t, const char *file, struct why *w)
{
    return whole_write(file, put, t, w);
}
