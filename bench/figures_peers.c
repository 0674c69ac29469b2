/* SPDX-License-Identifier: MIT
 *
 * figures_peers: Python's pools beside ours: what a task costs that does nothing, by chunk.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "sketch.h"
#include "words.h"

/* Who handed out the tasks.  The columns are always there, for the script names them. */
static const struct {
    const char *runner;
    struct who who;
} peers[] = {
    { "cell", { { "processes", "processes" }, "pool", "dynamic", NULL } },
    { "cell", { { "pipes", "pipes" }, "pipe", "dynamic", NULL } },
    { "py-threads", { { "py_threads", "py-threads" }, NULL, NULL, NULL } },
    { "py-pool", { { "py_pool", "py-pool" }, NULL, NULL, NULL } },
    { "py-futures", { { "py_futures", "py-futures" }, NULL, NULL, NULL } },
    { "py-dill", { { "py_dill", "py-dill" }, NULL, NULL, NULL } },
    { "py-loky", { { "py_loky", "py-loky" }, NULL, NULL, NULL } },
    { "py-mpi", { { "py_mpi", "py-mpi" }, NULL, NULL, NULL } },
};
enum { PEERS = sizeof peers / sizeof *peers, PIPES = 1, PY_POOL = 3 };

/* Both send single tasks through pipes: what is left is the language. */
static void say_peers(struct figure *f)
{
    const struct figure_row *row = &f->row[0];
    const struct estimate *ours = &row->y[PIPES], *theirs = &row->y[PY_POOL];
    char factor[WORD];
    if (row->x == 1 && ours->mid > 0 && theirs->mid > 0 && ours->mid < theirs->mid)
        snprintf(f->title, sizeof f->title, "Per task, Python's Pool %s %s times as long as pipes",
                 sketch_apart(ours, theirs) ? "takes" : "seems to take",
                 words_factor(factor, theirs->mid / ours->mid));
    else
        snprintf(f->title, sizeof f->title, "What handing out a task costs in Python");
}

int peers_figure(struct figure *f, const struct reading *r)
{
    struct want want = { .sweep = "peers", .workload = "empty" };
    char tasks[WORD], workers[WORD];
    *f = (struct figure){ .name = "peers",
                          .script = "peers",
                          .title = "Python's pools",
                          .x_column = "chunk",
                          .x_head = "tasks per chunk",
                          .y_unit = UNIT_TIME };
    const struct cell_row *like = sketch_first(r, want);
    for (int i = 0; i < PEERS; i++) {
        want.runner = peers[i].runner;
        if (sketch_gather(f, r, &peers[i].who, want, by_chunk, per_task))
            return -ENOMEM;
    }
    if (!f->rows || !like) {
        sketch_absent(f, r, "peers");
        return 0;
    }
    snprintf(f->subtitle, sizeof f->subtitle,
             "%s tasks that do nothing on %s: what is left is handing out. Chunks make up for a "
             "slow pool.",
             words_count(tasks, like->tasks), words_plural(workers, like->workers, "worker"));
    sketch_end_subtitle(f, "Bars");
    sketch_frame(f, 1, 1);
    sketch_name_y(f, "time per task");
    sketch_x_range(f, 1.3);
    sketch_log_y_range(f);
    say_peers(f);
    figure_label_ends(f);
    return 0;
}
