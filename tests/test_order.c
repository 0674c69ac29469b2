/* SPDX-License-Identifier: MIT
 *
 * Plans and their order: what the sweeps of a profile hold on machines of all sizes, what a budget
 * leaves out, that a plan reads back as it was printed, and in which order its cells are measured.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/command.h"
#include "../bench/order.h"
#include "../bench/profile.h"

const char *program_name = "test_order";

static const char *const machines[] = { "pu:1", "core:2 pu:1", "package:2 core:16 pu:2",
                                        "package:4 core:64 pu:1", "package:1 core:3 pu:2" };
enum { MACHINES = sizeof machines / sizeof *machines };

static struct topology *machine(const char *text)
{
    struct topology *t;
    struct why w = { "" };
    unsetenv("HWLOC_XMLFILE");
    unsetenv("HWLOC_THISSYSTEM");
    setenv("HWLOC_SYNTHETIC", text, 1);
    if (topology_load(&t, NULL, &w))
        fail_msg("%s: %s", text, w.text);
    unsetenv("HWLOC_SYNTHETIC");
    return t;
}

static struct plan sweeps(const char *text, const char *profile)
{
    struct plan p = { 0 };
    struct topology *t = machine(text);
    profile_sweeps(&p, profile_find(profile), t, NULL);
    topology_free(t);
    assert_true(p.count > 0);
    return p;
}

/* A plan from LINES, as a file would have them. */
static struct plan read_plan(const char *lines)
{
    struct plan p = { 0 };
    struct why w = { "" };
    char *copy = strdup(lines);
    FILE *f = fmemopen(copy, strlen(copy), "r");
    assert_non_null(f);
    if (plan_read(&p, f, "lines", &w))
        fail_msg("%s", w.text);
    fclose(f);
    free(copy);
    return p;
}

/* For every machine and profile. */
static void for_each_plan(void (*look)(struct plan *p, const struct profile *profile,
                                       const struct topology *t))
{
    for (int m = 0; m < MACHINES; m++)
        for (const struct profile *profile = profiles; profile->name; profile++) {
            struct plan p = { 0 };
            struct topology *t = machine(machines[m]);
            profile_sweeps(&p, profile, t, NULL);
            assert_true(p.count > 0);
            look(&p, profile, t);
            plan_free(&p);
            topology_free(t);
        }
}

static int has_sweep(const struct record *r, const char *sweep)
{
    return strstr(r->sweep, sweep) != NULL;
}

/* ---- the order ---- */

/* The cells of BLOCK, or, with GROUPS, the groups that they belong to. */
static int *order_of(const struct plan *p, uint64_t seed, int block, int groups, int *count)
{
    int *order = calloc((size_t)p->count, sizeof *order);
    assert_non_null(order);
    *count = order_block(p, seed, block, order);
    for (int i = 0; i < *count && groups; i++)
        order[i] = p->cells[order[i]].group;
    return order;
}

static int same_order(const struct plan *p, uint64_t seed, int block, uint64_t other_seed,
                      int other_block, int groups)
{
    int count, other_count;
    int *a = order_of(p, seed, block, groups, &count);
    int *b = order_of(p, other_seed, other_block, groups, &other_count);
    int same = count == other_count && !memcmp(a, b, (size_t)count * sizeof *a);
    free(a);
    free(b);
    return same;
}

static void seed_fixes_the_order(void **state)
{
    struct plan p = sweeps("core:2 pu:1", "quick");
    (void)state;
    assert_true(same_order(&p, 1, 1, 1, 1, 0));
    assert_true(same_order(&p, 7, 3, 7, 3, 0));
    for (int groups = 0; groups < 2; groups++) {
        assert_false(same_order(&p, 1, 1, 2, 1, groups));
        assert_false(same_order(&p, 1, 2, 1, 3, groups)); /* the first has cells of its own */
        assert_false(same_order(&p, 0, 2, 0, 3, groups));
    }
    plan_free(&p);
}

