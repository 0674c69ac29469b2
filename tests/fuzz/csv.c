/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a CSV table: read or refused in words; and what was read, written and read again, is
 * the same table.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "csv: %s\n", what);
        abort();
    }
}

static char *write_table(const struct csv *c, size_t *length)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, length);
    must(f != NULL, "no memory");
    for (long row = -1; row < c->rows; row++)
        for (int i = 0; i < c->columns; i++) {
            csv_put(f, row < 0 ? c->cells[i] : csv_cell(c, row, i));
            fputc(i + 1 < c->columns ? ',' : '\n', f);
        }
    fclose(f);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv *c = NULL, *again = NULL;
    struct why w = { "" };
    double number;
    size_t length, length_again;
    if (csv_parse(&c, (const char *)data, (long)size, "fuzz", &w)) {
        must(*w.text != 0, "refused without a word");
        return 0;
    }
    for (long row = 0; row < c->rows; row++)
        for (int i = 0; i < c->columns; i++)
            if (csv_number(c, row, i, &number))
                must(number - number == 0, "a number that is not finite");
    char *text = write_table(c, &length);
    if (c->columns > 1 || *c->cells[0]) { /* one empty column is an empty line */
        must(!csv_parse(&again, text, (long)length, "again", &w), w.text);
        must(again->rows == c->rows && again->columns == c->columns, "another table");
        char *text_again = write_table(again, &length_again);
        must(length == length_again && !memcmp(text, text_again, length), "other bytes");
        free(text_again);
        csv_free(again);
    }
    free(text);
    csv_free(c);
    return 0;
}
