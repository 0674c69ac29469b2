/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drawing.h"
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

/* "2026-01-02 03:04 UTC" of "2026-01-02T03:04:05Z"; anything else as it is. */
static const char *date_of(char buffer[WORD], const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    size_t i = 0;
    while (form[i] && text[i] &&
           (form[i] == 'd' ? strchr("0123456789", text[i]) != NULL : form[i] == text[i]))
        i++;
    if (form[i] || text[i])
        return text;
    snprintf(buffer, WORD, "%.10s %.5s UTC", text, text + 11);
    return buffer;
}

static void put_head(FILE *f, const struct report *r)
{
    const char *host = *fact(r, "hostname") ? fact(r, "hostname") : "a machine without a name";
    char profile[WORD], date[WORD];
    int count = 0;
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
          "'unsafe-inline'; img-src data:\">\n"
          "<meta name=color-scheme content=\"light dark\">\n",
          f);
    page_put(f, "<title>Threads or processes? %s</title>\n<style>\n", host);
    fputs(report_style, f);
    fputs("</style></head>\n<body><header><h1>Threads or processes?</h1>\n<p>", f);
    put_item(f, &count, host);
    put_item(f, &count, fact(r, "cpu_model"));
    put_count(f, &count, r, "cores", "core");
    put_count(f, &count, r, "pus", "hardware thread");
    put_item(f, &count, fact(r, "kernel"));
    put_item(f, &count, fact(r, "compiler"));
    put_item(f, &count, date_of(date, fact(r, "date_utc")));
    put_length(f, &count, r);
    if (*fact(r, "profile")) {
        snprintf(profile, sizeof profile, "%.40s profile", fact(r, "profile"));
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

static void put_tile(FILE *f, const char *look, const char *big, const char *small)
{
    page_put(f, "<div class=\"tile %s\"><b>%s</b><span>%s</span></div>\n", look, big, small);
}

static void put_workers_tile(FILE *f, const struct answer *v)
{
    char big[WORD], small[160] = "within 5% of the best, with the fewest workers";
    const struct cell *t = v->threads.cell, *p = v->processes.cell;
    if (t && p && t->workers != p->workers)
        snprintf(small, sizeof small,
                 "for threads %.0f, for processes %.0f: the fewest within 5%% "
                 "of the best",
                 t->workers, p->workers);
    put_tile(f, v->choice == CHOICE_PROCESSES ? "processes" : "threads",
             words_plural(big, v->workers, "worker"), small);
}

static void put_chunk_tile(FILE *f, const struct answer *v)
{
    char big[160], small[WORD * 3], low[WORD], high[WORD], time[WORD];
    if (!(v->chunk.low > 0)) {
        put_tile(f, "good", "?", "tasks per chunk: not measured");
        return;
    }
    words_count(low, v->chunk.low);
    words_count(high, v->chunk.high);
    if (v->chunk.low == v->chunk.high)
        snprintf(big, sizeof big, "%s", low);
    else
        snprintf(big, sizeof big, "%s to %s", low, high);
    snprintf(small, sizeof small, "tasks per chunk are within 2%% of the best, for tasks of %s",
             words_time(time, v->chunk.task_ns, 2));
    put_tile(f, "good", big, small);
}

static void put_shortest_tile(FILE *f, const char *who, const struct shortest *s)
{
    char big[64], small[200], time[WORD];
    shortest_word(big, s);
    if (s->kind == SHORTEST_NEVER)
        snprintf(small, sizeof small, "%s: at most %.0f%% of the time was useful, at %s", who,
                 100 * s->efficiency, words_time(time, s->ns, 2));
    else
        snprintf(small, sizeof small, "shortest task worth giving to %s%s%s%s%s", who,
                 s->schedule && strcmp(s->schedule, "dynamic") ? " (" : "",
                 s->schedule && strcmp(s->schedule, "dynamic") ? s->schedule : "",
                 s->schedule && strcmp(s->schedule, "dynamic") ? ")" : "",
                 s->kind == SHORTEST_UNKNOWN ? "" : ": from there on half the time is useful");
    put_tile(f, who, big, small);
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
        put_workers_tile(f, v);
        put_chunk_tile(f, v);
        put_shortest_tile(f, "threads", &v->threads.shortest);
        put_shortest_tile(f, "processes", &v->processes.shortest);
        fputs("</div>\n", f);
    }
    snprintf(word, sizeof word, "%s", confidence_word(v->confidence));
    page_put(f, "<p><b>Confidence: %s.</b> %s</p>\n</section>\n", word, v->reason);
}

/* ---- 2 best choice per workload -------------------------------------------------------------- */

static void put_advice(FILE *f, const struct advice *a)
{
    char workers[WORD], chunk[WORD];
    const char *look = a->choice == CHOICE_THREADS     ? " class=\"word threads\""
                       : a->choice == CHOICE_PROCESSES ? " class=\"word processes\""
                                                       : "";
    page_put(f, "<tr><th scope=row>%s</th><td", a->work);
    fputs(look, f);
    page_put(f, ">%s</td>", choice_word(a->choice));
    page_put(f, "<td class=n data-l=workers>%s</td><td class=n data-l=chunk>%s</td>",
             words_count(workers, a->cell->workers), words_count(chunk, a->cell->chunk));
    page_put(f, "<td data-l=schedule>%s</td><td class=n data-l=speed-up>", a->cell->schedule);
    page_estimate(f, UNIT_FACTOR, &a->cell->speedup);
    page_put(f, "</td><td>%s</td><td data-l=\"sure?\">%s</td></tr>\n", a->other, a->sure);
}

