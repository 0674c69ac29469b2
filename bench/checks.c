/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../core/stats.h"
#include "command.h"
#include "layout.h"
#include "noise.h"
#include "reading.h"
#include "words.h"

#define MOST_EFFICIENCY 1.15 /* beyond it a speed-up is impossible, not good */
#define LOAD_LIMIT      0.5
#define UNCLEAR_TIMES   4 /* so many times the blocks are worth a try */
enum { REASONS_SHOWN = 2 };

const char *mark_word(enum mark m)
{
    static const char *const word[] = { "good", "note", "warn", "bad" };
    return word[m];
}

/* The next free one, counted; NULL: the list is full. */
static struct check *next(struct checks *out, enum mark mark)
{
    if (out->count == (int)(sizeof out->check / sizeof *out->check))
        return NULL;
    out->warnings += mark == MARK_WARN;
    out->bad += mark == MARK_BAD;
    out->check[out->count] = (struct check){ .mark = mark };
    return &out->check[out->count++];
}

void checks_add(struct checks *out, const char *name, enum mark mark, const char *value,
                const char *fix, const char *format, ...)
{
    struct check *c = next(out, mark);
    va_list ap;
    if (!c)
        return;
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->value, sizeof c->value, "%s", value ? value : "");
    snprintf(c->fix, sizeof c->fix, "%s", fix ? fix : "");
    va_start(ap, format);
    vsnprintf(c->text, sizeof c->text, format, ap);
    va_end(ap);
    layout_clean(c->name);
    layout_clean(c->value);
    layout_clean(c->text);
    layout_clean(c->fix);
}

/* ---- after the run --------------------------------------------------------------------------- */

static void check_results(const struct reading *r, struct checks *out)
{
    double wrong = 0, good = 0;
    char a[WORD], b[WORD];
    for (long i = 0; i < r->cells; i++) {
        wrong += r->cell[i].void_samples > 0 ? r->cell[i].void_samples : 0;
        good += r->cell[i].samples > 0 ? r->cell[i].samples : 0;
    }
    words_plural(a, wrong > 0 ? wrong : good, "sample");
    if (wrong > 0)
        checks_add(out, "results", MARK_BAD, a,
                   "This is a bug, not noise: please report it with the run's folder.",
                   "%s gave a wrong result and did not count; %s were right", a,
                   words_count(b, good));
    else if (good > 0)
        checks_add(out, "results", MARK_GOOD, a, NULL,
                   "Every task was done exactly once and rightly in all %s, warm-ups not counted",
                   a);
    else
        checks_add(out, "results", MARK_BAD, "0 samples", NULL,
                   "There is not one good sample in this run");
}

/* Naps are long and steady: the profiles give them few blocks on purpose. */
static int is_nap(const struct cell_row *c)
{
    return !strcmp(c->workload, "sleep");
}

static void check_blocks(const struct reading *r, struct checks *out)
{
    double least = INFINITY, most = 0;
    long short_of = 0, measured = 0, naps = 0;
    char word[WORD], range[2 * WORD], cells[WORD];
    for (long i = 0; i < r->cells; i++)
        if (r->cell[i].blocks > 0) {
            measured++;
            naps += is_nap(&r->cell[i]);
        }
    int only_naps = naps == measured;
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        if (!(c->blocks > 0) || (is_nap(c) && !only_naps))
            continue;
        short_of += c->blocks < BLOCKS_FOR_INTERVAL;
        least = fmin(least, c->blocks);
        most = fmax(most, c->blocks);
    }
    if (!measured)
        return;
    words_plural(word, least, "block");
    snprintf(range, sizeof range, "%.0f to %s", least, words_plural(word, most, "block"));
    if (least < most && short_of)
        snprintf(word, sizeof word, "%.60s", range);
    else
        words_plural(word, least, "block");
    if (only_naps)
        naps = 0;
    words_plural(cells, (double)(measured - naps), "cell");
    if (!short_of)
        checks_add(out, "blocks", MARK_GOOD, word, NULL,
                   "Every cell%s ran in %s or more, each in a new random order",
                   naps ? " that does not sleep" : "", word);
    else
        checks_add(
            out, "blocks", MARK_WARN, word,
            "teampool run --resume DIR --blocks 6   # or a longer profile, a quieter machine",
            "%ld of %s%s ran in fewer than 6 blocks (all in %s): no 95%% interval", short_of, cells,
            naps ? " that do not sleep" : "", word);
}

