/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../core/bind.h"
#include "../core/clock.h"
#include "../core/kernel.h"
#include "../core/quota.h"
#include "../core/stats.h"
#include "measure.h"
#include "sysfile.h"

#define NOTEWORTHY 0.02 /* of a CPU: less is not worth a name */

enum {
    PIECES = 200,        /* of work, about a millisecond each */
    CALIBRATION_MS = 20, /* to find out how much work that is */
    PROBE_MS = 500,      /* long enough to see who is at work, in clock ticks of 10 ms */
    CLOCK_READINGS = 2000
};

/* ---- processes ------------------------------------------------------------------------------- */

struct probe_one {
    int pid;
    long long ticks; /* of user and system time */
    long threads;
    unsigned owner;
    char name[32];
};

/* proc(5), /proc/PID/stat: pid (name) state ... utime stime (14, 15) ... num_threads (20).  The
 * name may hold anything, also ") ". */
static int read_process(const char *root, const char *pid, struct probe_one *one)
{
    char file[64], path[PATH_MAX], text[1024];
    long long user, system;
    struct stat s;
    snprintf(file, sizeof file, "/proc/%.20s/stat", pid);
    if (!sysfile_line(root, file, text, sizeof text))
        return 0;
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close ||
        sscanf(close, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %*d %*d %*d %*d %ld",
               &user, &system, &one->threads) != 3)
        return 0;
    *close = 0;
    one->pid = atoi(pid);
    one->ticks = user + system;
    snprintf(one->name, sizeof one->name, "%.31s", open + 1);
    snprintf(path, sizeof path, "%s/proc/%.20s", root ? root : "", pid);
    one->owner = stat(path, &s) ? (unsigned)-1 : s.st_uid;
    return 1;
}

static int by_pid(const void *a, const void *b)
{
    const struct probe_one *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

void probe_look(struct probe_seen *seen, const char *root)
{
    char path[PATH_MAX];
    long room = 0;
    *seen = (struct probe_seen){ 0 };
    snprintf(path, sizeof path, "%s/proc", root ? root : "");
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct probe_one one;
        if (!isdigit((unsigned char)e->d_name[0]) || !read_process(root, e->d_name, &one))
            continue;
        if (seen->count == room) {
            room = room ? room * 2 : 256;
            struct probe_one *more = realloc(seen->one, (size_t)room * sizeof *more);
            if (!more)
                break; /* those that we have will do */
            seen->one = more;
        }
        seen->one[seen->count++] = one;
    }
    if (d)
        closedir(d);
    if (seen->count)
        qsort(seen->one, (size_t)seen->count, sizeof *seen->one, by_pid);
}

void probe_forget(struct probe_seen *seen)
{
    free(seen->one);
    *seen = (struct probe_seen){ 0 };
}

/* Keep the busiest, the busiest first. */
static void keep_top(struct probe *p, const struct probe_one *one, double cpus)
{
    int at = p->tops;
    while (at > 0 && p->top[at - 1].cpus < cpus)
        at--;
    if (at == PROBE_TOPS)
        return;
    if (p->tops < PROBE_TOPS)
        p->tops++;
    memmove(&p->top[at + 1], &p->top[at], (size_t)(p->tops - 1 - at) * sizeof *p->top);
    p->top[at] = (struct probe_process){ .pid = one->pid, .cpus = cpus };
    memcpy(p->top[at].name, one->name, sizeof one->name);
}

void probe_busiest(struct probe *p, const struct probe_seen *before, const struct probe_seen *after,
                   double seconds, int self)
{
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    p->tops = 0;
    for (long i = 0; i < after->count; i++) {
        const struct probe_one *now = &after->one[i], *then = NULL;
        if (before->count)
            then = bsearch(now, before->one, (size_t)before->count, sizeof *now, by_pid);
        /* a number that went to a newer process has less time than before */
        long long ticks = now->ticks - (then && then->ticks <= now->ticks ? then->ticks : 0);
        double cpus = (double)ticks * tick / seconds;
        if (now->pid != self && cpus >= NOTEWORTHY)
            keep_top(p, now, cpus);
    }
}

static double tasks_of(const struct probe_seen *seen, unsigned owner)
{
    double tasks = 0;
    for (long i = 0; i < seen->count; i++)
        if (seen->one[i].owner == owner)
            tasks += (double)seen->one[i].threads;
    return seen->count ? tasks : NAN;
}

