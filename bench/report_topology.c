/* SPDX-License-Identifier: MIT
 *
 * report_topology: the machine as boxes in boxes, and who sat where, from topology.csv and the CPUs
 * of the recommended cell.  A level that has one box in its parent shares the parent's; on large
 * machines neighbours that look alike are drawn once.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "words.h"

enum { FOLD_ABOVE = 16 /* cores */, WORKERS_LISTED = 64, LABEL = 128 /* bytes */ };

/* From the outside in.  The hardware threads of a box stand together in the table. */
static const struct level {
    const char *column, *name;
} levels[] = { { "package", "package" },
               { "node", "NUMA node" },
               { "l3", "L3 cache" },
               { "l2", "L2 cache" },
               { "core", "core" } };
enum { PACKAGE, NODE, L3, L2, CORE, LEVELS };

struct place_map {
    const struct csv *table;
    int column[LEVELS], cpu, kind, kind_name, allowed;
    int fold;
    long *worker; /* by row: the first worker that sat there, and how many; */
    long *sharing;
    long workers, cores, packages; /* how many, and on how many */
};

static long number(const struct place_map *m, long row, int column)
{
    double value = -1;
    csv_number(m->table, row, column, &value);
    return (long)value;
}

/* Where the box of LEVEL that begins with row FIRST ends, within END. */
static long box_end(const struct place_map *m, int level, long first, long end)
{
    long row = first + 1;
    while (row < end && number(m, row, m->column[level]) == number(m, first, m->column[level]))
        row++;
    return row;
}

static long boxes(const struct place_map *m, int level, long first, long end)
{
    long n = 0;
    for (; first < end; n++)
        first = box_end(m, level, first, end);
    return n;
}

/* ---- who looks alike ------------------------------------------------------------------------- */

static int same_row(const struct place_map *m, long a, long b)
{
    return number(m, a, m->kind) == number(m, b, m->kind) &&
           number(m, a, m->allowed) == number(m, b, m->allowed) && m->sharing[a] == m->sharing[b];
}

/* Have two boxes of as many rows the same walls inside, and the same rows? */
static int alike(const struct place_map *m, long a, long b, long count)
{
    for (long i = 0; i < count; i++) {
        if (!same_row(m, a + i, b + i))
            return 0;
        for (int level = 0; level < LEVELS && i > 0; level++) {
            int column = m->column[level];
            int wall_a = number(m, a + i, column) != number(m, a + i - 1, column);
            int wall_b = number(m, b + i, column) != number(m, b + i - 1, column);
            if (wall_a != wall_b)
                return 0;
        }
    }
    return 1;
}

/* How many boxes of LEVEL from FIRST on look like the first of them; *AFTER is where these end. */
static long run_of(const struct place_map *m, int level, long first, long end, long *after)
{
    long size = box_end(m, level, first, end) - first, count = 1;
    *after = first + size;
    while (m->fold && *after < end && box_end(m, level, *after, end) - *after == size &&
           alike(m, first, *after, size)) {
        count++;
        *after += size;
    }
    return count;
}

/* ---- boxes ----------------------------------------------------------------------------------- */

/* FOLDED: it stands for others, too, and so names no worker. */
static void put_thread(FILE *f, const struct place_map *m, long row, int folded)
{
    char text[WORD] = "", workers[WORD];
    const char *look = m->sharing[row] ? "pu on" : number(m, row, m->allowed) ? "pu" : "pu off";
    if (m->sharing[row] > 1)
        snprintf(text, sizeof text, " · %.40s",
                 words_plural(workers, (double)m->sharing[row], "worker"));
    else if (m->sharing[row] && folded)
        snprintf(text, sizeof text, " · worker");
    else if (m->sharing[row])
        snprintf(text, sizeof text, " · w%ld", m->worker[row]);
    else if (!number(m, row, m->allowed))
        snprintf(text, sizeof text, " · not ours");
    page_put(f, "<div class=\"%s\">PU %s%s</div>", look, csv_cell(m->table, row, m->cpu), text);
}

/* "L2 1 MiB" */
static void name_cache(char out[WORD], const struct place_map *m, int level, long row)
{
    char kib[16], size[WORD];
    snprintf(kib, sizeof kib, "%s_kib", levels[level].column);
    double value = reading_value(m->table, row, kib);
    snprintf(out, WORD, "%.2s %.40s", levels[level].name,
             value > 0 ? words_size(size, value * 1024) : "");
}

