/* SPDX-License-Identifier: MIT
 *
 * command: what every command of `teampool` shares: exit codes, the way it complains, and its
 * options as a table, from which parsing and --help both come.  Only the roof prints or exits.
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include "../core/why.h"

/* Exit codes of both programs. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* something went wrong; stderr says what */
    EXIT_USAGE = 2,  /* the command line cannot be meant */
    EXIT_SLOWER = 3, /* compare --fail-on found it */
    EXIT_CHECK = 4,  /* a check failed under --strict, or a lab's answer is unclear */
    EXIT_INTERRUPTED = 130
};

enum option_kind {
    OPTION_FLAG,    /* int *: set to 1 */
    OPTION_TEXT,    /* const char ** */
    OPTION_COUNT,   /* long *: 0 or more */
    OPTION_NUMBER,  /* double *: above 0 */
    OPTION_SECONDS, /* double *: "90", "90s", "3m", "1h" */
};

struct option {
    const char *name; /* "--out" */
    const char *arg;  /* "DIR" in the help; NULL for a flag */
    enum option_kind kind;
    void *value;
    const char *help;
};

struct command {
    const char *name;     /* "run" */
    const char *operands; /* "[FIELD=VALUES ...]" in the help */
    const char *summary;  /* one line */
    const char *about;    /* a paragraph or more, or NULL */
    int (*main)(const struct command *self, int argc, char **argv);
};

/* Every command is one file of bench/ and one line in main.c. */
extern const struct command command_topology, command_list, command_plan, command_run,
    command_summarize, command_report, command_compare, command_doctor, command_advise;

/* Take the options out of ARGV (which starts after the command's word) and leave the operands.
 * OPTIONS ends with a NULL name.  --help prints the help and exits 0; an unknown option, a missing
 * or bad value exits 2 with a sentence.  Returns the number of operands, now first in ARGV. */
int options_take(const struct command *c, const struct option *options, int argc, char **argv);

/* First thing in main: descriptors 0, 1 and 2 are open, so that no file takes their place.  One
 * that was closed cannot be read from or written to. */
void stdio_begin(void);

/* Last thing in main: what was printed is out.  Returns CODE, or exits 1 with a sentence. */
int stdio_end(int code);

/* "teampool: SENTENCE" on stderr; then exit with CODE. */
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same without the exit: what happened, why it matters, what to try. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of the WORDS (ended by NULL), the one nearest to WORD, or NULL if none is near: for "did you
 * mean". */
const char *nearest_word(const char *word, const char *const *words);

/* The name before the colon in messages: "teampool" or "teampool-cell". */
extern const char *program_name;

#endif