/* Every cell that the block has stands in it once, and the cells of a group side by side. */
static void expect_whole_block(const struct plan *p, int block, const int *order, int count)
{
    int wanted = 0;
    int *times = calloc((size_t)p->count, sizeof *times);
    int *closed = calloc((size_t)p->count, sizeof *closed); /* groups that have ended */
    assert_true(times && closed);
    for (int i = 0; i < count; i++) {
        assert_in_range(order[i], 0, p->count - 1);
        int group = p->cells[order[i]].group;
        times[order[i]]++;
        assert_false(closed[group]);
        if (i + 1 < count && p->cells[order[i + 1]].group != group)
            closed[group] = 1;
    }
    for (int i = 0; i < p->count; i++) {
        const struct plan_cell *c = &p->cells[i];
        int in = !c->dropped && (!c->record.blocks || block <= c->record.blocks);
        assert_int_equal(times[i], in);
        wanted += in;
    }
    assert_int_equal(count, wanted);
    free(times);
    free(closed);
}

static void look_at_blocks(struct plan *p, const struct profile *profile, const struct topology *t)
{
    int *order = calloc((size_t)p->count, sizeof *order);
    (void)t;
    assert_non_null(order);
    plan_fit(p, profile->budget_s / 3, 0, profile->blocks_least);
    for (int block = 1; block <= 8; block++)
        expect_whole_block(p, block, order, order_block(p, 42, block, order));
    free(order);
}

static void blocks_are_whole(void **state)
{
    (void)state;
    for_each_plan(look_at_blocks);
}

static const char by_hand[] = "# cells of one work, and of another\n"
                              "\n"
                              "teampool-cell backend=omp workload=cpu workers=2 tasks=10\n"
                              "backend=serial workload=empty\n"
                              "  backend=pool workload=cpu workers=2 tasks=10\n"
                              "backend=pipe workload=cpu workers=2 tasks=10\n"
                              "backend=pool workload=sleep tasks=5 blocks=2\n"
                              "backend=pool workload=cpu workers=2 tasks=10 schedule=steal\n"
                              "backend=pool workload=cpu workers=2 tasks=11\n";

static void cells_take_turns_at_being_first(void **state)
{
    enum { TURNS = 5 };
    struct plan p = read_plan(by_hand);
    int order[16], first[16] = { 0 };
    (void)state;
    assert_int_equal(p.count, 7);
    for (int block = 1; block <= 4 * TURNS; block++) {
        int count = order_block(&p, 3, block, order);
        for (int i = 0; i < count; i++) {
            if (p.cells[order[i]].group != p.cells[0].group)
                continue;
            first[order[i]]++;
            break;
        }
    }
    for (int i = 0; i < p.count; i++)
        assert_int_equal(first[i], p.cells[i].group == p.cells[0].group ? TURNS : 0);
    assert_int_equal(p.cells[0].group, p.cells[2].group);
    assert_int_equal(p.cells[0].group, p.cells[3].group);
    assert_int_equal(p.cells[0].group, p.cells[5].group);
    assert_int_not_equal(p.cells[0].group, p.cells[6].group);
    assert_int_not_equal(p.cells[0].group, p.cells[4].group);
    plan_free(&p);
}

static void limited_cells_stop(void **state)
{
    struct plan p = read_plan(by_hand);
    int order[16];
    (void)state;
    for (int block = 1; block <= 6; block++) {
        int count = order_block(&p, 9, block, order), found = 0;
        for (int i = 0; i < count; i++)
            found += order[i] == 4;
        assert_int_equal(found, block <= 2);
        assert_int_equal(count, block <= 2 ? 7 : 6);
    }
    plan_free(&p);
}

/* A plan that was kept is measured in the order that it was measured in. */
static void printed_plan_keeps_the_order(void **state)
{
    struct plan p = sweeps("core:2 pu:1", "quick"), again;
    char *text = NULL;
    size_t length = 0;
    int kept = 0;
    (void)state;
    plan_fit(&p, 10, 0, 6);
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    plan_print(&p, f);
    fclose(f);
    again = read_plan(text);
    int *a = calloc((size_t)p.count, sizeof *a), *b = calloc((size_t)p.count, sizeof *b);
    int *number = calloc((size_t)p.count, sizeof *number); /* of a cell in the printed plan */
    assert_true(a && b && number);
    for (int i = 0; i < p.count; i++)
        number[i] = p.cells[i].dropped ? -1 : kept++;
    assert_int_equal(kept, again.count);
    for (int block = 1; block <= 3; block++) {
        int count = order_block(&p, 5, block, a);
        assert_int_equal(order_block(&again, 5, block, b), count);
        for (int i = 0; i < count; i++)
            assert_int_equal(number[a[i]], b[i]);
    }
    free(a);
    free(b);
    free(number);
    free(text);
    plan_free(&p);
    plan_free(&again);
}

