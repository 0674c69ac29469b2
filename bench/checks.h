/* SPDX-License-Identifier: MIT
 *
 * checks: may the numbers of a run be trusted?  One list for everybody who asks: what `doctor` says
 * of a machine, what a run finds before it begins (doctor.csv), and what its results say
 * afterwards. Each check has a name that stays, its mark, a value, a sentence, and what to do about
 * it.  The checks of a run are computed from what the run wrote, never from this machine.
 */
#ifndef BENCH_CHECKS_H
#define BENCH_CHECKS_H

#include <stdio.h>

struct csv;
struct reading;

enum mark {
    MARK_GOOD,
    MARK_NOTE, /* not applicable or not known: nothing against the numbers */
    MARK_WARN, /* the numbers may be off, or weaker than they could be */
    MARK_BAD   /* don't use the numbers */
};

struct check {
    char name[24]; /* one word, the same in every version */
    enum mark mark;
    char value[128]; /* "powersave"; "": there is none */
    char text[320];  /* what it means, a sentence */
    char fix[320];   /* a command or a sentence; "": nothing to do */
};

struct checks {
    int count, warnings, bad;
    struct check check[48];
};

/* How a fix begins that names processes by their numbers: true while they run. */
#define CHECKS_BY_PID "ps -o pid,etime,args -p "

/* Add one.  VALUE and FIX may be NULL; FORMAT is the sentence's. */
void checks_add(struct checks *out, const char *name, enum mark mark, const char *value,
                const char *fix, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* All checks of a run: those of its results, then those of its machine, from doctor.csv or, in runs
 * that have none, from machine.csv. */
void checks_compute(const struct reading *r, struct checks *out);

/* The first of these two parts alone: what `run` says after it, the other it has said before. */
void checks_results(const struct reading *r, struct checks *out);

/* Write the list as CSV: check,mark,value,text,fix. */
void checks_write(const struct checks *c, FILE *f);

/* Add the rows of such a table. */
void checks_take(struct checks *out, const struct csv *table);

/* Write those that are marked LEAST or worse for a person, the worst first.  The commands against
 * them are as the person would type them: of this program as it was called, and of the run in DIR
 * (or NULL: of none). */
void checks_print(const struct checks *c, enum mark least, const char *dir, FILE *f);

/* Was the program built so that its times mean something?  A sentence why not, or NULL. */
const char *checks_build(const char *type, const char *flags);

/* "good", "note", "warn", "bad". */
const char *mark_word(enum mark m);

#endif
