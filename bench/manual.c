/* SPDX-License-Identifier: MIT
 *
 * manual: the manual pages of both programs, as mdoc.  What can be typed comes from the tables that
 * parse it; what those do not say, examples, files, exit codes, stands here.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "record.h"

#define MANUAL_DATE "November 25, 2026" /* of the prose below */

struct said {
    const char *what, *text;
};

static const char teampool_description[] =
    "measures the same tasks on a team of OpenMP threads and on a pool of processes, on the same\n"
    "CPUs, in fresh processes and in random order, and says which to use, with how many workers,\n"
    "which chunk size, and from which task size on parallel pays.  Every timing goes into a CSV\n"
    "file; one page has the answer, with intervals and a confidence that it has to earn.\n\n"
    "Data go to standard output, talk goes to standard error.  Nothing on the machine is changed.";

static const struct said teampool_examples[] = {
    { "teampool doctor", "What would bias a run here and now, each with its fix." },
    { "teampool run --profile quick", "A first answer in half a minute." },
    { "teampool report \"$(teampool run)\"", "Measure for three minutes and write the page." },
    { "teampool plan backend=omp,pool workload=cpu task_ns=5000 chunk=1,8,64 workers=2 > plan.txt\n"
      "teampool run --plan plan.txt --budget 1m",
      "A plan of one's own: every combination of the values, measured until the intervals are "
      "narrow or a minute is over." },
    { "teampool run --resume DIR", "Go on with a run that was stopped." },
    { "teampool advise DIR --task-us 5 --tasks 10000",
      "What is best for a loop of 10000 tasks of 5 \302\265s?" },
    { "teampool lab sleep", "Do a course lab: measure, read what came out, hand in the folder." },
    { "teampool lab sleep --check */ --format csv", "Grade what was handed in, as a table." },
    { "teampool compare OLD NEW --fail-on slower", "Exit with 3 if something became slower." },
    { 0 }
};

static const struct said teampool_files[] = {
    { "results/<host>-<UTC>/", "The folder of a run, if --out names no other." },
    { "plan.txt", "In it: the plan, one cell a line, each a command line of teampool-cell." },
    { "samples.csv", "The record: a row per timed sample, never edited." },
    { "status.csv", "A row per cell and block: did it run, and if not, why." },
    { "machine.csv", "Where and how it was measured." },
    { "doctor.csv", "What teampool doctor found just before." },
    { "cells.csv, pairs.csv", "Derived: medians over blocks with intervals; pairs with verdicts." },
    { "verdict.csv, checks.csv", "Derived: the answers, and what speaks against them." },
    { "report.html", "The page." },
    { 0 }
};

static const struct said teampool_environment[] = {
    { "HWLOC_XMLFILE, HWLOC_SYNTHETIC", "Another machine in place of this one, for topology, plan "
                                        "and run --dry-run." },
    { "NO_COLOR", "Not empty: no colours.  There are some only on a terminal." },
    { "TERM", "dumb: no colours, and progress in lines of its own." },
    { "TEAMPOOL_MPIRUN", "The command that starts MPI's processes, as \"run --mpi\" names it." },
    { "TEAMPOOL_PYTHON",
      "The Python that runs the runners py-...: a path, or a name in PATH (python3)." },
    { "TEAMPOOL_ROOT", "For tests: a folder that stands before the files of /proc and /sys." },
    { 0 }
};

static const struct said exit_codes[] = {
    { "0", "All went well." },
    { "1", "Something failed; standard error says what." },
    { "2", "The command line cannot be meant." },
    { "3", "compare --fail-on found what it was looking for." },
    { "4", "A check failed under --strict; a lab's answer is "
           "unclear." },
    { "130", "Interrupted, by Ctrl-C or SIGTERM, SIGHUP, SIGUSR1, "
             "SIGUSR2, SIGXCPU; what was measured is kept, "
             "and run --resume goes on." },
    { 0 }
};

static const char cell_description[] =
    "measures one cell: it opens one team of workers, times samples of one job, prints CSV, a\n"
    "header and a row per sample, and exits.  Its command line is a line of a plan, and anyone "
    "can\n"
    "type one.  It drops OMP_* from the environment and sets those that the fields ask for.";