/* ---- what a budget leaves out ---- */

/* Is R there for others to be held against? */
static int is_reference(const struct record *r)
{
    return !strcmp(r->backend, "serial") ||
           (!strcmp(r->sweep, "length") && !strcmp(r->schedule, "static"));
}

/* Is there a cell left that the reference R would be held against? */
static int has_partner(const struct plan *p, const struct record *r)
{
    for (int i = 0; i < p->count; i++) {
        const struct record *other = &p->cells[i].record;
        if (!p->cells[i].dropped && !is_reference(other) && !strcmp(other->workload, r->workload) &&
            !strcmp(other->variant, r->variant) && other->task_ns == r->task_ns)
            return 1;
    }
    return 0;
}

static int same_point(const struct record *a, const struct record *b)
{
    return !strcmp(a->sweep, b->sweep) && a->drop == b->drop && !strcmp(a->workload, b->workload) &&
           !strcmp(a->variant, b->variant) && a->task_ns == b->task_ns &&
           a->workers == b->workers && a->chunk == b->chunk;
}

static void expect_fair_cut(const struct plan *p, double seconds, int blocks, int told)
{
    int dropped = 0, spare = 0;
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        dropped += p->cells[i].dropped;
        spare += !p->cells[i].dropped && r->drop > 0;
        if (p->cells[i].dropped && r->drop == 0) /* nothing but a reference that is of no use */
            assert_true(is_reference(r) && !has_partner(p, r));
        if (told && !p->cells[i].dropped && is_reference(r))
            assert_true(has_partner(p, r));
        for (int k = 0; k < p->count && p->cells[i].dropped && r->drop > 0; k++)
            if (same_point(r, &p->cells[k].record))
                assert_true(p->cells[k].dropped); /* a point goes as a whole */
    }
    assert_int_equal(told, dropped);
    if (plan_seconds(p, blocks) > seconds)
        assert_int_equal(spare, 0);
}

static void look_at_cuts(struct plan *p, const struct profile *profile, const struct topology *t)
{
    double all = plan_seconds(p, profile->blocks_least);
    const double shares[] = { 2, 0.9, 0.5, 0.1, 0 };
    int dropped = 0;
    (void)t;
    for (int i = 0; i < 5; i++) {
        double seconds = all * shares[i];
        dropped += plan_fit(p, seconds, 0, profile->blocks_least);
        expect_fair_cut(p, seconds, profile->blocks_least, dropped);
        if (shares[i] > 1)
            assert_int_equal(dropped, 0);
    }
    assert_true(dropped > 0 || t->pus == 1);
    for (int i = 0; i < p->count; i++)
        if (p->cells[i].record.drop > 0)
            assert_true(p->cells[i].dropped);
}

static void budget_takes_middle_points(void **state)
{
    (void)state;
    for_each_plan(look_at_cuts);
}

static int counts_measured(const struct plan *p, long workers)
{
    int cells = 0;
    for (int i = 0; i < p->count; i++)
        cells += !p->cells[i].dropped && has_sweep(&p->cells[i].record, "workers") &&
                 strcmp(p->cells[i].record.backend, "serial") &&
                 p->cells[i].record.workers == workers;
    return cells;
}

/* Threads and processes at all rungs of the ladder; STEPS_ONLY: at those of the machine. */
static void expect_rungs(const struct plan *p, const char *text, int steps_only)
{
    struct topology *t = machine(text);
    struct topology_rung rung[TOPOLOGY_POINTS];
    int count = topology_ladder(t, rung, TOPOLOGY_POINTS);
    for (int i = 0; i < count; i++)
        if (*rung[i].step || !steps_only)
            assert_true(counts_measured(p, rung[i].workers) >= 2);
    topology_free(t);
}

