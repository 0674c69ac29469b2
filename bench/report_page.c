/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "page.h"
#include "words.h"

enum { CHECKS_OPEN = 12 }; /* more than these are folded */

static const char *fact(const struct report *r, const char *key)
{
    return reading_machine(r->reading, key);
}

/* ---- head ------------------------------------------------------------------------------------ */

/* " · TEXT", or TEXT alone where nothing stands before it. */
static void put_item(FILE *f, int *count, const char *text)
{
    if (*text)
        page_put(f, "%s%s", (*count)++ ? " · " : "", text);
}

/* A whole number; 0: not known. */
static long whole(const struct report *r, const char *key)
{
    double number = reading_number(r->reading, key);
    return number > 0 ? (long)number : 0;
}

static void put_count(FILE *f, int *count, const struct report *r, const char *key,
                      const char *noun)
{
    char word[WORD];
    double number = reading_number(r->reading, key);
    put_item(f, count, number > 0 ? words_plural(word, number, noun) : "");
}

static void put_length(FILE *f, int *count, const struct report *r)
{
    char word[WORD];
    double s = round(reading_number(r->reading, "elapsed_s"));
    if (!(s >= 0))
        return;
    if (s < 60)
        snprintf(word, sizeof word, "took %.0f s", s);
    else
        snprintf(word, sizeof word, "took %.0f min %.0f s", floor(s / 60), fmod(s, 60));
    put_item(f, count, word);
}

static void put_head(FILE *f, const struct report *r)
{
    const char *host = *fact(r, "hostname") ? fact(r, "hostname") : "a machine without a name";
    char profile[WORD], date[WORD], job[BATCH_SAID];
    int count = 0;
    page_begin(f, "Threads or processes?", host);
    fputs("<h1>Threads or processes?</h1>\n<p>", f);
    put_item(f, &count, host);
    put_item(f, &count, fact(r, "cpu_model"));
    put_count(f, &count, r, "cores", "core");
    put_count(f, &count, r, "pus", "hardware thread");
    put_item(f, &count,
             batch_say(job, fact(r, "batch_system"), fact(r, "batch_job"), whole(r, "batch_cpus"),
                       whole(r, "pus")));
    put_item(f, &count, fact(r, "kernel"));
    put_item(f, &count, fact(r, "compiler"));
    put_item(f, &count, words_date(date, fact(r, "date_utc")));
    put_length(f, &count, r);
    if (*fact(r, "profile")) {
        snprintf(profile, sizeof profile,
                 strcmp(fact(r, "profile"), "plan file") ? "%.40s profile" : "a %.40s",
                 fact(r, "profile"));
        put_item(f, &count, profile);
    }
    fputs("</p></header>\n<main>\n", f);
}

/* ---- 1 the verdict --------------------------------------------------------------------------- */

/* The headline with the two words in their colours. */
static void put_headline(FILE *f, const struct answer *v)
{
    const char *word = choice_word(v->choice);
    const char *found = v->choice == CHOICE_THREADS || v->choice == CHOICE_PROCESSES
                            ? strstr(v->headline, word)
                            : NULL;
    fputs("<p class=say>", f);
    if (found) {
        char before[sizeof v->headline];
        snprintf(before, sizeof before, "%.*s", (int)(found - v->headline), v->headline);
        page_put(f, "%s<span class=%s>%s</span>%s", before, word, word, found + strlen(word));
    } else {
        page_text(f, v->headline);
    }
    fputs("</p>\n", f);
}

struct tile {
    const char *look, *big, *small;
    const struct grounds *grounds; /* NULL: there is no answer to doubt */
    double low_ns, high_ns;        /* its interval; an end that is not known is 0 or NAN */
};

