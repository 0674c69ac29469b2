/* SPDX-License-Identifier: MIT
 *
 * cover: what of a job was done, found from the workers' logs after a death: the dead one's at
 * once, so that its successor can begin a log of its own, the others' when nobody is in the job any
 * more. Exact: a unit is done if a log or the bitmap has it; of the last run of a log only what is
 * below `at`.
 */
#include <errno.h>
#include <stdlib.h>

#include "inside.h"

int piece_add(struct piece_list *list, long first, long end)
{
    if (first >= end)
        return 0;
    if (list->count && list->range[list->count - 1].end == first) {
        list->range[list->count - 1].end = end;
        return 0;
    }
    if (list->count == list->room) {
        int room = list->room ? 2 * list->room : 64;
        struct pool_range *more = realloc(list->range, (size_t)room * sizeof *more);
        if (!more)
            return -ENOMEM;
        list->range = more;
        list->room = room;
    }
    list->range[list->count++] = (struct pool_range){ first, end };
    return 0;
}

static int by_first(const void *a, const void *b)
{
    long x = ((const struct pool_range *)a)->first, y = ((const struct pool_range *)b)->first;
    return (x > y) - (x < y);
}

/* What is done of run I of a worker's log, into *DONE as positions.  Returns 0: there is none. */
static int logged(struct control *c, int slot, int worker, long i, struct pool_range *done)
{
    const struct slot *s = &c->slots[slot];
    struct head *h = head_of(c, slot, worker);
    _Atomic uint64_t *log = log_of(c, slot, worker);
    uint64_t run = i < RUNS && atomic_load(&h->seq) == s->seq ? atomic_load(&log[i]) : 0;
    if (!run)
        return 0;
    done->first = UNIT_FIRST(run) * s->chunk;
    done->end = unit_position(UNIT_END(run), s->units, s->chunk, s->tasks);
    if (i == RUNS - 1 || !atomic_load(&log[i + 1])) {
        long at = atomic_load(&h->at);
        /* Outside, it is still that of the run before: nothing of this one is done. */
        done->end = at > done->first && at <= done->end ? at : done->first;
    }
    return 1;
}

/* What one worker has done, as positions. */
static int add_log(struct pool *p, int slot, int worker, struct piece_list *done)
{
    struct pool_range run;
    int error = 0;
    for (long i = 0; !error && logged(p->control, slot, worker, i, &run); i++)
        error = piece_add(done, run.first, run.end);
    return error;
}

long cover_done(const struct pool *p, int worker)
{
    const struct line *line = &p->control->lines[worker];
    int slot = (int)atomic_load(&line->slot) - 1;
    long count = atomic_load(&line->tasks);
    struct pool_range run;
    if (p->transport == POOL_SHM && slot >= 0 && slot < SLOTS)
        for (long i = 0; logged(p->control, slot, worker, i, &run); i++)
            count += run.end - run.first;
    return count;
}

static int add_bitmap(const struct slot *s, struct piece_list *done)
{
    int error = 0;
    for (long unit = 0; s->bitmap_used && unit < s->units && !error; unit++)
        if (atomic_load_explicit(&s->bitmap[unit / 64], memory_order_relaxed) >> unit % 64 & 1)
            error = piece_add(done, unit * s->chunk,
                              unit_position(unit + 1, s->units, s->chunk, s->tasks));
    return error;
}

int cover_keep(struct pool *p, struct pool_ticket *t, int worker)
{
    int error = add_log(p, t->slot, worker, &t->kept);
    if (!error)
        atomic_store(&head_of(p->control, t->slot, worker)->seq, 0);
    return error;
}

int cover_missing(struct pool *p, struct pool_ticket *t, struct piece_list *list)
{
    const struct slot *s = &p->control->slots[t->slot];
    struct piece_list done = t->kept;
    t->kept = (struct piece_list){ 0 };
    int error = add_bitmap(s, &done);
    for (int w = 0; w < p->control->capacity && !error; w++)
        error = add_log(p, t->slot, w, &done);
    if (!error && done.count)
        qsort(done.range, (size_t)done.count, sizeof *done.range, by_first);
    long at = 0;
    for (int i = 0; i < done.count && !error; i++) {
        error = piece_add(list, at, done.range[i].first);
        if (done.range[i].end > at)
            at = done.range[i].end;
    }
    if (!error)
        error = piece_add(list, at, s->tasks);
    free(done.range);
    return error;
}
