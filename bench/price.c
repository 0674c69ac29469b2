/* SPDX-License-Identifier: MIT */
#include "price.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "runner.h"

/* ns, on the high side */
enum {
    CLAIM_NS = 40,       /* a chunk from a shared counter; claims of all workers go one by one */
    PIPE_BYTE_NS = 2,    /* a byte there and one back */
    JOB_NS = 100000,     /* starting a job and seeing its end */
    LAUNCH_NS = 4000000, /* a fresh process, its checks, its end */
    LAUNCHER_NS = 800000000,
    /* starting and ending a worker */
    THREAD_NS = 100000,
    PROCESS_NS = 300000,
    /* of Python's pools */
    PEER_CHUNK_NS = 40000,
    PEER_TASK_NS = 1000,
    PEER_LAUNCH_NS = 120000000,
    INSIDE_LAUNCH_NS = 50000000 /* Python in the cell program, and how fast it is */
};

static int is(const char *a, const char *b)
{
    return !strcmp(a, b);
}

/* Does R's backend say so of itself? */
static int has(const struct record *r, const char *trait)
{
    return runner_is_cell(r->runner) && listing_is("backend", r->backend, trait);
}

double price_handout(const char *backend)
{
    if (is(listing_of("backend", backend, "start"), "none"))
        return 0;
    return listing_is("backend", backend, "messages") || listing_is("backend", backend, "launched")
               ? PRICE_MESSAGE_NS
               : CLAIM_NS;
}

static double worker_ns(const struct record *r)
{
    const char *starts =
        is(r->start, "auto") ? listing_of("backend", r->backend, "start") : r->start;
    return runner_is_cell(r->runner) && !strncmp(starts, "thread", 6) ? THREAD_NS : PROCESS_NS;
}

static int distinct_cpus(const char *cpus, int64_t workers)
{
    char *end;
    int count = 0;
    long seen[64];
    for (const char *at = cpus; *at && count < 64; at = *end ? end + 1 : end) {
        long cpu = strtol(at, &end, 10);
        int known = 0;
        for (int i = 0; i < count; i++)
            known |= seen[i] == cpu;
        if (!known)
            seen[count++] = cpu;
        if (end == at)
            break;
    }
    return !count || count > workers || count == 64 ? (int)workers : count;
}

/* What a task takes beside task_ns, by workload: a constant, and by the byte; and whether its bytes
 * are there before and looked at after. */
static const struct extra {
    const char *workload, *variant;
    double ns, byte_ns;
    int stays;
} extras[] = { { "empty", "", 2, 0, 0 },          { "payload", "", 0, 0.6, 1 },
               { "memory", "", 0, 0.5, 1 },       { "alloc", "small", 1000, 0, 0 },
               { "alloc", "mixed", 35000, 0, 0 }, { "fault", "", 1000, 0.5, 0 },
               { "counter", "", 600, 0, 0 },      { "", "", 0, 0, 0 } };

static const struct extra *extra_of(const struct record *r)
{
    const struct extra *e = extras;
    while (*e->workload &&
           (!is(r->workload, e->workload) || (*e->variant && !is(r->variant, e->variant))))
        e++;
    return e;
}

/* How many workers get on at the same time: under a lock one, and the old one costs as much again.
 */
static double at_once(const struct record *r)
{
    if (has(r, "lock"))
        return strstr(r->options, "lock:old") ? 0.5 : 1;
    if (is(r->runner, "py-threads") || (is(r->workload, "python_cpu") && is(r->backend, "omp")))
        return 1;
    return distinct_cpus(r->cpus, r->workers);
}

double price_sample(const struct record *r)
{
    double chunk = r->chunk ? (double)r->chunk : 1;
    double chunks = ceil((double)r->tasks / chunk), task = (double)r->task_ns;
    double handout = chunks * price_handout(r->backend), work;
    const struct extra *extra = extra_of(r);
    task += extra->ns + extra->byte_ns * (double)r->payload_bytes;
    if (runner_is_peer(r->runner)) {
        handout = is(r->backend, "serial") ? 0 : chunks * PEER_CHUNK_NS;
        task += PEER_TASK_NS;
    }
    if (listing_is("workload", r->workload, "data") &&
        price_handout(r->backend) == PRICE_MESSAGE_NS)
        handout += (double)(r->tasks * r->payload_bytes) * PIPE_BYTE_NS;
    if (listing_is("workload", r->workload, "idle"))
        work = ceil(chunks / (double)r->workers) * chunk * task;
    else if (is(r->workload, "convoy")) /* one task serves for as long as the clock says */
        work = fmax(task, (double)(r->tasks - 1) * task / at_once(r));
    else
        work = (double)r->tasks * task / at_once(r);
    return (fmax(work, handout) + JOB_NS) / 1e9;
}

double price_cell(const struct record *r)
{
    double warmups = fmax((double)r->warmup_samples, (double)r->warmup_ms / 1e3 / price_sample(r));
    double bytes = extra_of(r)->stays ? (double)(r->tasks * r->payload_bytes) : 0;
    double fill = bytes * 0.5e-9 * (2 + 2 * (double)r->samples);
    double ballast = (double)r->ballast_mib * (0.4e6 + 30e3 * (double)r->workers);
    double samples = (double)(r->samples + r->trace) + warmups;
    double launch = runner_is_peer(r->runner)             ? PEER_LAUNCH_NS
                    : has(r, "launched")                  ? LAUNCHER_NS
                    : !strncmp(r->workload, "python_", 7) ? INSIDE_LAUNCH_NS
                                                          : LAUNCH_NS;
    return (launch + worker_ns(r) * (double)r->workers + ballast) / 1e9 + fill +
           samples * (price_sample(r) + 0.3e-3);
}
