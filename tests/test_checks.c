/* SPDX-License-Identifier: MIT
 *
 * What a run's results say against themselves, with what to try: the hints after a run, and a part
 * of the page's checks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../bench/checks.h"
#include "../bench/noise.h"
#include "../bench/reading.h"

const char *program_name = "test_checks";

enum { CELLS = 4, PAIRS = 4 };

struct made {
    struct cell_row cell[CELLS];
    struct pair pair[PAIRS];
    struct reading reading;
    struct checks checks;
};

/* A run in 8 blocks about which there is nothing to say. */
static void make(struct made *m)
{
    *m = (struct made){ .reading = { .cells = CELLS, .pairs = PAIRS } };
    m->reading.cell = m->cell;
    m->reading.pair = m->pair;
    for (int i = 0; i < CELLS; i++)
        m->cell[i] = (struct cell_row){ .runner = "cell",
                                        .backend = "omp",
                                        .workload = "cpu",
                                        .cause = "",
                                        .blocks = 8,
                                        .samples = 24,
                                        .efficiency = { 0.9, 0.9, 0.9 } };
    for (int i = 0; i < PAIRS; i++)
        m->pair[i] = (struct pair){
            .verdict = "same", .blocks = 8, .blocks_needed = NAN, .ratio = { 1, 0.99, 1.01 }
        };
}

/* The check called NAME, or NULL. */
static const struct check *look(struct made *m, const char *name)
{
    checks_results(&m->reading, &m->checks);
    for (int i = 0; i < m->checks.count; i++)
        if (!strcmp(m->checks.check[i].name, name))
            return &m->checks.check[i];
    return NULL;
}

static void nothing_to_say(void **state)
{
    struct made m;
    (void)state;
    make(&m);
    assert_int_equal(look(&m, "blocks")->mark, MARK_GOOD);
    assert_null(look(&m, "disturbed"));
    assert_null(look(&m, "unclear"));
    assert_int_equal(m.checks.warnings + m.checks.bad, 0);
}

static void few_blocks(void **state)
{
    struct made m;
    (void)state;
    make(&m);
    m.cell[1].blocks = 2;
    m.cell[2].blocks = 5;
    assert_string_equal(look(&m, "blocks")->value, "2 to 8 blocks");
    assert_int_equal(look(&m, "blocks")->mark, MARK_WARN);
    assert_non_null(strstr(look(&m, "blocks")->text, "2 of 4 cells ran in fewer than 6"));
    for (int i = 0; i < CELLS; i++)
        m.cell[i].blocks = 1;
    assert_string_equal(look(&m, "blocks")->value, "1 block");
    m.cell[0].workload = "sleep";
    assert_non_null(strstr(look(&m, "blocks")->text, "3 of 3 cells that do not sleep ran in"));
    for (int i = 0; i < CELLS; i++)
        m.cell[i].workload = "sleep";
    assert_non_null(strstr(look(&m, "blocks")->text, "4 of 4 cells ran in fewer than 6"));
}

static void disturbed(void **state)
{
    struct made m;
    (void)state;
    make(&m);
    m.cell[0].disturbed_share = 0.7;
    m.cell[0].cause = noise_word(NOISE_WAITING);
    assert_null(look(&m, "disturbed")); /* 0.7 of a quarter */
    m.cell[1].disturbed_share = m.cell[2].disturbed_share = 0.5;
    m.cell[1].cause = m.cell[2].cause = noise_word(NOISE_CANARY);
    assert_string_equal(look(&m, "disturbed")->value, "42%");
    assert_non_null(strstr(look(&m, "disturbed")->text, noise_word(NOISE_CANARY)));
    assert_non_null(strstr(look(&m, "disturbed")->fix, "teampool doctor"));
    assert_int_equal(look(&m, "disturbed")->mark, MARK_NOTE); /* the verdicts know of it already */
}

static void unclear(void **state)
{
    struct made m;
    (void)state;
    make(&m);
    m.pair[0].verdict = m.pair[1].verdict = m.pair[2].verdict = "unclear";
    m.pair[0].blocks_needed = 20;
    m.pair[1].blocks_needed = 5000; /* nobody waits for that */
    m.pair[3].ratio.low = NAN;      /* no interval: another check's */
    assert_string_equal(look(&m, "unclear")->value, "3 of 3");
    assert_non_null(strstr(look(&m, "unclear")->fix, "--blocks 20 "));
    m.pair[0].blocks_needed = NAN;
    assert_non_null(strstr(look(&m, "unclear")->fix, "quiet"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_say),
        cmocka_unit_test(few_blocks),
        cmocka_unit_test(disturbed),
        cmocka_unit_test(unclear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
