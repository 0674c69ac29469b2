/* SPDX-License-Identifier: MIT */
#include "report_many.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contrast_figure.h"
#include "contrast_words.h"
#include "digest.h"
#include "page.h"

enum {
    FLIPS_OPEN = 10, /* more than these are folded */
    LETTERS = 160    /* of a text from a machine: nobody reads on */
};

struct many {
    int runs, pairs; /* pair i is run i + 1 against run 0 */
    char *const *dirs;
    char name[MANY_RUNS][NAME_MAX + 1]; /* of the folder */
    struct digest digest[MANY_RUNS];
    struct comparison pair[MANY_RUNS - 1];
    struct figure figure[MANY_RUNS - 1];
};

/* ---- reading --------------------------------------------------------------------------------- */

/* The folder's name, wherever it lies and however it was written; two of one name are told apart by
 * how they were written. */
static int name_runs(struct many *m, struct why *w)
{
    char real[MANY_RUNS][PATH_MAX];
    for (int i = 0; i < m->runs; i++) {
        if (!realpath(m->dirs[i], real[i]))
            return why(w, -errno, "%s: cannot enter the folder: %s", m->dirs[i], strerror(errno));
        for (int k = 0; k < i; k++)
            if (!strcmp(real[i], real[k]))
                return why(w, -EINVAL,
                           "%.150s and %.150s are one folder: a second run would tell more",
                           m->dirs[k], m->dirs[i]);
        const char *last = strrchr(real[i], '/');
        snprintf(m->name[i], sizeof m->name[i], "%.255s", last[1] ? last + 1 : real[i]);
    }
    for (int i = 1; i < m->runs; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(m->name[i], m->name[k])) {
                snprintf(m->name[i], sizeof m->name[i], "%s", m->dirs[i]);
                snprintf(m->name[k], sizeof m->name[k], "%s", m->dirs[k]);
            }
    return 0;
}

static int compare_pair(struct many *m, int i, int force, struct why *w)
{
    char text[512], name[24] = "compare", who[100], about[104] = "";
    struct comparison *c = &m->pair[m->pairs++];
    int error = contrast_runs(c, m->dirs[0], m->dirs[i + 1], CONTRAST_MARGIN, force, w);
    if (!error && contrast_nothing_shared(c, text))
        error = why(w, -EINVAL, "%s", text);
    if (error)
        return error;
    if (m->runs > 2) {
        snprintf(name, sizeof name, "compare_%d", i + 2);
        snprintf(about, sizeof about, "%s: ", words_cut(who, sizeof who, m->name[i + 1], 40));
    }
    return contrast_figure(c, name, about, &m->figure[i]);
}

int many_open(struct many **out, char *const *dirs, int count, int force, struct why *w)
{
    struct many *m = calloc(1, sizeof *m);
    if (!m)
        return why(w, -ENOMEM, "no memory for %d runs", count);
    m->runs = count;
    m->dirs = dirs;
    int error = name_runs(m, w);
    for (int i = 0; !error && i < count; i++)
        error = digest_of(&m->digest[i], dirs[i], w);
    for (int i = 0; !error && i < count - 1; i++)
        error = compare_pair(m, i, force, w);
    if (error) {
        many_close(m);
        return error;
    }
    *out = m;
    return 0;
}

void many_close(struct many *m)
{
    for (int i = 0; i < m->pairs; i++) {
        contrast_free(&m->pair[i]);
        figure_free(&m->figure[i]);
    }
    free(m);
}

int many_figures(const struct many *m, const char *dir, struct why *w)
{
    struct figure gone = { .name = "compare", .absent = "not of this page" };
    int error = figure_write(m->runs > 2 ? &gone : &m->figure[0], dir, w);
    for (int i = 0; !error && i < MANY_RUNS - 1; i++) {
        snprintf(gone.name, sizeof gone.name, "compare_%d", i + 2);
        error = figure_write(m->runs > 2 && i < m->pairs ? &m->figure[i] : &gone, dir, w);
    }
    return error;
}

void many_print(const struct many *m, FILE *f)
{
    char text[512];
    for (int i = 0; i < m->pairs; i++) {
        fprintf(f, "%s against %s: ", m->name[i + 1], m->name[0]);
        contrast_put_summary(&m->pair[i], f);
        if (contrast_too_few_blocks(&m->pair[i], text))
            fprintf(f, "%s\n", text);
    }
}