/* As large as it is sure: below the least number of blocks the answer is no more than a remark. */
static void put_tile(FILE *f, const struct report *r, const struct tile *t)
{
    char low[WORD], high[WORD];
    int few = t->grounds && t->grounds->blocks < BLOCKS_FOR_INTERVAL;
    const char *doubt = t->grounds ? doubt_word(r->checks, t->grounds) : NULL;
    page_put(f, "<div class=\"tile %s\"><b>%s</b>", t->look, few ? "?" : t->big);
    if (few)
        page_put(f, "<span>%s; so far: %s</span>", doubt, t->big);
    else if (doubt)
        page_put(f, "<i>%s</i>", doubt);
    if (t->low_ns > 0 && t->high_ns > 0)
        page_put(f, "<i>%s to %s</i>", words_time(low, t->low_ns, 2),
                 words_time(high, t->high_ns, 2));
    else if (t->low_ns > 0)
        page_put(f, "<i>%s or more</i>", words_time(low, t->low_ns, 2));
    else if (t->high_ns > 0)
        page_put(f, "<i>%s or less</i>", words_time(high, t->high_ns, 2));
    page_put(f, "<span>%s</span></div>\n", t->small);
}

static void put_workers_tile(FILE *f, const struct report *r)
{
    const struct answer *v = r->answer;
    char big[WORD], small[160] = "within 5% of the best, with the fewest workers";
    const struct cell_row *t = v->threads.cell, *p = v->processes.cell;
    if (t && p && t->workers != p->workers)
        snprintf(small, sizeof small,
                 "%.0f for threads, %.0f for processes: the fewest within 5%% of the best",
                 t->workers, p->workers);
    put_tile(f, r,
             &(struct tile){ .look = v->choice == CHOICE_PROCESSES ? "processes" : "threads",
                             .big = words_plural(big, v->workers, "worker"),
                             .small = small,
                             .grounds = &v->grounds });
}

static void put_chunk_tile(FILE *f, const struct report *r)
{
    const struct answer *v = r->answer;
    char big[160], small[WORD * 3], low[WORD], high[WORD], time[WORD];
    if (!(v->chunk.low > 0)) {
        put_tile(
            f, r,
            &(struct tile){ .look = "good", .big = "?", .small = "tasks per chunk: not measured" });
        return;
    }
    words_count(low, v->chunk.low);
    words_count(high, v->chunk.high);
    if (v->chunk.low == v->chunk.high)
        snprintf(big, sizeof big, "%s", low);
    else
        snprintf(big, sizeof big, "%s to %s", low, high);
    snprintf(small, sizeof small,
             "tasks per chunk are within 2%% of the best, for tasks of %.20s%s",
             words_time(time, v->chunk.task_ns, 2),
             v->chunk.low < v->chunk.high ? "; the headline's is in their middle" : "");
    put_tile(
        f, r,
        &(struct tile){ .look = "good", .big = big, .small = small, .grounds = &v->chunk.grounds });
}

/* STEALING NULL: the side has no such schedule. */
static void put_shortest_tile(FILE *f, const struct report *r, const char *who,
                              const struct shortest *s, const struct shortest *stealing)
{
    char big[64], small[320], time[WORD], side[WORD], word[64];
    shortest_word(big, s);
    snprintf(side, sizeof side, strcmp(s->backend, "pipe") ? "%s" : "%s (pipes)", who);
    switch (s->kind) {
    case SHORTEST_NEVER:
        snprintf(
            small, sizeof small,
            "no task tried for %.40s, one at a time, kept half of the time for work: %.0f%% at "
            "most, up to %.20s",
            side, 100 * s->efficiency, words_time(time, s->ns, 2));
        break;
    case SHORTEST_UNCLEAR:
        snprintf(small, sizeof small,
                 "shortest task worth giving to %.40s: the blocks disagree; a longer run tells",
                 side);
        break;
    case SHORTEST_UNKNOWN:
        snprintf(small, sizeof small, "shortest task worth giving to %.40s", side);
        break;
    default:
        snprintf(small, sizeof small,
                 "of work in the shortest task worth giving to %.40s, one at a time: half of the "
                 "time is work",
                 side);
    }
    size_t used = strlen(small);
    if (stealing && shortest_is_known(stealing))
        snprintf(small + used, sizeof small - used, "; with stealing: %s",
                 shortest_word(word, stealing));
    put_tile(f, r,
             &(struct tile){ .look = who,
                             .big = big,
                             .small = small,
                             .grounds = shortest_is_known(s) ? &s->grounds : NULL,
                             .low_ns = s->low,
                             .high_ns = s->high });
}

