/* SPDX-License-Identifier: MIT
 *
 * Task 5 follows a null pointer.  It is reported, with the place; the other tasks are done.  A task
 * that crashes the first time only is saved by `retries`.
 */
#include <stdio.h>
#include <teampool/pool.h>

enum { TASKS = 10 };

static int crashing(const void *arg, long i, struct pool_task *t)
{
    int *crashes_left = *(int *const *)arg; /* NULL: no end of them */
    if (i == 5 && (!crashes_left || (*crashes_left)-- > 0))
        *(volatile int *)NULL = 1; /* NOLINT(clang-analyzer-core.NullDereference): the point */
    *(long *)pool_out(t, i) = i * i;
    return 0;
}

static int show(struct pool *p)
{
    int *crashes_left = NULL;
    long out[TASKS];
    struct pool_failure failure = { .task = -1 };
    struct pool_call call = { .fn = crashing,
                              .arg = &crashes_left, /* the pointer is what is copied */
                              .arg_size = sizeof crashes_left,
                              .n = TASKS,
                              .out = out,
                              .out_size = sizeof *out,
                              .failures = &failure,
                              .failure_room = 1 };
    for (int i = 0; i < TASKS; i++)
        out[i] = -1;
    long failed = pool_map(p, &call);
    if (failed < 0)
        return fprintf(stderr, "crash: %s\n", pool_message(p)), 1;
    printf("%ld failed: task %ld %s\n", failed, failure.task, failure.text);
    for (int i = 0; i < TASKS; i++)
        printf("%ld%c", out[i], i < TASKS - 1 ? ' ' : '\n');

    crashes_left = pool_alloc(p, sizeof *crashes_left); /* all workers see it at this address */
    if (!crashes_left)
        return fprintf(stderr, "crash: %s\n", pool_message(p)), 1;
    *crashes_left = 1;
    call.retries = 1;
    failed = pool_map(p, &call);
    if (failed)
        return fprintf(stderr, "crash: %s\n", pool_message(p)), 1;
    printf("with one retry, none failed; task 5 is %ld\n", out[5]);
    return 0;
}

int main(void)
{
    const struct pool_options options = { .workers = 4, .start = POOL_FORK }; /* not threads! */
    char message[300];
    struct pool *p;
    if (pool_open(&p, &options, message, sizeof message)) {
        fprintf(stderr, "crash: no pool: %s\n", message);
        return 1;
    }
    const int error = show(p);
    pool_free(p);
    return error;
}
