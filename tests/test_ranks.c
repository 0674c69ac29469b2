/* SPDX-License-Identifier: MIT
 *
 * ranks: against values from counting all orders one by one, and against itself turned round.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "../core/ranks.h"

#define N(a)    (long)(sizeof(a) / sizeof *(a))
#define P(a, b) ranks_p(a, N(a), b, N(b), scratch)

static double scratch[5000];

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-12 * wanted))
        fail_msg("%.17g instead of %.17g", got, wanted);
}

static void counted_values(void **state)
{
    (void)state;
    /* Hollander & Wolfe's tritiated water; R: wilcox.test, one-sided 0.1272 */
    const double term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
    const double early[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
    near(P(term, early), 0.25441225441225443);
    near(P(early, term), 0.25441225441225443);
    const double low[] = { 1, 2, 3, 4, 5, 6, 7 }, high[] = { 8, 9, 10, 11, 12, 13, 14 };
    near(P(low, high), 2.0 / 3432);
    near(P(high, low), 2.0 / 3432);
    const double one_over[] = { 1, 2, 3, 4, 5, 6, 9 }, others[] = { 7, 8, 10, 11, 12, 13, 14 };
    near(P(one_over, others), 8.0 / 3432);
}

static void equal_values_count_against(void **state)
{
    (void)state;
    const double a[] = { 1, 2, 3, 3 }, b[] = { 3, 4, 5, 6, 7 }, same[] = { 3, 3, 3, 3 };
    near(P(a, b), 8.0 / 126);
    near(P(same, same), 1);
    near(P(a, a), 1);
}

static void edges(void **state)
{
    (void)state;
    const double a[] = { 1, 2 }, b[] = { 3 };
    near(P(a, b), 2.0 / 3);
    near(ranks_p(a, 0, b, 1, scratch), 1);
    near(ranks_p(a, 2, b, 0, scratch), 1);
}

/* Few against many: C(1003, 3) = 167,668,501 orders. */
static void few_against_many(void **state)
{
    (void)state;
    static double many[1000];
    for (int i = 0; i < 1000; i++)
        many[i] = i;
    const double below[] = { -3, -2, -1 }, nearly[] = { -3, -2, 0.5 };
    near(P(below, many), 2.0 / 167668501);
    near(P(many, below), 2.0 / 167668501);
    near(P(nearly, many), 4.0 / 167668501);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted_values),
        cmocka_unit_test(equal_values_count_against),
        cmocka_unit_test(edges),
        cmocka_unit_test(few_against_many),
    };
    return cmocka_run_group_tests_name("ranks", tests, NULL, NULL);
}