double probe_tasks(const char *root)
{
    struct probe_seen seen;
    probe_look(&seen, root);
    double tasks = tasks_of(&seen, geteuid());
    probe_forget(&seen);
    return tasks;
}

/* ---- counters of the machine ----------------------------------------------------------------- */

double probe_heat(const char *root, long pus)
{
    double sum = NAN;
    for (long cpu = 0; cpu < pus; cpu++) {
        char file[96];
        snprintf(file, sizeof file,
                 "/sys/devices/system/cpu/cpu%ld/thermal_throttle/core_throttle_count", cpu);
        double count = sysfile_number(root, file);
        if (!isnan(count))
            sum = isnan(sum) ? count : sum + count;
    }
    return sum;
}

struct counters {
    int64_t at_ns, busy_ns, stolen_ns; /* busy and stolen: -1 where not known */
    double own_ns, heat;
    struct quota_throttling throttling;
};

static void read_counters(struct counters *c, const char *root, long pus)
{
    if (!measure_machine(root, &c->busy_ns, &c->stolen_ns))
        c->busy_ns = c->stolen_ns = -1;
    quota_throttling_read(&c->throttling, root);
    c->heat = probe_heat(root, pus);
    c->own_ns = measure_own();
    c->at_ns = clock_ns();
}

static void compare(struct probe *p, const struct counters *before, const struct counters *after,
                    long pus)
{
    double wall = (double)(after->at_ns - before->at_ns);
    p->seconds = wall / 1e9;
    if (before->busy_ns >= 0 && after->busy_ns >= 0) {
        double others = (double)(after->busy_ns - before->busy_ns) - after->own_ns + before->own_ns;
        p->others = fmax(others, 0) / wall;
        p->stolen = (double)(after->stolen_ns - before->stolen_ns) / (wall * (double)pus);
    }
    if (before->throttling.known && after->throttling.known)
        p->throttled = (double)(after->throttling.throttled - before->throttling.throttled);
    p->heat = after->heat - before->heat;
}

/* ---- steadiness ------------------------------------------------------------------------------ */

static double spread_now(void)
{
    double took[PIECES];
    int64_t steps = (int64_t)(kernel_speed(CALIBRATION_MS) * 1e6);
    uint64_t x = 1;
    for (int i = 0; i < PIECES; i++) {
        int64_t begin = clock_ns();
        x = kernel_run(x, steps);
        took[i] = (double)(clock_ns() - begin);
    }
    stats_sort(took, PIECES);
    return took[0] > 0 ? stats_quantile(took, PIECES, 0.95) / took[0] : NAN;
}

/* The smallest step that the clock makes. */
static double clock_step(void)
{
    int64_t step = INT64_MAX, last = clock_ns();
    for (int i = 0; i < CLOCK_READINGS; i++) {
        int64_t now = clock_ns();
        if (now > last && now - last < step)
            step = now - last;
        last = now;
    }
    return step < INT64_MAX ? (double)step : NAN;
}

static void wait_until(int64_t when_ns)
{
    struct timespec at = { .tv_sec = when_ns / 1000000000, .tv_nsec = when_ns % 1000000000 };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

void probe_take(struct probe *p, const char *root, int cpu, long pus)
{
    struct probe_seen then, now;
    struct counters before, after;
    struct bind_mask mask;
    *p = (struct probe){
        .others = NAN, .tasks = NAN, .throttled = NAN, .stolen = NAN, .heat = NAN, .spread = NAN
    };
    probe_look(&then, root);
    p->tasks = tasks_of(&then, geteuid());
    read_counters(&before, root, pus);
    int saved = cpu >= 0 && !bind_save(&mask);
    if (saved)
        bind_self(cpu);
    p->clock_cost_ns = clock_cost_ns();
    p->clock_step_ns = clock_step();
    p->spread = spread_now();
    if (saved)
        bind_restore(&mask);
    wait_until(before.at_ns + PROBE_MS * 1000000LL);
    read_counters(&after, root, pus);
    probe_look(&now, root);
    compare(p, &before, &after, pus);
    probe_busiest(p, &then, &now, p->seconds, (int)getpid());
    probe_forget(&then);
    probe_forget(&now);
}