/* A job that one worker and all share must not take the time of the steps between; and arrays of
 * more than a GiB are refused by the workload. */
static void one_worker_leaves_room_for_steps(void **state)
{
    static const char *const large[] = { "core:8 pu:1", "package:2 core:64 pu:2",
                                         "package:8 core:128 pu:2" };
    const struct profile *profile = profile_find("default");
    (void)state;
    for (int m = 0; m < 3; m++) {
        struct plan p = sweeps(large[m], "default");
        for (int i = 0; i < p.count; i++) {
            const struct record *r = &p.cells[i].record;
            assert_true(r->workers > 1 || p.cells[i].seconds < 40);
            if (!strcmp(r->workload, "memory"))
                assert_true(r->tasks * r->payload_bytes <= INT64_C(1) << 30);
        }
        plan_fit(&p, profile->budget_s * PLAN_FILL, 0, profile->blocks_least);
        expect_rungs(&p, large[m], m == 2);
        assert_true(plan_seconds(&p, profile->blocks_least) <
                    profile->budget_s * PROFILE_OVERTIME * PLAN_FILL);
        plan_free(&p);
    }
}

/* Larger ones first: no cell stays that should have gone before one that went. */
static void larger_ones_go_first(void **state)
{
    struct plan p = sweeps("package:2 core:16 pu:2", "default");
    double all = plan_seconds(&p, 6);
    int64_t most_kept = 0, least_gone = INT64_MAX;
    (void)state;
    assert_true(plan_fit(&p, all * 0.7, 0, 6) > 0);
    for (int i = 0; i < p.count; i++) {
        const struct plan_cell *c = &p.cells[i];
        if (!c->dropped && c->record.drop > most_kept)
            most_kept = c->record.drop;
        if (c->dropped && c->record.drop > 0 && c->record.drop < least_gone)
            least_gone = c->record.drop;
    }
    assert_true(most_kept <= least_gone);
    plan_free(&p);
}

static double price_of(const char *line)
{
    struct plan p = read_plan(line);
    double seconds = plan_seconds(&p, 1);
    plan_free(&p);
    return seconds;
}

/* Backends and workloads say themselves what their cells cost more or less for. */
static void prices_go_by_traits(void **state)
{
    static const char four[] = "tasks=1000 task_ns=1000000 workers=4 cpus=0+1+2+3";
    char free[200], locked[200], idle[200], python[200];
    (void)state;
    snprintf(free, sizeof free, "backend=omp workload=cpu %s\n", four);
    snprintf(locked, sizeof locked, "backend=gil workload=cpu %s\n", four);
    snprintf(idle, sizeof idle, "backend=omp workload=sleep %s workers=100\n", four);
    snprintf(python, sizeof python, "backend=omp workload=python_sleep %s workers=100\n", four);
    assert_true(price_of(locked) > 3 * price_of(free));
    assert_true(price_of(free) > 3 * price_of(idle));
    assert_true(price_of(free) > 3 * price_of(python));
    assert_true(price_of(python) > price_of(idle)); /* an interpreter is to be started */
    assert_true(price_of("backend=pthread_pipe workload=empty tasks=10000 workers=2\n") >
                10 * price_of("backend=pthread workload=empty tasks=10000 workers=2\n"));
    assert_true(price_of("backend=pool workload=empty workers=1000\n") >
                2 * price_of("backend=pthread workload=empty workers=1000\n"));
    assert_true(price_of("backend=mpi workload=empty\n") >
                10 * price_of("backend=pool workload=empty\n"));
}

static void limited_cells_cost_less(void **state)
{
    struct plan p = read_plan("backend=pool workload=sleep tasks=5 blocks=2\n");
    (void)state;
    assert_true(plan_seconds(&p, 1) > 0);
    assert_true(plan_seconds(&p, 2) > plan_seconds(&p, 1));
    assert_true(plan_seconds(&p, 9) == plan_seconds(&p, 2));
    plan_free(&p);
}

/* ---- a plan is text ---- */

static char *text_of(const struct plan *p)
{
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    plan_print(p, f);
    fclose(f);
    return text;
}

