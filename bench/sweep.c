/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include <string.h>

int sweep_has_part(const char *labels, const char *label, size_t length)
{
    while (*labels && *labels != ' ') {
        size_t word = strcspn(labels, "+ ");
        if (word == length && !strncmp(labels, label, word))
            return 1;
        labels += word + (labels[word] == '+');
    }
    return 0;
}

int sweep_has(const char *labels, const char *label)
{
    return sweep_has_part(labels, label, strlen(label));
}
