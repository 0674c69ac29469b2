/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

/* From here on a run counts as disturbed. */
#define FOREIGN_LIMIT 0.01
#define LOAD_LIMIT    0.5
enum { BLOCKS_FOR_INTERVAL = 6, REASONS_SHOWN = 2 };

__attribute__((format(printf, 4, 5))) static void add(struct checks *out, enum mark mark,
                                                      const char *fix, const char *format, ...)
{
    if (out->count == (int)(sizeof out->check / sizeof *out->check))
        return;
    struct check *c = &out->check[out->count++];
    va_list ap;
    va_start(ap, format);
    vsnprintf(c->text, sizeof c->text, format, ap);
    va_end(ap);
    c->mark = mark;
    c->fix = fix;
    out->warnings += mark == MARK_WARN;
    out->bad += mark == MARK_BAD;
}

static void check_results(const struct reading *r, struct checks *out)
{
    double wrong = 0, good = 0;
    char a[WORD], b[WORD];
    for (long i = 0; i < r->cells; i++) {
        wrong += r->cell[i].void_samples > 0 ? r->cell[i].void_samples : 0;
        good += r->cell[i].samples > 0 ? r->cell[i].samples : 0;
    }
    if (wrong > 0)
        add(out, MARK_BAD, "This is a bug, not noise: please report it with the run's folder.",
            "%s gave a wrong result and did not count; %s were right",
            words_plural(a, wrong, "sample"), words_count(b, good));
    else if (good > 0)
        add(out, MARK_GOOD, NULL, "Every task was done exactly once and rightly in all %s",
            words_plural(a, good, "sample"));
    else
        add(out, MARK_BAD, NULL, "There is not one good sample in this run");
}

static void check_blocks(const struct reading *r, struct checks *out)
{
    double least = INFINITY;
    long short_of = 0, measured = 0;
    char word[WORD];
    for (long i = 0; i < r->cells; i++) {
        const struct cell *c = &r->cell[i];
        /* naps are long and steady: the plan gives them few blocks on purpose */
        if (!(c->blocks > 0) || !strcmp(c->workload, "sleep"))
            continue;
        measured++;
        short_of += c->blocks < BLOCKS_FOR_INTERVAL;
        least = fmin(least, c->blocks);
    }
    if (!measured)
        return;
    if (!short_of)
        add(out, MARK_GOOD, NULL, "Every case ran in %s or more, each in a new random order",
            words_plural(word, least, "block"));
    else
        add(out, MARK_WARN, "A longer profile or a larger --budget gives more blocks.",
            "%ld of %ld cases ran in fewer than 6 blocks (fewest: %.0f): no 95%% interval",
            short_of, measured, least);
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
    long failed = 0, timeouts = 0, rows = r->status ? r->status->rows : 0;
    if (!r->status)
        return;
    int status = csv_column(r->status, "status"), reason = csv_column(r->status, "reason");
    for (long i = 0; i < rows; i++) {
        const char *word = csv_cell(r->status, i, status);
        int is_failed = !strcmp(word, "failed"), is_timeout = !strcmp(word, "timeout");
        failed += is_failed;
        timeouts += is_timeout;
        if (is_failed || is_timeout)
            note_reason(seen, csv_cell(r->status, i, reason));
    }
    if (failed + timeouts == 0)
        add(out, MARK_GOOD, NULL, "No launch failed or timed out");
    else
        add(out, MARK_WARN, "status.csv has every one with its command line.",
            "%ld of %ld launches failed, %ld timed out%s%.80s%s%.80s", failed, rows, timeouts,
            seen[0] ? ": " : "", seen[0] ? seen[0] : "", seen[1] ? "; " : "",
            seen[1] ? seen[1] : "");
}

static void check_load(const struct reading *r, struct checks *out)
{
    double before = reading_number(r, "load_before"), after = reading_number(r, "load_after");
    double foreign = reading_number(r, "foreign_share"), pus = reading_number(r, "allowed_pus");
    if (!isnan(before)) {
        int busy = before > fmax(LOAD_LIMIT, pus > 0 ? 0.05 * pus : 0);
        char end[WORD] = "";
        if (!isnan(after))
            snprintf(end, sizeof end, ", %.2f after it (with this run's own work)", after);
        add(out, busy ? MARK_WARN : MARK_GOOD,
            busy ? "Stop what else is running, wait a minute, and run again." : NULL,
            "Load was %.2f before the run%s", before, end);
    }
    if (isnan(foreign))
        for (long i = 0; i < r->cells; i++)
            foreign = fmax(foreign, r->cell[i].foreign_share);
    if (!isnan(foreign))
        add(out, foreign > FOREIGN_LIMIT ? MARK_WARN : MARK_GOOD,
            foreign > FOREIGN_LIMIT ? "top or pidstat shows who it was." : NULL,
            "Other processes took %.1f%% of the CPU time", 100 * foreign);
}

static void check_limits(const struct reading *r, struct checks *out)
{
    double quota = reading_number(r, "quota_cpus"), pus = reading_number(r, "allowed_pus");
    double all = reading_number(r, "pus");
    char word[WORD], total[WORD];
    if (quota > 0 && !(pus > 0 && quota >= pus)) {
        add(out, MARK_WARN,
            "A quota stops all workers at once when it is used up: run without one.",
            "A CPU quota of %.3g CPUs held", quota);
    } else if (pus > 0) {
        if (all > pus)
            add(out, MARK_NOTE, NULL, "No CPU quota; %s of %s hardware threads were allowed",
                words_count(word, pus), words_count(total, all));
        else
            add(out, MARK_GOOD, NULL, "No CPU quota; the machine's %s could be used",
                words_plural(word, pus, "hardware thread"));
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
        add(out, MARK_GOOD, NULL, "The frequency governor was performance");
    else if (*governor)
        add(out, MARK_WARN, "sudo cpupower frequency-set -g performance",
            "The frequency governor was %.40s: short and single-worker cases may read slow",
            governor);
    else
        add(out, MARK_NOTE, NULL, "No frequency governor to look at on this machine");
    if (*host && strcmp(host, "none"))
        add(out, MARK_NOTE, NULL,
            "A virtual machine%s%.40s%s: its host decides on frequency, caches and neighbours",
            named ? " (" : "", named ? host : "", named ? ")" : "");
    if (clock > 0)
        add(out, MARK_GOOD, NULL, "Reading the clock took %s", words_time(word, clock, 2));
}

static void check_making(const struct reading *r, struct checks *out)
{
    const char *build = reading_machine(r, "build_type");
    double dropped = reading_number(r, "dropped_cells");
    char word[WORD];
    if (!strcmp(build, "Debug") || strcasestr(build, "san"))
        add(out, MARK_BAD, "cmake --preset release", "A %.20s build measured this", build);
    if (dropped > 0)
        add(out, MARK_NOTE, "A larger --budget keeps them.",
            "The time budget left out %s of the plan", words_plural(word, dropped, "case"));
}

void checks_compute(const struct reading *r, struct checks *out)
{
    *out = (struct checks){ 0 };
    check_results(r, out);
    check_blocks(r, out);
    check_failures(r, out);
    check_load(r, out);
    check_limits(r, out);
    check_machine(r, out);
    check_making(r, out);
}
