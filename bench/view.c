/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct view view_of(const struct measured *r, const char *const *names)
{
    struct view v = { .count = 0 };
    for (; *names; names++)
        v.columns[v.count++] = blocks_key_column(r, *names);
    return v;
}

int view_compare_texts(const char *a, const char *b)
{
    char *end_a, *end_b;
    int order = strcmp(a, b);
    if (!order || !*a || !*b)
        return order;
    double x = strtod(a, &end_a), y = strtod(b, &end_b);
    int word_a = *end_a || isnan(x), word_b = *end_b || isnan(y);
    if (word_a != word_b)
        return word_a - word_b;
    if (word_a || x == y)
        return order;
    return x < y ? -1 : 1;
}

int view_compare(const struct view *v, const struct cell *a, const struct cell *b)
{
    int order = 0;
    for (int i = 0; !order && i < v->count; i++)
        order = view_compare_texts(key_text(a, v->columns[i]), key_text(b, v->columns[i]));
    return order;
}