static const struct said cell_examples[] = {
    { "teampool-cell backend=pool workload=cpu task_ns=10000 tasks=4096 chunk=16 workers=2 "
      "cpus=0+1",
      "Two processes, bound to CPUs 0 and 1, share 4096 tasks of 10 \302\265s, 16 at a time." },
    { "teampool-cell backend=omp workload=sleep task_ns=100000000 tasks=24 workers=8 chunk=1",
      "24 naps of 0.1 s by 8 threads." },
    { 0 }
};

/* ---- mdoc ---- */

/* LENGTH bytes of text in which nothing is a request or an escape. */
static void put_text(const char *text, size_t length)
{
    for (const char *at = text; at < text + length; at++) {
        if (at == text && (*at == '.' || *at == '\''))
            fputs("\\&", stdout);
        if (*at == '\\')
            fputs("\\e", stdout);
        else if (*at == '-')
            fputs("\\-", stdout);
        else if (*at == '\'')
            fputs("\\(aq", stdout);
        else
            putchar(*at);
    }
}

static void put_line(const char *text)
{
    put_text(text, strlen(text));
    putchar('\n');
}

/* LENGTH bytes of a paragraph, in short lines, each sentence on a new one: so mdoc has it. */
static void put_filled(const char *text, size_t length)
{
    enum { WIDE = 64 };
    size_t column = 0;
    for (const char *at = text, *end = text + length; at < end; at += strspn(at, " \n")) {
        size_t word = strcspn(at, " \n");
        word = word < (size_t)(end - at) ? word : (size_t)(end - at);
        if (at > text) {
            if (column + word > WIDE)
                column = 0;
            putchar(column ? ' ' : '\n');
        }
        put_text(at, word);
        at += word;
        column = strchr(".?!", at[-1]) ? 0 : column + word + 1;
    }
    putchar('\n');
}

static void put_literal(const char *text, size_t length)
{
    puts(".Bd -literal -offset indent");
    put_text(text, length);
    puts("\n.Ed");
}

/* Paragraphs, with an empty line between them; an indented line stands as it is. */
static void put_prose(const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (!length) {
            puts(".Pp");
        } else if (*text == ' ') {
            put_literal(text + 2, length - 2);
            if (text[length] && !strchr(" \n", text[length + 1]))
                puts(".Pp");
        } else {
            while (text[length] && !strchr(" \n", text[length + 1]))
                length += 1 + strcspn(text + length + 1, "\n");
            put_filled(text, length);
        }
        text += length + (text[length] == '\n');
    }
}

/* ".It MACRO WHAT" and what there is to say, each. */
static void put_list(const char *macro, const struct said *list)
{
    puts(".Bl -tag -width Ds");
    for (; list->what; list++) {
        printf(".It %s ", macro);
        put_line(list->what);
        put_filled(list->text, strlen(list->text));
    }
    puts(".El");
}

static void put_examples(const struct said *list)
{
    puts(".Sh EXAMPLES");
    for (int first = 1; list->what; list++, first = 0) {
        if (!first)
            puts(".Pp");
        put_filled(list->text, strlen(list->text));
        put_literal(list->what, strlen(list->what));
    }
}

static void put_options(const struct option *options)
{
    char meaning[OPTION_LINE];
    for (const struct option *o = options; o && o->name; o++) {
        printf(".It Fl ");
        put_text(o->name + 1, strlen(o->name + 1));
        if (o->arg)
            printf(" Ar %s", o->arg);
        putchar('\n');
        option_meaning(o, meaning);
        put_filled(meaning, strlen(meaning));
    }
}

static void put_head(const char *program, const char *title, const char *about)
{
    printf(".\\\" SPDX-License-Identifier: MIT\n.\\\" Written by: teampool manual %s\n"
           ".Dd %s\n.Dt %s 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh SYNOPSIS\n",
           program, MANUAL_DATE, title, program, about);
}

