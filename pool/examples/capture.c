/* SPDX-License-Identifier: MIT
 *
 * A function that captures a variable cannot be sent to workers that live already: what it captures
 * is on this stack.  The refusal says so; then the two cures: say what is captured, or fork now.
 */
#include <stdio.h>

#include "../pool.h"

struct scale {
    double factor;
};

static int scaled(const void *arg, long i, struct pool_task *t)
{
    const struct scale *s = arg;
    *(double *)pool_out(t, i) = s->factor * (double)i;
    return 0;
}

int main(void)
{
    char message[400];
    double factor = 2.5, out[4] = { 0 };
    struct pool *p;
    if (pool_open(&p, &(struct pool_options){ .workers = 2 }, message, sizeof message)) {
        fprintf(stderr, "capture: no pool: %s\n", message);
        return 1;
    }
    struct pool_call call = { .fn = scaled, .n = 4, .out = out, .out_size = sizeof *out };

#if defined __GNUC__ && !defined __clang__
    int lambda(const void *arg, long i, struct pool_task *t)
    {
        (void)arg;
        *(double *)pool_out(t, i) = factor * (double)i;
        return 0;
    }
    call.fn = lambda;
    if (pool_map(p, &call) >= 0)
        return 1;
    printf("refused: %s\n", pool_message(p));
    if (pool_map_snapshot(&(struct pool_options){ .workers = 2 }, &call, message, sizeof message)) {
        fprintf(stderr, "capture: %s\n", message);
        return 1;
    }
    printf("snapshot: %g %g %g %g\n", out[0], out[1], out[2], out[3]);
#else
    printf("this compiler has no nested functions: nothing to refuse\n");
#endif

    const struct scale s = { factor };
    call.fn = scaled;
    call.arg = &s;
    call.arg_size = sizeof s;
    if (pool_map(p, &call)) {
        fprintf(stderr, "capture: %s\n", pool_message(p));
        return 1;
    }
    printf("captured as a struct: %g %g %g %g\n", out[0], out[1], out[2], out[3]);
    pool_free(p);
    return 0;
}
