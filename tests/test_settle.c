/* SPDX-License-Identifier: MIT
 *
 * When a run stops measuring a cell: not before 8 blocks, not while one cell of its group or one
 * pair is wide, and not at all where no width was asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../bench/settle.h"

const char *program_name = "test_settle";

enum { BLOCKS = 30 };

/* Two groups of two cells. */
static struct plan four(void)
{
    struct plan p = { .cells = calloc(4, sizeof *p.cells), .count = 4 };
    for (int i = 0; i < 4; i++)
        p.cells[i].group = i / 2;
    return p;
}

/* Up, down, up, ... by NOISE. */
static double wobble(int block, double noise)
{
    return 1e6 * (block % 2 ? 1 + noise : 1 / (1 + noise));
}

static void narrow_ones_stop_at_eight(void **state)
{
    struct plan p = four();
    struct settle *s = settle_new(&p, BLOCKS, 0.02);
    (void)state;
    for (int block = 1; block <= 8; block++) {
        for (int cell = 0; cell < 4; cell++)
            settle_note(s, cell, block, wobble(block, cell == 3 ? 0.05 : 0.005));
        int settled = settle_look(s, &p, block);
        assert_int_equal(settled, block == 8 ? 2 : 0);
    }
    assert_true(p.cells[0].dropped && p.cells[1].dropped);
    assert_false(p.cells[2].dropped || p.cells[3].dropped); /* one of them is wide */
    assert_int_equal(settle_last(s, 0), 8);
    assert_int_equal(settle_last(s, 2), 0);
    settle_free(s);
    plan_free(&p);
}

/* Each is within 1.5 %, but they go against each other. */
static void a_wide_pair_goes_on(void **state)
{
    struct plan p = four();
    struct settle *s = settle_new(&p, BLOCKS, 0.02);
    (void)state;
    for (int block = 1; block <= 20; block++) {
        settle_note(s, 0, block, wobble(block, 0.015));
        settle_note(s, 1, block, wobble(block + 1, 0.015));
        assert_int_equal(settle_look(s, &p, block), 0);
    }
    settle_free(s);
    plan_free(&p);
}

static void a_failed_block_is_no_value(void **state)
{
    struct plan p = four();
    struct settle *s = settle_new(&p, BLOCKS, 0.02);
    (void)state;
    settle_note(s, 0, 1, NAN);
    for (int block = 2; block <= 10; block++) {
        settle_note(s, 0, block, wobble(block, 0.001));
        settle_note(s, 1, block, wobble(block, 0.001));
        assert_int_equal(settle_look(s, &p, block), block == 10 ? 2 : 0);
    }
    settle_free(s);
    plan_free(&p);
}

static void without_a_width_nothing_stops(void **state)
{
    struct plan p = four();
    struct settle *s = settle_new(&p, BLOCKS, 0);
    (void)state;
    for (int block = 1; block <= BLOCKS; block++) {
        for (int cell = 0; cell < 4; cell++)
            settle_note(s, cell, block, 1e6);
        assert_int_equal(settle_look(s, &p, block), 0);
    }
    settle_free(s);
    plan_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_ones_stop_at_eight),
        cmocka_unit_test(a_wide_pair_goes_on),
        cmocka_unit_test(a_failed_block_is_no_value),
        cmocka_unit_test(without_a_width_nothing_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