static void put_command(const struct command *c)
{
    printf(".Ss %s\n", c->name);
    printf(".Nm Cm %s\n", c->name);
    if (c->options)
        puts(".Op Ar options");
    if (*c->operands == '[') /* and its end is the last */
        printf(".Op Ar %.*s\n", (int)strlen(c->operands) - 2, c->operands + 1);
    else if (*c->operands)
        printf(".Ar %s\n", c->operands);
    printf(".Pp\n%c", toupper((unsigned char)*c->summary));
    put_text(c->summary + 1, strlen(c->summary + 1));
    puts(".");
    if (c->about) {
        puts(".Pp");
        put_prose(c->about);
    }
    puts(".Bl -tag -width Ds");
    put_options(c->options);
    put_options((const struct option[]){ option_help, { 0 } });
    puts(".El");
}

static void teampool_page(void)
{
    put_head("teampool", "TEAMPOOL", "threads or processes, how many, and from what task size");
    printf(".Nm\n.Ar command\n.Op Ar options\n.Nm\n");
    for (const struct option *o = program_options; o->name; o++)
        printf(".Op Fl \\-%s\n", o->name + 2);
    puts(".Sh DESCRIPTION\n.Nm");
    put_prose(teampool_description);
    puts(".Bl -tag -width Ds");
    put_options(program_options);
    puts(".El\n.Sh COMMANDS");
    for (const struct command *const *c = commands; *c; c++)
        put_command(*c);
    puts(".Sh ENVIRONMENT");
    put_list("Ev", teampool_environment);
    puts(".Sh FILES");
    put_list("Pa", teampool_files);
    puts(".Sh EXIT STATUS");
    put_list("", exit_codes);
    put_examples(teampool_examples);
    puts(".Sh SEE ALSO\n.Xr teampool-cell 1 ,\n.Xr teampool-pool 3");
}

static void put_fields(int measured)
{
    puts(".Bl -tag -width Ds");
    for (const struct field *f = record_fields; f->name; f++) {
        if ((f->part == PART_MEASURED) != measured)
            continue;
        printf(".It Cm %s", f->name);
        if (!measured)
            printf("=%s", f->fallback ? f->fallback : "...");
        putchar('\n');
        put_filled(f->help, strlen(f->help));
    }
    puts(".El");
}

static void cell_page(void)
{
    put_head("teampool-cell", "TEAMPOOL-CELL", "measure one cell");
    puts(".Nm\n.Cm backend Ns = Ns Ar B\n.Cm workload Ns = Ns Ar W\n.Op Ar field Ns = Ns Ar value "
         "...");
    for (const struct option *o = record_questions; o->name; o++)
        printf(".Nm\n.Fl \\-%s%s\n", o->name + 2,
               strcmp(o->name, "--check") ? "" : " Ar field Ns = Ns Ar value ...");
    puts(".Sh DESCRIPTION\n.Nm");
    put_prose(cell_description);
    puts(".Pp\nThe fields, with their defaults:");
    put_fields(0);
    puts(".Pp\nInstead of measuring:\n.Bl -tag -width Ds");
    put_options(record_questions);
    puts(".El\n.Pp\nThe columns, besides those of the fields that name the cell:");
    put_fields(1);
    puts(".Sh EXIT STATUS\n"
         "0; 1 if it failed, or a sample had a wrong result;\n"
         "2 if the line cannot be meant.");
    put_examples(cell_examples);
    puts(".Sh SEE ALSO\n.Xr teampool 1 ,\n.Xr teampool-pool 3");
}

/* ---- the command ---- */

static int manual_main(const struct command *self, int argc, char **argv)
{
    int operands = options_take(self, argc, argv);
    const char *program = operands ? argv[0] : "teampool";
    if (operands > 1)
        die(EXIT_USAGE, "manual: one page at a time: teampool manual %s", self->operands);
    if (!strcmp(program, "teampool"))
        teampool_page();
    else if (!strcmp(program, "teampool-cell"))
        cell_page();
    else
        die(EXIT_USAGE, "manual: none for '%s'; there are teampool and teampool-cell", program);
    return EXIT_OK;
}

const struct command command_manual = {
    .name = "manual",
    .operands = "[teampool|teampool-cell]",
    .summary = "the manual page of one of the programs, as mdoc",
    .about = "Installed with the programs.  Without an installation:\n"
             "  teampool manual | man -l -",
    .main = manual_main,
};
