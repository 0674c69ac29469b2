/* SPDX-License-Identifier: MIT
 *
 * record: one row of samples.csv, and the one table of its fields.  The same table reads and writes
 * a plan line ("backend=pool workload=cpu ..."), writes the CSV header and rows, and prints the
 * help, so that command line, plan, CSV and manual say the same.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <stdint.h>
#include <stdio.h>

#include "../core/why.h"
#include "command.h"

/* A number that is not known: an empty field. */
#define UNKNOWN INT64_MIN

struct record {
    /* The cell: what is measured.  Texts are not owned; they outlive the record. */
    const char *runner, *backend, *start, *schedule, *wait, *workload;
    int64_t work_version, task_ns, payload_bytes, tasks, chunk, workers;
    const char *place, *cpus, *variant;
    int64_t ballast_mib, twin;
    const char *options;
    /* The design: which replication. */
    int64_t block, seq, sample;
    /* What was measured. */
    int64_t warmup, start_ns, wall_ns, open_ns, close_ns, first_ns, last_ns, busy_sum_ns,
        busy_max_ns;
    int64_t user_ns, sys_ns, nvcsw, nivcsw, minflt, majflt, runq_ns, migrations, throttled_ns;
    int64_t steal_ns, canary_ns, max_rss_kib, pss_kib;
    uint64_t checksum;
    const char *status, *note;
    /* Design again, but not the cell's name: what the cell is for, and the kernel's speed. */
    const char *sweep;
    int64_t steps_per_ms, foreign_ns, worker_pss_kib, worker_uss_kib;
    int64_t lock_requests, lock_switches, lock_forced, inside_most;
    int64_t answers, answer_p50_ns, answer_p90_ns, answer_p99_ns, answer_max_ns, beside_ns;
    const char *outcome;
    int64_t suspended_ns; /* the run knows it, not the process that measures */
    /* Settings of the line that are not columns. */
    int64_t samples, warmup_samples, warmup_ms, trace;
    int64_t blocks, drop; /* for the run, not for the cell: how often at most; who goes first */
};

enum field_part { PART_CELL, PART_DESIGN, PART_MEASURED, PART_LABEL, PART_SETTING };
enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_HASH };

struct field {
    const char *name;
    enum field_part part;
    enum field_type type;
    int offset;           /* in struct record */
    const char *fallback; /* as it would be written; NULL: must be given (cell part only) */
    int64_t least, most;  /* FIELD_NUMBER: the range of a value on the line */
    const char *zero;     /* the word that stands for 0 on the line ("auto"), or NULL */
    const char *help;     /* with the unit */
};

/* Ends with a NULL name. */
extern const struct field record_fields[];

/* Every field at its default. */
void record_init(struct record *r);

/* Take one "name=value".  The value is not copied.  Measured fields are refused: they are results.
 * Returns 0 or -EINVAL with WHY, which says the nearest name or the range. */
int record_word(struct record *r, const char *word, struct why *w);

/* Are the fields without a default there?  Returns 0 or -EINVAL with WHY. */
int record_complete(const struct record *r, struct why *w);

/* Take a whole line; an optional first word "teampool-cell" is skipped.  LINE is cut up in place
 * and must outlive the record. */
int record_line(struct record *r, char *line, struct why *w);

/* A printed line as an argument list of at most MOST, its NULL included; the words point into LINE,
 * which is cut up. */
void record_words(char *line, char **argv, int most);

/* Write the line that record_line would read back; fields at their default are left out. */
void record_print_line(const struct record *r, FILE *f);

/* The same as a text.  Returns it, or NULL: no memory.  Owns: the caller, free. */
char *record_say_line(const struct record *r);

/* The value of FIELD as text on the line or in the CSV; BUFFER of 32 bytes is used for numbers. */
const char *record_text(const struct record *r, const struct field *field, int on_line,
                        char *buffer);

void record_csv_header(FILE *f);
void record_csv_row(const struct record *r, FILE *f);

struct csv;

/* The first field in which a row that a runner gave is not the planned cell R; NULL: none.  What
 * the plan leaves to the runner, or the runner does not tell, does not count. */
const char *record_other_field(const struct record *r, const struct csv *rows, long row);

/* The fields that a line takes, with defaults, ranges and meaning. */
void record_help(FILE *f);

/* What the cell program answers instead of measuring: for its help, its manual and completion. */
extern const struct option record_questions[];

/* Parse a whole decimal number, nothing else.  Returns 1, or 0 if it is none or does not fit. */
int parse_number(const char *text, int64_t *out);

#endif
