/* SPDX-License-Identifier: MIT
 *
 * Any bytes as the status.csv, samples.csv and trace.csv, between lines "--", of a run that goes
 * on: mended or refused in words; once mended there is nothing more to mend; and what was measured
 * is within the plan.
 */
#include "../../bench/command.h"
#include "../../bench/folder.h"
#include "../../bench/past.h"
#include "parts.h"

const char *program_name = "fuzz_resume";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TABLES = 3, CELLS = 40, BLOCKS = 30, MOST_BYTES = 1 << 18 };
static const char *const names[] = { "status.csv", "samples.csv", "trace.csv", NULL };

struct tables {
    size_t length[TABLES];
    char text[TABLES][MOST_BYTES];
};

static void read_tables(struct tables *t)
{
    for (int i = 0; i < TABLES; i++) {
        FILE *f = fopen(in_dir(names[i]), "rb");
        t->length[i] = f ? fread(t->text[i], 1, MOST_BYTES, f) : 0;
        if (f)
            fclose(f);
    }
}

static void reopen(struct tables *t)
{
    struct folder f;
    struct why w = { "" };
    must(!folder_reopen(&f, dir, &w), "what was mended cannot be opened");
    folder_close(&f);
    read_tables(t);
}

static void look_back(const struct folder *f)
{
    struct past past;
    struct why w = { "" };
    if (past_read(&past, f, CELLS, BLOCKS, &w)) {
        must(*w.text != 0, "refused without a word");
        return;
    }
    must(past.seq >= 0 && past.used_s == past.used_s, "no number");
    for (long i = 0; i < past.visits; i++) {
        const struct visit *v = &past.visit[i];
        must(v->cell >= 0 && v->cell < CELLS && v->block >= 1 && v->block <= BLOCKS,
             "a cell that the plan has not");
    }
    past_free(&past);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tables once, twice;
    struct folder f;
    struct why w = { "" };
    put_parts(data, size, names);
    put_file("machine.csv", (const uint8_t *)"key,value\n", 10);
    if (folder_reopen(&f, dir, &w)) {
        must(*w.text != 0, "refused without a word");
        return 0;
    }
    look_back(&f);
    folder_close(&f);
    reopen(
        &once); /* by now a line is free of what csv_put cleans away, and may be read otherwise */
    reopen(&twice);
    for (int i = 0; i < TABLES; i++)
        must(once.length[i] == twice.length[i] &&
                 !memcmp(once.text[i], twice.text[i], once.length[i]),
             "what was mended needs mending");
    return 0;
}
