/* SPDX-License-Identifier: MIT
 *
 * gil: the lock by itself.  What is checked is who had it after whom, never how long that took: an
 * interval is either so short that it passes, or so long that it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "../core/clock.h"
#include "../threads/gil.h"

enum { HOLDER, WAITER, THREADS = 4, TURNS = 2000 };
enum { SHORT_US = 500, LONG_US = 1800000000, PATIENCE_S = 30 };

static void nap(int64_t us)
{
    const struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    nanosleep(&t, NULL);
}

static struct gil *make(enum gil_kind kind, int64_t interval_us)
{
    struct gil *g;
    assert_int_equal(gil_open(&g, kind, interval_us), 0);
    return g;
}

/* ---- one at a time ---- */

struct crowd {
    struct gil *gil;
    int count; /* of all, guarded by nothing but the lock */
    int inside;
    _Atomic int next, together;
};

static void *come_and_go(void *arg)
{
    struct crowd *c = arg;
    int self = atomic_fetch_add(&c->next, 1);
    gil_take(c->gil, self);
    for (int i = 0; i < TURNS; i++) {
        if (c->inside++)
            atomic_store(&c->together, 1);
        c->count++;
        c->inside--;
        if (i % 10) {
            gil_check(c->gil, self);
        } else {
            gil_drop(c->gil, self);
            gil_take(c->gil, self);
        }
    }
    gil_drop(c->gil, self);
    return NULL;
}

static void excludes(enum gil_kind kind, int64_t interval_us)
{
    struct crowd c = { .gil = make(kind, interval_us) };
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(c.together, 0);
    assert_int_equal(c.count, THREADS * TURNS);
    assert_true(gil_counts(c.gil).switches >= THREADS - 1);
    gil_close(c.gil);
}

static void one_at_a_time(void **state)
{
    (void)state;
    excludes(GIL_NEW, 1);
    excludes(GIL_NEW, 5000);
    excludes(GIL_OLD, 1);
}

/* ---- a holder and one who waits ---- */

struct pair {
    struct gil *gil;
    pthread_t waiter;
    _Atomic int waits, had_it;
};

static void *wait_for_it(void *arg)
{
    struct pair *p = arg;
    atomic_store(&p->waits, 1);
    gil_take(p->gil, WAITER);
    atomic_store(&p->had_it, 1);
    gil_drop(p->gil, WAITER);
    return NULL;
}

/* We hold the lock, and another is about to wait for it, or does so. */
static void begin(struct pair *p, enum gil_kind kind, int64_t interval_us)
{
    *p = (struct pair){ .gil = make(kind, interval_us) };
    gil_take(p->gil, HOLDER);
    assert_int_equal(pthread_create(&p->waiter, NULL, wait_for_it, p), 0);
    while (!atomic_load(&p->waits))
        nap(100);
}

static void end(struct pair *p)
{
    gil_drop(p->gil, HOLDER);
    pthread_join(p->waiter, NULL);
    assert_int_equal(p->had_it, 1);
    gil_close(p->gil);
}

static void patience(int64_t since)
{
    assert_true(clock_ns() - since < PATIENCE_S * INT64_C(1000000000));
}

/* The waiter asks; and when our check is over, it has had the lock. */
static void a_request_is_a_switch(void **state)
{
    struct pair p;
    (void)state;
    begin(&p, GIL_NEW, SHORT_US);
    int64_t since = clock_ns();
    while (!atomic_load(gil_wanted(p.gil))) {
        assert_int_equal(p.had_it, 0);
        patience(since);
        nap(100);
    }
    gil_check(p.gil, HOLDER);
    assert_int_equal(p.had_it, 1);
    struct lock_counts counts = gil_counts(p.gil);
    assert_true(counts.requests >= 1);
    assert_int_equal(counts.forced, 1);
    assert_int_equal(counts.switches, 2); /* to it, and back */
    assert_int_equal(atomic_load(gil_wanted(p.gil)), 0);
    end(&p);
}

/* The same by checks alone, as a task makes them. */
static void checks_are_enough(void **state)
{
    (void)state;
    for (int kind = GIL_NEW; kind <= GIL_OLD; kind++) {
        struct pair p;
        begin(&p, (enum gil_kind)kind, SHORT_US);
        int64_t since = clock_ns();
        while (!atomic_load(&p.had_it)) {
            if (atomic_load(gil_wanted(p.gil)))
                gil_check(p.gil, HOLDER);
            patience(since);
        }
        end(&p);
    }
}

/* Before its interval is over nobody asks, and checks change nothing. */
static void no_request_before_its_time(void **state)
{
    struct pair p;
    (void)state;
    begin(&p, GIL_NEW, LONG_US);
    for (int i = 0; i < 50; i++) {
        nap(1000);
        assert_int_equal(atomic_load(gil_wanted(p.gil)), 0);
        gil_check(p.gil, HOLDER);
    }
    assert_int_equal(p.had_it, 0);
    gil_drop(p.gil, HOLDER); /* but it has it as soon as we don't want it any more */
    pthread_join(p.waiter, NULL);
    struct lock_counts counts = gil_counts(p.gil);
    assert_int_equal(counts.requests, 0);
    assert_int_equal(counts.forced, 0);
    assert_int_equal(counts.switches, 1);
    gil_take(p.gil, HOLDER);
    end(&p);
}

/* ---- alone ---- */

static void nobody_waits(void **state)
{
    struct gil *g = make(GIL_NEW, 1);
    (void)state;
    for (int i = 0; i < TURNS; i++) {
        gil_take(g, HOLDER);
        gil_check(g, HOLDER);
        gil_drop(g, HOLDER);
    }
    struct lock_counts counts = gil_counts(g);
    assert_int_equal(counts.requests, 0);
    assert_int_equal(counts.switches, 0);
    assert_int_equal(counts.forced, 0);
    gil_close(g);
}

/* ---- the old one ---- */

/* It is let go at the 100th check, not before, and without being asked. */
static void the_old_one_counts(void **state)
{
    struct pair p;
    (void)state;
    begin(&p, GIL_OLD, 1);
    assert_int_equal(atomic_load(gil_wanted(p.gil)), 1); /* so that every check is made */
    nap(20000);
    for (int i = 1; i < GIL_OLD_CHECKS; i++)
        gil_check(p.gil, HOLDER);
    nap(20000);
    assert_int_equal(p.had_it, 0);
    int64_t since = clock_ns();
    while (!atomic_load(&p.had_it)) { /* it may come too late for many times */
        gil_check(p.gil, HOLDER);
        patience(since);
    }
    struct lock_counts counts = gil_counts(p.gil);
    assert_int_equal(counts.requests, 0);
    assert_int_equal(counts.forced, 0);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),     cmocka_unit_test(a_request_is_a_switch),
        cmocka_unit_test(checks_are_enough), cmocka_unit_test(no_request_before_its_time),
        cmocka_unit_test(nobody_waits),      cmocka_unit_test(the_old_one_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
