/* SPDX-License-Identifier: MIT
 *
 * lab: the arithmetic of sheets over a small record, and what a sheet must be.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../bench/formula.h"
#include "../bench/grade.h"

const char *program_name = "test_lab";

static struct hand_in world;

static void set_up_plan(void)
{
    static const char lines[] = "backend=serial workload=sleep sweep=one\n"
                                "backend=omp workload=sleep workers=2 cpus=0+3 sweep=two+both\n"
                                "backend=pool workload=sleep sweep=lost\n";
    FILE *f = fmemopen((void *)lines, strlen(lines), "r");
    assert_non_null(f);
    assert_int_equal(plan_read(&world.plan, f, "plan", NULL), 0);
    fclose(f);
}

static int set_up(void **state)
{
    /* two blocks of `one`, whose medians are 40 and 60; a warm-up and a void row that do not count
     */
    static const char samples[] =
        "sweep,block,seq,warmup,status,workers,wall_ns,runq_ns,outcome,note\n"
        "one,1,1,1,ok,1,9999,0,back,a\n"
        "one,1,1,0,ok,1,30,0,back,a\n"
        "one,1,1,0,ok,1,40,0,back,b\n"
        "one,1,1,0,ok,1,80,8,back,c\n"
        "two+both,1,2,0,ok,2,20,10,,\n"
        "two+both,2,3,0,void,2,1,0,,\n"
        "one,2,4,0,ok,1,60,0,back,a\n";
    static const char trace[] = "cell,block,seq,worker,cpu,first_task,tasks\n"
                                "2,1,2,0,0,0,1\n2,1,2,1,3,1,1\n2,1,2,1,2,2,1\n2,2,5,0,0,0,1\n";
    (void)state;
    machine_set(&world.machine, "effective_workers", "", "4");
    machine_set(&world.machine, "openmp", "", "GNU libgomp");
    machine_set(&world.machine, "empty", "", "%s", "");
    set_up_plan();
    return csv_parse(&world.samples, samples, (long)strlen(samples), "samples", NULL) ||
           csv_parse(&world.trace, trace, (long)strlen(trace), "trace", NULL);
}

static int tear_down(void **state)
{
    (void)state;
    handin_close(&world);
    return 0;
}

static double value(const char *text)
{
    struct formula_result r;
    struct why w = { "" };
    if (formula_compute(text, strlen(text), &world, &r, &w))
        fail_msg("%s: %s", text, w.text);
    return r.value;
}

static int error_of(const char *text)
{
    struct formula_result r;
    struct why w = { "" };
    int error = formula_compute(text, strlen(text), &world, &r, &w);
    assert_true(!error || *w.text);
    return error;
}

static void arithmetic(void **state)
{
    (void)state;
    assert_true(value("1 + 2 * 3 - 8 / 4") == 5);
    assert_true(value("(1 + 2) * 3") == 9);
    assert_true(value("10 - 2 - 3") == 5);
    assert_true(value("ceil(24 / 5) * 100ms") == 5e8);
    assert_true(value("2us + 1ns") == 2001);
    assert_true(value("0.5s") == 5e8);
    assert_true(value("max(2, P) + min(2, P) + sqrt(9)") == 9);
    assert_true(value("machine.effective_workers") == 4);
}

static void columns(void **state)
{
    (void)state;
    assert_true(value("one") == 50); /* the median of block medians, not of samples */
    assert_true(value("one.wall_ns / two") == 2.5);
    assert_true(value("both") == 20);
    assert_true(value("least(one)") == 30);
    assert_true(value("most(one.wall_ns)") == 80);
    assert_true(value("cpus(two)") == 3);
    assert_true(value("strays(two)") == 1);
}

static void crowding(void **state)
{
    struct formula_result r;
    (void)state;
    assert_int_equal(formula_compute("one / two", 9, &world, &r, NULL), 0);
    assert_true(fabs(r.crowding - 0.25) < 1e-9); /* 10 of 2 x 20 */
    assert_int_equal(formula_compute("one", 3, &world, &r, NULL), 0);
    assert_true(fabs(r.crowding - 0.1) < 1e-9);
}