static void check_rows(const struct reading *r, struct checks *out)
{
    double odd = 0, cut = 0;
    char word[WORD];
    for (long i = 0; i < r->cells; i++) {
        odd += r->cell[i].odd_rows > 0 ? r->cell[i].odd_rows : 0;
        cut += r->cell[i].cut_rows > 0 ? r->cell[i].cut_rows : 0;
    }
    if (odd + cut > 0)
        checks_add(
            out, "rows", odd > 0 ? MARK_WARN : MARK_NOTE, words_plural(word, odd + cut, "row"),
            odd > 0 ? "The notes of cells.csv say which cells: who wrote such rows?" : NULL,
            "Left out of samples.csv: %.0f with an impossible time, block or status, %.0f of "
            "cells that were cut off",
            odd, cut);
}

/* Collect up to REASONS_SHOWN different reasons of status rows that are not ok. */
static void note_reason(const char *seen[REASONS_SHOWN], const char *reason)
{
    for (int i = 0; i < REASONS_SHOWN && *reason; i++) {
        if (!seen[i])
            seen[i] = reason;
        if (!strcmp(seen[i], reason))
            return;
    }
}

static void check_failures(const struct reading *r, struct checks *out)
{
    const char *seen[REASONS_SHOWN] = { 0 };
    long failed = 0, timeouts = 0, launched = 0;
    char value[WORD], launches[WORD];
    if (!r->status)
        return;
    int status = csv_column(r->status, "status"), reason = csv_column(r->status, "reason");
    for (long i = 0; i < r->status->rows; i++) {
        const char *word = csv_cell(r->status, i, status);
        int is_failed = !strcmp(word, "failed"), is_timeout = !strcmp(word, "timeout");
        launched += strcmp(word, "skipped") != 0;
        failed += is_failed;
        timeouts += is_timeout;
        if (is_failed || is_timeout)
            note_reason(seen, csv_cell(r->status, i, reason));
    }
    snprintf(value, sizeof value, "%ld of %ld", failed + timeouts, launched);
    if (failed + timeouts == 0)
        checks_add(out, "failures", MARK_GOOD, value, NULL, "No launch failed or timed out");
    else
        checks_add(
            out, "failures", MARK_WARN, value, "status.csv has every one with its command line.",
            "%ld of %s failed, %ld timed out%s%.80s%s%.80s", failed,
            words_plural(launches, (double)launched, "launch"), timeouts, seen[0] ? ": " : "",
            seen[0] ? seen[0] : "", seen[1] ? "; " : "", seen[1] ? seen[1] : "");
}

static void check_foreign(const struct reading *r, struct checks *out)
{
    double foreign = reading_number(r, "foreign_share");
    char value[WORD];
    if (isnan(foreign)) /* a cell's own ticks are too coarse to tell */
        return;
    snprintf(value, sizeof value, "%.1f%%", 100 * foreign);
    checks_add(out, "foreign", foreign > NOISE_FOREIGN ? MARK_WARN : MARK_GOOD, value,
               foreign > NOISE_FOREIGN ? "top or pidstat shows who it was." : NULL,
               "Other processes took %s of the CPU time", value);
}

/* A machine that slept in between has lost some samples, but not the others. */
static void check_suspended(const struct reading *r, struct checks *out)
{
    double seconds = reading_number(r, "suspended_s");
    char value[WORD];
    if (!(seconds > 0))
        return;
    words_time(value, 1e9 * seconds, 2);
    checks_add(out, "suspended", MARK_NOTE, value,
               "Keep the machine awake: systemd-inhibit teampool run ...",
               "The machine was suspended for %s while it was measured; samples beside that don't "
               "count",
               value);
}

