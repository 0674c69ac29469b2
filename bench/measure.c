/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include "../core/quota.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fcntl.h>

struct identity measure_self(void)
{
    return (struct identity){ getpid(), (pid_t)syscall(SYS_gettid) };
}

/* A file of /proc whole, as far as it fits.  Returns 0 where there is none. */
static int slurp(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    if (fd < 0)
        return 0;
    for (ssize_t got; used < room - 1 && (got = read(fd, text + used, room - 1 - used)) > 0;)
        used += (size_t)got;
    close(fd);
    text[used] = 0;
    return used > 0;
}

static int slurp_task(const char *file, const struct identity *worker, char *text, size_t room)
{
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)worker->pid, (int)worker->tid, file);
    return slurp(path, text, room);
}

/* The number after KEY (which ends with its colon or the like), or UNKNOWN. */
static int64_t number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    if (!at)
        return UNKNOWN;
    at += strlen(key);
    return strtoll(at + strspn(at, " \t:"), NULL, 10);
}

static void add(int64_t *sum, int64_t value)
{
    if (*sum != UNKNOWN)
        *sum = value == UNKNOWN ? UNKNOWN : *sum + value;
}

static int64_t tick_ns(void)
{
    return 1000000000 / sysconf(_SC_CLK_TCK);
}

/* CPU time and faults of a worker process, from /proc/PID/task/TID/stat (proc(5), fields 10-15). */
static void read_stat(struct usage *r, const struct identity *worker)
{
    char text[1024];
    long long minflt, majflt, user, sys;
    const char *after = slurp_task("stat", worker, text, sizeof text) ? strrchr(text, ')') : NULL;
    if (!after || sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %lld %*d %lld %*d %lld %lld",
                         &minflt, &majflt, &user, &sys) != 4)
        return;
    r->minflt += minflt;
    r->majflt += majflt;
    r->user_ns += user * tick_ns();
    r->sys_ns += sys * tick_ns();
}

static void read_worker(struct usage *r, const struct identity *worker)
{
    char text[8192];
    int64_t waited = UNKNOWN, moved = UNKNOWN;
    if (slurp_task("schedstat", worker, text, sizeof text)) {
        const char *second = strchr(text, ' ');
        if (second)
            waited = strtoll(second, NULL, 10);
    }
    add(&r->runq_ns, waited);
    if (slurp_task("sched", worker, text, sizeof text))
        moved = number_after(text, "se.nr_migrations");
    add(&r->migrations, moved);
    if (slurp_task("status", worker, text, sizeof text)) {
        add(&r->nvcsw, number_after(text, "\nvoluntary_ctxt_switches:"));
        add(&r->nivcsw, number_after(text, "\nnonvoluntary_ctxt_switches:"));
        int64_t rss = number_after(text, "\nVmHWM:");
        if (rss > r->max_rss_kib)
            r->max_rss_kib = rss;
    }
    if (worker->pid != getpid())
        read_stat(r, worker);
}

/* Returns 0 where the system does not tell. */
static int memory_of(pid_t pid, int64_t *pss_kib, int64_t *uss_kib)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    if (!slurp(path, text, sizeof text))
        return 0;
    *pss_kib = number_after(text, "\nPss:");
    *uss_kib = number_after(text, "\nPrivate_Clean:") + number_after(text, "\nPrivate_Dirty:");
    return 1;
}

/* Is one of them on another machine? */
static int is_far(const struct identity *workers, int count)
{
    int far = 0;
    for (int i = 0; i < count; i++)
        far |= !workers[i].pid;
    return far;
}

void measure_memory(struct record *to, const struct identity *workers, int count)
{
    int64_t own, pss, uss, pss_sum = 0, uss_sum = 0, processes = 0;
    to->pss_kib = to->worker_pss_kib = to->worker_uss_kib = UNKNOWN;
    for (int i = 0; i < count; i++)
        if (workers[i].pid != getpid() && !(i && workers[i].pid == workers[i - 1].pid) &&
            memory_of(workers[i].pid, &pss, &uss)) {
            pss_sum += pss;
            uss_sum += uss;
            processes++;
        }
    if (!is_far(workers, count) && memory_of(getpid(), &own, &uss))
        to->pss_kib = own + pss_sum;
    if (processes) {
        to->worker_pss_kib = pss_sum / processes;
        to->worker_uss_kib = uss_sum / processes;
    }
}

