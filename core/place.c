/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <errno.h>
#include <stdlib.h>

const char *const place_words[] = { "close", "spread", "smt", "none", 0 };

int place_parse(const char *text, int *cpus, int most, struct why *w)
{
    int count = 0;
    while (*text) {
        char *end;
        long cpu = strtol(text, &end, 10);
        if (end == text || *text < '0' || *text > '9' || cpu >= PLACE_MOST_CPUS ||
            (*end && *end != '+') || (*end && !end[1]))
            return why(w, -EINVAL, "cpus: '%s' is not a list of CPU numbers like 0+2+4", text);
        if (count == most)
            return why(w, -EINVAL, "cpus: more than %d in the list", most);
        cpus[count++] = (int)cpu;
        text = *end ? end + 1 : end;
    }
    return count;
}
