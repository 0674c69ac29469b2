/* SPDX-License-Identifier: MIT
 *
 * teampool topology: the machine as the planner sees it: for a person, for a script, or as hwloc
 * XML. It only shows what core/topology found out; it decides nothing.
 */
#include "../core/topology.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/csv.h"
#include "batch.h"
#include "command.h"
#include "pus.h"
#include "room.h"
#include "words.h"

enum {
    FOLD_ABOVE = 16, /* cores: up to here the text shows each on a line of its own */
    PLACES_SHOWN = 24
};

static const char *plural(long count)
{
    return count == 1 ? "" : "s";
}

static void print_ladder(const struct topology *t)
{
    struct topology_rung ladder[TOPOLOGY_POINTS];
    int count = topology_ladder(t, ladder, TOPOLOGY_POINTS);
    for (int i = 0; i < count; i++)
        printf("%s%ld", i ? " " : "", ladder[i].workers);
}

/* The CPUs that one worker after the other gets, as plan lines write them.  NUMBERS: scratch. */
static void print_place(const struct topology *t, const char *place, long most, int *numbers)
{
    long count = topology_place(t, place, t->placed_pus, numbers, NULL);
    for (long i = 0; i < count && i < most; i++)
        printf("%s%d", i ? "+" : "", numbers[i]);
    if (count > most)
        printf("+... (%ld more)", count - most);
}

/* The batch job that we are in; where it is about another machine than ours, none. */
static int find_batch(const struct topology *t, struct batch *b)
{
    batch_read(b);
    return b->system && (!t->foreign || t->granted_cpus);
}

/* --format csv --------------------------------------------------------------------------------- */

/* An optional number: 0 is not known, and so an empty cell. */
static void row_known(const char *key, long value)
{
    if (value > 0)
        printf("%s,%ld\n", key, value);
    else
        printf("%s,\n", key);
}

static void row_text(const char *key, const char *value)
{
    printf("%s,", key);
    csv_put(stdout, value);
    putchar('\n');
}

static void print_csv(const struct topology *t, int *numbers)
{
    struct batch batch;
    char steps[TOPOLOGY_STEPS];
    printf("key,value\n");
    printf("packages,%ld\nnuma_nodes,%ld\n", t->packages, t->numa_nodes);
    printf("cores,%ld\npus,%ld\n", t->cores, t->pus);
    printf("allowed_cores,%ld\nallowed_pus,%ld\n", t->allowed_cores, t->allowed_pus);
    if (isfinite(t->quota_cpus))
        printf("quota_cpus,%g\n", t->quota_cpus);
    else
        printf("quota_cpus,\n");
    printf("core_kinds,%ld\neffective_workers,%ld\n", t->core_kinds, t->effective_workers);
    printf("smt,%ld\n", t->smt);
    row_text("cpu_model", t->cpu_model);
    printf("kind_cores,");
    for (long kind = t->core_kinds - 1; kind >= 0; kind--)
        printf("%ld%s", t->kind[kind].cores, kind ? " " : "\n");
    row_known("l1d_kib", topology_cache_kib(t, 1));
    row_known("l2_kib", topology_cache_kib(t, 2));
    row_known("l3_kib", topology_cache_kib(t, 3));
    row_known("memory_kib", t->memory_kib);
    printf("ladder,");
    print_ladder(t);
    printf("\nsteps,%s", topology_steps(t, steps));
    for (int i = 0; topology_places[i]; i++) {
        if (!strcmp(topology_places[i], "none"))
            continue;
        printf("\nplace_%s,", topology_places[i]);
        print_place(t, topology_places[i], t->placed_pus, numbers);
    }
    printf("\nforeign,%d\n", t->foreign);
    row_text("quota_file", t->quota_file);
    if (find_batch(t, &batch)) {
        row_text("batch_system", batch.system->name);
        row_text("batch_job", batch.job);
        row_known("batch_cpus", batch.cpus);
    }
}

/* --format text -------------------------------------------------------------------------------- */

