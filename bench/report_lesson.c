/* SPDX-License-Identifier: MIT
 *
 * report_lesson: the steps of a well-known lesson about Python's pools, each with what this run has
 * of it, in C and in Python, and the sheet to go on with.  Its numbers are those of the figures.
 */
#include "report.h"

#include <math.h>
#include <string.h>

#include "page.h"
#include "words.h"

/* The figure called NAME, if it has data; else NULL. */
static const struct figure *figure_of(const struct report *r, const char *name)
{
    for (int i = 0; i < r->figures->count; i++)
        if (!strcmp(r->figures->figure[i].name, name) && !*r->figures->figure[i].absent)
            return &r->figures->figure[i];
    return NULL;
}

static void put_none(FILE *f)
{
    fputs("<span class=ci>not part of this run</span>", f);
}

/* "a 2.40 s, b 302 ms": those rows of the lesson that are Python's, or ours; SERIAL: that are in a
 * row, or not. */
static void put_naps(FILE *f, const struct report *r, int python, int serial)
{
    const struct figure *lesson = figure_of(r, "lesson");
    char time[WORD];
    int count = 0;
    for (long i = 0; lesson && i < lesson->rows; i++) {
        const struct figure_row *row = &lesson->row[i];
        int peer = !strncmp(row->name, "py-", 3);
        if (peer != python || (strstr(row->name, "serial") != NULL) != serial)
            continue;
        page_put(f, "%s%s %s", count++ ? ", " : "", row->name, words_time(time, row->y[0].mid, 3));
    }
    if (!count)
        put_none(f);
}

/* ---- what stands in a field ------------------------------------------------------------------ */

static void c_cores(FILE *f, const struct report *r)
{
    char cores[WORD], pus[WORD], workers[WORD];
    double count = reading_number(r->reading, "cores"),
           may = reading_number(r->reading, "effective_workers");
    if (!(count > 0)) {
        put_none(f);
        return;
    }
    page_put(f, "hwloc: %s, %s", words_plural(cores, count, "core"),
             words_plural(pus, reading_number(r->reading, "pus"), "hardware thread"));
    if (may > 0)
        page_put(f, "; room for %s", words_plural(workers, may, "worker"));
}

static void python_cores(FILE *f, const struct report *r)
{
    const char *cores = reading_machine(r->reading, "psutil_cores");
    const char *remark = reading_remark(r->reading, "psutil_cores");
    if (*cores)
        page_put(f, "psutil.cpu_count(logical=False): %s", cores);
    else if (*remark)
        page_put(f, "<span class=ci>not known: %s</span>", remark);
    else
        fputs("<span class=ci>no Python pool took part in this run</span>", f);
}

static void c_serial(FILE *f, const struct report *r)
{
    put_naps(f, r, 0, 1);
}

static void python_serial(FILE *f, const struct report *r)
{
    put_naps(f, r, 1, 1);
}

static void c_pools(FILE *f, const struct report *r)
{
    put_naps(f, r, 0, 0);
}

static void python_pools(FILE *f, const struct report *r)
{
    put_naps(f, r, 1, 0);
}

static void c_lambda(FILE *f, const struct report *r)
{
    (void)r;
    fputs("A worker gets a function by its file and place in it, and its captured values as a "
          "struct. A nested function that captures variables is refused: it lies on its "
          "caller’s stack.",
          f);
}

static void python_lambda(FILE *f, const struct report *r)
{
    const struct figure *lesson = figure_of(r, "lesson");
    char time[WORD];
    fputs("A worker gets a function by its module and name, and a lambda has no name: pickle "
          "refuses it. Two cures: a function at the top of the module, or dill, which sends the "
          "code",
          f);
    for (long i = 0; lesson && i < lesson->rows; i++)
        if (!strcmp(lesson->row[i].name, "py-dill"))
            page_put(f, " (the same naps: %s)", words_time(time, lesson->row[i].y[0].mid, 3));
    fputs(".", f);
}

static void c_chunk(FILE *f, const struct report *r)
{
    const struct chunk_range *c = &r->answer->chunk;
    char time[WORD], low[WORD], high[WORD];
    if (!(c->low > 0))
        put_none(f);
    else if (c->low == c->high)
        page_put(f, "chunks of %s, of tasks of %s, are best", words_count(low, c->low),
                 words_time(time, c->task_ns, 2));
    else
        page_put(f, "%s to %s tasks of %s are within 2%% of the best", words_count(low, c->low),
                 words_count(high, c->high), words_time(time, c->task_ns, 2));
}