/* ---- the runs -------------------------------------------------------------------------------- */

static const char *fact(const struct many *m, int run, const char *key)
{
    return machine_get(run ? &m->pair[run - 1].run[NEW].machine : &m->pair[0].run[OLD].machine,
                       key);
}

/* A text from a machine, of a length that leaves room for others. */
static void put_short(FILE *f, const char *text)
{
    char part[4 * LETTERS];
    page_text(f, words_cut(part, sizeof part, text, LETTERS));
}

/* " · TEXT" */
static void put_item(FILE *f, const char *before, const char *text)
{
    if (!*text)
        return;
    page_put(f, " · %s", before);
    put_short(f, text);
}

static void put_head(FILE *f, const struct many *m)
{
    char date[WORD];
    page_begin(f, "Runs compared:", m->name[0]);
    fputs("<h1>Threads or processes? Runs compared</h1>\n", f);
    for (int i = 0; i < m->runs; i++) {
        page_put(f, "<p>%s<b>%s</b>", m->runs > 2 ? "" : i ? "NEW: " : "OLD: ", m->name[i]);
        put_item(f, "", fact(m, i, "hostname"));
        put_item(f, "", fact(m, i, "cpu_model"));
        put_item(f, "", words_date(date, fact(m, i, "date_utc")));
        put_item(f, "profile ", fact(m, i, "profile"));
        fputs("</p>\n", f);
    }
    fputs("</header>\n<main>\n", f);
}

/* What PUT writes of C: an element each line.  Nothing where it writes nothing. */
static void put_said(FILE *f, const char *before, const struct comparison *c,
                     void put(const struct comparison *, FILE *), const char *after)
{
    char *text = NULL, *rest;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (!memory)
        return;
    put(c, memory);
    if (!fclose(memory))
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
            fputs(before, f);
            page_text(f, line);
            fputs(after, f);
        }
    free(text);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Which facts differ, in one sentence; their values stand further down. */
static void put_what_differs(const struct comparison *c, FILE *f)
{
    enum { NAMED = 8 };
    const char *key, *old_value, *new_value;
    int n = 0;
    for (; contrast_difference(c, n, &key, &old_value, &new_value); n++)
        if (n < NAMED)
            fprintf(f, "%s%s", n ? ", " : "Between the runs differ: ", key);
    if (n > NAMED)
        fprintf(f, " and %d more", n - NAMED);
    fputs(n ? "." : "Nothing that was noted of the two machines differs.", f);
}

static void put_paragraphs(FILE *f, const struct comparison *c)
{
    char text[512];
    put_said(f, "<p>", c, put_what_differs, "</p>\n");
    put_said(f, "<p>", c, contrast_put_others, ".</p>\n");
    put_said(f, "<p>", c, contrast_put_correction, "</p>\n");
    put_said(f, "<p>", c, contrast_put_conditions, "</p>\n");
    if (contrast_too_few_blocks(c, text))
        page_put(f, "<p><b>No verdict:</b> %s.</p>\n", text);
}

static void put_count(FILE *f, const char *name, long count)
{
    char word[WORD];
    page_put(f, "<td class=n data-l=%s>%s</td>", name, words_count(word, (double)count));
}

static void put_counts(FILE *f, const struct many *m)
{
    char word[WORD];
    fputs("<div class=wide><table class=rows><thead><tr><th scope=col>Run</th>"
          "<th class=n scope=col>Slower</th>"
          "<th class=n scope=col>Faster</th><th class=n scope=col>Same</th>"
          "<th class=n scope=col>Unclear</th><th class=n scope=col>Missing</th></tr></thead>"
          "<tbody>\n",
          f);
    for (int i = 0; i < m->pairs; i++) {
        const struct comparison *c = &m->pair[i];
        page_put(f, "<tr><th scope=row>%s</th>", m->name[i + 1]);
        page_put(f, "<td class=n data-l=slower>%s", words_count(word, (double)c->slower));
        page_put(f, " of %s</td>", words_count(word, (double)c->compared));
        put_count(f, "faster", c->faster);
        put_count(f, "same", c->verdicts[VERDICT_SAME]);
        put_count(f, "unclear", c->verdicts[VERDICT_UNCLEAR]);
        put_count(f, "missing", c->missing[OLD] + c->missing[NEW] + c->other_work);
        fputs("</tr>\n", f);
    }
    fputs("</tbody></table></div>\n", f);
}

