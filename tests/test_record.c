/* SPDX-License-Identifier: MIT
 *
 * record: the table of fields.  Its columns are a contract: names and order stand here a second
 * time, on purpose.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/command.h"
#include "../bench/record.h"
#include "../core/csv.h"

const char *program_name = "test_record";

#define CELL_COLUMNS                                                                               \
    "runner,backend,start,schedule,wait,workload,work_version,task_ns,payload_bytes,tasks,chunk,"  \
    "workers,place,cpus,"
#define OTHER_COLUMNS                                                                              \
    "block,seq,sample,warmup,start_ns,wall_ns,open_ns,close_ns,first_ns,last_ns,busy_sum_ns,"      \
    "busy_max_ns,user_ns,sys_ns,nvcsw,nivcsw,minflt,majflt,runq_ns,migrations,throttled_ns,"       \
    "steal_ns,canary_ns,max_rss_kib,pss_kib,checksum,status,note"

/* A line as the functions want it: writable, and there as long as the record is. */
struct typed {
    struct record record;
    struct why why;
    char line[512];
};

static int take(struct typed *t, const char *line)
{
    *t = (struct typed){ .why = { "" } };
    snprintf(t->line, sizeof t->line, "%s", line);
    return record_line(&t->record, t->line, &t->why);
}

static void refuse(const char *words, const char *expected)
{
    struct typed t;
    char line[256];
    snprintf(line, sizeof line, "backend=pool workload=cpu %s", words);
    assert_int_equal(take(&t, line), -EINVAL);
    if (!strstr(t.why.text, expected))
        fail_msg("'%s' says '%s', not '%s'", words, t.why.text, expected);
}

enum { ROOM = 4096 };

/* What a function of the record writes. */
static void written(const struct record *r, void (*write)(const struct record *, FILE *),
                    char out[ROOM])
{
    FILE *f = fmemopen(out, ROOM, "w");
    assert_non_null(f);
    write(r, f);
    fclose(f);
}

static void defaults(void **state)
{
    struct typed t;
    (void)state;
    assert_int_equal(take(&t, "backend=pool workload=cpu"), 0);
    assert_string_equal(t.record.runner, "cell");
    assert_string_equal(t.record.backend, "pool");
    assert_string_equal(t.record.start, "auto");
    assert_string_equal(t.record.schedule, "auto");
    assert_string_equal(t.record.wait, "passive");
    assert_string_equal(t.record.workload, "cpu");
    assert_int_equal(t.record.task_ns, 1000);
    assert_int_equal(t.record.payload_bytes, 0);
    assert_int_equal(t.record.tasks, 1000);
    assert_int_equal(t.record.chunk, 0);
    assert_int_equal(t.record.workers, 1);
    assert_string_equal(t.record.place, "");
    assert_string_equal(t.record.cpus, "");
    assert_string_equal(t.record.variant, "");
    assert_true(t.record.work_version == UNKNOWN);
    assert_true(t.record.wall_ns == UNKNOWN);
    assert_int_equal(t.record.samples, 5);
}

static void round_trip(void **state)
{
    static const char *const lines[] = {
        "backend=pool workload=cpu\n",
        "backend=pool wait=active workload=cpu task_ns=10000 tasks=4096 chunk=16 workers=4 "
        "cpus=0+2+4+6 samples=7\n",
        "runner=mpi backend=mpi start=spawn schedule=static workload=skew work_version=2 task_ns=0 "
        "payload_bytes=64 place=cores variant=heavy block=3 seq=17 sweep=tasks+chunk "
        "steps_per_ms=250000 warmup_ms=100\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct typed t;
        char out[ROOM];
        assert_int_equal(take(&t, lines[i]), 0);
        written(&t.record, record_print_line, out);
        assert_string_equal(out, lines[i]);
    }
}

static void as_typed(void **state)
{
    struct typed t;
    (void)state;
    assert_int_equal(take(&t, "teampool-cell  workload=cpu\tchunk=auto backend=omp \r\n"), 0);
    assert_string_equal(t.record.backend, "omp");
    assert_int_equal(t.record.chunk, 0);
    assert_int_equal(
        take(&t, "backend=omp workload=cpu workers=2 workers=3 wait=active wait=passive"), 0);
    assert_int_equal(t.record.workers, 3);
    assert_string_equal(t.record.wait, "passive");
}