/* Ticks of all CPUs (proc(5): user nice system idle iowait irq softirq steal). */
int measure_machine(const char *root, int64_t *busy_ns, int64_t *steal_ns)
{
    char text[512], path[4096];
    long long t[8];
    snprintf(path, sizeof path, "%s/proc/stat", root ? root : "");
    if (!slurp(path, text, sizeof text) ||
        sscanf(text, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &t[0], &t[1], &t[2], &t[3],
               &t[4], &t[5], &t[6], &t[7]) != 8)
        return 0;
    *busy_ns = (t[0] + t[1] + t[2] + t[5] + t[6]) * tick_ns();
    *steal_ns = t[7] * tick_ns();
    return 1;
}

static int64_t timeval_ns(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_usec * 1000;
}

static int has_quota; /* without one nothing can stop us, and there is nothing to read */

void measure_begin(void)
{
    struct quota quota;
    quota_read(&quota, NULL);
    has_quota = *quota.file != 0;
}

static int64_t throttled_ns(void)
{
    struct quota_throttling t;
    if (!has_quota)
        return 0;
    quota_throttling_read(&t, NULL);
    return t.known ? t.ns : UNKNOWN;
}

/* What counts for all workers together. */
static void forget(struct usage *r)
{
    r->user_ns = r->sys_ns = r->nvcsw = r->nivcsw = r->minflt = r->majflt = UNKNOWN;
    r->runq_ns = r->migrations = r->max_rss_kib = r->busy_ns = UNKNOWN;
}

void measure_read(struct usage *r, const struct identity *workers, int count)
{
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    *r = (struct usage){
        .user_ns = timeval_ns(own.ru_utime),
        .sys_ns = timeval_ns(own.ru_stime),
        .minflt = own.ru_minflt,
        .majflt = own.ru_majflt,
        .max_rss_kib = own.ru_maxrss,
        .throttled_ns = throttled_ns(),
    };
    for (int i = 0; i < count; i++)
        read_worker(r, &workers[i]);
    if (!measure_machine(NULL, &r->busy_ns, &r->steal_ns))
        r->busy_ns = r->steal_ns = UNKNOWN;
    if (is_far(workers, count))
        forget(r);
}

static int64_t minus(int64_t after, int64_t before)
{
    return after == UNKNOWN || before == UNKNOWN ? UNKNOWN : after - before;
}

double measure_own(void)
{
    double sum = 0;
    const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
    for (int i = 0; i < 2; i++) {
        struct rusage u;
        getrusage(whose[i], &u);
        sum += 1e9 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               1e3 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    }
    return sum;
}

void measure_difference(struct record *to, const struct usage *before, const struct usage *after)
{
    to->user_ns = minus(after->user_ns, before->user_ns);
    to->sys_ns = minus(after->sys_ns, before->sys_ns);
    to->nvcsw = minus(after->nvcsw, before->nvcsw);
    to->nivcsw = minus(after->nivcsw, before->nivcsw);
    to->minflt = minus(after->minflt, before->minflt);
    to->majflt = minus(after->majflt, before->majflt);
    to->runq_ns = minus(after->runq_ns, before->runq_ns);
    to->migrations = minus(after->migrations, before->migrations);
    to->throttled_ns = minus(after->throttled_ns, before->throttled_ns);
    to->steal_ns = minus(after->steal_ns, before->steal_ns);
    to->max_rss_kib = after->max_rss_kib;
    int64_t foreign = minus(after->busy_ns, before->busy_ns);
    if (foreign != UNKNOWN) {
        foreign -= to->user_ns + to->sys_ns;
        to->foreign_ns = foreign > 0 ? foreign : 0;
    }
}