/* "none has", "1 has", "2 have". */
static const char *so_many_have(char buffer[WORD], int count)
{
    char word[WORD];
    snprintf(buffer, WORD, "%.30s %s", count ? words_count(word, count) : "none",
             count > 1 ? "have" : "has");
    return buffer;
}

static void put_finding(FILE *f, const struct many *m)
{
    int slower = 0, faster = 0;
    char a[WORD], b[WORD], all[WORD];
    for (int i = 0; i < m->pairs; i++) {
        slower += m->pair[i].slower > 0;
        faster += m->pair[i].faster > 0;
    }
    page_put(f, "<p class=say>Against %s: of %s ", m->name[0], words_plural(all, m->pairs, "run"));
    page_put(f, "%s slower cells, %s faster ones</p>\n", so_many_have(a, slower),
             so_many_have(b, faster));
}

/* The counts in one line, which has all cells in it. */
static void put_all_counts(const struct comparison *c, FILE *f)
{
    contrast_put_counts(c, f);
    fprintf(f, ", %ld unclear", c->verdicts[VERDICT_UNCLEAR]);
}

static void put_answer(FILE *f, const struct many *m)
{
    fputs("<section class=\"card verdict\">", f);
    if (m->runs == 2) {
        put_said(f, "<p class=say>", &m->pair[0], put_all_counts, "</p>\n");
        put_paragraphs(f, &m->pair[0]);
    } else {
        put_finding(f, m);
        put_counts(f, m);
    }
    fputs("</section>\n", f);
}

/* ---- side by side ---------------------------------------------------------------------------- */

static void put_fact(FILE *f, const struct many *m, int run, const char *key)
{
    put_short(f, contrast_or_dash(fact(m, run, key)));
}

static void put_headline(FILE *f, const struct many *m, int run, const char *key)
{
    (void)key;
    page_text(f, m->digest[run].headline);
}

static void put_confidence(FILE *f, const struct many *m, int run, const char *key)
{
    (void)key;
    page_text(f, m->digest[run].confidence);
}

static void put_workers(FILE *f, const struct many *m, int run, const char *key)
{
    char word[WORD];
    (void)key;
    page_text(f, m->digest[run].workers > 0 ? words_count(word, m->digest[run].workers) : "-");
}

static void put_chunk(FILE *f, const struct many *m, int run, const char *key)
{
    const struct digest *d = &m->digest[run];
    char low[WORD], high[WORD], time[WORD];
    (void)key;
    if (!(d->chunk_low > 0)) {
        fputs("-", f);
        return;
    }
    page_text(f, words_count(low, d->chunk_low));
    if (d->chunk_high > d->chunk_low)
        page_put(f, " to %s", words_count(high, d->chunk_high));
    page_put(f, " <span class=ci>for tasks of %s</span>", words_time(time, d->chunk_for, 2));
}

/* KEY of these: "threads", "processes". */
static const struct digest_side *side_of(const struct many *m, int run, const char *key)
{
    return *key == 't' ? &m->digest[run].threads : &m->digest[run].processes;
}

static void put_with_workers(FILE *f, double workers)
{
    char word[WORD];
    if (workers > 0)
        page_put(f, " <span class=ci>%s</span>", words_plural(word, workers, "worker"));
}

static void put_speedup(FILE *f, const struct many *m, int run, const char *key)
{
    const struct digest_side *s = side_of(m, run, key);
    if (isnan(s->speedup.mid)) {
        fputs("-", f);
        return;
    }
    page_estimate(f, UNIT_FACTOR, &s->speedup);
    put_with_workers(f, s->workers);
}

static void put_time(FILE *f, const struct digest_figure *d)
{
    if (isnan(d->value.mid))
        page_text(f, contrast_or_dash(d->word));
    else
        page_estimate(f, UNIT_TIME, &d->value);
    put_with_workers(f, d->workers);
}

static void put_metg50(FILE *f, const struct many *m, int run, const char *key)
{
    put_time(f, &side_of(m, run, key)->metg50);
}