/* What is written on a box: "package 0", "cores 0 to 7, 8 alike". */
static void name_box(char out[LABEL], const struct place_map *m, int level, long first, long after,
                     long count)
{
    long from = number(m, first, m->column[level]), to = number(m, after - 1, m->column[level]);
    char cache[WORD];
    if (level == L3 || level == L2) {
        name_cache(cache, m, level, first);
        snprintf(out, LABEL, count > 1 ? "%s, %ld alike" : "%s", cache, count);
    } else if (count > 1) {
        snprintf(out, LABEL, "%ss %ld to %ld, all alike", levels[level].name, from, to);
    } else {
        snprintf(out, LABEL, "%s %ld", levels[level].name, from);
    }
    const char *kind = csv_cell(m->table, first, m->kind_name);
    if (level == CORE && *kind)
        snprintf(out + strlen(out), LABEL - strlen(out), " · %.30s", kind);
}

static int is_known(const struct place_map *m, int level, long row)
{
    return number(m, row, m->column[level]) >= 0;
}

/* Does the level tell nothing here: one box for all, or a box for each core? */
static int is_passed(const struct place_map *m, int level, long first, long end)
{
    long n = boxes(m, level, first, end);
    return level != CORE &&
           (!is_known(m, level, first) || n == 1 || n == boxes(m, CORE, first, end));
}

static void put_boxes(FILE *f, const struct place_map *m, int level, long first, long end,
                      int folded);

/* The names of the levels that have but one box between FIRST and END. */
static void put_single_names(FILE *f, const struct place_map *m, int level, long first, long end)
{
    char name[LABEL];
    for (; level < CORE; level++)
        if (is_known(m, level, first) && boxes(m, level, first, end) == 1 &&
            (level != L2 || boxes(m, CORE, first, end) > 1)) {
            name_box(name, m, level, first, first + 1, 1);
            page_put(f, " · %s", name);
        }
}

static void put_box(FILE *f, const struct place_map *m, int level, long first, long after,
                    long count, int folded)
{
    char name[LABEL], cache[WORD];
    long end = box_end(m, level, first, after);
    name_box(name, m, level, first, after, count);
    page_put(f, "<div class=\"%s\"><span class=lab>%s", level == CORE ? "core" : "box", name);
    if (level < CORE)
        put_single_names(f, m, level + 1, first, end);
    if (level == CORE && is_known(m, L2, first)) {
        name_cache(cache, m, L2, first);
        page_put(f, " · %s", cache);
    }
    fputs("</span>", f);
    if (level == CORE)
        for (long row = first; row < end; row++)
            put_thread(f, m, row, folded);
    else
        put_boxes(f, m, level + 1, first, end, folded);
    fputs("</div>\n", f);
}

static void put_boxes(FILE *f, const struct place_map *m, int level, long first, long end,
                      int folded)
{
    while (is_passed(m, level, first, end))
        level++;
    fputs(level == CORE ? "<div class=cores>" : "<div class=boxes>", f);
    for (long after; first < end; first = after) {
        long count = run_of(m, level, first, end, &after);
        put_box(f, m, level, first, after, count, folded || count > 1);
    }
    fputs("</div>", f);
}

/* ---- who sat where --------------------------------------------------------------------------- */

/* Set worker and sharing from CPUS ("0+1+0+1"), worker by worker. */
static void seat(struct place_map *m, const char *cpus)
{
    for (const char *at = cpus; *at; m->workers++) {
        char *end;
        long cpu = strtol(at, &end, 10);
        for (long row = 0; row < m->table->rows; row++)
            if (number(m, row, m->cpu) == cpu && !m->sharing[row]++)
                m->worker[row] = m->workers;
        at = *end == '+' ? end + 1 : end + strlen(end);
    }
    long core = -1, package = -1;
    for (long row = 0; row < m->table->rows; row++) {
        if (!m->sharing[row])
            continue;
        m->cores += number(m, row, m->column[CORE]) != core;
        m->packages += number(m, row, m->column[PACKAGE]) != package;
        core = number(m, row, m->column[CORE]);
        package = number(m, row, m->column[PACKAGE]);
    }
}