/* Do the cells I and K belong together in both plans, or in neither? */
static void expect_same_groups(const struct plan *a, const struct plan *b)
{
    for (int i = 0; i < a->count; i++)
        for (int k = 0; k < i; k++)
            if ((a->cells[i].group == a->cells[k].group) !=
                (b->cells[i].group == b->cells[k].group))
                fail_msg("cells %d and %d are grouped in one plan only", i, k);
}

static void expect_same_fields(const struct record *a, const struct record *b)
{
    char left[32], right[32];
    for (const struct field *f = record_fields; f->name; f++)
        if (f->part != PART_MEASURED)
            assert_string_equal(record_text(a, f, 1, left), record_text(b, f, 1, right));
}

static void look_at_text(struct plan *p, const struct profile *profile, const struct topology *t)
{
    char *first = text_of(p);
    struct plan again = read_plan(first);
    char *second = text_of(&again);
    (void)profile, (void)t;
    assert_string_equal(first, second);
    assert_int_equal(p->count, again.count);
    for (int i = 0; i < p->count; i++)
        expect_same_fields(&p->cells[i].record, &again.cells[i].record);
    expect_same_groups(p, &again);
    free(first);
    free(second);
    plan_free(&again);
}

static void plans_read_back(void **state)
{
    (void)state;
    for_each_plan(look_at_text);
}

static void refuse_plan(const char *lines, int error, const char *expected)
{
    struct plan p = { 0 };
    struct why w = { "" };
    char *copy = strdup(lines);
    FILE *f = fmemopen(copy, strlen(copy), "r");
    assert_non_null(f);
    assert_int_equal(plan_read(&p, f, "some.plan", &w), error);
    if (!strstr(w.text, expected) || !strstr(w.text, "some.plan"))
        fail_msg("'%s', not '%s'", w.text, expected);
    fclose(f);
    free(copy);
    plan_free(&p);
}

static void bad_lines_are_named(void **state)
{
    (void)state;
    refuse_plan("# nothing\n\n", -EINVAL, "no plan lines");
    refuse_plan("backend=omp workload=cpu\n\n# x\nbackend=omp workload=cpu chunk=0\n", -EINVAL,
                "line 4");
    refuse_plan("backend=omp\n", -EINVAL, "line 1");
    refuse_plan("backend=omp workload=cpu\nbackend=omp workload=cpu chunck=1\n", -EINVAL,
                "'chunk'");
    refuse_plan("backend=omp workload=cpu wall_ns=3\n", -EINVAL, "measured");
}

static void the_same_cell_stands_once(void **state)
{
    struct plan p = read_plan("backend=omp workload=cpu sweep=a drop=3\n"
                              "backend=pool workload=cpu sweep=a drop=3\n"
                              "backend=omp workload=cpu sweep=b drop=1\n"
                              "backend=omp workload=cpu sweep=a drop=2\n");
    (void)state;
    assert_int_equal(p.count, 2);
    assert_string_equal(p.cells[0].record.sweep, "a+b");
    assert_int_equal(p.cells[0].record.drop, 1);
    assert_int_equal(p.cells[1].record.drop, 3);
    plan_free(&p);
}

