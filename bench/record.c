/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../core/csv.h"

#define AT(member) (int)offsetof(struct record, member)
#define TEXT(part, member, fallback, help)                                                         \
    {                                                                                              \
#member, PART_##part, FIELD_TEXT, AT(member), fallback, 0, 0, NULL, help                   \
    }
#define NUMBER(part, member, fallback, least, most, zero, help)                                    \
    {                                                                                              \
#member, PART_##part, FIELD_NUMBER, AT(member), fallback, least, most, zero, help          \
    }
#define RESULT(member, help)                                                                       \
    {                                                                                              \
#member, PART_MEASURED, FIELD_NUMBER, AT(member), "", 0, INT64_MAX, NULL, help             \
    }

enum { MOST_TASKS = INT32_MAX, MOST_WORKERS = 4096 };
#define MOST_NS INT64_C(3600000000000)

const struct field record_fields[] = {
    TEXT(CELL, runner, "cell",
         "for the run: the program that measures; cell, or the path of another"),
    TEXT(CELL, backend, NULL,
         "who does the tasks: serial, omp, pool, pipe, pthread, ...; 'teampool list'"),
    TEXT(CELL, start, "auto",
         "how workers come to be: fork, spawn, thread; auto: the backend's own"),
    TEXT(CELL, schedule, "auto", "static, dynamic, guided or steal; auto: the backend's own"),
    TEXT(CELL, wait, "passive",
         "a worker without work spins (active), sleeps (passive), or does what its backend does "
         "unasked (default)"),
    TEXT(CELL, workload, NULL, "what a task does: empty, sleep, cpu, skew, ...; 'teampool list'"),
    NUMBER(CELL, work_version, "", 0, INT32_MAX, NULL,
           "version of the workload's meaning; checked if given"),
    NUMBER(CELL, task_ns, "1000", 0, MOST_NS, NULL,
           "length of one task, ns (uneven tasks: the mean)"),
    NUMBER(CELL, payload_bytes, "0", 0, INT32_MAX, NULL,
           "bytes per task, in and out; 0: the workload's own, of those that take any"),
    NUMBER(CELL, tasks, "1000", 1, MOST_TASKS, NULL, "tasks in one job"),
    NUMBER(CELL, chunk, "auto", 1, MOST_TASKS, "auto",
           "tasks handed out together; auto: the backend's own"),
    NUMBER(CELL, workers, "1", 1, MOST_WORKERS, NULL, "threads or processes"),
    TEXT(CELL, place, "", "name of the rule that chose cpus (a label)"),
    TEXT(CELL, cpus, "",
         "OS numbers of the CPUs, as 0+2+4: worker k is bound to the k-th, wrapping; empty: not "
         "bound"),
    TEXT(CELL, variant, "",
         "a form of the workload (skew: uniform, heavy, ramp); empty: its first"),
    NUMBER(CELL, ballast_mib, "0", 0, 1 << 20, NULL,
           "memory the caller has touched before it starts the workers, MiB"),
    NUMBER(CELL, twin, "0", 0, 9, NULL,
           "1: the same cell once more, to see how far two of the same lie apart"),
    TEXT(CELL, options, "", "settings of the backend's own, as held:50+switch_us:500; see --list"),
    NUMBER(DESIGN, block, "0", 0, INT32_MAX, NULL, "which pass over the plan"),
    NUMBER(DESIGN, seq, "0", 0, INT32_MAX, NULL, "place in the order in which the run measured"),
    NUMBER(DESIGN, sample, "", 0, INT32_MAX, NULL,
           "which timed run of the job in this process, from 0"),
    RESULT(warmup, "1: a warm-up sample, not for statistics"),
    RESULT(start_ns, "when the sample began, since the cell's start"),
    RESULT(wall_ns, "from handing the job over until the last task's result is there"),
    RESULT(open_ns, "from asking for the team until every worker is ready"),
    RESULT(close_ns, "from asking the team to go until every worker is gone; in the last row only"),
    RESULT(first_ns, "until the first worker asked for its first task"),
    RESULT(last_ns, "until the last worker found no more tasks"),
    RESULT(busy_sum_ns,
           "time between a worker's first task and its finding no more, summed over workers"),
    RESULT(busy_max_ns, "the same, of the worker that was longest at it"),
    RESULT(user_ns, "CPU time in user mode, caller and workers"),
    RESULT(sys_ns, "CPU time in the kernel, caller and workers"),
    RESULT(nvcsw, "voluntary context switches of the workers"),
    RESULT(nivcsw, "involuntary context switches of the workers"),
    RESULT(minflt, "page faults without input, caller and workers"),
    RESULT(majflt, "page faults with input, caller and workers"),
    RESULT(runq_ns, "time workers were ready to run but had no CPU"),
    RESULT(migrations, "times a worker changed its CPU"),
    RESULT(throttled_ns, "time the cgroup's CPU quota stopped us"),
    RESULT(steal_ns, "time the hypervisor took from the machine's CPUs"),
    RESULT(canary_ns, "a fixed loop on each worker, before and after: the slowest; empty: not run"),
    RESULT(max_rss_kib, "largest resident memory of any one process so far"),
    RESULT(pss_kib, "proportional memory of caller and workers; in the last row only"),
    { "checksum", PART_MEASURED, FIELD_HASH, AT(checksum), "", 0, 0, NULL,
      "of the tasks' results, hex" },
    TEXT(MEASURED, status, "", "ok, or void: a task was lost, doubled or wrong"),
    TEXT(MEASURED, note, "", "what else is worth saying"),
    TEXT(LABEL, sweep, "", "which sweeps of the plan the cell belongs to, joined by +"),
    NUMBER(LABEL, steps_per_ms, "", 1, INT64_C(1000000000000), NULL,
           "speed of the CPU kernel; left out: measured now"),
    RESULT(foreign_ns, "CPU time that other processes took during the sample; step: a clock tick"),
    RESULT(worker_pss_kib,
           "proportional memory of a worker process, the mean; in the last row only"),
    RESULT(worker_uss_kib,
           "memory a worker process shares with nobody, the mean; in the last row only"),
    RESULT(lock_requests, "a worker that waited for the lock asked the holder to give it up"),
    RESULT(lock_switches, "another worker took the lock than the one before"),
    RESULT(lock_forced, "a holder who was asked waited until another had taken the lock"),
    RESULT(inside_most, "most workers that were inside the task at once (workload inside)"),
    RESULT(answers, "requests that were answered (workload convoy)"),
    RESULT(answer_p50_ns, "from a request until its answer, the median"),
    RESULT(answer_p90_ns, "the same, of 90 in 100"),
    RESULT(answer_p99_ns, "the same, of 99 in 100"),
    RESULT(answer_max_ns, "the same, of the slowest"),
    RESULT(beside_ns,
           "computing that was done while requests were answered, by its nominal length"),
    TEXT(MEASURED, outcome, "", "what came of it, in a word, where that is the question (labs)"),
    RESULT(suspended_ns,
           "time the machine was suspended since the process before; filled in by the run"),
    NUMBER(SETTING, samples, "5", 1, 1000000, NULL, "timed samples"),
    NUMBER(SETTING, warmup_samples, "1", 0, 1000000, NULL, "warm-up samples, at least"),
    NUMBER(SETTING, warmup_ms, "0", 0, 3600000, NULL, "time to warm up, at least, ms"),
    NUMBER(SETTING, trace, "0", 0, 1, NULL,
           "1: one more sample, of which a second table says who did which tasks when"),
    NUMBER(SETTING, blocks, "0", 0, INT32_MAX, NULL,
           "for the run: in this many blocks at most; 0: in all"),
    NUMBER(SETTING, drop, "0", 0, 1000, NULL,
           "for the run: left out to keep the budget, larger ones first; 0: never"),
    { 0 },
};

