/* SPDX-License-Identifier: MIT
 *
 * teampool doctor: gathers what diagnosis.c judges, for itself and for `run`.
 */
#include "doctor.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../core/bind.h"
#include "child.h"
#include "command.h"
#include "listing.h"
#include "profile.h"
#include "whole.h"
#include "words.h"

extern char **environ;

/* ---- what the plan needs --------------------------------------------------------------------- */

/* Rough sizes, on the high side: they only warn. */
enum {
    ROW_BYTES = 320,     /* of samples.csv */
    PAGE_KIB = 8 * 1024, /* tables, figures, page */
    WARMUPS = 2          /* rows of warm-up beyond the line's own */
};

static int core_of(const struct topology *t, int cpu)
{
    for (long i = 0; i < t->pus; i++)
        if (t->pu[i].cpu == cpu)
            return t->pu[i].core;
    return -1;
}

/* Do two of the cell's CPUs lie in one core?  CORES and CPUS: scratch, a place for each PU. */
static int shares_core(const struct record *cell, const struct topology *t, int *cpus, int *cores)
{
    int count = bind_parse(cell->cpus, cpus, (int)t->pus, NULL);
    for (int i = 0; i < count; i++) {
        cores[i] = core_of(t, cpus[i]);
        for (int k = 0; k < i; k++)
            if (cores[i] >= 0 && cores[k] == cores[i] && cpus[k] != cpus[i])
                return 1;
    }
    return 0;
}

static double cell_bytes(const struct record *c, int blocks)
{
    int64_t times = c->blocks && c->blocks < blocks ? c->blocks : blocks;
    return ROW_BYTES * (double)times * (double)(c->samples + c->warmup_samples + WARMUPS);
}

static void raise_needs(double most[ROOM_KINDS], const double need[ROOM_KINDS])
{
    for (int kind = 0; kind < ROOM_KINDS; kind++)
        most[kind] = fmax(most[kind], need[kind]);
}

void doctor_needs(struct needs *out, const struct plan *p, int blocks, const struct topology *t)
{
    int *scratch = calloc(2 * (size_t)t->pus, sizeof *scratch);
    double bytes = 0, need[ROOM_KINDS];
    *out = (struct needs){ 0 };
    room_bare(1, out->room);
    room_bare(t->effective_workers < t->cpu_workers ? t->cpu_workers : 1, out->wanted);
    for (int i = 0; i < p->count; i++) {
        const struct record *c = &p->cells[i].record;
        room_cell(c, need);
        if (!p->cells[i].dropped || p->cells[i].why)
            raise_needs(out->wanted, need);
        if (p->cells[i].dropped)
            continue;
        raise_needs(out->room, need);
        bytes += cell_bytes(c, blocks);
        if (scratch && t->smt > 1 && !out->siblings)
            out->siblings = shares_core(c, t, scratch, scratch + t->pus);
    }
    out->disk_kib = PAGE_KIB + bytes / 1024;
    free(scratch);
}

/* ---- where we stand -------------------------------------------------------------------------- */

/* What is free of the file system of PATH, or of its whole size; where PATH is not there yet, of
 * what there is of it.  Units: KiB. */
static double room_at(const char *path, int whole)
{
    char part[PATH_MAX];
    struct statvfs s;
    snprintf(part, sizeof part, "%s", *path ? path : ".");
    while (statvfs(part, &s)) {
        char *slash = strrchr(part, '/');
        if (errno != ENOENT || !strcmp(part, ".") || !strcmp(part, "/"))
            return NAN;
        if (!slash)
            strcpy(part, ".");
        else
            slash[slash == part] = 0;
    }
    return (double)s.f_frsize * (double)(whole ? s.f_blocks : s.f_bavail) / 1024;
}

/* The names of the variables that OpenMP runtimes read; as many as fit. */
static void name_openmp(char *out, size_t room)
{
    static const char *const prefix[] = { "OMP_", "GOMP_", "KMP_", "LIBOMP_" };
    size_t used = 0;
    *out = 0;
    for (char **e = environ; *e; e++) {
        size_t length = strcspn(*e, "=");
        int theirs = 0, plain = 1;
        for (int i = 0; i < 4; i++)
            theirs |= !strncmp(*e, prefix[i], strlen(prefix[i]));
        for (size_t i = 0; i < length; i++) /* the names go into a command to be typed */
            plain &= isalnum((unsigned char)(*e)[i]) || (*e)[i] == '_';
        if (theirs && plain && used + length + 2 < room)
            used += (size_t)snprintf(out + used, room - used, "%s%.*s", used ? " " : "",
                                     (int)length, *e);
    }
}

static void ask_gnuplot(char *version, size_t room)
{
    char file[PATH_MAX], *argv[] = { file, "--version", NULL };
    struct child c;
    *version = 0;
    if (!child_in_path("gnuplot", file, sizeof file) || child_run(&c, argv, 5, NULL))
        return;
    if (!strncmp(c.out, "gnuplot ", 8))
        snprintf(version, room, "%.*s", (int)strcspn(c.out + 8, " \n"), c.out + 8);
    child_free(&c);
}