/* One word makes another cell; of the same work, if it says who does it or how it is handed out. */
static void other_cells_stand_apart(void **state)
{
    static const struct {
        const char *word;
        int same_work;
    } words[] = {
        { "runner=x", 1 },        { "backend=pool", 1 }, { "start=fork", 1 },
        { "schedule=static", 1 }, { "wait=active", 0 },  { "workload=skew", 0 },
        { "variant=v", 0 },       { "task_ns=2", 0 },    { "payload_bytes=1", 0 },
        { "tasks=5", 0 },         { "chunk=2", 0 },      { "workers=2", 0 },
        { "place=far", 0 },       { "cpus=0", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char lines[200];
        snprintf(lines, sizeof lines, "backend=omp workload=cpu\nbackend=omp workload=cpu %s\n",
                 words[i].word);
        struct plan p = read_plan(lines);
        if (p.count != 2 || (p.cells[0].group == p.cells[1].group) != words[i].same_work)
            fail_msg("%s: %d cells", words[i].word, p.count);
        plan_free(&p);
    }
}

static void combinations(void **state)
{
    char *words[] = { "backend=omp,pool", "workload=cpu", "chunk=1,16,auto", "workers=1,2" };
    char *bad[] = { "backend=omp", "workload=cpu", "chunk=1,0" };
    char *half[] = { "backend=omp" };
    struct plan p = { 0 };
    struct why w = { "" };
    struct topology *t = machine("package:2 core:2 pu:1");
    (void)state;
    assert_int_equal(plan_product(&p, words, 4, t, &w), 0);
    assert_int_equal(p.count, 12);
    for (int i = 0; i < p.count; i++) {
        const struct record *r = &p.cells[i].record;
        assert_string_equal(r->place, "close");
        assert_string_equal(r->cpus, r->workers == 1 ? "0" : "0+1");
    }
    plan_only(&p, "backend=omp*chunk=16");
    assert_int_equal(p.count, 2);
    plan_only(&p, "nowhere");
    assert_int_equal(p.count, 0);
    assert_int_equal(plan_product(&p, bad, 3, t, &w), -EINVAL);
    assert_non_null(strstr(w.text, "chunk=0"));
    assert_int_equal(plan_product(&p, half, 1, t, &w), -EINVAL);
    assert_non_null(strstr(w.text, "workload="));
    plan_free(&p);
    topology_free(t);
}

/* ---- the sweeps of a machine ---- */

static int is_cpu_of(const struct topology *t, long cpu)
{
    for (long i = 0; i < t->pus; i++)
        if (t->pu[i].cpu == cpu && t->pu[i].allowed)
            return 1;
    return 0;
}

static void expect_own_cpus(const struct record *r, const struct topology *t)
{
    long count = 0;
    for (const char *at = r->cpus; *at;) {
        char *end;
        assert_true(is_cpu_of(t, strtol(at, &end, 10)));
        count++;
        at = *end ? end + 1 : end;
    }
    assert_int_equal(count, r->workers);
}

static void look_at_cells(struct plan *p, const struct profile *profile, const struct topology *t)
{
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        int answers = !strcmp(r->workload, "convoy"); /* a server and others, bound to nothing */
        if (answers)
            assert_true(!*r->cpus && r->workers <= 5 && r->tasks == r->workers);
        else
            expect_own_cpus(r, t);
        assert_true(r->tasks >= 1 && r->chunk >= 1 && r->workers >= 1);
        assert_true(r->chunk <= r->tasks);
        assert_in_range(r->samples, 1, profile->samples);
        assert_true(p->cells[i].seconds > 0);
        if (!strcmp(r->backend, "serial"))
            assert_true(r->workers == 1 && r->chunk == r->tasks);
        if (has_sweep(r, "startup") || has_sweep(r, "launch")) /* up to 16 workers on any machine */
            assert_true(r->workers <= 16 || r->workers <= t->effective_workers);
        else if (has_sweep(r, "lesson") || !strcmp(r->workload, "sleep")) /* 8 workers, 24 tasks */
            assert_true(r->tasks == 24 && (r->workers == 8 || !strcmp(r->backend, "serial")));
        else if (!answers && strcmp(r->workload, "inside") != 0) /* two, even on one CPU */
            assert_true(r->workers <= t->effective_workers);
    }
}

static void cells_fit_the_machine(void **state)
{
    (void)state;
    for_each_plan(look_at_cells);
}

static void look_at_ends(struct plan *p, const struct profile *profile, const struct topology *t)
{
    static const char *const series[][2] = { { "omp", "dynamic" },
                                             { "pool", "dynamic" },
                                             { "pool", "steal" } };
    (void)profile;
    for (int s = 0; s < 3; s++)
        for (long task_ns = 1000; task_ns <= 10000; task_ns *= 10) {
            int64_t least = INT64_MAX, most = 0, tasks = 0;
            for (int i = 0; i < p->count; i++) {
                const struct record *r = &p->cells[i].record;
                if (!has_sweep(r, "chunk") || strcmp(r->backend, series[s][0]) != 0 ||
                    strcmp(r->schedule, series[s][1]) != 0 || r->task_ns != task_ns)
                    continue;
                assert_true(!tasks || r->tasks == tasks);
                tasks = r->tasks;
                least = r->chunk < least ? r->chunk : least;
                if (r->chunk > most)
                    most = r->chunk;
                assert_int_equal(r->workers, t->effective_workers);
                assert_true((r->chunk > 1 && r->chunk * r->workers < tasks) ||
                            r->drop == (s == 2)); /* stealing is not what is asked about */
            }
            assert_int_equal(least, 1);
            assert_int_equal(most * t->effective_workers, tasks);
        }
}

