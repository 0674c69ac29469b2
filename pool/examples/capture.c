/* SPDX-License-Identifier: MIT
 *
 * A function that captures a variable cannot be sent to workers that live already: what it captures
 * is on this stack.  The refusal says so; then the two cures: say what is captured, or fork now.
 */
#include <stdio.h>
#include <teampool/pool.h>

struct scale {
    double factor;
};

static int scaled(const void *arg, long i, struct pool_task *t)
{
    const struct scale *s = arg;
    *(double *)pool_out(t, i) = s->factor * (double)i;
    return 0;
}

static int print(const char *how, long failed, const char *message, const double *out)
{
    if (failed)
        fprintf(stderr, "capture: %s: %s\n", how, message);
    else
        printf("%s: %g %g %g %g\n", how, out[0], out[1], out[2], out[3]);
    return failed != 0;
}

/* With a variable in hand that the tasks need. */
static int show(struct pool *p, double factor)
{
    double out[4] = { 0 };
    struct pool_call call = { .n = 4, .out = out, .out_size = sizeof *out };

#if defined __GNUC__ && !defined __clang__
    char message[400];
    int lambda(const void *arg, long i, struct pool_task *t)
    {
        (void)arg;
        *(double *)pool_out(t, i) = factor * (double)i;
        return 0;
    }
    call.fn = lambda;
    if (pool_map(p, &call) >= 0) {
        fprintf(stderr, "capture: the lambda was not refused\n");
        return 1;
    }
    printf("refused: %s\n", pool_message(p));
    const struct pool_options options = { .workers = 2 };
    long failed = pool_map_snapshot(&options, &call, message, sizeof message);
    if (print("in a snapshot", failed, message, out))
        return 1;
#else
    printf("this compiler has no nested functions: nothing to refuse\n");
#endif

    const struct scale captured = { factor };
    call.fn = scaled;
    call.arg = &captured;
    call.arg_size = sizeof captured;
    return print("captured as a struct", pool_map(p, &call), pool_message(p), out);
}

int main(void)
{
    char message[300];
    struct pool *p;
    if (pool_open(&p, &(struct pool_options){ .workers = 2 }, message, sizeof message)) {
        fprintf(stderr, "capture: no pool: %s\n", message);
        return 1;
    }
    const int failed = show(p, 2.5);
    pool_free(p);
    return failed;
}