static void put_verdict(FILE *f, const struct report *r)
{
    const struct answer *v = r->answer;
    char word[16];
    fputs("<section class=\"card verdict\">\n", f);
    put_headline(f, v);
    if (*v->evidence)
        page_put(f, "<p>%s</p>\n", v->evidence);
    if (v->workers > 0) {
        fputs("<div class=tiles>\n", f);
        put_workers_tile(f, r);
        put_chunk_tile(f, r);
        put_shortest_tile(f, r, "threads", &v->threads.shortest, NULL);
        put_shortest_tile(f, r, "processes", &v->processes.shortest, &v->stealing);
        fputs("</div>\n", f);
    }
    snprintf(word, sizeof word, "%s", confidence_word(v->confidence));
    page_put(f, "<p><b>Confidence: %s.</b> %s</p>\n</section>\n", word, v->reason);
}

/* ---- 2 best choice per workload -------------------------------------------------------------- */

/* All sizes that are as good as the best where they were tried, so that no row quotes another one
 * than the verdict does. */
static void put_chunk(FILE *f, const struct report *r, const struct cell_row *c)
{
    struct chunk_range range = { 0 };
    char low[WORD], high[WORD];
    if (!strcmp(c->workload, "cpu"))
        range = chunk_range_of(r->reading, c->backend, c->schedule, c->task_ns);
    if (range.low > 0 && range.low < range.high)
        page_put(f, "%s to %s", words_count(low, range.low), words_count(high, range.high));
    else if (range.low > 0)
        page_text(f, words_count(low, range.low));
    else
        page_put(f, "%s <span class=ci>no other tried</span>", words_count(low, c->chunk));
}

static void put_advice(FILE *f, const struct report *r, const struct advice *a)
{
    char workers[WORD];
    const char *look = a->choice == CHOICE_THREADS     ? " class=\"word threads\""
                       : a->choice == CHOICE_PROCESSES ? " class=\"word processes\""
                                                       : "";
    page_put(f, "<tr><th scope=row>%s</th><td", a->work);
    fputs(look, f);
    page_put(f, ">%s</td>", choice_word(a->choice));
    page_put(f, "<td class=n data-l=workers>%s</td><td class=n data-l=chunk>",
             words_count(workers, a->cell->workers));
    put_chunk(f, r, a->cell);
    page_put(f, "</td><td data-l=schedule>%s</td><td class=n data-l=speed-up>", a->cell->schedule);
    page_estimate(f, UNIT_FACTOR, &a->cell->speedup);
    page_put(f, "</td><td>%s</td><td data-l=\"sure?\">%s</td></tr>\n", a->other, a->sure);
}

static void put_advices(FILE *f, const struct report *r)
{
    const struct answer *v = r->answer;
    fputs("<section class=card><h2>Best choice for each workload</h2>\n", f);
    if (!v->advices) {
        page_put(f, "<p class=absent>%s</p></section>\n",
                 v->smoke
                     ? "A smoke run is too short to choose by."
                     : "This run has no cells to choose by; teampool run --profile quick has.");
        return;
    }
    fputs(
        "<div class=wide><table class=rows><thead><tr><th scope=col>Workload</th>"
        "<th scope=col>Best</th><th class=n scope=col>Workers</th><th class=n scope=col>Chunk</th>"
        "<th scope=col>Schedule</th><th class=n scope=col>Speed-up</th>"
        "<th scope=col>The other side</th><th scope=col>Sure?</th></tr></thead><tbody>\n",
        f);
    for (int i = 0; i < v->advices; i++)
        put_advice(f, r, &v->advice[i]);
    fputs("</tbody></table></div></section>\n", f);
}

/* ---- 3 checks -------------------------------------------------------------------------------- */

/* Processes of then are gone when a page is read, or others have their numbers. */
static const char *lasting_fix(const struct check *c)
{
    return strncmp(c->fix, CHECKS_BY_PID, strlen(CHECKS_BY_PID))
               ? c->fix
               : "teampool doctor   # who runs now: stop them, or wait until they end";
}

