/* SPDX-License-Identifier: MIT
 *
 * setting: the options of a backend, as a line has them and as the record has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "../bench/setting.h"

const char *program_name = "test_setting";

enum { COLOUR, WEIGHT, DEPTH };

static const struct backend_option options[] = {
    [COLOUR] = { "colour", "red green blue", 0, 0, 1, "" },
    [WEIGHT] = { "weight", NULL, -5, 1000, 100, "" },
    [DEPTH] = { "depth", NULL, 0, 9, 0, "" },
    { 0 },
};

static void becomes(const char *text, int64_t colour, int64_t weight, int64_t depth,
                    const char *printed)
{
    int64_t values[MOST_SETTINGS];
    char out[64];
    struct why w = { "" };
    if (setting_parse(options, text, values, &w))
        fail_msg("'%s': %s", text, w.text);
    assert_int_equal(values[COLOUR], colour);
    assert_int_equal(values[WEIGHT], weight);
    assert_int_equal(values[DEPTH], depth);
    setting_print(options, values, out, sizeof out);
    assert_string_equal(out, printed);
}

static void values_and_fallbacks(void **state)
{
    (void)state;
    becomes("", 1, 100, 0, "");
    becomes("colour:red", 0, 100, 0, "colour:red");
    becomes("colour:green", 1, 100, 0, "");
    becomes("depth:9+weight:-5", 1, -5, 9, "weight:-5+depth:9");
    becomes("depth:3+colour:blue+weight:100", 2, 100, 3, "colour:blue+depth:3");
}

static void refuses(const struct backend_option *of, const char *text, const char *expected)
{
    int64_t values[MOST_SETTINGS];
    struct why w = { "" };
    assert_int_equal(setting_parse(of, text, values, &w), -EINVAL);
    if (!strstr(w.text, expected))
        fail_msg("'%s' says '%s', not '%s'", text, w.text, expected);
}

static void refused(void **state)
{
    (void)state;
    refuses(NULL, "depth:1", "takes none");
    refuses(options, "depth", "name:value");
    refuses(options, ":1", "name:value");
    refuses(options, "depth:1++weight:2", "name:value");
    refuses(options, "dept:1", "did you mean 'depth'");
    refuses(options, "colour:pink", "red green blue");
    refuses(options, "colour:", "red green blue");
    refuses(options, "depth:10", "0 to 9");
    refuses(options, "depth:-1", "0 to 9");
    refuses(options, "depth:1x", "0 to 9");
    refuses(options, "depth:1+depth:1", "twice");
    refuses(options, "a_name_that_is_much_longer_than_any_option_could_ever_be_and_goes_on:1", "");
    becomes("", 1, 100, 0, "");
}

static void ranges(void **state)
{
    char text[64];
    (void)state;
    setting_range(&options[COLOUR], text, sizeof text);
    assert_string_equal(text, "red green blue");
    setting_range(&options[WEIGHT], text, sizeof text);
    assert_string_equal(text, "-5 to 1000; 100");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(values_and_fallbacks),
                                        cmocka_unit_test(refused), cmocka_unit_test(ranges) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