const struct option record_questions[] = {
    { .name = "--list", .help = "workloads and backends, as CSV" },
    { .name = "--about", .help = "how it was built, as CSV" },
    { .name = "--check",
      .help = "followed by fields: would it measure this cell? measures nothing" },
    { .name = "--version", .help = "the version" },
    { .name = "--help", .help = "this text" },
    { 0 },
};

static int64_t *number_at(const struct record *r, const struct field *f)
{
    return (int64_t *)((char *)r + f->offset);
}

static const char **text_at(const struct record *r, const struct field *f)
{
    return (const char **)((char *)r + f->offset);
}

int parse_number(const char *text, int64_t *out)
{
    char *end;
    if (!(*text >= '0' && *text <= '9') && *text != '-')
        return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return 0;
    *out = value;
    return 1;
}

void record_init(struct record *r)
{
    memset(r, 0, sizeof *r);
    for (const struct field *f = record_fields; f->name; f++) {
        if (f->type == FIELD_TEXT)
            *text_at(r, f) = f->fallback;
        else if (f->type == FIELD_NUMBER && f->zero && !strcmp(f->fallback, f->zero))
            *number_at(r, f) = 0;
        else if (f->type == FIELD_NUMBER && !parse_number(f->fallback, number_at(r, f)))
            *number_at(r, f) = UNKNOWN;
    }
}

static int unknown_field(const char *name, struct why *w)
{
    enum { MOST = 80 };
    const char *names[MOST + 1];
    int count = 0;
    for (const struct field *f = record_fields; f->name && count < MOST; f++)
        if (f->part != PART_MEASURED)
            names[count++] = f->name;
    names[count] = NULL;
    const char *near = nearest_word(name, names);
    return why(w, -EINVAL, "unknown field '%s'%s%s%s", name, near ? "; did you mean '" : "",
               near ? near : "", near ? "'?" : "");
}

