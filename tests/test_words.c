/* SPDX-License-Identifier: MIT
 *
 * words: numbers as people read them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../bench/words.h"

const char *program_name = "test_words";

static void test_times(void **state)
{
    char word[WORD];
    (void)state;
    assert_string_equal(words_time(word, 100, 2), "100\u00A0ns");
    assert_string_equal(words_time(word, 999960, 3), "1.00\u00A0ms");
    assert_string_equal(words_time(word, 2.404e9, 3), "2.40\u00A0s");
    assert_string_equal(words_time(word, -229459, 3),
                        "-229\u00A0µs"); /* a cost below zero is noise */
    assert_string_equal(words_time(word, -0.5, 3), "-0.500\u00A0ns");
}

static void test_rounding(void **state)
{
    char word[WORD];
    (void)state;
    assert_string_equal(words_count(word, words_round(928, 2)), "930");
    assert_string_equal(words_count(word, words_round(996, 2)), "1,000");
    assert_string_equal(words_factor(word, words_round(0.314, 2)), "0.31");
    assert_true(words_round(0, 2) == 0);
}

static void test_changes(void **state)
{
    char word[WORD];
    (void)state;
    assert_string_equal(words_change(word, 1.063), "+6.3%");
    assert_string_equal(words_change(word, 0.9), "-10.0%");
    assert_string_equal(words_change(word, 2.4), "x2.4");
    assert_string_equal(words_change(word, 0.25), "x0.25");
    assert_string_equal(words_change(word, NAN), "-");
}

static void test_dates(void **state)
{
    char word[WORD];
    (void)state;
    assert_string_equal(words_date(word, "2026-01-02T03:04:05Z"), "2026-01-02 03:04 UTC");
    assert_string_equal(words_date(word, "2026-01-02T03:04:05"), "2026-01-02T03:04:05");
    assert_string_equal(words_date(word, "<b>"), "<b>");
    assert_string_equal(words_date(word, ""), "");
}

/* By letters, by bytes, and never within a letter. */
static void test_cuts(void **state)
{
    char out[64];
    (void)state;
    assert_string_equal(words_cut(out, sizeof out, "whole", 5), "whole");
    assert_string_equal(words_cut(out, sizeof out, "too long", 5), "too …");
    assert_string_equal(words_cut(out, sizeof out, "", 5), "");
    assert_string_equal(words_cut(out, sizeof out, "µµµµµµ", 3), "µµ…");
    assert_string_equal(words_cut(out, 6, "whole", 50), "whole");
    assert_string_equal(words_cut(out, 6, "longer", 50), "lo…");
    assert_string_equal(words_cut(out, 7, "µµµµ", 50), "µ…");
    assert_string_equal(words_cut(out, 4, "longer", 50), "…");
    for (size_t room = 4; room < sizeof out; room++) {
        memset(out, 'x', sizeof out);
        words_cut(out, room, "10 µs, 20 µs, 30 µs, 40 µs, 50 µs, 60 µs, 70 µs, 80 µs", 100);
        assert_true(strlen(out) < room);
    }
}

static void test_sizes(void **state)
{
    char word[WORD];
    (void)state;
    assert_string_equal(words_size(word, 0), "0\u00a0B");
    assert_string_equal(words_size(word, 256), "256\u00a0B");
    assert_string_equal(words_size(word, 512 * 1024), "512\u00a0KiB");
    assert_string_equal(words_size(word, 1280 * 1024), "1.25\u00a0MiB");
    assert_string_equal(words_size(word, 1023.7 * 1024), "1\u00a0MiB");
    assert_string_equal(words_size(word, 24684092 * 1024.0), "24\u00a0GiB");
    assert_string_equal(words_size(word, 5e15), "4547\u00a0TiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times), cmocka_unit_test(test_sizes), cmocka_unit_test(test_changes),
        cmocka_unit_test(test_dates), cmocka_unit_test(test_cuts),  cmocka_unit_test(test_rounding),
    };
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
