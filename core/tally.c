/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <errno.h>
#include <string.h>

int tally_prepare(struct tally **out, struct arena *arena, const struct work_spec *spec,
                  struct why *w)
{
    struct tally *t = arena_take(arena, 1, sizeof *t);
    struct tally_slot *slots = arena_slots(arena, spec->workers, sizeof *slots);
    *out = t;
    if (!t || !slots)
        return why(w, -ENOMEM, "no memory for %d workers' tallies", spec->workers);
    *t = (struct tally){ .slots = slots, .workers = spec->workers, .tasks = spec->tasks };
    return 0;
}

int tally_check(struct tally *t, struct outcome *outcome, struct why *w)
{
    int64_t count = 0;
    uint64_t sum = 0;
    for (int i = 0; i < t->workers; i++) {
        count += t->slots[i].count;
        sum += t->slots[i].sum;
    }
    memset(t->slots, 0, (size_t)t->workers * sizeof *t->slots);
    outcome->checksum = sum;
    if (count != t->tasks)
        return why(w, -EBADMSG, "%lld of %ld tasks were done", (long long)count, t->tasks);
    if (sum != t->expected)
        return why(w, -EBADMSG, "the results are wrong: checksum %016llx instead of %016llx",
                   (unsigned long long)sum, (unsigned long long)t->expected);
    return 0;
}