static void put_t_fix(FILE *f, const struct many *m, int run, const char *key)
{
    put_time(f, &side_of(m, run, key)->t_fix);
}

static void put_o_chunk(FILE *f, const struct many *m, int run, const char *key)
{
    put_time(f, &side_of(m, run, key)->o_chunk);
}

static void put_open(FILE *f, const struct many *m, int run, const char *key)
{
    put_time(f, &side_of(m, run, key)->open);
}

static const struct aspect {
    const char *title;
    void (*put)(FILE *f, const struct many *m, int run, const char *key);
    const char *key;
} aspects[] = {
    { "Host", put_fact, "hostname" },
    { "CPU", put_fact, "cpu_model" },
    { "Cores", put_fact, "cores" },
    { "Hardware threads", put_fact, "pus" },
    { "CPU quota", put_fact, "quota_cpus" },
    { "CPUs of the batch job", put_fact, "batch_cpus" },
    { "Kernel", put_fact, "kernel" },
    { "Steps of work per ms, one CPU", put_fact, "steps_per_ms" },
    { "Verdict", put_headline, "" },
    { "Confidence", put_confidence, "" },
    { "Workers", put_workers, "" },
    { "Tasks per chunk", put_chunk, "" },
    { "Speed-up, threads", put_speedup, "threads" },
    { "Speed-up, processes", put_speedup, "processes" },
    { "METG(50%), threads", put_metg50, "threads" },
    { "METG(50%), processes", put_metg50, "processes" },
    { "What a job costs, threads", put_t_fix, "threads" },
    { "What a job costs, processes", put_t_fix, "processes" },
    { "What a chunk costs, threads", put_o_chunk, "threads" },
    { "What a chunk costs, processes", put_o_chunk, "processes" },
    { "Starting the team, threads", put_open, "threads" },
    { "Starting the team, processes", put_open, "processes" },
};

/* A row of the table, unless nobody has anything to say in it. */
static void put_aspect(FILE *f, const struct many *m, const struct aspect *a)
{
    int said = 0;
    char *text[MANY_RUNS] = { NULL };
    for (int i = 0; i < m->runs; i++) {
        size_t length;
        FILE *memory = open_memstream(&text[i], &length);
        if (!memory)
            continue;
        a->put(memory, m, i, a->key);
        if (!fclose(memory))
            said |= strcmp(text[i], "-") != 0;
    }
    if (said)
        page_put(f, "<tr><th scope=row>%s</th>", a->title);
    for (int i = 0; i < m->runs; i++) {
        if (said) {
            fputs("<td>", f);
            fputs(text[i] ? text[i] : "-", f);
            fputs("</td>", f);
        }
        free(text[i]);
    }
    if (said)
        fputs("</tr>\n", f);
}

static void put_side_by_side(FILE *f, const struct many *m)
{
    fputs("<section class=card><h2>Side by side</h2>\n<p>What each run says by itself. Small: "
          "95% intervals, and how many workers it was measured with.</p>\n"
          "<div class=wide><table class=beside><thead><tr><td></td>",
          f);
    for (int i = 0; i < m->runs; i++)
        page_put(f, "<th scope=col>%s</th>", m->name[i]);
    fputs("</tr></thead><tbody>\n", f);
    for (size_t a = 0; a < sizeof aspects / sizeof *aspects; a++)
        put_aspect(f, m, &aspects[a]);
    fputs("</tbody></table></div></section>\n", f);
}

/* ---- one pair -------------------------------------------------------------------------------- */

static void put_machines(FILE *f, const struct comparison *c, int open)
{
    const char *key, *old_value, *new_value;
    int n = 0;
    for (; contrast_difference(c, n, &key, &old_value, &new_value); n++) {
        if (!n)
            page_put(f,
                     "<details%s><summary>What differs</summary><div class=wide>"
                     "<table class=\"facts differs\"><thead><tr><td></td><th scope=col>OLD</th>"
                     "<th scope=col>NEW</th></tr></thead><tbody>\n",
                     open ? " open" : "");
        page_put(f, "<tr><td>%s</td><td>", key);
        put_short(f, contrast_or_dash(old_value));
        fputs("</td><td>", f);
        put_short(f, contrast_or_dash(new_value));
        fputs("</td></tr>\n", f);
    }
    if (n)
        fputs("</tbody></table></div></details>\n", f);
}

