/* SPDX-License-Identifier: MIT
 *
 * The lesson: 24 tasks of 0.1 s, one after the other and by a pool of 8.
 *     sleep [TASKS [WORKERS]]
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, nanosleep */
#include <stdio.h>
#include <stdlib.h>
#include <teampool/pool.h>
#include <time.h>

static void sleep_a_little(void)
{
    nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
}

static int sleeping(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    sleep_a_little();
    *(long *)pool_out(t, i) = i;
    return 0;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    const long tasks = argc > 1 ? atol(argv[1]) : 24;
    const int workers = argc > 2 ? atoi(argv[2]) : 8;
    char message[300];
    struct pool *p;
    if (tasks < 1) {
        fprintf(stderr, "sleep: TASKS is 1 or more\n");
        return 2;
    }
    long *out = calloc((size_t)tasks, sizeof *out);
    if (!out) {
        fprintf(stderr, "sleep: no memory for %ld results\n", tasks);
        return 1;
    }
    double start = now_ms();
    for (long i = 0; i < tasks; i++)
        sleep_a_little();
    printf("one after the other: %.0f ms\n", now_ms() - start);

    if (pool_open(&p, &(struct pool_options){ .workers = workers }, message, sizeof message)) {
        fprintf(stderr, "sleep: no pool: %s\n", message);
        free(out);
        return 1;
    }
    const struct pool_call call = {
        .fn = sleeping, .n = tasks, .chunk = 1, .out = out, .out_size = sizeof *out
    };
    start = now_ms();
    const long failed = pool_map(p, &call);
    if (failed)
        fprintf(stderr, "sleep: %s\n", pool_message(p));
    else
        printf("a pool of %d: %.0f ms\n", workers, now_ms() - start);
    pool_free(p);
    free(out);
    return failed != 0;
}
