/* SPDX-License-Identifier: MIT
 *
 * Task 5 follows a null pointer.  It is reported, with the place; the other tasks are done.  A task
 * that crashes the first time only is saved by `retries`.
 */
#include <stdio.h>
#include <string.h>

#include "../pool.h"

struct moody {
    int *crashes_left; /* in memory that all workers share */
};

static int crashing(const void *arg, long i, struct pool_task *t)
{
    const struct moody *m = arg;
    if (i == 5 && (!m->crashes_left || (*m->crashes_left)-- > 0))
        *(volatile int *)NULL = 1;
    *(long *)pool_out(t, i) = i * i;
    return 0;
}

int main(void)
{
    char message[300];
    long out[10];
    struct moody m = { NULL };
    struct pool_failure failure;
    struct pool *p;
    if (pool_open(&p, &(struct pool_options){ .workers = 4, .start = POOL_FORK }, message,
                  sizeof message)) {
        fprintf(stderr, "crash: no pool: %s\n", message);
        return 1;
    }
    struct pool_call call = { .fn = crashing,
                              .arg = &m,
                              .arg_size = sizeof m,
                              .n = 10,
                              .out = out,
                              .out_size = sizeof *out,
                              .failures = &failure,
                              .failure_room = 1 };
    memset(out, 0xff, sizeof out);
    long failed = pool_map(p, &call);
    printf("%ld failed: task %ld %s\n", failed, failure.task, failure.text);
    for (int i = 0; i < 10; i++)
        printf("%ld%s", out[i], i < 9 ? " " : "\n");

    m.crashes_left = pool_alloc(p, sizeof *m.crashes_left);
    if (!m.crashes_left)
        return 1;
    *m.crashes_left = 1;
    call.retries = 1;
    failed = pool_map(p, &call);
    printf("with one retry, %ld failed; task 5 is %ld\n", failed, out[5]);
    pool_free(p);
    return 0;
}
