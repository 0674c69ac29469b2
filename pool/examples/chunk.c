/* SPDX-License-Identifier: MIT
 *
 * What handing out costs: tasks that do nothing, in chunks of 1, 10, 100, ..., in shared memory and
 * through pipes.
 *     chunk [WORKERS]
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <stdio.h>
#include <stdlib.h>
#include <teampool/pool.h>
#include <time.h>

enum { TIMES = 3, MOST_TASKS = 1000000, MOST_MESSAGES = 2000 };

static int nothing(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    (void)i;
    (void)t;
    return 0;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct pool *open_or_exit(int workers, enum pool_transport transport)
{
    const struct pool_options options = { .workers = workers, .transport = transport };
    char message[300];
    struct pool *p;
    if (pool_open(&p, &options, message, sizeof message)) {
        fprintf(stderr, "chunk: no pool: %s\n", message);
        exit(1);
    }
    return p;
}

/* Nanoseconds a task, the best of three. */
static double cost(struct pool *p, long tasks, long chunk, enum pool_schedule schedule)
{
    const struct pool_call call = {
        .fn = nothing, .n = tasks, .chunk = chunk, .schedule = schedule
    };
    double best = 0;
    for (int k = 0; k < TIMES; k++) {
        const double start = now_ns();
        if (pool_map(p, &call)) {
            fprintf(stderr, "chunk: %s\n", pool_message(p));
            exit(1);
        }
        const double ns = (now_ns() - start) / (double)tasks;
        if (k == 0 || ns < best)
            best = ns;
    }
    return best;
}

int main(int argc, char **argv)
{
    const int workers = argc > 1 ? atoi(argv[1]) : 2;
    struct pool *shm = open_or_exit(workers, POOL_SHM), *pipes = open_or_exit(workers, POOL_PIPE);
    printf("%8s %12s %12s %12s   (ns per task)\n", "chunk", "dynamic", "steal", "pipe");
    for (long chunk = 1; chunk <= 10000; chunk *= 10) {
        const long sent = chunk * MOST_MESSAGES < MOST_TASKS ? chunk * MOST_MESSAGES : MOST_TASKS;
        printf("%8ld %12.2f %12.2f %12.2f\n", chunk, cost(shm, MOST_TASKS, chunk, POOL_DYNAMIC),
               cost(shm, MOST_TASKS, chunk, POOL_STEAL), cost(pipes, sent, chunk, POOL_DYNAMIC));
    }
    pool_free(pipes);
    pool_free(shm);
    return 0;
}