int record_word(struct record *r, const char *word, struct why *w)
{
    const char *equals = strchr(word, '=');
    const struct field *f = record_fields;
    if (!equals || equals == word)
        return why(w, -EINVAL, "'%s' is not of the form field=value", word);

    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
    while (f->name && strcmp(f->name, name) != 0)
        f++;
    if (!f->name)
        return unknown_field(name, w);
    if (f->part == PART_MEASURED)
        return why(w, -EINVAL, "%s is measured; it cannot be given", name);

    const char *value = equals + 1;
    int64_t number;
    if (f->type == FIELD_TEXT) {
        if (!*value && !f->fallback)
            return why(w, -EINVAL, "%s= is empty", name);
        *text_at(r, f) = value;
    } else if (f->zero && !strcmp(value, f->zero)) {
        *number_at(r, f) = 0;
    } else if (!parse_number(value, &number)) {
        return *value ? why(w, -EINVAL, "%s=%s is not a whole number", name, value)
                      : why(w, -EINVAL, "%s= has an empty value; it takes a whole number", name);
    } else if (number < f->least || number > f->most) {
        return why(w, -EINVAL, "%s=%s is out of range: %" PRId64 " to %" PRId64 "%s%s", name, value,
                   f->least, f->most, f->zero ? ", or " : "", f->zero ? f->zero : "");
    } else {
        *number_at(r, f) = number;
    }
    return 0;
}

int record_complete(const struct record *r, struct why *w)
{
    for (const struct field *f = record_fields; f->name; f++)
        if (f->type == FIELD_TEXT && !*text_at(r, f))
            return why(w, -EINVAL, "%s= is missing: %s", f->name, f->help);
    return 0;
}

int record_line(struct record *r, char *line, struct why *w)
{
    char *rest = NULL;
    int error = 0, words = 0;
    record_init(r);
    for (char *word = strtok_r(line, " \t\r\n", &rest); word;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        if (words++ == 0 && !strchr(word, '='))
            continue; /* the program's name */
        if ((error = record_word(r, word, w)))
            return error;
    }
    return record_complete(r, w);
}

const char *record_text(const struct record *r, const struct field *f, int on_line, char *buffer)
{
    switch (f->type) {
    case FIELD_TEXT:
        return *text_at(r, f) ? *text_at(r, f) : "";
    case FIELD_HASH:
        snprintf(buffer, 32, "%016" PRIx64, *(const uint64_t *)((const char *)r + f->offset));
        return buffer;
    case FIELD_NUMBER:
        break;
    }
    int64_t number = *number_at(r, f);
    if (number == UNKNOWN)
        return "";
    if (on_line && number == 0 && f->zero)
        return f->zero;
    snprintf(buffer, 32, "%" PRId64, number);
    return buffer;
}

void record_words(char *line, char **argv, int most)
{
    char *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(line, " \n", &rest); word && count < most - 1;
         word = strtok_r(NULL, " \n", &rest))
        argv[count++] = word;
    argv[count] = NULL;
}

void record_print_line(const struct record *r, FILE *f)
{
    const char *gap = "";
    for (const struct field *field = record_fields; field->name; field++) {
        char buffer[32];
        if (field->part == PART_MEASURED)
            continue;
        const char *text = record_text(r, field, 1, buffer);
        if (field->fallback && !strcmp(text, field->fallback))
            continue;
        fprintf(f, "%s%s=%s", gap, field->name, text);
        gap = " ";
    }
    fputc('\n', f);
}

char *record_say_line(const struct record *r)
{
    char *line = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&line, &length);
    if (!f)
        return NULL;
    record_print_line(r, f);
    if (!fclose(f))
        return line;
    free(line);
    return NULL;
}

const char *record_other_field(const struct record *r, const struct csv *rows, long row)
{
    static const char *const names[] = { "backend", "workload", "schedule", "wait",   "tasks",
                                         "chunk",   "workers",  "cpus",     "variant" };
    for (const struct field *f = record_fields; f->name; f++) {
        char buffer[32];
        const char *planned = record_text(r, f, 1, buffer);
        const char *told = csv_cell(rows, row, csv_column(rows, f->name));
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (!strcmp(f->name, names[i]) && *told && *planned && strcmp(planned, "auto") != 0 &&
                strcmp(planned, told) != 0)
                return f->name;
    }
    return NULL;
}

void record_csv_header(FILE *f)
{
    for (const struct field *field = record_fields; field->name; field++)
        if (field->part != PART_SETTING)
            fprintf(f, "%s%s", field == record_fields ? "" : ",", field->name);
    fputc('\n', f);
}

void record_csv_row(const struct record *r, FILE *f)
{
    for (const struct field *field = record_fields; field->name; field++) {
        char buffer[32];
        if (field->part == PART_SETTING)
            continue;
        if (field != record_fields)
            fputc(',', f);
        const char *text = record_text(r, field, 0, buffer);
        if (field->type == FIELD_TEXT)
            csv_put(f, text);
        else
            fputs(text, f);
    }
    fputc('\n', f);
}

void record_help(FILE *f)
{
    for (const struct field *field = record_fields; field->name; field++) {
        if (field->part == PART_MEASURED)
            continue;
        int width =
            fprintf(f, "  %s%s%s", field->name, field->fallback && *field->fallback ? "=" : "",
                    field->fallback ? field->fallback : "=...");
        fprintf(f, "%*s%s\n", width < 24 ? 24 - width : 1, "", field->help);
    }
}
