/* SPDX-License-Identifier: MIT
 *
 * compare: the command.  Takes two runs, shows what changed, and says with its exit code whether
 * that is what --fail-on was looking for.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "contrast.h"
#include "contrast_show.h"
#include "contrast_words.h"

static const char *const verdict_words[] = { "faster", "slower", "unclear", "missing", NULL };
enum { FAIL_FASTER, FAIL_SLOWER, FAIL_UNCLEAR, FAIL_MISSING };

/* "3%", "2.5%", "0.03": a share. */
static double take_margin(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    int percent = !strcmp(end, "%");
    if (end == text || (*end && !percent) || !isfinite(value) || value < 0 ||
        text[strspn(text, "0123456789.%")])
        die(EXIT_USAGE, "--margin: '%s' is not a margin; write 3%% or 0.03", text);
    if (!percent && value >= 1)
        die(EXIT_USAGE, "--margin: '%s' would be %g%%; if you mean %g%%, write %s%%", text,
            100 * value, value, text);
    return percent ? value / 100 : value;
}

/* The verdicts in TEXT, separated by commas, as bits. */
static unsigned take_verdicts(const char *text)
{
    char word[16];
    unsigned bits = 0;
    for (const char *s = text;; s++) {
        size_t length = strcspn(s, ",");
        snprintf(word, sizeof word, "%.*s", (int)(length < 15 ? length : 15), s);
        unsigned i = 0;
        while (verdict_words[i] && strcmp(verdict_words[i], word) != 0)
            i++;
        if (!verdict_words[i])
            die(EXIT_USAGE,
                "--fail-on: no verdict '%s'; there are slower, faster, unclear and missing, "
                "separated by commas",
                word);
        bits |= 1u << i;
        s += length;
        if (!*s)
            return bits;
    }
}

static int found(const struct comparison *c, unsigned bits)
{
    const long counts[] = { [FAIL_FASTER] = c->faster,
                            [FAIL_SLOWER] = c->slower,
                            [FAIL_UNCLEAR] = c->verdicts[VERDICT_UNCLEAR],
                            [FAIL_MISSING] = c->missing[OLD] + c->missing[NEW] + c->other_work };
    int any = 0;
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++)
        any |= (bits >> i & 1) && counts[i];
    return any;
}

static void show_csv(const struct comparison *c, FILE *f)
{
    contrast_show_csv(c, f);
    fflush(f);
    contrast_show_machines(c, stderr);
    contrast_put_summary(c, stderr);
}

static const struct form {
    const char *name;
    void (*show)(const struct comparison *c, FILE *f);
} forms[] = {
    { "text", contrast_show_text },
    { "csv", show_csv },
    { "markdown", contrast_show_markdown },
    { 0 },
};

static int answer(const struct comparison *c, const struct form *form, unsigned fail_on)
{
    char why_not[512];
    if (contrast_nothing_shared(c, why_not)) {
        warn("compare: %s", why_not);
        return EXIT_FAILED;
    }
    if (c->same_record)
        warn("compare: %s and %s hold the same record; a second run would tell more",
             c->run[OLD].dir, c->run[NEW].dir);
    if (c->other_work)
        warn("compare: %ld cells have another work_version: their times are of different work and "
             "are not compared",
             c->other_work);
    form->show(c, stdout);
    if (contrast_too_few_blocks(c, why_not)) {
        warn("compare: %s", why_not);
        return EXIT_FAILED;
    }
    return found(c, fail_on) ? EXIT_SLOWER : EXIT_OK;
}

static const char *fail_on, *margin;
static int format, force;

static const struct option options[] = {
    { "--format", "FORMAT", OPTION_WORD, ONE_OF(&format, forms), "how it is printed" },
    { "--fail-on", "VERDICTS", OPTION_TEXT, &fail_on,
      "exit 3 if a cell is slower; also faster, unclear, missing; a,b: either" },
    { "--margin", "PERCENT", OPTION_TEXT, &margin, "what counts as the same (3%)" },
    { "--force", NULL, OPTION_FLAG, &force, "compare builds of different types, too" },
    { 0 },
};

static int compare_main(const struct command *self, int argc, char **argv)
{
    struct comparison c;
    struct why w = { "" };

    if (options_take(self, argc, argv) != 2)
        die(EXIT_USAGE, "compare: give the folders of two runs: teampool compare OLD NEW");
    unsigned bits = fail_on ? take_verdicts(fail_on) : 0;
    double least = margin ? take_margin(margin) : CONTRAST_MARGIN;
    if (contrast_runs(&c, argv[0], argv[1], least, force, &w))
        die(EXIT_FAILED, "compare: %s", w.text);
    int code = answer(&c, &forms[format], bits);
    contrast_free(&c);
    return code;
}

const struct command command_compare = {
    .name = "compare",
    .operands = "OLD NEW",
    .summary = "two runs: which cells are slower, faster, the same, unclear or missing",
    .about =
        "Reads both runs' samples.csv, status.csv and machine.csv; writes nothing into them.  A\n"
        "cell is faster or slower if the 95 % interval of NEW's time over OLD's lies beyond the\n"
        "margin: the larger of --margin and twice what a run shows against itself.  That takes 6\n"
        "blocks in each run.  Counted, and looked at by --fail-on, is what remains after a\n"
        "correction for many comparisons.  Runs of two hosts are also compared by speed-up.\n"
        "Exit codes: 0; 1 failed, or nothing can be told; 2 usage; 3 --fail-on found it.",
    .main = compare_main,
    .options = options,
};
