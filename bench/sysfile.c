/* SPDX-License-Identifier: MIT */
#include "sysfile.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_below(const char *root, const char *file)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s%s", root ? root : "", file);
    return length > 0 && length < (int)sizeof path ? fopen(path, "re") : NULL;
}

int sysfile_line(const char *root, const char *file, char *text, long room)
{
    FILE *f = open_below(root, file);
    text[0] = 0;
    if (!f)
        return 0;
    if (fgets(text, (int)room, f))
        text[strcspn(text, "\n")] = 0;
    else
        text[0] = 0;
    fclose(f);
    return *text != 0;
}

static double number_in(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    return end == text || !isfinite(value) ? NAN : value;
}

double sysfile_number(const char *root, const char *file)
{
    char line[128];
    return sysfile_line(root, file, line, sizeof line) ? number_in(line) : NAN;
}

double sysfile_entry(const char *root, const char *file, const char *key)
{
    char line[4096];
    double value = NAN;
    FILE *f = open_below(root, file);
    while (f && isnan(value) && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)))
            value = number_in(line + strlen(key));
    if (f)
        fclose(f);
    return value;
}

char *sysfile_chosen(char *text)
{
    char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
    if (close) {
        *close = 0;
        memmove(text, open + 1, strlen(open + 1) + 1);
    }
    return text;
}