static void print_machine(const struct topology *t)
{
    char size[WORD];
    printf("%s\n", *t->cpu_model ? t->cpu_model : "CPU of unknown name");
    printf("  %ld package%s, %ld NUMA node%s, %ld core%s, %ld hardware thread%s", t->packages,
           plural(t->packages), t->numa_nodes, plural(t->numa_nodes), t->cores, plural(t->cores),
           t->pus, plural(t->pus));
    if (t->memory_kib)
        printf(", memory %s", words_size(size, 1024.0 * (double)t->memory_kib));
    putchar('\n');
    for (long i = 0; i < t->caches; i++) {
        const struct topology_cache *c = &t->cache[i];
        printf("  L%d cache: %ld \u00d7 %s", c->level, c->count,
               c->kib ? words_size(size, 1024.0 * (double)c->kib) : "unknown size");
        printf(", each for %ld hardware thread%s\n", c->sharing, plural(c->sharing));
    }
    for (long kind = t->core_kinds - 1; kind >= 0 && t->core_kinds > 1; kind--) {
        const struct topology_kind *k = &t->kind[kind];
        printf("  core kind %ld: %ld \u00d7 %s", kind, k->cores, *k->name ? k->name : "core");
        if (k->mhz)
            printf(", up to %ld MHz", k->mhz);
        putchar('\n');
    }
}