static void no_formulas(void **state)
{
    static const char *const wrong[] = { "",       "1 +",    "(1",        "1 2",          "one.",
                                         "log(2)", "3 days", "one.nsval", "least(one",    "least()",
                                         "1 + )",  "*",      "max(1, 2",  "one two",      "$",
                                         "P P",    "((((",   "one..two",  "machine.empty" };
    (void)state;
    for (size_t i = 0; i + 1 < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(error_of(wrong[i]), -EINVAL);
    assert_int_equal(error_of("machine.empty"), -ENODATA);
    assert_int_equal(error_of("never"), -ENODATA);        /* not in the plan */
    assert_int_equal(error_of("lost"), -EAGAIN);          /* in it, and gave nothing */
    assert_int_equal(error_of("cpus(one) + 1"), -EAGAIN); /* not traced */
}

static void texts(void **state)
{
    const char *told = NULL;
    (void)state;
    assert_int_equal(formula_text("one.outcome", 11, &world, &told, NULL), 0);
    assert_string_equal(told, "back");
    assert_int_equal(formula_text("machine.openmp", 14, &world, &told, NULL), 0);
    assert_string_equal(told, "GNU libgomp");
    assert_int_equal(formula_text("one.note", 8, &world, &told, NULL), -EAGAIN);
    assert_int_equal(formula_text("never.note", 10, &world, &told, NULL), -ENODATA);
    assert_int_equal(formula_text(".note", 5, &world, &told, NULL), -EINVAL);
}

/* ---- the sheets themselves ---- */

/* A record in which every cell of the plan has one sample of one µs, whatever was measured. */
static struct csv *full_record(const struct plan *p)
{
    char *text = NULL;
    size_t length = 0;
    struct csv *table = NULL;
    FILE *f = open_memstream(&text, &length);
    record_csv_header(f);
    for (int i = 0; i < p->count; i++) {
        struct record r = p->cells[i].record;
        for (const struct field *field = record_fields; field->name; field++)
            if (field->part == PART_MEASURED && field->type == FIELD_NUMBER)
                *(int64_t *)((char *)&r + field->offset) = 1000;
        r.block = 1;
        r.warmup = 0;
        r.status = "ok";
        r.outcome = r.note = "word";
        record_csv_row(&r, f);
    }
    fclose(f);
    assert_int_equal(csv_parse(&table, text, (long)length, "samples", NULL), 0);
    free(text);
    return table;
}

static struct csv *full_trace(const struct plan *p)
{
    char *text = NULL;
    size_t length = 0;
    struct csv *table = NULL;
    FILE *f = open_memstream(&text, &length);
    fputs("cell,block,seq,worker,cpu\n", f);
    for (int i = 0; i < p->count; i++)
        fprintf(f, "%d,1,%d,0,0\n", i + 1, i + 1);
    fclose(f);
    assert_int_equal(csv_parse(&table, text, (long)length, "trace", NULL), 0);
    free(text);
    return table;
}

/* Every formula of the sheet, in claims and sentences, is one, of cells that its plan has. */
static void look_at(const struct sheet *s, const char *workers)
{
    static const char *const facts[] = { "cores", "pus", "allowed_pus" };
    struct hand_in h = { .dir = "" };
    struct marks m;
    struct why w = { "" };
    machine_set(&h.machine, "effective_workers", "", "%s", workers);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        machine_set(&h.machine, facts[i], "", "%s", workers);
    machine_set(&h.machine, "openmp", "", "GNU libgomp");
    machine_set(&h.machine, "compiler", "", "GNU 12");
    if (sheet_plan(s, &h.machine, &h.plan, &w))
        fail_msg("%s", w.text);
    assert_int_equal(h.plan.count, s->line_count);
    h.samples = full_record(&h.plan);
    h.trace = full_trace(&h.plan);
    if (grade_checks(&m, s, &h, &w))
        fail_msg("%s: %s", s->name, w.text);
    for (int i = 0; i < s->check_count; i++) {
        const struct graded *g = &m.graded[i];
        if (strchr(g->text, '?') && !strchr(s->checks[i].hint, '?'))
            fail_msg("%s: %s: %s", s->name, s->checks[i].name, g->text);
        if (g->grade == GRADE_ABSENT && !strstr(g->text, "it takes"))
            fail_msg("%s: %s: %s", s->name, s->checks[i].name, g->text);
    }
    marks_free(&m);
    handin_close(&h);
}

static void sheets(void **state)
{
    static const char *const workers[] = { "1", "2", "3", "64", "1000" };
    (void)state;
    char **names = sheet_names();
    if (!names)
        skip(); /* this program does not lie beside them */
    for (char **name = names; *name; name++) {
        struct sheet s;
        struct why w = { "" };
        if (sheet_open(&s, *name, &w))
            fail_msg("%s", w.text);
        for (size_t i = 0; i < sizeof workers / sizeof *workers; i++)
            look_at(&s, workers[i]);
        sheet_close(&s);
        free(*name);
    }
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic),  cmocka_unit_test(columns), cmocka_unit_test(crowding),
        cmocka_unit_test(no_formulas), cmocka_unit_test(texts),   cmocka_unit_test(sheets),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
