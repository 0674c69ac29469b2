/* SPDX-License-Identifier: MIT */
#include "room.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../core/quota.h"
#include "command.h"
#include "listing.h"
#include "probe.h"
#include "runner.h"
#include "sysfile.h"
#include "words.h"

/* Sizes on the high side.  Seen: in the caller pipes take 4 files a worker, other processes one; a
 * worker process has 110 KiB of its own, which its kernel stack and page tables double. */
enum {
    TASKS_BESIDE = 4, /* the cell itself, and what a user's other programs start meanwhile */
    FILES_BESIDE = 32,
    FILES_OF_PIPES = 3,  /* a worker has, beside one */
    TASKS_OF_PYTHON = 4, /* threads of its pools' own */
    KIB_OF_PYTHON = 32 * 1024,
    KIB_BESIDE = 16 * 1024, /* teampool, the cell, their libraries' pages */
    KIB_OF_WORKER = 512,
    TABLES = 512, /* a page of page tables maps so many pages */
    ARRAYS = 3    /* of a payload, at most */
};

/* ---- what there is --------------------------------------------------------------------------- */

/* Are we the system's root, and not that of a user's own namespace?  Those who are have no limit of
 * processes. */
static int is_true_root(void)
{
    char line[128];
    unsigned inside = 0, outside = 0;
    if (geteuid())
        return 0;
    return !sysfile_line(NULL, "/proc/self/uid_map", line, sizeof line) ||
           sscanf(line, "%u %u", &inside, &outside) != 2 || inside == outside;
}

double room_tasks_most(void)
{
    struct rlimit l;
    if (is_true_root())
        return INFINITY;
    if (getrlimit(RLIMIT_NPROC, &l))
        return NAN;
    return l.rlim_cur == RLIM_INFINITY ? INFINITY : (double)l.rlim_cur;
}

double room_files_most(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l))
        return NAN;
    return l.rlim_max == RLIM_INFINITY ? INFINITY : (double)l.rlim_max;
}

void room_raise_files(double need)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) || (double)l.rlim_cur >= need)
        return;
    l.rlim_cur = (double)l.rlim_max < need ? l.rlim_max : (rlim_t)need;
    setrlimit(RLIMIT_NOFILE, &l);
}

/* What the control groups leave of KIND, in units of UNIT, if that is less than what is known. */
static void take_group(struct room *r, enum room_kind kind, enum quota_kind which, double unit,
                       const char *root)
{
    struct quota_limit limit;
    quota_limit_read(&limit, which, root);
    double left = (limit.most - (isnan(limit.used) ? 0 : limit.used)) / unit;
    if (isinf(limit.most) || r->left[kind] <= left)
        return;
    r->left[kind] = fmax(left, 0);
    snprintf(r->file[kind], sizeof r->file[kind], "%s", limit.file);
}

/* The job's memory, whether or not something holds us to it: who takes more may be killed. */
static void take_batch(struct room *r, const struct batch *b)
{
    if (!b->memory_from || r->left[ROOM_MEMORY] <= b->memory_kib)
        return;
    r->left[ROOM_MEMORY] = b->memory_kib;
    snprintf(r->file[ROOM_MEMORY], sizeof r->file[ROOM_MEMORY], "%s", b->memory_from);
}

void room_read(struct room *out, double tasks_left, double files_left, const struct batch *b,
               const char *root)
{
    *out = (struct room){ .left = { tasks_left, files_left,
                                    sysfile_entry(root, "/proc/meminfo", "MemAvailable:") } };
    take_group(out, ROOM_TASKS, QUOTA_TASKS, 1, root);
    take_group(out, ROOM_MEMORY, QUOTA_MEMORY, 1024, root);
    take_batch(out, b);
}

/* The room for cells on T, which may be another machine. */
static void read_for(struct room *out, const struct topology *t, const char *root)
{
    double tasks = INFINITY, files = INFINITY;
    struct batch batch;
    *out = (struct room){ .left = { INFINITY, INFINITY, INFINITY } };
    if (t->foreign && !root)
        return;
    if (!t->foreign) {
        tasks = room_tasks_most();
        if (isfinite(tasks))
            tasks = fmax(tasks - probe_tasks(root), 0);
        files = room_files_most();
    }
    batch_read(&batch);
    room_read(out, tasks, files, &batch, root);
}

/* ---- what it takes --------------------------------------------------------------------------- */

void room_bare(long workers, double need[ROOM_KINDS])
{
    need[ROOM_TASKS] = TASKS_BESIDE + (double)workers;
    need[ROOM_FILES] = FILES_BESIDE + (double)workers;
    need[ROOM_MEMORY] = KIB_BESIDE + KIB_OF_WORKER * (double)workers;
}