/* Samples that something held up.  They only widen intervals, and the verdicts know of them. */
static void check_disturbed(const struct reading *r, struct checks *out)
{
    double all = 0, disturbed = 0, most = 0, of[NOISES] = { 0 };
    const char *cause = "";
    char value[WORD];
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        if (!(c->samples > 0) || isnan(c->disturbed_share))
            continue;
        all += c->samples;
        disturbed += c->disturbed_share * c->samples;
        for (int n = 0; n < NOISES; n++) {
            if (strcmp(noise_word((enum noise)n), c->cause) != 0)
                continue;
            of[n] += c->disturbed_share * c->samples;
            if (of[n] > most) {
                most = of[n];
                cause = c->cause;
            }
        }
    }
    if (!(disturbed > NOISY_SHARE * all))
        return;
    snprintf(value, sizeof value, "%.0f%%", 100 * disturbed / all);
    checks_add(out, "disturbed", MARK_NOTE, value,
               "teampool doctor   # what it is, and the command against it",
               "%s of the samples were disturbed, most of them by: %.40s", value, cause);
}

/* Pairs that nothing can be told of yet. */
static void check_unclear(const struct reading *r, struct checks *out)
{
    double needed = 0;
    long unclear = 0, judged = 0;
    char value[WORD], fix[320] = "Measure again when the machine is quiet.";
    for (long i = 0; i < r->pairs; i++) {
        const struct pair *p = &r->pair[i];
        if (isnan(p->ratio.low))
            continue;
        judged++;
        unclear += !strcmp(p->verdict, "unclear");
        if (p->blocks_needed > needed && p->blocks_needed <= UNCLEAR_TIMES * p->blocks)
            needed = p->blocks_needed;
    }
    if (!unclear)
        return;
    if (needed > 0)
        snprintf(fix, sizeof fix,
                 "teampool run --resume DIR --blocks %.0f   # settles those that so many can",
                 needed);
    snprintf(value, sizeof value, "%ld of %ld", unclear, judged);
    checks_add(out, "unclear", MARK_NOTE, value, fix,
               "%s pairs of cells are neither different beyond doubt nor the same", value);
}

/* Backends that no answer is about, of this version or another's. */
static void check_others(const struct reading *r, struct checks *out)
{
    static const char *const judged[] = { "serial", "omp", "pool", NULL };
    char names[120] = "";
    for (long i = 0; i < r->cells; i++) {
        const char *name = r->cell[i].backend;
        size_t used = strlen(names);
        int known = !*name || strcmp(r->cell[i].runner, "cell") != 0;
        for (int k = 0; judged[k] && !known; k++)
            known = !strcmp(judged[k], name);
        if (!known && !words_has(names, name, strlen(name)) &&
            used + strlen(name) + 2 < sizeof names)
            snprintf(names + used, sizeof names - used, "%s%s", used ? " " : "", name);
    }
    if (*names)
        checks_add(
            out, "others", MARK_NOTE, names, NULL,
            "The answers compare omp and pool; of the other backends the tables and figures tell");
}

/* machine.csv gets its end when the run does.  Without a budget and blocks no run began it. */
static void check_end(const struct reading *r, struct checks *out)
{
    if (isnan(reading_number(r, "budget_s")) && isnan(reading_number(r, "blocks_most")))
        return;
    if (isnan(reading_number(r, "elapsed_s")))
        checks_add(out, "ended", MARK_WARN, "no",
                   "Wait for it; or, where it was cut off, teampool run --resume DIR goes on.",
                   "The run has not ended: this is what there was of it, and it may still change");
    else if (!strcmp(reading_machine(r, "interrupted"), "yes"))
        checks_add(out, "ended", MARK_NOTE, "interrupted", "teampool run --resume DIR goes on.",
                   "The run was interrupted: it has fewer blocks than were wanted");
}

static void check_dropped(const struct reading *r, struct checks *out)
{
    double dropped = reading_number(r, "dropped_cells");
    char word[WORD];
    if (dropped > 0)
        checks_add(out, "dropped", MARK_NOTE, words_plural(word, dropped, "cell"),
                   "A larger --budget keeps them.", "The time budget left out %s of the plan",
                   word);
}

/* ---- the machine, in runs without a doctor.csv ----------------------------------------------- */

