/* SPDX-License-Identifier: MIT
 *
 * payload: a task that is given payload_bytes, computes for task_ns, and returns as many.  Where
 * workers share memory nothing moves; through pipes every byte does, there and back.  Every word is
 * read and written, so that it is in the worker's cache and was the caller's before.
 */
#include <errno.h>
#include <string.h>

#include "../core/kernel.h"
#include "../core/tally.h"

#define MOST_BYTES (INT64_C(1) << 30) /* of all inputs */
#define MIX        UINT64_C(0x9E3779B97F4A7C15)

struct parcels {
    struct tally *tally;
    struct job_data data;
    long tasks;
    int64_t steps;
    int64_t words; /* in and out, of one task */
};

static uint64_t input(long i, int64_t word)
{
    return (uint64_t)i * MIX + (uint64_t)word;
}

/* What becomes of a word. */
static uint64_t output(uint64_t in, long i)
{
    return (in ^ (uint64_t)i) * MIX;
}

static uint64_t sum_of_outputs(const struct parcels *p, long i)
{
    uint64_t sum = 0;
    for (int64_t k = 0; k < p->words; k++)
        sum += output(input(i, k), i);
    return sum;
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct parcels *p = arena_take(arena, 1, sizeof *p);
    int64_t words = (spec->payload_bytes + 7) / 8;
    if (!p)
        return why(w, -ENOMEM, "no memory for the workload");
    if (words * 8 > MOST_BYTES / spec->tasks)
        return why(w, -EINVAL,
                   "%ld tasks of %lld bytes are more than 1 GiB of inputs: fewer tasks, or less "
                   "payload",
                   spec->tasks, (long long)spec->payload_bytes);
    size_t size = (size_t)words * 8;
    uint64_t *in = arena_take(arena, spec->tasks, (ptrdiff_t)size);
    uint64_t *out = arena_take(arena, spec->tasks, (ptrdiff_t)size);
    if (!in || !out)
        return why(w, -ENOMEM, "no memory for %ld payloads", spec->tasks);
    p->data = (struct job_data){ .in = in, .out = out, .in_size = size, .out_size = size };
    p->tasks = spec->tasks;
    p->words = words;
    p->steps = (int64_t)((double)spec->task_ns * spec->steps_per_ns + 0.5);
    *arg = p;
    int error = tally_prepare(&p->tally, arena, spec, w);
    struct kernel_jump jump = kernel_jump(p->steps);
    for (long i = 0; !error && i < spec->tasks; i++) {
        for (int64_t k = 0; k < words; k++)
            in[i * words + k] = input(i, k);
        p->tally->expected +=
            tally_number(i, (uint64_t)i * jump.multiply + jump.add + sum_of_outputs(p, i));
    }
    return error;
}

static void data(void *arg, struct job_data *d)
{
    *d = ((struct parcels *)arg)->data;
}

static void task(void *arg, long i, struct worker *self)
{
    struct parcels *p = arg;
    struct tally_slot *slot = &p->tally->slots[self->index];
    const uint64_t *in = job_in(&p->data, self, i);
    uint64_t *out = job_out(&p->data, self, i), sum = 0;
    for (int64_t k = 0; k < p->words; k++)
        sum += out[k] = output(in[k], i);
    uint64_t start = (uint64_t)i + kernel_after(slot->sum + sum);
    tally_add(slot, i, kernel_work(start, p->steps, self) + sum);
}

/* The outputs must be here, not only in the worker that made them. */
static int check(void *arg, struct outcome *outcome, struct why *w)
{
    struct parcels *p = arg;
    uint64_t *out = p->data.out;
    int error = tally_check(p->tally, outcome, w);
    for (long i = 0; !error && i < p->tasks; i++) {
        uint64_t sum = 0;
        for (int64_t k = 0; k < p->words; k++)
            sum += out[i * p->words + k];
        if (sum != sum_of_outputs(p, i))
            error = why(w, -EBADMSG, "the output of task %ld is not what it wrote", i);
    }
    memset(out, 0, (size_t)p->tasks * p->data.out_size);
    return error;
}

const struct workload workload_payload = {
    .name = "payload",
    .summary = "reads payload_bytes, computes for task_ns, writes payload_bytes: in place, or "
               "through pipes",
    .payload = 1024,
    .version = 1,
    .prepare = prepare,
    .data = data,
    .task = task,
    .check = check,
};
