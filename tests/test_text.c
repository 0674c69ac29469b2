/* SPDX-License-Identifier: MIT
 *
 * Texts made from parts, and sorting by an order that knows more than two elements.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../core/place.h"
#include "../core/sort.h"
#include "../core/text.h"

static void texts(void **state)
{
    (void)state;
    char *text = text_of("%s/%d%%", "a", -7);
    assert_string_equal(text, "a/-7%");
    free(text);
    text = text_of("%s", "");
    assert_string_equal(text, "");
    free(text);
    text = text_of("%*d", 100000, 1);
    assert_int_equal(strlen(text), 100000);
    free(text);
}

struct pair {
    int key, other;
    char filling[5];
};

/* Up or down, as WITH says. */
static int by_key(const void *left, const void *right, void *with)
{
    const struct pair *a = left, *b = right;
    int order = (a->key > b->key) - (a->key < b->key);
    return *(int *)with * (order ? order : (a->other > b->other) - (a->other < b->other));
}

static void is_sorted(int count, int keys, int way)
{
    struct pair *p = calloc((size_t)count + 1, sizeof *p);
    char *seen = calloc((size_t)count + 1, 1);
    for (int i = 0; i < count; i++)
        p[i] = (struct pair){ rand() % keys, i, "four" };
    p[count].key = -1;
    sort(p, (size_t)count, sizeof *p, by_key, &way);
    for (int i = 0; i < count; i++) {
        assert_true(!i || by_key(&p[i - 1], &p[i], &way) < 0);
        assert_string_equal(p[i].filling, "four");
        assert_int_equal(seen[p[i].other]++, 0);
    }
    assert_int_equal(p[count].key, -1);
    free(seen);
    free(p);
}

static void sorts(void **state)
{
    (void)state;
    sort(NULL, 0, 8, by_key, NULL);
    for (int count = 0; count < 70; count++)
        for (int keys = 1; keys < 100; keys += 33) {
            is_sorted(count, keys, 1);
            is_sorted(count, keys, -1);
        }
    is_sorted(5000, 100, 1);
}

static void places(void **state)
{
    int cpus[3];
    struct why w;
    (void)state;
    assert_int_equal(place_parse("", cpus, 3, &w), 0);
    assert_int_equal(place_parse("4+0+17", cpus, 3, &w), 3);
    assert_int_equal(cpus[0], 4);
    assert_int_equal(cpus[2], 17);
    static const char *const bad[] = {
        "1+", "+1", "-1", "1 + 2", "a", "1+2+3+4", "9999999999", NULL
    };
    for (int i = 0; bad[i]; i++) {
        assert_true(place_parse(bad[i], cpus, 3, &w) < 0);
        assert_memory_equal(w.text, "cpus: ", 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(sorts),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