static void unknown_words(void **state)
{
    struct typed t;
    (void)state;
    refuse("chunks=3", "did you mean 'chunk'?");
    refuse("worker=3", "did you mean 'workers'?");
    refuse("tsak_ns=3", "did you mean 'task_ns'?");
    refuse("xyzzyplugh=3", "unknown field 'xyzzyplugh'");
    refuse("chunk", "field=value");
    refuse("=3", "field=value");
    refuse("wall_ns=3", "measured");
    refuse("status=ok", "measured");
    assert_int_equal(take(&t, "workload=cpu"), -EINVAL);
    assert_non_null(strstr(t.why.text, "backend="));
    assert_int_equal(take(&t, "backend=pool"), -EINVAL);
    assert_non_null(strstr(t.why.text, "workload="));
    assert_int_equal(take(&t, ""), -EINVAL);
    assert_int_equal(take(&t, "backend= workload=cpu"), -EINVAL);
}

static void ranges(void **state)
{
    struct typed t;
    (void)state;
    refuse("chunk=0", "out of range: 1 to");
    refuse("chunk=-1", "or auto");
    refuse("workers=0", "out of range: 1 to");
    refuse("workers=1000000", "out of range: 1 to");
    refuse("tasks=0", "out of range: 1 to");
    refuse("task_ns=-1", "out of range: 0 to");
    refuse("task_ns=1e9x", "not a whole number");
    refuse("task_ns=1e9", "not a whole number");
    refuse("task_ns=0x10", "not a whole number");
    refuse("task_ns=+5", "not a whole number");
    refuse("task_ns=", "empty value");
    refuse("task_ns=auto", "not a whole number");
    refuse("tasks=99999999999999999999", "not a whole number");
    refuse("tasks=4294967296", "out of range: 1 to");
    assert_int_equal(take(&t, "backend=pool workload=cpu task_ns=0 chunk=1 payload_bytes=0"), 0);
    assert_int_equal(take(&t, "backend=pool workload=cpu tasks=2147483647 workers=4096"), 0);
}

static void whole_numbers(void **state)
{
    int64_t n = 42;
    (void)state;
    assert_int_equal(parse_number("-7", &n), 1);
    assert_int_equal(n, -7);
    assert_int_equal(parse_number("9223372036854775807", &n), 1);
    assert_true(n == INT64_MAX);
    assert_int_equal(parse_number("9223372036854775808", &n), 0);
    assert_int_equal(parse_number("-", &n), 0);
    assert_int_equal(parse_number(" 1", &n), 0);
    assert_int_equal(parse_number("1 ", &n), 0);
    assert_int_equal(parse_number("", &n), 0);
    assert_true(n == INT64_MAX);
}

static void header_only(const struct record *r, FILE *f)
{
    (void)r;
    record_csv_header(f);
}

/* The columns of the contract, in its order; others may stand between the parts and at the end. */
static void header(void **state)
{
    char text[ROOM];
    (void)state;
    written(NULL, header_only, text);
    const char *block = strstr(text, ",block,");
    assert_int_equal(strncmp(text, CELL_COLUMNS, strlen(CELL_COLUMNS)), 0);
    assert_non_null(block);
    assert_int_equal(strncmp(block + 1, OTHER_COLUMNS, strlen(OTHER_COLUMNS)), 0);
    assert_int_equal(text[strlen(text) - 1], '\n');
}

static void table(const struct record *r, FILE *f)
{
    record_csv_header(f);
    record_csv_row(r, f);
}

static void row(void **state)
{
    struct typed t;
    struct csv *c;
    char text[ROOM];
    (void)state;
    assert_int_equal(take(&t, "backend=pool workload=cpu cpus=0+2 chunk=4"), 0);
    t.record.wall_ns = 123456789;
    t.record.checksum = 0xabc;
    t.record.status = "ok";
    t.record.note = "one, \"two\"\n";
    written(&t.record, table, text);
    assert_int_equal(csv_parse(&c, text, (long)strlen(text), "row", &t.why), 0);
    assert_int_equal(c->rows, 1);
    assert_string_equal(csv_cell(c, 0, csv_column(c, "backend")), "pool");
    assert_string_equal(csv_cell(c, 0, csv_column(c, "cpus")), "0+2");
    assert_string_equal(csv_cell(c, 0, csv_column(c, "chunk")), "4");
    assert_string_equal(csv_cell(c, 0, csv_column(c, "wall_ns")), "123456789");
    assert_string_equal(csv_cell(c, 0, csv_column(c, "close_ns")), "");
    assert_string_equal(csv_cell(c, 0, csv_column(c, "checksum")), "0000000000000abc");
    assert_string_equal(csv_cell(c, 0, csv_column(c, "note")), "one, \"two\" ");
    assert_int_equal(csv_column(c, "samples"), -1); /* a setting of the line, not a column */
    csv_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(round_trip),
        cmocka_unit_test(as_typed), cmocka_unit_test(unknown_words),
        cmocka_unit_test(ranges),   cmocka_unit_test(whole_numbers),
        cmocka_unit_test(header),   cmocka_unit_test(row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
