/* SPDX-License-Identifier: MIT
 *
 * What handing out costs: tasks that do nothing, in chunks of 1, 10, 100, ..., in shared memory and
 * through pipes.
 *     chunk [WORKERS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../pool.h"

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

/* The best of three; a negative number is an error. */
static double cost(struct pool *p, long tasks, long chunk, enum pool_schedule schedule)
{
    double best = -1;
    for (int times = 0; times < 3; times++) {
        double t = now_ns();
        if (pool_map(p, &(struct pool_call){
                            .fn = nothing, .n = tasks, .chunk = chunk, .schedule = schedule }))
            return -1;
        t = (now_ns() - t) / (double)tasks;
        if (best < 0 || t < best)
            best = t;
    }
    return best;
}

int main(int argc, char **argv)
{
    struct pool_options options = { .workers = argc > 1 ? atoi(argv[1]) : 2 };
    struct pool *shm, *pipes;
    char message[300];
    if (pool_open(&shm, &options, message, sizeof message)) {
        fprintf(stderr, "chunk: no pool: %s\n", message);
        return 1;
    }
    options.transport = POOL_PIPE;
    if (pool_open(&pipes, &options, message, sizeof message)) {
        fprintf(stderr, "chunk: no pool with pipes: %s\n", message);
        return 1;
    }
    printf("%8s %12s %12s %12s   (ns per task)\n", "chunk", "dynamic", "steal", "pipe");
    for (long chunk = 1; chunk <= 10000; chunk *= 10)
        printf("%8ld %12.2f %12.2f %12.2f\n", chunk, cost(shm, 1000000, chunk, POOL_DYNAMIC),
               cost(shm, 1000000, chunk, POOL_STEAL),
               cost(pipes, chunk * 2000 < 1000000 ? chunk * 2000 : 1000000, chunk, POOL_DYNAMIC));
    pool_free(pipes);
    pool_free(shm);
    return 0;
}
