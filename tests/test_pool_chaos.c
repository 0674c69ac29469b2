/* SPDX-License-Identifier: MIT
 *
 * Chaos: for SECONDS, maps of random shapes, while a thread kills random workers at random
 * instants.  No hang, no task lost, none wrong, nothing left.  POOL_CHAOS_SECONDS and
 * POOL_CHAOS_SEED say how long and which; the seed is printed.  `ctest -C soak -L soak` takes two
 * minutes.
 */
#include "pool_harness.h"

#include <pthread.h>
#include <stdlib.h>

enum { MOST = 3000, LONGEST_MAP_SECONDS = 20 };

static _Atomic int stop;
static _Atomic long kills;
static uint64_t seed;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void *killer(void *arg)
{
    struct pool *p = arg;
    uint64_t state = seed * 7919 + 1;
    while (!stop) {
        int pid = pool_pid(p, (int)(next_random(&state) % 4));
        if (pid > 0 && kill(pid, SIGKILL) == 0)
            kills++;
        const struct timespec nap = { 0, (long)(next_random(&state) % 3000000) };
        nanosleep(&nap, NULL);
    }
    return NULL;
}

static int spin_and_add(const void *arg, long i, struct pool_task *t)
{
    long turns = *(const long *)arg, x = i;
    for (long k = 0; k < turns; k++)
        __asm__ volatile("" : "+r"(x));
    *(long *)pool_out(t, i) = *(const long *)pool_in(t, i) + x + 1;
    return 0;
}

static void one_map(struct pool *p, uint64_t *state, int pipes)
{
    static long in[MOST], out[MOST];
    static struct pool_status status[MOST];
    static const enum pool_schedule all[] = { POOL_DYNAMIC, POOL_GUIDED, POOL_STATIC, POOL_STEAL };
    long n = (long)(next_random(state) % MOST), turns = (long)(next_random(state) % 2000);
    const struct pool_call call = { .fn = spin_and_add,
                                    .arg = &turns,
                                    .arg_size = sizeof turns,
                                    .in = in,
                                    .in_size = sizeof *in,
                                    .out = out,
                                    .out_size = sizeof *out,
                                    .n = n,
                                    .chunk = (long)(next_random(state) % 20),
                                    .schedule = all[next_random(state) % (pipes ? 2 : 4)],
                                    .retries = (int)(next_random(state) % 2),
                                    .status = status };
    for (long i = 0; i < n; i++) {
        in[i] = (long)(next_random(state) % 1000);
        out[i] = -7;
    }
    double start = seconds_now();
    long failed = pool_map(p, &call), not_ok = 0;
    if (failed < 0)
        fail_msg("%s: pool_map returned %ld: %s", where, failed, pool_message(p));
    if (seconds_now() - start > LONGEST_MAP_SECONDS)
        fail_msg("%s: a map took %g s", where, seconds_now() - start);
    for (long i = 0; i < n; i++) {
        if (status[i].outcome == POOL_OK ? out[i] != in[i] + i + 1 : out[i] != -7)
            fail_msg("%s: task %ld (%d) gave %ld", where, i, status[i].outcome, out[i]);
        if (status[i].outcome != POOL_OK && status[i].outcome != POOL_KILLED)
            fail_msg("%s: task %ld: outcome %d", where, i, status[i].outcome);
        not_ok += status[i].outcome != POOL_OK;
    }
    expect_equal(not_ok, failed);
}

static void chaos(void **state)
{
    const char *seconds_text = getenv("POOL_CHAOS_SECONDS"), *seed_text = getenv("POOL_CHAOS_SEED");
    double seconds = seconds_text ? atof(seconds_text) : 16;
    long maps = 0;
    (void)state;
    seed = seed_text ? strtoull(seed_text, NULL, 10) : (uint64_t)(seconds_now() * 1e6) + 1;
    watchdog((int)seconds + 60);
    for (int kind = 0; kind < 4; kind++) {
        const struct kind k = { kind / 2 ? POOL_SPAWN : POOL_FORK, kind % 2 ? POOL_PIPE : POOL_SHM,
                                4 };
        uint64_t random = seed + (uint64_t)kind * 104729;
        pthread_t thread;
        say_where(&k);
        say_more("seed %llu", (unsigned long long)seed);
        struct pool *p = open_kind(&k);
        stop = 0;
        assert_int_equal(pthread_create(&thread, NULL, killer, p), 0);
        for (double end = seconds_now() + seconds / 4; seconds_now() < end; maps++)
            one_map(p, &random, k.transport == POOL_PIPE);
        stop = 1;
        pthread_join(thread, NULL);
        pool_free(p);
    }
    print_message("seed %llu: %ld maps, %ld kills\n", (unsigned long long)seed, maps, (long)kills);
    expect(kills > 0 && maps > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(chaos) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