/* The checks that are marked LEAST to MOST, as items of a list. */
static void put_check_items(FILE *f, const struct checks *c, enum mark least, enum mark most)
{
    static const char *const sign[] = { "✓", "–", "!", "✗" };
    for (int i = 0; i < c->count; i++) {
        const struct check *k = &c->check[i];
        if (k->mark < least || k->mark > most)
            continue;
        page_put(f, "<li class=%s><b>%s</b>%s", mark_word(k->mark), sign[k->mark], k->text);
        if (*k->value && !strstr(k->text, k->value))
            page_put(f, " <i>(%s: %s)</i>", k->name, k->value);
        if (*k->fix)
            page_put(f, "<span>%s</span>", lasting_fix(k));
        fputs("</li>\n", f);
    }
}

/* Where there are many, what speaks against the numbers comes first, and the rest is folded. */
static void put_checks(FILE *f, const struct report *r)
{
    const struct checks *c = r->checks;
    char rest[WORD];
    int shown = c->bad + c->warnings, folded = c->count > CHECKS_OPEN;
    fputs("<section class=card><h2>Can these numbers be trusted?</h2>\n", f);
    if (folded && !shown)
        fputs("<p>Nothing that was looked at speaks against them.</p>\n", f);
    if (folded && shown) {
        fputs("<ul class=checks>\n", f);
        put_check_items(f, c, MARK_BAD, MARK_BAD);
        put_check_items(f, c, MARK_WARN, MARK_WARN);
        fputs("</ul>\n", f);
    }
    if (folded)
        page_put(f, "<details><summary>%s that did not warn</summary>\n",
                 words_plural(rest, c->count - shown, "check"));
    fputs("<ul class=checks>\n", f);
    put_check_items(f, c, MARK_GOOD, folded ? MARK_NOTE : MARK_BAD);
    fputs("</ul>", f);
    fputs(folded ? "</details></section>\n" : "</section>\n", f);
}

/* ---- 4, 5, 7 figures ------------------------------------------------------------------------- */

/* Into OUT the figures of these scripts, in their order: those with data, or (ABSENT 1) without.
 * Returns how many. */
static int pick_figures(const struct report *r, const char *const *scripts, int absent,
                        const struct figure *out[FIGURES])
{
    int n = 0;
    for (const char *const *script = scripts; *script; script++)
        for (int i = 0; i < r->figures->count; i++)
            if (!strcmp(r->figures->figure[i].script, *script) &&
                (*r->figures->figure[i].absent != 0) == absent)
                out[n++] = &r->figures->figure[i];
    return n;
}

/* The figures of these scripts, two in a row; a last one alone takes the row, its table beside it.
 * Below them, in one list, those without data, and the COMMAND that measures them. */
static void put_figures(FILE *f, const struct report *r, const char *const *scripts,
                        const char *command)
{
    const struct figure *shown[FIGURES];
    int n = pick_figures(r, scripts, 0, shown);
    fputs("<div class=grid>\n", f);
    for (int i = 0; i < n; i++)
        page_figure(f, shown[i], r->dir, r->undrawn, i == n - 1 && n % 2);
    fputs("</div>\n", f);
    n = pick_figures(r, scripts, 1, shown);
    if (n)
        fputs("<ul class=\"card missing\">\n", f);
    for (int i = 0; i < n; i++)
        page_put(f, "<li id=\"fig-%s\"><b>%s</b> %s</li>\n", shown[i]->name, shown[i]->title,
                 shown[i]->absent);
    if (n)
        page_put(f, "<li>To measure what is missing: <code>%s</code></li></ul>\n", command);
}

/* ---- 9 do it yourself ------------------------------------------------------------------------ */

static void put_words(FILE *f)
{
    static const char *const words[][2] = {
        { "task", "the unit of work, one call" },
        { "chunk", "tasks that a worker takes at once" },
        { "worker", "a thread, or a process" },
        { "threads", "an OpenMP team: workers in one process" },
        { "processes", "a pool of processes that take their tasks from shared memory" },
        { "stealing",
          "the same pool; each worker has its own share and takes from others when done" },
        { "pipes", "a pool that sends every chunk through a pipe, as Python's Pool does" },
        { "speed-up", "time of serial code for the same work, over the time with workers" },
        { "efficiency", "speed-up over workers: the share of their time that is useful" },
        { "shortest worthwhile task",
          "the length from which on efficiency is 50% or more; METG(50%) in the literature" },
        { "block",
          "one pass over everything in fresh processes and a new order; what is repeated" },
        { "95% interval",
          "of the median over blocks, from order statistics; empty below 6 blocks" },
    };
    page_words(f, words, sizeof words / sizeof *words);
}