/* From one task at a time to one block a worker; both ends stay. */
/* The schedules are traced on one variant that is never left out, once and in no twin. */
static void look_at_traces(struct plan *p, const struct profile *profile, const struct topology *t)
{
    int fixed = 0, demand = 0;
    (void)profile, (void)t;
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (!r->trace)
            continue;
        assert_string_equal(r->sweep, "schedules");
        assert_true(!r->twin && !r->drop);
        fixed += !strcmp(r->schedule, "static") && !strcmp(r->backend, "omp");
        demand += !strcmp(r->schedule, "dynamic") && !strcmp(r->backend, "omp");
    }
    assert_int_equal(fixed, 1);
    assert_int_equal(demand, 1);
}

static void schedules_are_traced(void **state)
{
    struct plan with = read_plan("backend=pool workload=sleep tasks=5 trace=1\n");
    struct plan without = read_plan("backend=pool workload=sleep tasks=5\n");
    (void)state;
    for_each_plan(look_at_traces);
    assert_true(plan_seconds(&with, 1) > plan_seconds(&without, 1));
    plan_free(&with);
    plan_free(&without);
}

static void chunks_reach_both_ends(void **state)
{
    (void)state;
    for_each_plan(look_at_ends);
}

static void look_at_workers(struct plan *p, const struct profile *profile, const struct topology *t)
{
    int one = 0, all = 0;
    (void)profile;
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (!has_sweep(r, "workers") || !strcmp(r->backend, "serial") || r->twin)
            continue;
        one += r->workers == 1;
        all += r->workers == t->effective_workers;
    }
    assert_int_equal(one, 3);
    assert_int_equal(all, 3);
}

static void workers_reach_both_ends(void **state)
{
    (void)state;
    for_each_plan(look_at_workers);
}

/* Of the sweep over a lock the profiles for an answer in minutes have as much as costs little, and
 * keep it. */
static void look_at_the_lock(struct plan *p, const struct profile *profile,
                             const struct topology *t)
{
    double seconds = 0;
    int is_long = profile->samples > 1 && profile->budget_s > 60, convoys = 0, kept = 0;
    plan_fit(p, 0, 0, profile->blocks_least);
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (!has_sweep(r, "gil") || p->cells[i].dropped)
            continue;
        assert_int_equal(r->blocks, profile->lesson_blocks);
        convoys += !strcmp(r->workload, "convoy") && !strcmp(r->backend, "gil");
        kept += !strcmp(r->options, "held:50") || r->workers == 1;
        seconds += p->cells[i].seconds;
    }
    assert_int_equal(convoys, is_long ? 2 : 0);
    assert_true(!is_long || kept > 2);
    assert_true(seconds * 6 < 9 || t->effective_workers > 16);
}

static void a_lock_costs_little(void **state)
{
    (void)state;
    for_each_plan(look_at_the_lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seed_fixes_the_order),
        cmocka_unit_test(blocks_are_whole),
        cmocka_unit_test(cells_take_turns_at_being_first),
        cmocka_unit_test(limited_cells_stop),
        cmocka_unit_test(printed_plan_keeps_the_order),
        cmocka_unit_test(budget_takes_middle_points),
        cmocka_unit_test(larger_ones_go_first),
        cmocka_unit_test(one_worker_leaves_room_for_steps),
        cmocka_unit_test(prices_go_by_traits),
        cmocka_unit_test(limited_cells_cost_less),
        cmocka_unit_test(plans_read_back),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(the_same_cell_stands_once),
        cmocka_unit_test(other_cells_stand_apart),
        cmocka_unit_test(combinations),
        cmocka_unit_test(cells_fit_the_machine),
        cmocka_unit_test(chunks_reach_both_ends),
        cmocka_unit_test(schedules_are_traced),
        cmocka_unit_test(workers_reach_both_ends),
        cmocka_unit_test(a_lock_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
