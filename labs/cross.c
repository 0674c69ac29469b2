/* SPDX-License-Identifier: MIT
 *
 * cross: what crosses from a program to workers that live already.  A worker born before can only
 * be told where the code is; a worker born at the call has seen everything.  Each case is tried
 * with a pool, and its results are compared with what the caller would have computed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <teampool/pool.h>
#include <unistd.h>

#include "row.h"

enum { TASKS = 4, OLD = 3, NEW = 5 };

static long factor = OLD; /* of the program; becomes NEW after the workers were born */

static int times_itself(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    *(long *)pool_out(t, i) = i * i;
    return 0;
}

static int times_captured(const void *arg, long i, struct pool_task *t)
{
    *(long *)pool_out(t, i) = *(const long *)arg * i;
    return 0;
}

static int times_global(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    *(long *)pool_out(t, i) = factor * i;
    return 0;
}

/* Are these FACTOR times the tasks' numbers?  0: the squares. */
static int are(const long *out, long of)
{
    for (long i = 0; i < TASKS; i++)
        if (out[i] != (of ? of : i) * i)
            return 0;
    return 1;
}

/* What came of a call that should give OF times the tasks' numbers. */
static const char *judge(long failed, const long *out, long of)
{
    if (failed == -ENOTSUP)
        return "refused";
    if (failed)
        return "fails";
    if (of == NEW && are(out, OLD))
        return "stale";
    return are(out, of) ? "crosses" : "wrong";
}

/* The plug-in beside this program. */
static pool_fn *open_plugin(char *note, size_t room)
{
    char path[PATH_MAX + 16];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    void *handle = NULL;
    pool_fn *fn = NULL;
    if (length > 0) {
        path[length] = 0;
        strcpy(strrchr(path, '/') + 1, "plugin.so");
        handle = dlopen(path, RTLD_NOW);
    }
    if (handle)
        *(void **)&fn = dlsym(handle, "plugin_square");
    if (!fn)
        snprintf(note, room, "no plug-in: %s", dlerror());
    return fn;
}

static long map(struct pool *p, struct pool_call *call, long *out, struct row *r)
{
    call->n = TASKS;
    call->out = out;
    call->out_size = sizeof *out;
    long failed = pool_map(p, call);
    if (failed)
        snprintf(r->note, sizeof r->note, "%s", pool_message(p));
    return failed;
}

/* With workers that were born before all that follows. */
static const char *across(struct pool *p, struct row *r)
{
    long out[TASKS] = { 0 }, captured = NEW;
    struct pool_call call = { .fn = times_itself };
    factor = NEW;
    if (!strcmp(r->variant, "function"))
        return judge(map(p, &call, out, r), out, 0);
    if (!strcmp(r->variant, "plugin")) {
        call.fn = open_plugin(r->note, sizeof r->note);
        return call.fn ? judge(map(p, &call, out, r), out, 0) : "fails";
    }
    if (!strcmp(r->variant, "struct")) {
        call = (struct pool_call){ times_captured, &captured, sizeof captured, .n = TASKS };
        return judge(map(p, &call, out, r), out, NEW);
    }
    call.fn = times_global; /* "global" */
    return judge(map(p, &call, out, r), out, NEW);
}

#if defined __GNUC__ && !defined __clang__
/* A function within a function, which uses what is on this stack. */
static const char *nested(struct pool *p, struct row *r, int snapshot)
{
    long out[TASKS] = { 0 }, captured = NEW;
    int lambda(const void *arg, long i, struct pool_task *t)
    {
        (void)arg;
        *(long *)pool_out(t, i) = captured * i;
        return 0;
    }
    struct pool_call call = { .fn = lambda };
    if (!snapshot)
        return judge(map(p, &call, out, r), out, NEW);
    call = (struct pool_call){ lambda, .out = out, .out_size = sizeof *out, .n = TASKS };
    const struct pool_options options = { .workers = 2 };
    return judge(pool_map_snapshot(&options, &call, r->note, sizeof r->note), out, NEW);
}
#else
static const char *nested(struct pool *p, struct row *r, int snapshot)
{
    (void)p, (void)snapshot;
    snprintf(r->note, sizeof r->note, "this compiler has no nested functions");
    return "none";
}
#endif

int main(int argc, char **argv)
{
    static const char *const variants[] = { "function", "plugin",   "nested", "struct",
                                            "global",   "snapshot", NULL };
    int64_t born_ns = clock_ns();
    struct row r = { .runner = "lab-cross", .backend = "pool", .workload = "cross" };
    struct pool *p;
    int known = 0;
    (void)argc;
    r.variant = row_word(argv + 1, "variant", "");
    for (int i = 0; variants[i]; i++)
        known |= !strcmp(variants[i], r.variant);
    if (!known) {
        fprintf(stderr, "cross: variant is function, plugin, nested, struct, global or snapshot\n");
        return 2;
    }
    const struct pool_options options = { .workers = 2, .start = POOL_FORK };
    int64_t begin_ns = clock_ns();
    if (pool_open(&p, &options, r.note, sizeof r.note)) {
        fprintf(stderr, "cross: no pool: %s\n", r.note);
        return 1;
    }
    if (!strcmp(r.variant, "nested") || !strcmp(r.variant, "snapshot"))
        r.outcome = nested(p, &r, !strcmp(r.variant, "snapshot"));
    else
        r.outcome = across(p, &r);
    row_put(&r, born_ns, begin_ns);
    pool_free(p);
    return 0;
}