static void stand(struct standing *s, const char *folder, const char *type, const char *flags)
{
    int slack = prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL);
    int persona = personality(0xffffffff);
    *s = (struct standing){
        .tasks_most = room_tasks_most(),
        .files_most = room_files_most(),
        .slack_ns = slack < 0 ? NAN : slack,
        .shm_kib = room_at("/dev/shm", 1),
        .disk_kib = room_at(folder, 0),
        .fixed_layout = persona >= 0 && (persona & ADDR_NO_RANDOMIZE),
    };
    snprintf(s->build_type, sizeof s->build_type, "%s", type);
    snprintf(s->flags, sizeof s->flags, "%s", flags);
    name_openmp(s->openmp, sizeof s->openmp);
    ask_gnuplot(s->gnuplot, sizeof s->gnuplot);
}

void doctor_examine(struct checks *out, const struct needs *needs, const struct topology *t,
                    const char *root, const char *folder, const char *build_type, const char *flags)
{
    struct doctor d = { .root = root, .topology = t, .needs = *needs };
    int cpu = -1;
    if (!t->foreign && topology_place(t, "close", 1, &cpu, NULL) != 1)
        cpu = -1;
    stand(&d.standing, folder, build_type, flags);
    batch_read(&d.batch);
    probe_take(&d.probe, root, cpu, t->pus);
    doctor_judge(&d, out);
}

static void put_checks(const void *list, FILE *f)
{
    checks_write(list, f);
}

int doctor_write(const struct checks *list, const char *file, struct why *w)
{
    return whole_write(file, put_checks, list, w);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* How the cell program was built; "" where it does not say. */
static void ask_build(char type[32], char flags[256])
{
    struct csv *about;
    struct why w;
    type[0] = flags[0] = 0;
    if (listing_ask(&about, "cell", "--about", &w)) {
        warn("doctor: %s", w.text);
        return;
    }
    for (long row = 0; row < about->rows; row++) {
        const char *key = csv_cell(about, row, csv_column(about, "key"));
        const char *value = csv_cell(about, row, csv_column(about, "value"));
        if (!strcmp(key, "build_type"))
            snprintf(type, 32, "%s", value);
        else if (!strcmp(key, "flags"))
            snprintf(flags, 256, "%s", value);
    }
    csv_free(about);
}

static void examine(struct checks *out, const struct profile *of)
{
    const char *root = getenv("TEAMPOOL_ROOT");
    struct topology_spec spec = { .root = root, .granted = batch_cpus() };
    struct topology *t;
    struct plan plan = { 0 };
    struct needs needs;
    struct why w;
    char type[32], flags[256], why[ROOM_WHY];
    if (topology_load(&t, &spec, &w))
        die(EXIT_FAILED, "doctor: %s", w.text);
    if (t->foreign && !root)
        die(EXIT_USAGE, "doctor: %s describes another machine, and only this one can be examined",
            t->source);
    ask_build(type, flags);
    room_limit(t, root, why);
    profile_sweeps(&plan, of, t, NULL);
    room_fit(&plan, t, root);
    plan_fit(&plan, of->budget_s * PLAN_FILL, 0, of->blocks_least);
    doctor_needs(&needs, &plan, of->blocks_most, t);
    doctor_examine(out, &needs, t, root, "results", type, flags);
    plan_free(&plan);
    topology_free(t);
}

static const char *const formats[] = { "text", "csv", NULL };
static int csv, strict, profile = PROFILE_DEFAULT;

static const struct option options[] = {
    { "--format", "FORMAT", OPTION_WORD, ONE_OF(&csv, formats), "how it is printed" },
    { "--strict", NULL, OPTION_FLAG, &strict, "exit with 4 if a check warns or worse" },
    { "--profile", "P", OPTION_WORD, ONE_OF(&profile, profiles), "whose needs count" },
    { 0 },
};

static int doctor_main(const struct command *self, int argc, char **argv)
{
    char count[WORD];
    struct checks checks;
    if (options_take(self, argc, argv))
        die(EXIT_USAGE, "doctor: what is '%s'? It takes options only", argv[0]);
    examine(&checks, &profiles[profile]);
    if (csv)
        checks_write(&checks, stdout);
    else
        checks_print(&checks, MARK_GOOD, NULL, stdout);
    if (!csv)
        printf("\n%s: %d bad, %d warn\n", words_plural(count, checks.count, "check"), checks.bad,
               checks.warnings);
    return strict && (checks.bad || checks.warnings) ? EXIT_CHECK : EXIT_OK;
}

const struct command command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "what would bias a run here and now, each with its fix; changes nothing",
    .about =
        "Looks at load, frequency, CPUs and their limits, settings of the kernel, room and tools,\n"
        "and keeps one CPU busy for a part of half a second.  good: all right.  note: good to "
        "know,\n"
        "or not known here.  warn: the numbers may be off.  bad: don't measure like this.\n"
        "csv has the columns check,mark,value,text,fix.  For tests, TEAMPOOL_ROOT names a folder\n"
        "that stands before the files of /proc and /sys.",
    .main = doctor_main,
    .options = options,
};