static int map_open(struct place_map *m, const struct csv *t, const char *cpus)
{
    *m = (struct place_map){ .table = t };
    for (int level = 0; level < LEVELS; level++)
        m->column[level] = csv_column(t, levels[level].column);
    m->cpu = csv_column(t, "cpu");
    m->kind = csv_column(t, "kind");
    m->kind_name = csv_column(t, "kind_name");
    m->allowed = csv_column(t, "allowed");
    m->worker = calloc((size_t)t->rows + 1, sizeof *m->worker);
    m->sharing = calloc((size_t)t->rows + 1, sizeof *m->sharing);
    if (!m->worker || !m->sharing)
        return 0;
    m->fold = boxes(m, CORE, 0, t->rows) > FOLD_ABOVE;
    seat(m, cpus);
    return 1;
}

/* SEATED 0: there is no cell whose workers could be shown. */
static void put_title(FILE *f, const struct place_map *m, int seated)
{
    char workers[WORD], cores[WORD], packages[WORD];
    words_plural(workers, (double)m->workers, "worker");
    words_plural(cores, (double)m->cores, "core");
    words_plural(packages, (double)m->packages, "package");
    if (!seated)
        page_put(f, "<h3>The machine</h3>\n");
    else if (!m->workers)
        page_put(f, "<h3>The workers were bound to no CPU</h3>\n");
    else if (m->workers == m->cores && m->workers > 1)
        page_put(f, "<h3>A core for each: %s on %s of %s</h3>\n", workers, cores, packages);
    else
        page_put(f, "<h3>%s on %s of %s</h3>\n", workers, cores, packages);
}

static void put_table(FILE *f, const struct place_map *m)
{
    long listed = 0;
    char rest[WORD];
    fputs("<details><summary>Numbers</summary><div class=wide><table><thead><tr>"
          "<th scope=col>hardware thread</th><th class=n scope=col>package</th>"
          "<th class=n scope=col>NUMA node</th><th class=n scope=col>core</th>"
          "<th class=n scope=col>first worker</th><th class=n scope=col>workers</th></tr></thead>"
          "<tbody>\n",
          f);
    for (long row = 0; row < m->table->rows; row++) {
        char worker[WORD], sharing[WORD];
        if (!m->sharing[row] || listed++ >= WORKERS_LISTED)
            continue;
        page_put(f, "<tr><th scope=row>PU %s</th>", csv_cell(m->table, row, m->cpu));
        page_put(f, "<td class=n>%s</td><td class=n>%s</td><td class=n>%s</td>",
                 csv_cell(m->table, row, m->column[PACKAGE]),
                 csv_cell(m->table, row, m->column[NODE]),
                 csv_cell(m->table, row, m->column[CORE]));
        page_put(f, "<td class=n>%s</td><td class=n>%s</td></tr>\n",
                 words_count(worker, (double)m->worker[row]),
                 words_count(sharing, (double)m->sharing[row]));
    }
    fputs("</tbody></table></div>", f);
    if (listed > WORKERS_LISTED)
        page_put(f, "<p>And %s more; topology.csv has all.</p>",
                 words_count(rest, (double)(listed - WORKERS_LISTED)));
    fputs("</details>", f);
}

void report_topology(FILE *f, const struct report *r)
{
    const struct answer *v = r->answer;
    const struct cell_row *c = v->choice == CHOICE_PROCESSES ? v->processes.cell : v->threads.cell;
    const struct csv *t = r->reading->topology;
    struct place_map m = { 0 };
    c = c ? c : v->processes.cell;
    fputs("<figure class=\"fig topo\" id=fig-topology>", f);
    if (!t || !t->rows || csv_column(t, "cpu") < 0 || !map_open(&m, t, c ? c->cpus : "")) {
        fputs("<h3>Where the workers sat</h3>\n<p class=absent>Not drawn: this run left no "
              "topology.csv; topology.xml may tell.</p></figure>\n",
              f);
    } else {
        put_title(f, &m, c != NULL);
        page_put(f, "<p class=sub>A box is a part of the machine, PU a hardware thread%s</p>\n",
                 c ? ", w the worker that was bound to it, in the cell that the verdict stands on."
                   : ". No verdict stands on a cell of this run, so no worker is shown; the lines "
                     "of plan.txt say where each was bound (cpus=).");
        fputs("<div class=box><span class=lab>the machine", f);
        put_single_names(f, &m, PACKAGE, 0, t->rows);
        fputs("</span>", f);
        put_boxes(f, &m, PACKAGE, 0, t->rows, 0);
        fputs("</div>\n", f);
        put_table(f, &m);
        fputs("</figure>\n", f);
    }
    free(m.worker);
    free(m.sharing);
}