void room_cell(const struct record *cell, double need[ROOM_KINDS])
{
    double ballast = cell->ballast_mib > 0 ? 1024 * (double)cell->ballast_mib : 0;
    room_bare((long)cell->workers, need);
    if (listing_is("backend", cell->backend, "messages"))
        need[ROOM_FILES] += FILES_OF_PIPES * (double)cell->workers;
    if (runner_is_peer(cell->runner)) {
        need[ROOM_TASKS] += TASKS_OF_PYTHON;
        need[ROOM_FILES] += FILES_OF_PIPES * (double)cell->workers;
        need[ROOM_MEMORY] += KIB_OF_PYTHON * (1 + (double)cell->workers);
    }
    need[ROOM_MEMORY] += ballast + ballast / TABLES * (double)cell->workers;
    if (cell->payload_bytes > 0)
        need[ROOM_MEMORY] += ARRAYS * (double)cell->payload_bytes * (double)cell->tasks / 1024;
}

/* ---- does it fit? ---------------------------------------------------------------------------- */

int room_lacks(enum room_kind kind, double left, double need)
{
    return left < need * (kind == ROOM_MEMORY ? ROOM_SPARE : 1);
}

/* The first kind of which there is too little, or ROOM_KINDS. */
static int lacking(const struct room *r, const double need[ROOM_KINDS])
{
    int kind = 0;
    while (kind < ROOM_KINDS && !room_lacks((enum room_kind)kind, r->left[kind], need[kind]))
        kind++;
    return kind;
}

static const char *amount(char buffer[WORD], int kind, double value)
{
    return kind == ROOM_MEMORY ? words_size(buffer, 1024 * value) : words_count(buffer, value);
}

/* "8 workers: 12 processes and threads needed, 10 left (/sys/fs/cgroup/pids.max)". */
static void say_lack(const struct room *r, int kind, const double need[ROOM_KINDS], long workers,
                     char why[ROOM_WHY])
{
    static const char *const what[] = { "processes and threads", "open files", "of memory" };
    static const char *const limit[] = { "ulimit -u", "ulimit -Hn", "what is free" };
    double least = need[kind] * (kind == ROOM_MEMORY ? ROOM_SPARE : 1);
    char team[WORD], wanted[WORD], left[WORD];
    snprintf(why, ROOM_WHY, "%s: %s %s needed, %s left (%.160s)",
             words_plural(team, (double)workers, "worker"), amount(wanted, kind, least), what[kind],
             amount(left, kind, r->left[kind]), *r->file[kind] ? r->file[kind] : limit[kind]);
}

/* Is it a batch system that leaves fewer workers than our mask? */
static int say_granted(const struct topology *t, char why[ROOM_WHY])
{
    struct batch batch;
    *why = 0;
    if (t->cpu_workers != t->granted_cpus || t->granted_cpus == t->allowed_pus)
        return 0;
    batch_read(&batch);
    batch_say_of(why, &batch, t->pus);
    return 1;
}

int room_limit(struct topology *t, const char *root, char why[ROOM_WHY])
{
    struct room r;
    double need[ROOM_KINDS];
    long fewer = t->cpu_workers;
    int limited = say_granted(t, why);
    read_for(&r, t, root);
    room_bare(fewer, need);
    int kind = lacking(&r, need);
    if (kind == ROOM_KINDS)
        return limited;
    say_lack(&r, kind, need, fewer, why);
    while (fewer > 1 && kind < ROOM_KINDS) {
        room_bare(--fewer, need);
        kind = lacking(&r, need);
    }
    topology_limit(t, fewer);
    return 1;
}

int room_fit(struct plan *p, const struct topology *t, const char *root)
{
    struct room r;
    double need[ROOM_KINDS];
    char why[ROOM_WHY];
    int count = 0;
    read_for(&r, t, root);
    for (int i = 0; i < p->count; i++) {
        const struct record *cell = &p->cells[i].record;
        room_cell(cell, need);
        int kind = lacking(&r, need);
        if (kind == ROOM_KINDS)
            continue;
        say_lack(&r, kind, need, (long)cell->workers, why);
        plan_leave_out(p, i, why);
        count++;
    }
    return count;
}

/* The limit that a reason names, which stands at its end, or all of it; NULL: no reason. */
static const char *limit_in(const char *why)
{
    const char *limit = why ? strrchr(why, '(') : NULL;
    return limit ? limit : why;
}

void room_tell(const struct plan *p, const char *who, const char *why)
{
    char word[WORD];
    if (*why)
        warn("%s: fewer workers than CPUs: %s", who, why);
    for (int i = 0; i < p->count; i++) {
        const char *limit = limit_in(p->cells[i].why);
        int cells = 0, told = 0;
        for (int k = 0; limit && k < p->count; k++) {
            const char *other = limit_in(p->cells[k].why);
            int same = other && !strcmp(other, limit);
            cells += same;
            told |= same && k < i;
        }
        if (cells && !told)
            warn("%s: %s left out, the first: %s", who, words_plural(word, cells, "cell"),
                 p->cells[i].why);
    }
}

void room_insist(const struct plan *p, const char *who)
{
    for (int i = 0; i < p->count; i++)
        if (!p->cells[i].dropped)
            return;
    if (p->count)
        die(EXIT_FAILED, "%s: no cell is left: %s", who,
            p->cells[0].why ? p->cells[0].why : "the budget is too small");
}