static void put_environment(FILE *f, const struct report *r)
{
    const struct csv *m = r->reading->machine;
    if (!m)
        return;
    int key = csv_column(m, "key"), value = csv_column(m, "value"), note = csv_column(m, "note");
    fputs("<details><summary>Environment</summary><div class=wide><table class=facts><tbody>\n", f);
    for (long i = 0; i < m->rows; i++) {
        const char *text = csv_cell(m, i, value), *remark = csv_cell(m, i, note);
        page_put(f, "<tr><td>%s</td><td>%s%s%s%s</td></tr>\n", csv_cell(m, i, key),
                 *text ? text : "not known", *remark ? " (" : "", remark, *remark ? ")" : "");
    }
    fputs("</tbody></table></div></details>\n", f);
}

static void put_repeat(FILE *f, const struct report *r)
{
    const char *command = fact(r, "command"), *name = strrchr(r->dir, '/');
    name = name ? name + 1 : r->dir; /* where the folder lies is not the run's business */
    fputs("<h2 id=repeat>Do it yourself</h2>\n<section class=card>\n<p>", f);
    fputs(*command ? "The same plan again, and this page again from the same record:"
                   : "This page again from the same record:",
          f);
    fputs("</p>\n<pre>", f);
    if (*command)
        page_put(f, "%s\n", command);
    page_put(f, "teampool report DIR   # this run's folder, %s</pre>\n", name);
    fputs("<p>Every sample is a row of <code>samples.csv</code>, every cell a row of "
          "<code>cells.csv</code>; spreadsheets, pandas and R read them as they are.</p>\n",
          f);
    put_environment(f, r);
    put_words(f);
    fputs("</section>\n", f);
}

/* ---- the page -------------------------------------------------------------------------------- */

#define SWEEPS                                                                                     \
    "teampool run   # or one sweep: teampool plan --only sweep=NAME | teampool run --plan -"

/* What follows the checks: a heading, a line below it, and the figures of these scripts. */
static const struct section {
    const char *title, *intro;
    const char *scripts[8];
    const char *command;                           /* that measures its sweeps */
    void (*more)(FILE *f, const struct report *r); /* after the figures; NULL: nothing */
} sections[] = {
    { "How far does it scale?",
      "Dots are medians over blocks; every drawing has its numbers below it.",
      { "speedup", "length", "chunk", "startup", "launch" },
      SWEEPS,
      NULL },
    { "Where does the time go?",
      "What each worker did, when it had nothing to do, what the schedule is worth when tasks "
      "differ, and whether the run was calm.",
      { "where", "samples", "timeline", "schedules" },
      SWEEPS,
      report_topology },
    { "Threads or processes?",
      "What isolation costs and what it spares: the same hand-out over memory and pipes, tasks "
      "that fight for something, tasks that carry bytes.",
      { "matrix", "contention", "payload", "map" },
      SWEEPS,
      NULL },
    { "Threads behind one lock",
      "As CPython's threads: who computes holds the interpreter's lock. What that costs, and when "
      "processes are the way out (docs/gil.md).",
      { "lock", "answer", "interval", "held" },
      "teampool run --blocks 6 --plan docs/gil-plan.txt   # installed: share/teampool/docs",
      NULL },
    { "The lesson",
      "Where it all began: tasks that only sleep, a pool of eight, a lambda that is refused, a "
      "chunk size. In C, and in Python where the run has it.",
      { "lesson", "peers" },
      SWEEPS,
      report_lesson },
};

void report_page(FILE *f, const struct report *r)
{
    put_head(f, r);
    put_verdict(f, r);
    put_advices(f, r);
    put_checks(f, r);
    report_measured(f, r);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        page_put(f, "<h2>%s</h2>\n<p>%s</p>\n", sections[i].title, sections[i].intro);
        put_figures(f, r, sections[i].scripts, sections[i].command);
        if (sections[i].more)
            sections[i].more(f, r);
    }
    put_repeat(f, r);
    page_end(f, "the CSV files of this run");
}
