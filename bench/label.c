/* SPDX-License-Identifier: MIT */
#include "label.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "words.h"

void label_add(char label[LABEL], const char *format, ...)
{
    va_list ap;
    size_t used = strlen(label);
    va_start(ap, format);
    vsnprintf(label + used, LABEL - used, format, ap);
    va_end(ap);
    layout_clean(label + used);
}

static int is_serial(const char *(*text)(const void *self, const char *name), const void *self)
{
    return !strcmp(text(self, "backend"), "serial");
}

const char *label_team(char label[LABEL], const char *(*text)(const void *self, const char *name),
                       const void *self)
{
    const char *runner = text(self, "runner"), *schedule = text(self, "schedule");
    *label = 0;
    if (*runner && strcmp(runner, "cell") != 0)
        label_add(label, "%.60s: ", runner);
    label_add(label, "%.40s", text(self, "backend"));
    if (!is_serial(text, self))
        label_add(label, "%s%.20s", *schedule ? " " : "", schedule);
    if (!is_serial(text, self) && *text(self, "workers"))
        label_add(label, " %.12sw", text(self, "workers"));
    return label;
}

const char *label_cell(char label[LABEL], const char *(*text)(const void *self, const char *name),
                       const void *self)
{
    const char *variant = text(self, "variant"), *tasks = text(self, "tasks");
    const char *chunk = text(self, "chunk");
    double length = atof(text(self, "task_ns"));
    char word[WORD];
    label_team(label, text, self);
    if (*text(self, "workload"))
        label_add(label, ", %.40s", text(self, "workload"));
    label_add(label, "%s%.40s", *variant ? " " : "", variant);
    if (length > 0)
        label_add(label, " %s", words_time(word, length, 2));
    label_add(label, "%s%.16s", *tasks ? " x" : "", tasks);
    if (!is_serial(text, self) && *chunk)
        label_add(label, ", chunk %.16s", chunk);
    return label;
}
