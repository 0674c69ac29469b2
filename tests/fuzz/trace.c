/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a run's status.csv and trace.csv, between a line "--": a figure of who worked when,
 * or why there is none; and no number of it is nan or infinite.
 */
#include <math.h>

#include "../../bench/command.h"
#include "../../bench/figures.h"
#include "parts.h"

const char *program_name = "fuzz_trace";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_number(double x)
{
    return x - x == 0;
}

static void check(const struct figure *f)
{
    must(*f->title && (f->rows || *f->absent), "neither a figure nor a reason");
    for (long i = 0; i < f->boxes; i++)
        must(is_number(f->box[i].row) && is_number(f->box[i].from_ns) &&
                 f->box[i].to_ns >= f->box[i].from_ns && is_number(f->box[i].to_ns),
             "a box that cannot be drawn");
    for (long i = 0; i < f->marks; i++)
        must(!isinf(f->mark[i].x) && !isinf(f->mark[i].y), "a label that is nowhere");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char between[] = "\n--\n";
    const uint8_t *cut = memmem(data, size, between, sizeof between - 1);
    struct reading r = { 0 };
    struct figure f = { 0 };
    if (!cut)
        return 0;
    const char *trace = (const char *)cut + sizeof between - 1;
    if (!csv_parse(&r.status, (const char *)data, (long)(cut - data) + 1, "status", NULL) &&
        !csv_parse(&r.trace, trace, (long)((const char *)data + size - trace), "trace", NULL)) {
        must(!timeline_figure(&f, &r), "no memory");
        check(&f);
        figure_free(&f);
    }
    csv_free(r.status);
    csv_free(r.trace);
    return 0;
}