static void python_chunk(FILE *f, const struct report *r)
{
    const struct figure *peers = figure_of(r, "peers");
    char one[WORD], many[WORD], chunk[WORD];
    for (int s = 0; peers && s < peers->series_count; s++) {
        const struct figure_row *first = &peers->row[0], *last = &peers->row[peers->rows - 1];
        if (strcmp(peers->series[s].key, "py_pool") || !(first->y[s].mid > 0) ||
            !(last->y[s].mid > 0))
            continue;
        page_put(f, "an empty task by py-pool: %s in chunks of %s, ",
                 words_time(one, first->y[s].mid, 2), words_count(chunk, first->x));
        page_put(f, "%s in chunks of %s", words_time(many, last->y[s].mid, 2),
                 words_count(chunk, last->x));
        return;
    }
    put_none(f);
}

static void put_finding(FILE *f, const struct report *r, const char *name)
{
    const struct figure *figure = figure_of(r, name);
    if (figure)
        page_text(f, figure->title);
    else
        put_none(f);
}

static void c_lock(FILE *f, const struct report *r)
{
    put_finding(f, r, "lock");
}

static void python_lock(FILE *f, const struct report *r)
{
    const struct figure *lock = figure_of(r, "lock");
    char factor[WORD], workers[WORD];
    int count = 0;
    for (int s = 0; lock && s < lock->series_count; s++) {
        long last = lock->rows - 1;
        while (last >= 0 && isnan(lock->row[last].y[s].mid))
            last--;
        if (last < 0 || strncmp(lock->series[s].key, "py_", 3) != 0)
            continue;
        page_put(f, "%s%s with %s: ", count++ ? "; " : "", lock->series[s].label,
                 words_plural(workers, lock->row[last].x, "worker"));
        page_put(f, "%s times", words_factor(factor, lock->row[last].y[s].mid));
    }
    if (!count)
        put_none(f);
}

static void c_convoy(FILE *f, const struct report *r)
{
    put_finding(f, r, "answer");
}

static void python_convoy(FILE *f, const struct report *r)
{
    const struct figure *answer = figure_of(r, "answer");
    const struct figure_row *one = answer ? figure_find(answer, 1) : NULL;
    char time[WORD];
    for (int s = 0; one && s < answer->series_count; s++)
        if (!strcmp(answer->series[s].key, "py_threads") && one->y[s].mid > 0)
            page_put(f, "py-threads, beside one that computes: %s; ",
                     words_time(time, one->y[s].mid, 2));
    fputs("sys.setswitchinterval: 5 ms, if nobody says otherwise", f);
}

static void c_fork(FILE *f, const struct report *r)
{
    (void)r;
    fputs("After an OpenMP region a forked child’s first region may hang. Here every "
          "cell is a process started afresh, and a pool is forked before any thread.",
          f);
}

static void python_fork(FILE *f, const struct report *r)
{
    (void)r;
    fputs("The same under start method fork, whatever library brought the threads; spawn and "
          "forkserver start clean.",
          f);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct step {
    const char *name, *command, *sheet;
    void (*in_c)(FILE *f, const struct report *r);
    void (*in_python)(FILE *f, const struct report *r);
} steps[] = {
    { "Count the cores", "teampool topology", "cores", c_cores, python_cores },
    { "Naps one by one",
      "teampool-cell backend=serial workload=sleep task_ns=100000000 tasks=24 samples=1", "sleep",
      c_serial, python_serial },
    { "Naps by 8 workers", "teampool plan --only sweep=lesson | teampool run --plan -", "sleep",
      c_pools, python_pools },
    { "Hand over a lambda", "", "pickle", c_lambda, python_lambda },
    { "Choose a chunk size", "teampool plan --only sweep=chunk | teampool run --plan -", "chunk",
      c_chunk, python_chunk },
    { "Compute, not nap", "teampool plan --only sweep=gil | teampool run --plan -", "gil", c_lock,
      python_lock },
    { "Answer meanwhile", "teampool plan --only workload=convoy | teampool run --plan -", "convoy",
      c_convoy, python_convoy },
    { "Fork with threads", "", "fork", c_fork, python_fork },
};

void report_lesson(FILE *f, const struct report *r)
{
    fputs("<section class=card><h2>Step by step, in C and in Python</h2>\n"
          "<table class=steps><thead><tr><th scope=col>Step</th><th scope=col>In C</th>"
          "<th scope=col>In Python</th><th scope=col>Go on</th></tr></thead><tbody>\n",
          f);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        page_put(f, "<tr><th scope=row>%s</th><td data-l=C>", steps[i].name);
        steps[i].in_c(f, r);
        fputs("</td><td data-l=Python>", f);
        steps[i].in_python(f, r);
        fputs("</td><td data-l=\"Go on\">", f);
        if (*steps[i].command)
            page_put(f, "<code>%s</code> · ", steps[i].command);
        page_put(f, "docs/labs/%s.md</td></tr>\n", steps[i].sheet);
    }
    fputs("</tbody></table></section>\n", f);
}