static void check_load(const struct reading *r, struct checks *out)
{
    double before = reading_number(r, "load_before"), after = reading_number(r, "load_after");
    double pus = reading_number(r, "allowed_pus");
    char end[WORD] = "", value[WORD];
    if (isnan(before))
        return;
    int busy = before > fmax(LOAD_LIMIT, pus > 0 ? 0.05 * pus : 0);
    if (!isnan(after))
        snprintf(end, sizeof end, ", %.2f after it (with this run's own work)", after);
    snprintf(value, sizeof value, "%.2f", before);
    checks_add(out, "load", busy ? MARK_WARN : MARK_GOOD, value,
               busy ? "Stop what else is running, wait a minute, and run again." : NULL,
               "Load was %s before the run%s", value, end);
}

/* CPU-bound tasks cannot be done faster than all workers at full speed: what looks so was measured
 * against a serial run that something held up. */
static void check_reference(const struct reading *r, struct checks *out)
{
    long known = 0, impossible = 0;
    double most = 0;
    char value[WORD];
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        if (strcmp(c->workload, "cpu") != 0 || isnan(c->efficiency.mid))
            continue;
        known++;
        impossible += c->efficiency.mid > MOST_EFFICIENCY;
        most = fmax(most, c->efficiency.mid);
    }
    if (!known)
        return;
    snprintf(value, sizeof value, "%ld of %ld", impossible, known);
    if (impossible)
        checks_add(out, "reference", MARK_WARN, value,
                   "Run again when the machine is quiet, or with more blocks.",
                   "%ld of %ld CPU-bound cells were faster than their workers can be (%.2f times): "
                   "the serial run was disturbed",
                   impossible, known, most);
    else
        checks_add(out, "reference", MARK_GOOD, value, NULL,
                   "No cell was faster than its workers can be");
}

static void check_limits(const struct reading *r, struct checks *out)
{
    double quota = reading_number(r, "quota_cpus"), pus = reading_number(r, "allowed_pus");
    double all = reading_number(r, "pus");
    char word[WORD], total[WORD], value[WORD];
    if (quota > 0 && !(pus > 0 && quota >= pus)) {
        snprintf(value, sizeof value, "%.3g CPUs", quota);
        checks_add(out, "quota", MARK_WARN, value,
                   "A quota stops all workers at once when it is used up: run without one.",
                   "A CPU quota of %s held", value);
    } else if (pus > 0) {
        words_plural(value, pus, "hardware thread");
        if (all > pus)
            checks_add(out, "cpus", MARK_NOTE, value, NULL,
                       "No CPU quota; %s of %s hardware threads were allowed",
                       words_count(word, pus), words_count(total, all));
        else
            checks_add(out, "cpus", MARK_GOOD, value, NULL,
                       "No CPU quota; the machine's %s could be used", value);
    }
}

static void check_machine(const struct reading *r, struct checks *out)
{
    const char *governor = reading_machine(r, "governor");
    const char *host = reading_machine(r, "virtualization");
    double clock = reading_number(r, "clock_cost_ns");
    int named = strcmp(host, "yes") != 0;
    char word[WORD];
    if (!strcmp(governor, "performance"))
        checks_add(out, "governor", MARK_GOOD, governor, NULL,
                   "The frequency governor was performance");
    else if (*governor)
        checks_add(out, "governor", MARK_WARN, governor,
                   "sudo cpupower frequency-set -g performance",
                   "The frequency governor was %.40s: short and single-worker cells may read slow",
                   governor);
    else
        checks_add(out, "governor", MARK_NOTE, NULL, NULL,
                   "No frequency governor to look at on this machine");
    if (*host && strcmp(host, "none"))
        checks_add(out, "virtual", MARK_NOTE, host, NULL,
                   "A virtual machine%s%.40s%s: its host decides on frequency, caches and "
                   "neighbours",
                   named ? " (" : "", named ? host : "", named ? ")" : "");
    if (clock > 0)
        checks_add(out, "clock", MARK_GOOD, words_time(word, clock, 2), NULL,
                   "Reading the clock took %s", word);
}

/* Is WORD, in small letters, part of TEXT, in letters of any size? */
static int has_word(const char *text, const char *word)
{
    for (; *text; text++)
        if (!strncasecmp(text, word, strlen(word)))
            return 1;
    return 0;
}

const char *checks_build(const char *type, const char *flags)
{
    if (strstr(flags, "-fsanitize") || has_word(type, "san"))
        return "a sanitizer watches every access";
    return !strcmp(type, "Debug") ? "a Debug build is not optimized" : NULL;
}