static void put_fold(FILE *f, const char *title, long count, int open)
{
    char word[WORD];
    page_put(f, "<details%s><summary>%s: %s</summary>", open ? " open" : "", title,
             words_count(word, (double)count));
}

static void put_table_head(FILE *f, const char *change, const char *last)
{
    page_put(f,
             "<div class=wide><table class=rows><thead><tr><th scope=col>Cell</th>"
             "<th class=n scope=col>%s</th><th class=n scope=col>OLD</th>"
             "<th class=n scope=col>NEW</th>",
             change);
    if (*last)
        page_put(f, "<th scope=col>%s</th>", last);
    fputs("</tr></thead><tbody>\n", f);
}

static void put_change_row(FILE *f, const struct labels *l, const struct contrast *row)
{
    char label[LABEL], word[WORD];
    int doubt = row->verdict != VERDICT_UNCLEAR && row->verdict != VERDICT_SAME && !row->counts;
    page_put(f, "<tr><th scope=row>%s</th><td class=n>%s", label_of(l, row, label),
             words_change(word, row->ratio));
    page_put(f, "%s <span class=ci>%s</span></td>", doubt ? "?" : "",
             contrast_changes(word, row->low, row->high));
    page_put(f, "<td class=n data-l=OLD>%s</td>", words_time(word, row->time_ns[OLD], 3));
    page_put(f, "<td class=n data-l=NEW>%s</td>", words_time(word, row->time_ns[NEW], 3));
    page_put(f, "<td>%s</td></tr>\n", row->note);
}

static void put_verdicts(FILE *f, const struct labels *l, const char *title, enum verdict v)
{
    struct contrast_list list = contrast_list_verdicts(l->c, VERDICT_BIT(v));
    if (list.count) {
        put_fold(f, title, list.count, 0);
        put_table_head(f, "Change", "Note");
        for (long i = 0; i < list.count; i++)
            put_change_row(f, l, list.rows[i]);
        fputs("</tbody></table></div></details>\n", f);
    }
    free(list.rows);
}

static void put_missing(FILE *f, const struct labels *l)
{
    struct contrast_list list = contrast_list_missing(l->c);
    char label[LABEL];
    if (list.count) {
        put_fold(f, "Missing, or not the same work", list.count, 0);
        fputs("<div class=wide><table class=facts><tbody>\n", f);
        for (long i = 0; i < list.count; i++)
            page_put(f, "<tr><td>%s</td><td>%s</td></tr>\n", label_of(l, list.rows[i], label),
                     list.rows[i]->note);
        fputs("</tbody></table></div></details>\n", f);
    }
    free(list.rows);
}

static void put_shape_row(FILE *f, const struct labels *l, const struct contrast *row)
{
    char label[LABEL], word[WORD];
    page_put(f, "<tr><th scope=row>%s</th><td class=n>%s", label_of(l, row, label),
             words_change(word, row->shape));
    page_put(f, " <span class=ci>%s</span></td>",
             contrast_changes(word, row->shape_low, row->shape_high));
    page_put(f, "<td class=n data-l=OLD>%s</td>", words_factor(word, row->speedup[OLD]));
    page_put(f, "<td class=n data-l=NEW>%s</td></tr>\n", words_factor(word, row->speedup[NEW]));
}

/* Two hosts: what is left of the times when a faster clock is taken out. */
static void put_shapes(FILE *f, const struct labels *l)
{
    static const struct {
        const char *title;
        enum verdict verdict;
    } kinds[] = { { "Scales worse", VERDICT_SLOWER },
                  { "Scales better", VERDICT_FASTER },
                  { "Scales the same", VERDICT_SAME },
                  { "Scaling unclear", VERDICT_UNCLEAR } };
    if (l->c->host != HOST_OTHER)
        return;
    put_said(f, "<p>", l->c, contrast_put_shape_meaning, "</p>\n");
    for (int k = 0; k < 4; k++) {
        struct contrast_list list = contrast_list_shapes(l->c, VERDICT_BIT(kinds[k].verdict));
        if (list.count) {
            put_fold(f, kinds[k].title, list.count, 0);
            put_table_head(f, "Speed-up", "");
            for (long i = 0; i < list.count; i++)
                put_shape_row(f, l, list.rows[i]);
            fputs("</tbody></table></div></details>\n", f);
        }
        free(list.rows);
    }
}

