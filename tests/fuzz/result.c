/* SPDX-License-Identifier: MIT
 *
 * Any bytes as what a cell's process printed, its trace below an empty line: samples, or a reason
 * why not; and rows that are kept are written whole.
 */
#include <fcntl.h>
#include <math.h>

#include "../../bench/command.h"
#include "../../bench/result.h"
#include "parts.h"

const char *program_name = "fuzz_result";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keep(const struct result *r, const struct record *cell)
{
    struct folder f = { .samples = -1, .status = -1, .trace = -1 };
    struct csv *table = NULL;
    struct why w = { "" };
    snprintf(f.path, sizeof f.path, "%s", dir);
    f.samples = open(in_dir("samples.csv"), O_RDWR | O_CREAT, 0666);
    if (f.samples < 0)
        abort();
    FILE *header = fopen(in_dir("samples.csv"), "a");
    record_csv_header(header);
    fclose(header);
    must(!folder_add_samples(&f, r->rows, cell, 1, 1, 0, &w), w.text);
    must(!csv_read(&table, in_dir("samples.csv"), &w), w.text);
    must(table->rows == r->rows->rows && !table->torn, "other rows");
    csv_free(table);
    if (r->trace) {
        must(!folder_add_trace(&f, r->trace, 1, 1, 1, &w), w.text);
        must(!csv_read(&table, in_dir("trace.csv"), &w), w.text);
        must(table->rows == r->trace->rows && !table->torn, "another trace");
        csv_free(table);
    }
    folder_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[] = "backend=omp workload=cpu workers=2 tasks=8 chunk=2 samples=2 trace=1";
    struct record cell;
    struct child c = { .out = malloc(size + 1), .err = strdup(""), .out_length = (long)size };
    struct result r;
    if (!c.out || !c.err || record_line(&cell, line, NULL))
        abort();
    memcpy(c.out, data, size);
    c.out[size] = 0;
    if (!*dir)
        make_dir();
    empty_dir();
    result_judge(&r, &c, &cell, 1, 1, 0);
    must(r.status == CELL_OK || *r.reason, "no reason");
    must(r.status != CELL_OK || (r.rows && isfinite(r.median_ns)), "no samples");
    if (r.rows)
        keep(&r, &cell);
    result_free(&r);
    child_free(&c);
    return 0;
}