static void put_advices(FILE *f, const struct report *r)
{
    const struct answer *v = r->answer;
    fputs("<section class=card><h2>Best choice for each workload</h2>\n", f);
    if (!v->advices) {
        page_put(f, "<p class=absent>%s</p></section>\n",
                 v->smoke ? "A smoke run is too short to choose by."
                          : "No workload was measured with both.");
        return;
    }
    fputs(
        "<div class=wide><table class=rows><thead><tr><th scope=col>Workload</th>"
        "<th scope=col>Best</th><th class=n scope=col>Workers</th><th class=n scope=col>Chunk</th>"
        "<th scope=col>Schedule</th><th class=n scope=col>Speed-up</th>"
        "<th scope=col>The other side</th><th scope=col>Sure?</th></tr></thead><tbody>\n",
        f);
    for (int i = 0; i < v->advices; i++)
        put_advice(f, &v->advice[i]);
    fputs("</tbody></table></div></section>\n", f);
}

/* ---- 3 checks -------------------------------------------------------------------------------- */

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
            page_put(f, "<span>%s</span>", k->fix);
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

/* A figure whole: title, conditions, drawing, table.  Where the drawing cannot be used a sentence
 * says why, and the table is open, as it is where OPEN is 1. */
static void put_figure(FILE *f, const struct report *r, const struct figure *figure, int open)
{
    int drawn = 0;
    struct why w = { "" };
    char *svg;
    page_put(f, "<figure class=fig id=\"fig-%s\"><h3>%s</h3>\n", figure->name, figure->title);
    if (*figure->absent) {
        page_put(f, "<p class=absent>%s</p></figure>\n", figure->absent);
        return;
    }
    page_put(f, "<p class=sub>%s</p>\n", figure->subtitle);
    if (asprintf(&svg, "%s/plots/%s.svg", r->dir, figure->name) >= 0) {
        drawn = !access(svg, R_OK) && !drawing_inline(f, svg, figure->name, figure->title, &w);
        free(svg);
    }
    if (!drawn)
        page_put(f, "<p class=absent>%s</p>\n", *w.text ? w.text : r->undrawn);
    page_put(f, "<details%s><summary>Numbers</summary>\n", drawn && !open ? "" : " open");
    page_figure_table(f, figure);
    fputs("</details></figure>\n", f);
}

/* The figures of these scripts, two in a row, those without data last; a last one alone takes the
 * row, its table beside it. */
static void put_figures(FILE *f, const struct report *r, const char *const *scripts)
{
    const struct figure *shown[FIGURES];
    int n = 0;
    for (int absent = 0; absent < 2; absent++)
        for (const char *const *script = scripts; *script; script++)
            for (int i = 0; i < r->figures->count; i++)
                if (!strcmp(r->figures->figure[i].script, *script) &&
                    (*r->figures->figure[i].absent != 0) == absent)
                    shown[n++] = &r->figures->figure[i];
    fputs("<div class=grid>\n", f);
    for (int i = 0; i < n; i++)
        put_figure(f, r, shown[i], i == n - 1 && n % 2);
    fputs("</div>\n", f);
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
    fputs("<details><summary>Words used here</summary><div class=wide><table class=facts><tbody>\n",
          f);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        page_put(f, "<tr><td>%s</td><td>%s</td></tr>\n", words[i][0], words[i][1]);
    fputs("</tbody></table></div></details>\n", f);
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
    fputs("<p>Every sample is a row of <code>samples.csv</code>, every case a row of "
          "<code>cells.csv</code>; spreadsheets, pandas and R read them as they are.</p>\n",
          f);
    put_environment(f, r);
    put_words(f);
    fputs("</section>\n", f);
}

void report_page(FILE *f, const struct report *r)
{
    static const char *const scaling[] = { "speedup", "length", "chunk", "startup", NULL };
    static const char *const where[] = { "timeline", NULL };
    static const char *const uneven[] = { "schedules", "lesson", NULL };
    put_head(f, r);
    put_verdict(f, r);
    put_advices(f, r);
    put_checks(f, r);
    fputs("<h2>How far does it scale?</h2>\n<p>Dots are medians over blocks; every drawing has its "
          "numbers below it.</p>\n",
          f);
    put_figures(f, r, scaling);
    fputs("<h2>Where does the time go?</h2>\n<p>What each worker did, and when it had nothing to "
          "do.</p>\n",
          f);
    put_figures(f, r, where);
    fputs("<h2>Uneven tasks, and the lesson</h2>\n<p>What the schedule is worth when tasks differ, "
          "and where it all began: tasks that only sleep.</p>\n",
          f);
    put_figures(f, r, uneven);
    put_repeat(f, r);
    fputs("</main>\n<footer>One file: no scripts, nothing fetched. Written by teampool from the "
          "CSV files of this run.</footer>\n</body></html>\n",
          f);
}