static void put_flips(FILE *f, const struct labels *l)
{
    const struct comparison *c = l->c;
    char winner[LABEL], loser[LABEL], words[2 * WORD];
    if (!c->flip_count)
        return;
    put_fold(f, "Turned round: faster in OLD, slower in NEW", c->flip_count,
             c->flip_count <= FLIPS_OPEN);
    fputs("<ul>\n", f);
    for (long i = 0; i < c->flip_count; i++) {
        const struct flip *flip = &c->flips[i];
        page_put(f, "<li>%s, against %s: %s</li>\n", label_of(l, flip->winner, winner),
                 label_of(l, flip->loser, loser), contrast_flip_words(words, flip));
    }
    fputs("</ul></details>\n", f);
}

static void put_pair(FILE *f, const struct many *m, int i)
{
    const struct comparison *c = &m->pair[i];
    struct labels l;
    labels_begin(&l, c);
    page_put(f, "<section class=\"card verdict\"><h2>%s against %s</h2>\n", m->name[i + 1],
             m->name[0]);
    if (m->runs > 2) {
        page_put(f, "<p>OLD is %s, NEW is %s.</p>\n", m->name[0], m->name[i + 1]);
        put_said(f, "<p><b>", c, put_all_counts, ".</b></p>\n");
        put_paragraphs(f, c);
    }
    put_machines(f, c, m->runs == 2);
    put_verdicts(f, &l, "Slower", VERDICT_SLOWER);
    put_verdicts(f, &l, "Faster", VERDICT_FASTER);
    put_verdicts(f, &l, "Unclear", VERDICT_UNCLEAR);
    put_verdicts(f, &l, "Same", VERDICT_SAME);
    put_missing(f, &l);
    put_flips(f, &l);
    put_shapes(f, &l);
    fputs("</section>\n", f);
    labels_end(&l);
}

/* ---- last ------------------------------------------------------------------------------------ */

static void put_words(FILE *f)
{
    static const char *const words[][2] = {
        { "cell", "one point of the experiment: a team, a work, a chunk size, so many workers; "
                  "'omp dynamic 2w, cpu 10 µs x1000, chunk 4': 2 threads, 1000 tasks of 10 µs" },
        { "change", "time in NEW over time in OLD for the same work, with its 95% interval" },
        { "slower, faster", "the whole interval lies beyond the margin" },
        { "same", "the whole interval lies within the margin" },
        { "unclear", "neither: more blocks would tell" },
        { "?", "slower or faster, but among so many cells it may be chance: not counted" },
        { "METG(50%)", "the shortest task for which half of the workers' time is work" },
        { "what a job costs", "however short it is: handing it over, waking the workers, waiting" },
        { "scales", "speed-up over the run's own serial time" },
    };
    page_words(f, words, sizeof words / sizeof *words);
}

static void put_repeat(FILE *f, const struct many *m)
{
    fputs("<h2>Do it yourself</h2>\n<section class=card>\n<p>The same on the terminal, as a table "
          "of all cells, and this page again:</p>\n<pre>",
          f);
    for (int i = 0; i < m->pairs; i++)
        page_put(f, "teampool compare %s %s --format csv\n", m->name[0], m->name[i + 1]);
    fputs("teampool report", f);
    for (int i = 0; i < m->runs; i++)
        page_put(f, " %s", m->name[i]);
    fputs("</pre>\n", f);
    put_words(f);
    fputs("</section>\n", f);
}

void many_page(FILE *f, const struct many *m, const char *dir, const char *undrawn)
{
    put_head(f, m);
    put_answer(f, m);
    fputs("<div class=grid>\n", f);
    for (int i = 0; i < m->pairs; i++)
        page_figure(f, &m->figure[i], dir, undrawn, i == m->pairs - 1 && m->pairs % 2);
    fputs("</div>\n", f);
    if (m->runs > 2)
        put_side_by_side(f, m);
    for (int i = 0; i < m->pairs; i++)
        put_pair(f, m, i);
    if (m->runs == 2)
        put_side_by_side(f, m);
    put_repeat(f, m);
    page_end(f, "the CSV files of these runs");
}
