/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a plan: read or refused in words; and what was read, printed and read again, prints
 * the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bench/command.h"
#include "../../bench/plan.h"

const char *program_name = "fuzz_plan";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct plan *p, size_t *length)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, length);
    if (!f)
        abort();
    plan_print(p, f);
    fclose(f);
    return text;
}

static int read_plan(struct plan *p, const void *text, size_t size, struct why *w)
{
    FILE *f = fmemopen((void *)text, size, "r");
    if (!f)
        abort();
    int error = plan_read(p, f, "fuzz", w);
    fclose(f);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan p = { 0 }, again = { 0 };
    struct why w = { "" };
    size_t length, length_again;
    if (!size)
        return 0;
    if (read_plan(&p, data, size, &w)) {
        if (!*w.text)
            abort();
        plan_free(&p);
        return 0;
    }
    char *text = print(&p, &length);
    if (!(plan_seconds(&p, 1) >= 0) || read_plan(&again, text, length, &w)) {
        fprintf(stderr, "%s\n%s", w.text, text);
        abort();
    }
    char *text_again = print(&again, &length_again);
    if (length != length_again || memcmp(text, text_again, length) != 0) {
        fprintf(stderr, "printed:\n%sread again:\n%s", text, text_again);
        abort();
    }
    free(text);
    free(text_again);
    plan_free(&p);
    plan_free(&again);
    return 0;
}