static int compare_numbers(const void *left, const void *right)
{
    const int *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* The CPUs of the PUs FIRST .. END-1 as "0-7, 64-71". */
static void print_cpus(const struct topology *t, long first, long end, int *numbers)
{
    long count = end - first;
    for (long i = 0; i < count; i++)
        numbers[i] = t->pu[first + i].cpu;
    qsort(numbers, (size_t)count, sizeof *numbers, compare_numbers);
    for (long i = 0, last; i < count; i = last + 1) {
        for (last = i; last + 1 < count && numbers[last + 1] == numbers[last] + 1; last++)
            ;
        printf("%s%d", i ? ", " : "", numbers[i]);
        if (last > i)
            printf("-%d", numbers[last]);
    }
}

/* One core's PUs are FIRST .. core_end-1. */
static long core_end(const struct topology *t, long first)
{
    long end = first;
    while (end < t->pus && t->pu[end].core == t->pu[first].core)
        end++;
    return end;
}

static long allowed_in(const struct topology *t, long first, long end)
{
    long count = 0;
    for (; first < end; first++)
        count += t->pu[first].allowed;
    return count;
}

/* Are the cores at A and B alike, in the same place, and as open to us? */
static int same_core(const struct topology *t, long a, long b)
{
    const struct topology_pu *p = &t->pu[a], *q = &t->pu[b];
    long a_end = core_end(t, a), b_end = core_end(t, b);
    return p->package == q->package && p->node == q->node && p->kind == q->kind &&
           a_end - a == b_end - b && allowed_in(t, a, a_end) == allowed_in(t, b, b_end);
}

/* One line for the core at FIRST or, folded, for all that follow and are like it.
 * Returns where the next line starts. */
static long print_cores(const struct topology *t, long first, int *numbers)
{
    long end = core_end(t, first), cores = 1, threads = end - first;
    long allowed = allowed_in(t, first, end);
    int kind = t->pu[first].kind;

    while (t->cores > FOLD_ABOVE && end < t->pus && same_core(t, first, end)) {
        end = core_end(t, end);
        cores++;
    }
    if (t->cores > FOLD_ABOVE)
        printf("    %ld \u00d7 core with %ld hardware thread%s", cores, threads, plural(threads));
    else
        printf("    core %d", t->pu[first].core);
    if (t->core_kinds > 1 && *t->kind[kind].name)
        printf(", %s", t->kind[kind].name);
    else if (t->core_kinds > 1)
        printf(", kind %d", kind);
    printf(": CPU ");
    print_cpus(t, first, end, numbers);
    if (!allowed)
        printf("  (not ours)");
    else if (allowed < threads)
        printf("  (%ld of %ld%s ours)", allowed, threads, cores > 1 ? " in each" : "");
    putchar('\n');
    return end;
}

static void print_tree(const struct topology *t, int *numbers)
{
    const struct topology_pu *before = NULL;
    for (long i = 0; i < t->pus;) {
        const struct topology_pu *p = &t->pu[i];
        if (!before || before->package != p->package)
            printf("package %d\n", p->package);
        if (!before || before->package != p->package || before->node != p->node)
            printf("  NUMA node %d\n", p->node);
        before = p;
        i = print_cores(t, i, numbers);
    }
    if (t->cpuless_nodes)
        printf("%ld NUMA node%s without CPUs\n", t->cpuless_nodes, plural(t->cpuless_nodes));
}

static void print_quota(const struct topology *t)
{
    printf("CPU quota    ");
    if (!isfinite(t->quota_cpus)) {
        printf("none\n");
        return;
    }
    printf("%g CPU%s, set by %s\n", t->quota_cpus, t->quota_cpus == 1 ? "" : "s", t->quota_file);
    if (t->quota_cpus < (double)t->allowed_cores)
        printf("             warning: less than the %ld core%s we may use; more workers than %g"
               " CPU%s only get throttled\n",
               t->allowed_cores, plural(t->allowed_cores), t->quota_cpus,
               t->quota_cpus == 1 ? "" : "s");
}

static void print_use(const struct topology *t, const char *limited, int *numbers)
{
    struct batch batch;
    char said[BATCH_SAID];
    char steps[TOPOLOGY_STEPS];
    if (t->foreign)
        printf("not this system%s%s: our affinity mask does not apply to it\n",
               t->source ? ", but one out of " : "", t->source ? t->source : "");
    printf("we may use   %ld of %ld core%s, %ld of %ld hardware thread%s (%s)\n", t->allowed_cores,
           t->cores, plural(t->cores), t->allowed_pus, t->pus, plural(t->pus),
           t->foreign ? "as described" : "affinity mask and cpuset");
    if (find_batch(t, &batch))
        printf("batch job    %s\n", batch_say_of(said, &batch, t->pus));
    print_quota(t);
    printf("workers      at most %ld at a time; worth measuring: ", t->effective_workers);
    print_ladder(t);
    if (*topology_steps(t, steps))
        printf("\n             where parts of it are full: %s", steps);
    if (*limited)
        printf("\n             not more: %s", limited);
    printf("\n");
    for (int i = 0; topology_places[i]; i++) {
        if (!strcmp(topology_places[i], "none"))
            continue;
        printf("place %-7s", topology_places[i]);
        print_place(t, topology_places[i], PLACES_SHOWN, numbers);
        putchar('\n');
    }
}

static void print_text(const struct topology *t, const char *limited, int *numbers)
{
    print_machine(t);
    putchar('\n');
    print_tree(t, numbers);
    putchar('\n');
    print_use(t, limited, numbers);
}

/* The command ---------------------------------------------------------------------------------- */

enum { FORMAT_TEXT, FORMAT_CSV, FORMAT_PUS, FORMAT_XML };
static const char *const formats[] = { "text", "csv", "pus", "xml", NULL };
static int format = FORMAT_TEXT;

static struct topology_spec spec = { .source = "--topology" };

static const struct option options[] = {
    { "--format", "FORMAT", OPTION_WORD, ONE_OF(&format, formats), "how it is printed" },
    { "--topology", "MACHINE", OPTION_TEXT, &spec.described, TOPOLOGY_HELP },
    { 0 },
};

static int topology_main(const struct command *self, int argc, char **argv)
{
    struct topology *t;
    struct why w;
    char limited[ROOM_WHY];

    if (options_take(self, argc, argv))
        die(EXIT_USAGE, "topology: what is '%s'? It takes options only", argv[0]);
    spec.root = getenv("TEAMPOOL_ROOT");
    spec.granted = batch_cpus();
    if (topology_load(&t, &spec, &w))
        die(EXIT_FAILED, "topology: %s", w.text);
    room_limit(t, spec.root, limited);
    int *numbers = calloc((size_t)t->pus, sizeof *numbers);
    if (!numbers)
        die(EXIT_FAILED, "topology: out of memory");
    if (format == FORMAT_TEXT)
        print_text(t, limited, numbers);
    else if (format == FORMAT_CSV)
        print_csv(t, numbers);
    else if (format == FORMAT_PUS)
        pus_put(t, stdout);
    else if (topology_export_xml(t, "-", &w))
        die(EXIT_FAILED, "topology: %s", w.text);
    if (fflush(stdout) || ferror(stdout))
        die(EXIT_FAILED, "topology: cannot write to standard output: %s", strerror(errno));
    free(numbers);
    topology_free(t);
    return EXIT_OK;
}

const struct command command_topology = {
    .name = "topology",
    .operands = "",
    .summary = "what this machine has, what we may use of it, and the worker counts worth a try",
    .about = "csv has the columns key,value; an empty value is not known, or none.  pus has a row\n"
             "per hardware thread.  xml is hwloc's own format.  HWLOC_XMLFILE or HWLOC_SYNTHETIC "
             "put another machine in place of this one.\n"
             "For tests, TEAMPOOL_ROOT names a folder that stands before /proc/self/cgroup,\n"
             "/proc/self/mountinfo and the mount points in it, where the CPU quota is looked up.",
    .main = topology_main,
    .options = options,
};
