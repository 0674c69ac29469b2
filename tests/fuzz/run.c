/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a run's samples.csv, with a status.csv where the bytes have a line "--": summarized
 * or refused in words; and no cell of a table is nan or infinite.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../../bench/command.h"
#include "../../bench/summarize.h"
#include "../../core/csv.h"

const char *program_name = "fuzz_run";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void empty_dir(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlink(in_dir(e->d_name));
    if (d)
        closedir(d);
}

static void end(void)
{
    empty_dir();
    rmdir(dir);
}

static void begin(void)
{
    strcpy(dir, "/tmp/fuzz-XXXXXX");
    if (!mkdtemp(dir))
        abort();
    atexit(end);
}

/* What it warns of is not wanted here. */
static int summarize_quietly(struct why *w)
{
    int kept = dup(STDERR_FILENO), nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDERR_FILENO);
    int error = summarize(dir, w);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(nothing);
    return error;
}

static void put(const char *name, const uint8_t *data, size_t size)
{
    FILE *f = fopen(in_dir(name), "wb");
    if (!f || fwrite(data, 1, size, f) != size)
        abort();
    fclose(f);
}

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
    static const char between[] = "\n--\n";
    struct why w = { "" };
    if (!*dir)
        begin();
    empty_dir();
    const uint8_t *cut = memmem(data, size, between, sizeof between - 1);
    size_t samples = cut ? (size_t)(cut - data) + 1 : size;
    put("samples.csv", data, samples);
    if (cut)
        put("status.csv", cut + sizeof between - 1, size - samples - (sizeof between - 2));
    if (summarize_quietly(&w)) {
        if (!*w.text) {
            printf("refused without a word\n");
            abort();
        }
        return 0;
    }
    for (int i = 0; summarize_table(i); i++)
        check(summarize_table(i));
    return 0;
}