static void check_build(const struct reading *r, struct checks *out)
{
    const char *type = reading_machine(r, "build_type");
    if (checks_build(type, reading_machine(r, "flags")))
        checks_add(out, "build", MARK_BAD, type, "cmake --preset release",
                   "A %.20s build measured this", type);
}

/* ---- the list -------------------------------------------------------------------------------- */

void checks_results(const struct reading *r, struct checks *out)
{
    *out = (struct checks){ 0 };
    check_results(r, out);
    check_blocks(r, out);
    check_rows(r, out);
    check_others(r, out);
    check_failures(r, out);
    check_reference(r, out);
    check_foreign(r, out);
    check_suspended(r, out);
    check_disturbed(r, out);
    check_unclear(r, out);
    check_end(r, out);
    check_dropped(r, out);
}

void checks_compute(const struct reading *r, struct checks *out)
{
    checks_results(r, out);
    if (r->doctor) {
        checks_take(out, r->doctor);
        return;
    }
    check_load(r, out);
    check_limits(r, out);
    check_machine(r, out);
    check_build(r, out);
}

void checks_write(const struct checks *c, FILE *f)
{
    fputs("check,mark,value,text,fix\n", f);
    for (int i = 0; i < c->count; i++) {
        const struct check *k = &c->check[i];
        const char *const field[] = { k->name, mark_word(k->mark), k->value, k->text, k->fix };
        for (int n = 0; n < 5; n++) {
            csv_put(f, field[n]);
            fputc(n < 4 ? ',' : '\n', f);
        }
    }
}

void checks_take(struct checks *out, const struct csv *table)
{
    int name = csv_column(table, "check"), mark = csv_column(table, "mark");
    int value = csv_column(table, "value"), text = csv_column(table, "text");
    int fix = csv_column(table, "fix");
    for (long row = 0; row < table->rows; row++) {
        enum mark m = MARK_GOOD;
        while (m < MARK_BAD && strcmp(mark_word(m), csv_cell(table, row, mark)) != 0)
            m++;
        if (strcmp(mark_word(m), csv_cell(table, row, mark)) != 0)
            continue; /* a word of a later version: not ours to judge by */
        checks_add(out, csv_cell(table, row, name), m, csv_cell(table, row, value),
                   csv_cell(table, row, fix), "%s", csv_cell(table, row, text));
    }
}

/* In the list a fix names the program and a run's folder; here it says which. */
static void print_fix(const char *fix, const char *dir, FILE *f)
{
    fputs("      fix: ", f);
    for (const char *word = fix; *word;) {
        size_t length = strcspn(word, " "), gap = strspn(word + length, " ");
        if (length == 8 && !strncmp(word, "teampool", length))
            fputs(program_path, f);
        else if (dir && length == 3 && !strncmp(word, "DIR", length))
            fprintf(f, "'%s'", dir);
        else
            fwrite(word, 1, length, f);
        fwrite(word + length, 1, gap, f);
        word += length + gap;
    }
    fputc('\n', f);
}

void checks_print(const struct checks *c, enum mark least, const char *dir, FILE *f)
{
    static const enum mark order[] = { MARK_BAD, MARK_WARN, MARK_GOOD, MARK_NOTE };
    static const enum layout_colour colour[] = { [MARK_GOOD] = LAYOUT_GREEN,
                                                 [MARK_NOTE] = LAYOUT_PLAIN,
                                                 [MARK_WARN] = LAYOUT_YELLOW,
                                                 [MARK_BAD] = LAYOUT_RED };
    for (size_t m = 0; m < sizeof order / sizeof *order; m++)
        for (int i = 0; i < c->count; i++) {
            const struct check *k = &c->check[i];
            if (k->mark != order[m] || k->mark < least)
                continue;
            fprintf(f, "%s%-5s%s %-14s %s\n", layout_colour(f, colour[k->mark]), mark_word(k->mark),
                    layout_colour(f, LAYOUT_PLAIN), k->name, *k->value ? k->value : "-");
            layout_wrap(f, k->text, 6, 0);
            if (*k->fix)
                print_fix(k->fix, dir, f);
        }
}
