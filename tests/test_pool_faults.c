/* SPDX-License-Identifier: MIT
 *
 * Workers die at every place where it could matter: before and after a claim, its record, a task,
 * the counting.  Whatever the place, every other task is done exactly as it should be.  The library
 * is built with fault points; POOL_FAULT="place:k:action" fires at the k-th arrival.
 */
#include "pool_harness.h"

#include <stdlib.h>

static const char *const points[] = { "init",     "ready", "wait",  "look",    "claim", "claimed",
                                      "recorded", "done",  "count", "counted", "leave", "retire" };
static const char *const actions[] = { "kill", "exit", "segv", "abort" };
static const char *const schedule_names[] = { "dynamic", "static", "guided", "steal" };

enum { TASKS = 40 };

static int add_one(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    *(long *)pool_out(t, i) = *(const long *)pool_in(t, i) + 1;
    return 0;
}

static void expect_map(struct pool *p, enum pool_schedule schedule, long chunk, int retries,
                       int most)
{
    long in[TASKS], out[TASKS];
    struct pool_status status[TASKS];
    for (long i = 0; i < TASKS; i++) {
        in[i] = 3 * i;
        out[i] = -7;
    }
    const struct pool_call call = { .fn = add_one,
                                    .in = in,
                                    .in_size = sizeof *in,
                                    .out = out,
                                    .out_size = sizeof *out,
                                    .n = TASKS,
                                    .chunk = chunk,
                                    .schedule = schedule,
                                    .retries = retries,
                                    .status = status };
    long failed = pool_map(p, &call);
    if (failed < 0 || failed > most)
        fail_msg("%s: pool_map returned %ld: %s", where, failed, pool_message(p));
    for (long i = 0; i < TASKS; i++) {
        if (status[i].outcome == POOL_OK && out[i] != in[i] + 1)
            fail_msg("%s: task %ld gave %ld", where, i, out[i]);
        if (status[i].outcome != POOL_OK && out[i] != -7)
            fail_msg("%s: task %ld failed, but wrote", where, i);
        failed -= status[i].outcome != POOL_OK;
    }
    expect_equal(failed, 0);
}

static void die_there(const struct kind *k, enum pool_schedule schedule, int point, int arrival,
                      int action)
{
    char plan[64];
    long chunk = arrival % 2 ? 1 : 7;
    int retries = arrival > 2;
    snprintf(plan, sizeof plan, "%s:%d:%s", points[point], arrival, actions[action]);
    say_where(k);
    say_more("%s, %s, chunk %ld, retries %d", schedule_names[schedule], plan, chunk, retries);
    setenv("POOL_FAULT", plan, 1);
    struct pool *p = open_kind(k);
    expect_map(p, schedule, chunk, retries, !retries);
    expect_map(p, schedule, chunk, 1, 0); /* it may be this one in which it fires */
    expect_map(p, schedule, chunk, 1, 0);
    pool_free(p);
    unsetenv("POOL_FAULT");
}

static void everywhere(enum pool_start start, enum pool_transport transport)
{
    for (int workers = 1; workers <= 3; workers += 2)
        for (int schedule = POOL_DYNAMIC; schedule <= POOL_STEAL; schedule++) {
            const struct kind k = { start, transport, workers };
            if (transport == POOL_PIPE && (schedule == POOL_STATIC || schedule == POOL_STEAL))
                continue;
            for (size_t point = 0; point < sizeof points / sizeof *points; point++)
                for (int arrival = 1; arrival <= 4; arrival++)
                    die_there(&k, (enum pool_schedule)schedule, (int)point, arrival,
                              (arrival + (int)point) % (UNDER_SANITIZER ? 2 : 4));
        }
}

static void forked_workers(void **state)
{
    (void)state;
    everywhere(POOL_FORK, POOL_SHM);
}

static void forked_workers_with_pipes(void **state)
{
    (void)state;
    everywhere(POOL_FORK, POOL_PIPE);
}

static void spawned_workers(void **state)
{
    (void)state;
    everywhere(POOL_SPAWN, POOL_SHM);
}

static void spawned_workers_with_pipes(void **state)
{
    (void)state;
    everywhere(POOL_SPAWN, POOL_PIPE);
}

/* ---- a death while a log is emptied ---- */

enum { MANY = 5000, KILLER = 700 };

static int add_or_die(const void *arg, long i, struct pool_task *t)
{
    if (i == *(const long *)arg)
        raise(SIGKILL);
    return add_one(NULL, i, t);
}

/* All MANY are done but BAD, which kills its worker. */
static void expect_many(struct pool *p, enum pool_schedule schedule, long bad)
{
    static long in[MANY], out[MANY];
    static struct pool_status status[MANY];
    const struct pool_call call = { .fn = add_or_die,
                                    .arg = &bad,
                                    .arg_size = sizeof bad,
                                    .in = in,
                                    .in_size = sizeof *in,
                                    .out = out,
                                    .out_size = sizeof *out,
                                    .n = MANY,
                                    .chunk = 1,
                                    .schedule = schedule,
                                    .status = status };
    for (long i = 0; i < MANY; i++) {
        in[i] = 3 * i;
        out[i] = -7;
    }
    map_or_fail(p, &call, bad >= 0);
    for (long i = 0; i < MANY; i++) {
        int wanted = i == bad ? POOL_KILLED : POOL_OK;
        if (status[i].outcome != wanted || out[i] != (i == bad ? -7 : in[i] + 1))
            fail_msg("%s: task %ld: outcome %d, result %ld", where, i, status[i].outcome, out[i]);
    }
}

/* What the dead left of it must not pass for claims of the next job, whose log is needed because
 * somebody dies in it, too. */
static void die_emptying(const struct kind *k)
{
    static const char *const plans[] = { "empty:1:kill", "empty:2:kill", "clear:1:kill" };
    if (!is_process(k) || k->transport == POOL_PIPE)
        return;
    for (size_t plan = 0; plan < sizeof plans / sizeof *plans; plan++)
        for (int schedule = POOL_DYNAMIC; schedule <= POOL_STEAL; schedule++) {
            say_more("%s, %s", schedule_names[schedule], plans[plan]);
            setenv("POOL_FAULT", plans[plan], 1);
            struct pool *p = open_kind(k);
            for (int map = 0; map < 4; map++)
                expect_many(p, (enum pool_schedule)schedule, map % 2 ? KILLER : -1);
            pool_free(p);
            unsetenv("POOL_FAULT");
        }
}

static void deaths_while_a_log_is_emptied(void **state)
{
    (void)state;
    for_each_start(die_emptying, 1);
    for_each_start(die_emptying, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deaths_while_a_log_is_emptied), TEST(forked_workers),
        TEST(forked_workers_with_pipes),     TEST(spawned_workers),
        TEST(spawned_workers_with_pipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
