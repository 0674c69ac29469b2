/* SPDX-License-Identifier: MIT
 *
 * The lesson: 24 tasks of 0.1 s, one after the other and by a pool of 8.
 *     sleep [TASKS [WORKERS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../pool.h"

static int sleeping(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
    *(long *)pool_out(t, i) = i;
    return 0;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    long tasks = argc > 1 ? atol(argv[1]) : 24;
    int workers = argc > 2 ? atoi(argv[2]) : 8;
    char message[300];
    struct pool *p;
    long *out = calloc(tasks > 0 ? (size_t)tasks : 1, sizeof *out);
    if (!out)
        return 1;
    double t = now();
    for (long i = 0; i < tasks; i++)
        nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
    printf("one after the other: %.0f ms\n", (now() - t) * 1e3);

    if (pool_open(&p, &(struct pool_options){ .workers = workers }, message, sizeof message)) {
        fprintf(stderr, "sleep: no pool: %s\n", message);
        return 1;
    }
    t = now();
    long failed = pool_map(
        p, &(struct pool_call){
               .fn = sleeping, .n = tasks, .chunk = 1, .out = out, .out_size = sizeof *out });
    if (failed)
        fprintf(stderr, "sleep: %s\n", pool_message(p));
    else
        printf("a pool of %d: %.0f ms\n", workers, (now() - t) * 1e3);
    pool_free(p);
    free(out);
    return failed != 0;
}
