/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a run's samples.csv, with a status.csv where the bytes have a line "--": summarized
 * or refused in words; and no cell of a table is nan or infinite.
 */
#include <strings.h>

#include "../../bench/command.h"
#include "../../bench/summarize.h"
#include "../../core/csv.h"
#include "parts.h"

const char *program_name = "fuzz_run";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *name)
{
    struct csv *t;
    struct why w;
    if (csv_read(&t, in_dir(name), &w)) {
        printf("%s cannot be read back: %s\n", name, w.text);
        abort();
    }
    int block = csv_column(t, "blocks"); /* what names a cell is text, and as it was given */
    for (long row = 0; row < t->rows; row++)
        for (int i = block < 0 ? t->columns : block; i < t->columns; i++) {
            const char *text = csv_cell(t, row, i);
            text += *text == '-' || *text == '+';
            if (!strcasecmp(text, "nan") || !strcasecmp(text, "inf")) {
                printf("%s, row %ld, %s: %s\n", name, row + 2, t->cells[i], text);
                abort();
            }
        }
    csv_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct why w = { "" };
    put_parts(data, size, (const char *[]){ "samples.csv", "status.csv", NULL });
    int error = summarize(dir, &w);
    must(!error || *w.text, "refused without a word");
    for (int i = 0; !error && summarize_table(i); i++)
        check(summarize_table(i));
    return 0;
}
