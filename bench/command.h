/* SPDX-License-Identifier: MIT
 *
 * command: what every command of `teampool` shares: exit codes, the way it complains, and its
 * options as a table, from which parsing, --help, manual and completion come.  Only the roof prints
 * or exits.
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <stddef.h>

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
    OPTION_WORD,    /* struct one_of *: one of its words */
    OPTION_COUNT,   /* long *: 0 or more */
    OPTION_NUMBER,  /* double *: above 0 */
    OPTION_SECONDS, /* double *: "90s", "3m", "1h"; "90" are seconds */
};

struct option {
    const char *name; /* "--out" */
    const char *arg;  /* in the help, and for completion: DIR, FILE; NULL for a flag */
    enum option_kind kind;
    void *value; /* static; what it holds beforehand is the default */
    const char *help;
};

/* One of the words of an array whose elements are names, or start with one, and which ends with
 * NULL. */
struct one_of {
    int *chosen; /* its place in the array */
    const void *words;
    size_t stride;
};
#define ONE_OF(chosen, array)                                                                      \
    &(struct one_of)                                                                               \
    {                                                                                              \
        (chosen), (array), sizeof *(array)                                                         \
    }

/* Word I that O may be; NULL behind the last, and where O may be anything. */
const char *option_word(const struct option *o, int i);

struct command {
    const char *name;     /* "run" */
    const char *operands; /* for help and completion: FIELD=..., capitals are folders, else words */
    const char *summary;  /* one line */
    const char *about;    /* paragraphs, indented lines stand as they are; or NULL */
    int (*main)(const struct command *self, int argc, char **argv);
    const struct option *options; /* ends with a NULL name; NULL: there are none */
};

/* Every command is one file of bench/ and one line in main.c; those that measure are all in
 * elsewhere.c where the system is not Linux. */
extern const struct command command_topology, command_list, command_plan, command_run,
    command_summarize, command_report, command_compare, command_doctor, command_advise, command_lab,
    command_completion, command_manual;

/* What a newcomer types behind the program's name. */
extern const char *const first_step;

/* All of them, in the help's order, ended by NULL; what `teampool` takes instead of one. */
extern const struct command *const commands[];
extern const struct option program_options[];

/* Take the options out of ARGV (which starts after the command's word) and leave the operands.
 * --help prints the help and exits 0; an unknown option, a missing or bad value exits 2 with a
 * sentence.  Returns the number of operands, now first in ARGV. */
int options_take(const struct command *c, int argc, char **argv);

/* What every command takes besides those in its table. */
extern const struct option option_help;

/* What it is for, with the words it may be and the default among them.  Into BUFFER, which is
 * returned. */
enum { OPTION_LINE = 400 };
const char *option_meaning(const struct option *o, char buffer[OPTION_LINE]);

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

/* How `teampool` was called, "build/release/teampool": what a person can type again.  Set in main,
 * "teampool" until then; only for the terminal, what is written to files says "teampool". */
extern const char *program_path;

#endif
