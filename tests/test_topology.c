/* SPDX-License-Identifier: MIT
 *
 * The machine as the planner sees it, on machines that hwloc makes from a line of text, and on the
 * one we run on.  Whole machines with their expected answers are in machines/ (topology_golden.sh).
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../core/topology.h"
#include "fake_root.h"

static int clean_environment(void **state)
{
    (void)state;
    unsetenv("HWLOC_SYNTHETIC");
    unsetenv("HWLOC_XMLFILE");
    unsetenv("HWLOC_THISSYSTEM");
    return 0;
}

static struct topology *load(const struct topology_spec *spec)
{
    struct topology *t;
    struct why w = { "" };
    if (topology_load(&t, spec, &w))
        fail_msg("%s", w.text);
    return t;
}

static struct topology *synthetic(const char *text)
{
    setenv("HWLOC_SYNTHETIC", text, 1);
    struct topology *t = load(NULL);
    unsetenv("HWLOC_SYNTHETIC");
    return t;
}

/* The machine TEXT under a quota of QUOTA microseconds in every 100 000. */
static struct topology *with_quota(const char *text, const char *quota)
{
    struct fake_root root;
    struct topology_spec spec = { .root = root.path };
    char line[64];

    fake_root_make(&root);
    fake_root_write(&root, "/proc/self/cgroup", "0::/a\n");
    fake_root_write(&root, "/proc/self/mountinfo",
                    "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    snprintf(line, sizeof line, "%s 100000\n", quota);
    fake_root_write(&root, "/sys/fs/cgroup/a/cpu.max", line);
    setenv("HWLOC_SYNTHETIC", text, 1);
    struct topology *t = load(&spec);
    unsetenv("HWLOC_SYNTHETIC");
    fake_root_remove(&root);
    return t;
}

/* Expect the ladder of at most MAX points to read EXPECTED, and free T. */
static void expect_ladder(struct topology *t, int max, const char *expected)
{
    struct topology_rung ladder[64];
    char text[512] = "";
    int count = topology_ladder(t, ladder, max);
    assert_in_range(count, 1, max);
    for (int i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %ld" : "%ld",
                 ladder[i].workers);
    assert_string_equal(text, expected);
    topology_free(t);
}

/* Expect WORKERS at PLACE on the CPUs that EXPECTED lists, and free T. */
static void expect_place(struct topology *t, const char *place, long workers, const char *expected)
{
    int cpus[64];
    char text[512] = "";
    long count = topology_place(t, place, workers, cpus, NULL);
    for (long i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? "+%d" : "%d", cpus[i]);
    assert_string_equal(text, expected);
    topology_free(t);
}

/* Facts ---------------------------------------------------------------------------------------- */

static void facts_of_every_thread(void **state)
{
    struct topology *t = synthetic("package:2 [numa] core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");
    static const int expected[][8] = {
        { 0, 0, 0, 0, 0, 0, 1, 0 }, { 4, 0, 0, 0, 0, 1, 1, 1 }, { 1, 1, 0, 0, 0, 0, 1, 0 },
        { 5, 1, 0, 0, 0, 1, 1, 1 }, { 2, 2, 1, 1, 0, 0, 1, 0 }, { 6, 2, 1, 1, 0, 1, 1, 1 },
        { 3, 3, 1, 1, 0, 0, 1, 0 }, { 7, 3, 1, 1, 0, 1, 1, 1 },
    };
    (void)state;
    assert_int_equal(t->pus, 8);
    for (int i = 0; i < 8; i++) {
        const struct topology_pu *p = &t->pu[i];
        const int found[] = { p->cpu,  p->core, p->package, p->node,
                              p->kind, p->rank, p->allowed, p->turn };
        assert_memory_equal(found, expected[i], sizeof found);
    }
    assert_int_equal(t->packages, 2);
    assert_int_equal(t->numa_nodes, 2);
    assert_int_equal(t->cores, 4);
    assert_int_equal(t->smt, 2);
    assert_int_equal(t->core_kinds, 1);
    assert_int_equal(t->effective_workers, 8);
    assert_true(t->foreign);
    assert_true(isinf(t->quota_cpus));
    topology_free(t);
}

static void threads_without_cores_are_cores(void **state)
{
    struct topology *t = synthetic("pu:5");
    (void)state;
    assert_int_equal(t->packages, 1);
    assert_int_equal(t->cores, 5);
    assert_int_equal(t->allowed_cores, 5);
    assert_int_equal(t->smt, 1);
    topology_free(t);
}

static void caches_by_level(void **state)
{
    struct topology *t =
        synthetic("package:2 l3:1(size=8388608) core:2 l2:1(size=524288) l1d:1(size=32768) pu:2");
    (void)state;
    assert_int_equal(t->caches, 3);
    assert_int_equal(topology_cache_kib(t, 1), 32);
    assert_int_equal(topology_cache_kib(t, 2), 512);
    assert_int_equal(topology_cache_kib(t, 3), 8192);
    assert_int_equal(topology_cache_kib(t, 4), 0);
    assert_int_equal(t->cache[2].count, 2);
    assert_int_equal(t->cache[2].sharing, 4);
    topology_free(t);
}

static void this_machine(void **state)
{
    struct topology *t = load(NULL);
    (void)state;
    assert_false(t->foreign);
    assert_null(t->source);
    assert_true(t->allowed_pus >= 1 && t->allowed_pus <= t->pus);
    assert_true(t->allowed_cores >= 1 && t->allowed_cores <= t->cores);
    assert_true(t->effective_workers >= 1 && t->effective_workers <= t->allowed_pus);
    topology_free(t);
}

/* With a mask of one CPU, the machine is the same and we may use that one. */
static void affinity_mask_of_one(void **state)
{
    struct topology *before = load(NULL);
    long room = before->pus;
    int last = 0, cpus[3];
    (void)state;
    if (before->allowed_pus < 2) {
        topology_free(before);
        skip();
    }
    for (long i = 0; i < before->pus; i++) {
        if (before->pu[i].allowed)
            last = before->pu[i].cpu;
        if (before->pu[i].cpu >= room)
            room = before->pu[i].cpu + 1;
    }
    size_t bytes = CPU_ALLOC_SIZE(room);
    cpu_set_t *one = CPU_ALLOC(room);
    CPU_ZERO_S(bytes, one);
    CPU_SET_S(last, bytes, one);
    assert_int_equal(sched_setaffinity(0, bytes, one), 0);
    struct topology *t = load(NULL);

    assert_int_equal(t->pus, before->pus);
    assert_int_equal(t->allowed_pus, 1);
    assert_int_equal(t->allowed_cores, 1);
    assert_int_equal(t->effective_workers, 1);
    assert_int_equal(topology_place(t, "spread", 3, cpus, NULL), 3);
    assert_true(cpus[0] == last && cpus[1] == last && cpus[2] == last);

    for (long i = 0; i < before->pus; i++)
        if (before->pu[i].allowed)
            CPU_SET_S(before->pu[i].cpu, bytes, one);
    assert_int_equal(sched_setaffinity(0, bytes, one), 0);
    CPU_FREE(one);
    topology_free(t);
    topology_free(before);
}

/* A description that is said to be of this system is under our mask; a foreign one is not. */
static void mask_of_this_system_only(void **state)
{
    setenv("HWLOC_THISSYSTEM", "1", 1);
    struct topology *ours = synthetic("pu:4096");
    unsetenv("HWLOC_THISSYSTEM");
    struct topology *foreign = synthetic("pu:4096");
    (void)state;
    assert_false(ours->foreign);
    assert_true(ours->allowed_pus < 4096);
    assert_true(foreign->foreign);
    assert_int_equal(foreign->allowed_pus, 4096);
    topology_free(ours);
    topology_free(foreign);
}

/* Quota ---------------------------------------------------------------------------------------- */

static void quota_is_rounded_up(void **state)
{
    struct topology *t = with_quota("core:8 pu:1", "150000");
    (void)state;
    assert_true(fabs(t->quota_cpus - 1.5) < 1e-9);
    assert_string_equal(t->quota_file, "/sys/fs/cgroup/a/cpu.max");
    assert_int_equal(t->allowed_pus, 8);
    assert_int_equal(t->effective_workers, 2);
    expect_ladder(t, 10, "1 2");
}

/* MACHINE, of which a batch system gives GRANTED CPUs. */
static struct topology *with_grant(const char *machine, long granted)
{
    struct topology_spec spec = { .root = "/nowhere", .granted = granted };
    setenv("HWLOC_SYNTHETIC", machine, 1);
    struct topology *t = load(&spec);
    unsetenv("HWLOC_SYNTHETIC");
    return t;
}

static void granted_cpus_are_the_first_ones(void **state)
{
    struct topology *t = with_grant("core:8 pu:2", 6);
    int cpus[8];
    (void)state;
    assert_int_equal(t->allowed_pus, 16);
    assert_int_equal(t->effective_workers, 6);
    assert_int_equal(topology_place(t, "close", 8, cpus, NULL), 8);
    for (int i = 0; i < 6; i++)
        assert_int_equal(cpus[i], 2 * i);
    assert_int_equal(cpus[6], 0);
    assert_int_equal(cpus[7], 2);
    expect_ladder(t, 10, "1 2 4 6");
}

static void more_granted_than_allowed_is_no_limit(void **state)
{
    (void)state;
    expect_ladder(with_grant("core:4 pu:1", 99), 10, "1 2 4");
    expect_ladder(with_grant("core:4 pu:1", 0), 10, "1 2 4");
}

static void quota_below_one_leaves_a_worker(void **state)
{
    (void)state;
    expect_ladder(with_quota("core:8 pu:1", "1000"), 10, "1");
}

static void quota_between_steps_is_a_step(void **state)
{
    (void)state;
    expect_ladder(with_quota("package:2 core:6 pu:2", "700000"), 10, "1 2 4 6 7");
}

static void quota_that_is_no_whole_number(void **state)
{
    (void)state;
    expect_ladder(with_quota("core:16 pu:1", "650000"), 10, "1 2 4 6 7"); /* 6 are never stopped */
    expect_ladder(with_quota("core:4 pu:1", "150000"), 10, "1 2");
}

static void quota_above_the_machine_changes_nothing(void **state)
{
    (void)state;
    expect_ladder(with_quota("core:3 pu:1", "6400000"), 10, "1 2 3");
}

/* Ladder --------------------------------------------------------------------------------------- */

static void ladder_steps(void **state)
{
    (void)state;
    expect_ladder(synthetic("pu:1"), 10, "1");
    expect_ladder(synthetic("core:1 pu:2"), 10, "1 2");
    expect_ladder(synthetic("core:6 pu:1"), 10, "1 2 4 6");
    expect_ladder(synthetic("package:3 core:5 pu:1"), 10, "1 2 4 5 8 15");
    expect_ladder(synthetic("package:2 [numa] core:12 pu:2"), 10, "1 2 4 8 12 16 24 32 48");
    expect_ladder(synthetic("package:1 l3:4 core:6 pu:1"), 10, "1 2 4 6 8 16 24");
    expect_ladder(synthetic("package:2 node:3 core:7 pu:1"), 16, "1 2 4 7 8 14 16 21 28 32 42");
}

static void expect_steps(struct topology *t, const char *expected)
{
    char steps[TOPOLOGY_STEPS];
    assert_string_equal(topology_steps(t, steps), expected);
    topology_free(t);
}

static void steps_have_names(void **state)
{
    (void)state;
    expect_steps(synthetic("pu:1"), "");
    expect_steps(synthetic("core:2 pu:1"), "2: all cores");
    expect_steps(synthetic("package:2 [numa] core:12 pu:2"),
                 "12: one package; 24: all cores; 48: all threads");
    expect_steps(synthetic("package:1 l3:4 core:6 pu:4"),
                 "6: one L3 cache; 24: all cores; 48: 2 threads a core; 96: all threads");
    expect_steps(synthetic("package:2 node:4 core:8 pu:1"),
                 "8: one NUMA node; 16: 2 NUMA nodes; 32: one package; 64: all cores");
    expect_steps(with_quota("core:16 pu:1", "650000"), "6: CPU quota");
}

/* 448 threads: of 1 2 4 8 16 32 56 64 112 128 224 256 448, those beside a structural step go. */
static void ladder_of_ten(void **state)
{
    (void)state;
    expect_ladder(synthetic("package:2 group:2 [numa] core:56 pu:2"), 10,
                  "1 2 4 8 16 32 56 112 224 448");
}

/* From ten on, 32 goes (16 to 56 is the narrowest gap), then 8 (of equals, nearest the middle), 2,
 * 16, and 4; then what is left beside the ends. */
static void ladder_thinned_further(void **state)
{
    (void)state;
    expect_ladder(synthetic("package:2 group:2 [numa] core:56 pu:2"), 6, "1 4 56 112 224 448");
    expect_ladder(synthetic("package:2 group:2 [numa] core:56 pu:2"), 5, "1 56 112 224 448");
    expect_ladder(synthetic("package:2 group:2 [numa] core:56 pu:2"), 2, "1 448");
    expect_ladder(synthetic("core:16 pu:1"), 4, "1 2 8 16");
}

/* Placements ----------------------------------------------------------------------------------- */

static void close_takes_cores_first(void **state)
{
    (void)state;
    expect_place(synthetic("package:2 [numa] core:2 pu:2"), "close", 8, "0+2+4+6+1+3+5+7");
}

static void spread_takes_packages_in_turn(void **state)
{
    (void)state;
    expect_place(synthetic("package:2 [numa] core:2 pu:2"), "spread", 8, "0+4+2+6+1+5+3+7");
    expect_place(synthetic("package:2 group:2 [numa] core:2 pu:1"), "spread", 8, "0+4+2+6+1+5+3+7");
    expect_place(synthetic("package:3 core:2 pu:1"), "spread", 4, "0+2+4+1");
}

static void smt_fills_a_core_first(void **state)
{
    (void)state;
    expect_place(synthetic("package:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)"), "smt", 5,
                 "0+4+1+5+2");
}

static void places_start_over(void **state)
{
    (void)state;
    expect_place(synthetic("core:3 pu:1"), "close", 7, "0+1+2+0+1+2+0");
    expect_place(synthetic("package:2 core:2 pu:1"), "spread", 6, "0+2+1+3+0+2");
}

static void none_is_not_bound(void **state)
{
    (void)state;
    expect_place(synthetic("core:3 pu:1"), "none", 2, "");
}

static void bad_requests_are_refused(void **state)
{
    struct topology *t = synthetic("core:3 pu:1");
    struct why w;
    int cpu = -1;
    (void)state;
    assert_int_equal(topology_place(t, "scatter", 1, &cpu, &w), -EINVAL);
    assert_non_null(strstr(w.text, "'scatter'"));
    for (int i = 0; topology_places[i]; i++)
        assert_non_null(strstr(w.text, topology_places[i]));
    assert_int_equal(topology_place(t, "close", 0, &cpu, &w), -EINVAL);
    assert_int_equal(topology_place(t, "", 1, &cpu, NULL), -EINVAL);
    assert_int_equal(cpu, -1);
    topology_free(t);
}

/* Every place but none gives each of 1 200 CPUs exactly once before it starts over. */
static void places_use_every_cpu_once(void **state)
{
    struct topology *t = synthetic("package:3 group:2 [numa] core:100 pu:2");
    int cpus[1200];
    (void)state;
    for (int i = 0; strcmp(topology_places[i], "none"); i++) {
        char seen[1200] = { 0 };
        assert_int_equal(topology_place(t, topology_places[i], 1200, cpus, NULL), 1200);
        for (int k = 0; k < 1200; k++) {
            assert_in_range(cpus[k], 0, 1199);
            assert_int_equal(seen[cpus[k]]++, 0);
        }
    }
    topology_free(t);
}

/* Descriptions --------------------------------------------------------------------------------- */

static void expect_refusal(const char *variable, const char *value, const char *words)
{
    struct topology *t = (void *)&t;
    struct why w = { "" };
    setenv(variable, value, 1);
    int error = topology_load(&t, NULL, &w);
    unsetenv(variable);
    assert_true(error < 0);
    assert_null(t);
    assert_non_null(strstr(w.text, variable));
    assert_non_null(strstr(w.text, words));
    assert_null(strchr(w.text, '\n'));
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    expect_refusal("HWLOC_SYNTHETIC", "bogus", "'bogus'");
    expect_refusal("HWLOC_SYNTHETIC", "core:0", "'core:0'");
    expect_refusal("HWLOC_SYNTHETIC", "package:2 core:4", "'package:2 core:4'");
    expect_refusal("HWLOC_XMLFILE", "/nowhere/at all", "No such file");
    expect_refusal("HWLOC_XMLFILE", "/", "Is a directory");
    expect_refusal("HWLOC_XMLFILE", "/dev/null", "empty");
    expect_refusal("HWLOC_XMLFILE", "/dev/zero", "too large");
}

/* Empty is unset, and a line of text goes before a file, as in hwloc itself. */
static void which_description(void **state)
{
    (void)state;
    setenv("HWLOC_XMLFILE", "", 1);
    setenv("HWLOC_SYNTHETIC", "", 1);
    struct topology *t = load(NULL);
    assert_null(t->source);
    topology_free(t);
    setenv("HWLOC_XMLFILE", "/nowhere", 1);
    t = synthetic("pu:3");
    assert_int_equal(t->pus, 3);
    assert_string_equal(t->source, "HWLOC_SYNTHETIC");
    topology_free(t);
    unsetenv("HWLOC_XMLFILE");
}

static void exported_xml_is_the_same_machine(void **state)
{
    struct topology *t = synthetic("package:2 [numa] core:3 pu:2"), *again;
    struct fake_root folder;
    char file[128];
    struct why w;
    (void)state;
    fake_root_make(&folder);
    snprintf(file, sizeof file, "%s/machine.xml", folder.path);
    assert_int_equal(topology_export_xml(t, file, &w), 0);
    setenv("HWLOC_XMLFILE", file, 1);
    again = load(NULL);
    unsetenv("HWLOC_XMLFILE");
    assert_int_equal(again->pus, t->pus);
    assert_memory_equal(again->pu, t->pu, (size_t)t->pus * sizeof *t->pu);
    assert_string_equal(again->source, "HWLOC_XMLFILE");
    assert_true(topology_export_xml(t, "/nowhere/machine.xml", &w) < 0);
    assert_non_null(strstr(w.text, "/nowhere/machine.xml"));
    topology_free(again);
    topology_free(t);
    fake_root_remove(&folder);
}

#define TEST(name) cmocka_unit_test_setup(name, clean_environment)

/* Which cache a hardware thread has of each level: four threads to an L3, an L2 to each core. */
static void caches_of_a_thread(void **state)
{
    (void)state;
    struct topology *t = synthetic("pack:1 l3:2(size=8MB) l2:2 core:1 pu:2");
    for (int i = 0; i < 8; i++) {
        assert_int_equal(t->pu[i].cache[0], -1);
        assert_int_equal(t->pu[i].cache[1], i / 2);
        assert_int_equal(t->pu[i].cache[2], i / 4);
        assert_true(t->pu[i].cache_kib[2] > 0);
    }
    topology_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(facts_of_every_thread),
        TEST(threads_without_cores_are_cores),
        TEST(caches_by_level),
        TEST(caches_of_a_thread),
        TEST(this_machine),
        TEST(affinity_mask_of_one),
        TEST(mask_of_this_system_only),
        TEST(quota_is_rounded_up),
        TEST(granted_cpus_are_the_first_ones),
        TEST(more_granted_than_allowed_is_no_limit),
        TEST(quota_below_one_leaves_a_worker),
        TEST(quota_between_steps_is_a_step),
        TEST(quota_above_the_machine_changes_nothing),
        TEST(quota_that_is_no_whole_number),
        TEST(ladder_steps),
        TEST(steps_have_names),
        TEST(ladder_of_ten),
        TEST(ladder_thinned_further),
        TEST(close_takes_cores_first),
        TEST(spread_takes_packages_in_turn),
        TEST(smt_fills_a_core_first),
        TEST(places_start_over),
        TEST(none_is_not_bound),
        TEST(bad_requests_are_refused),
        TEST(places_use_every_cpu_once),
        TEST(nonsense_is_refused),
        TEST(which_description),
        TEST(exported_xml_is_the_same_machine),
    };
    return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
