/* SPDX-License-Identifier: MIT
 *
 * The CPU quota, in systems made of text: each test writes the /proc and /sys that it is about.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../core/quota.h"
#include "fake_root.h"

#define V2      "41 31 0:38 / /sys/fs/cgroup rw,relatime shared:9 master:2 - cgroup2 cgroup2 rw\n"
#define V1      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
#define CPUSET  "35 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
#define UNIFIED "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
#define OTHERS                                                                                     \
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

static int make(void **state)
{
    static struct fake_root root;
    fake_root_make(&root);
    *state = &root;
    return 0;
}

static int clear(void **state)
{
    fake_root_remove(*state);
    return 0;
}

static void groups(void **state, const char *text)
{
    fake_root_write(*state, "/proc/self/cgroup", text);
}

static void mounts(void **state, const char *text)
{
    fake_root_write(*state, "/proc/self/mountinfo", text);
}

static void put(void **state, const char *file, const char *text)
{
    fake_root_write(*state, file, text);
}

static void put_v1(void **state, const char *folder, const char *quota, const char *period)
{
    char file[256];
    snprintf(file, sizeof file, "%s/cpu.cfs_quota_us", folder);
    put(state, file, quota);
    snprintf(file, sizeof file, "%s/cpu.cfs_period_us", folder);
    put(state, file, period);
}

/* Expect a quota of CPUS set by FILE, or none where FILE is "". */
static void expect(void **state, double cpus, const char *file)
{
    const struct fake_root *root = *state;
    struct quota q;
    quota_read(&q, root->path);
    assert_string_equal(q.file, file);
    if (*file)
        assert_true(fabs(q.cpus - cpus) < 1e-9);
    else
        assert_true(isinf(q.cpus) && q.cpus > 0);
}

static void nothing_there(void **state)
{
    expect(state, 0, "");
    groups(state, "0::/a\n");
    expect(state, 0, "");
    mounts(state, OTHERS);
    expect(state, 0, "");
}

static void v2_own_group(void **state)
{
    groups(state, "0::/a/b\n");
    mounts(state, OTHERS V2);
    put(state, "/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
    expect(state, 1.5, "/sys/fs/cgroup/a/b/cpu.max");
}

static void v2_ancestor_is_smaller(void **state)
{
    groups(state, "0::/a/b/c\n");
    mounts(state, V2);
    put(state, "/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
    put(state, "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put(state, "/sys/fs/cgroup/a/cpu.max", "50000 200000\n");
    put(state, "/sys/fs/cgroup/a/other/cpu.max", "1000 100000\n");
    expect(state, 0.25, "/sys/fs/cgroup/a/cpu.max");
}

static void v2_ancestor_is_larger(void **state)
{
    groups(state, "0::/a/b\n");
    mounts(state, V2);
    put(state, "/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
    put(state, "/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    expect(state, 2, "/sys/fs/cgroup/a/b/cpu.max");
}

static void v2_top_of_a_container(void **state)
{
    groups(state, "0::/\n");
    mounts(state, V2);
    put(state, "/sys/fs/cgroup/cpu.max", "250000 100000\n");
    expect(state, 2.5, "/sys/fs/cgroup/cpu.max");
}

static void v2_max(void **state)
{
    groups(state, "0::/a\n");
    mounts(state, V2);
    put(state, "/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    expect(state, 0, "");
}

static void v2_malformed_sets_no_limit(void **state)
{
    static const char *const bad[] = { "",
                                       "\n",
                                       "max\n",
                                       "100000\n",
                                       "0 100000\n",
                                       "-1 100000\n",
                                       "1000 0\n",
                                       "many 100000\n",
                                       "1000 100000 7\n",
                                       "1000x 100000\n",
                                       "1000 100000x\n",
                                       "99999999999999999999999 100000\n" };
    groups(state, "0::/a/b\n");
    mounts(state, V2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(state, "/sys/fs/cgroup/a/b/cpu.max", bad[i]);
        expect(state, 0, "");
    }
    put(state, "/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    expect(state, 3, "/sys/fs/cgroup/a/cpu.max");
}

static void v1_quota_and_period(void **state)
{
    groups(state, "4:cpu,cpuacct:/a/b\n");
    mounts(state, OTHERS V1);
    put_v1(state, "/sys/fs/cgroup/cpu,cpuacct/a/b", "-1\n", "100000\n");
    expect(state, 0, "");
    put_v1(state, "/sys/fs/cgroup/cpu,cpuacct/a", "75000\n", "50000\n");
    expect(state, 1.5, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us");
    put_v1(state, "/sys/fs/cgroup/cpu,cpuacct", "20000\n", "100000\n");
    expect(state, 0.2, "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us");
}

static void v1_half_a_pair(void **state)
{
    groups(state, "4:cpu,cpuacct:/a\n");
    mounts(state, V1);
    put(state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "75000\n");
    expect(state, 0, "");
    put(state, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "\n");
    expect(state, 0, "");
}

static void v1_other_controllers_do_not_count(void **state)
{
    groups(state, "3:cpuset:/a\n2:cpuacct:/a\n1:name=cpu:/a\n");
    mounts(state, CPUSET V1);
    put_v1(state, "/sys/fs/cgroup/cpuset/a", "1000\n", "100000\n");
    put_v1(state, "/sys/fs/cgroup/cpu,cpuacct/a", "1000\n", "100000\n");
    expect(state, 0, "");
}

static void hybrid_takes_the_smaller(void **state)
{
    groups(state, "4:cpu,cpuacct:/one\n0::/two\n");
    mounts(state, V1 CPUSET UNIFIED);
    put_v1(state, "/sys/fs/cgroup/cpu,cpuacct/one", "200000\n", "100000\n");
    expect(state, 2, "/sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_quota_us");
    put(state, "/sys/fs/cgroup/unified/two/cpu.max", "100000 100000\n");
    expect(state, 1, "/sys/fs/cgroup/unified/two/cpu.max");
    put_v1(state, "/sys/fs/cgroup/cpu,cpuacct/one", "50000\n", "100000\n");
    expect(state, 0.5, "/sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_quota_us");
}

static void container_shows_a_part(void **state)
{
    groups(state, "4:cpu,cpuacct:/docker/abc/inner\n");
    mounts(state, "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n");
    put_v1(state, "/sys/fs/cgroup/cpu/inner", "300000\n", "100000\n");
    expect(state, 3, "/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us");
    put_v1(state, "/sys/fs/cgroup/cpu", "200000\n", "100000\n");
    expect(state, 2, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
}

static void container_shows_another_part(void **state)
{
    groups(state, "0::/docker/abc\n");
    mounts(state, "32 31 0:29 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    put(state, "/sys/fs/cgroup/c/cpu.max", "1000 100000\n");
    put(state, "/sys/fs/cgroup/docker/abc/cpu.max", "1000 100000\n");
    put(state, "/sys/fs/cgroup/cpu.max", "200000 100000\n");
    expect(state, 2, "/sys/fs/cgroup/cpu.max");
}

static void group_outside_the_namespace(void **state)
{
    groups(state, "0::/../sibling\n");
    mounts(state, V2);
    put(state, "/sys/fs/sibling/cpu.max", "1000 100000\n");
    put(state, "/sys/fs/cgroup/cpu.max", "200000 100000\n");
    expect(state, 2, "/sys/fs/cgroup/cpu.max");
}

static void a_mount_that_shows_us_goes_before_one_that_does_not(void **state)
{
    groups(state, "0::/a\n");
    mounts(state, "50 31 0:38 /b /mnt/b rw - cgroup2 cgroup2 rw\n" V2);
    put(state, "/mnt/b/cpu.max", "1000 100000\n");
    put(state, "/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    expect(state, 2, "/sys/fs/cgroup/a/cpu.max");
}

static void odd_names(void **state)
{
    groups(state, "0::/with:colon/and space\n");
    mounts(state, "41 31 0:38 / /sys/fs/my\\040c\\134group rw - cgroup2 cgroup2 rw\n");
    put(state, "/sys/fs/my c\\group/with:colon/and space/cpu.max", "120000 100000\n");
    expect(state, 1.2, "/sys/fs/my c\\group/with:colon/and space/cpu.max");
}

static void malformed_lines_are_passed_over(void **state)
{
    groups(state, "\nx\n0:\n:::\n12:cpu\n0::/a\n");
    mounts(state,
           "\n1 2 3\n- cgroup2\n41 31 0:38 / /sys rw -\n41 31 0:38 / /sys rw - cgroup2\n" V2);
    put(state, "/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    expect(state, 2, "/sys/fs/cgroup/a/cpu.max");
}

#define V1_MEMORY "36 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

/* The limit that binds is the one with the least room, not the smallest one. */
static void memory_and_tasks(void **state)
{
    const struct fake_root *root = *state;
    struct quota_limit l;
    groups(state, "0::/a/b\n");
    mounts(state, V2);
    put(state, "/sys/fs/cgroup/a/b/memory.max", "max\n");
    quota_limit_read(&l, QUOTA_MEMORY, root->path);
    assert_true(isinf(l.most) && !*l.file);
    put(state, "/sys/fs/cgroup/a/b/memory.max", "1000\n");
    put(state, "/sys/fs/cgroup/a/b/memory.current", "100\n");
    put(state, "/sys/fs/cgroup/a/memory.max", "2000\n");
    put(state, "/sys/fs/cgroup/a/memory.current", "1900\n");
    quota_limit_read(&l, QUOTA_MEMORY, root->path);
    assert_true(l.most == 2000 && l.used == 1900);
    assert_string_equal(l.file, "/sys/fs/cgroup/a/memory.max");
    put(state, "/sys/fs/cgroup/a/pids.max", "64\n");
    quota_limit_read(&l, QUOTA_TASKS, root->path);
    assert_true(l.most == 64 && isnan(l.used));
    assert_string_equal(l.file, "/sys/fs/cgroup/a/pids.max");
}

static void memory_of_version_1(void **state)
{
    const struct fake_root *root = *state;
    struct quota_limit l;
    groups(state, "4:memory:/a\n2:cpu:/a\n");
    mounts(state, V1 V1_MEMORY);
    put(state, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    quota_limit_read(&l, QUOTA_MEMORY, root->path);
    assert_true(isinf(l.most));
    put(state, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "4096\n");
    quota_limit_read(&l, QUOTA_MEMORY, root->path);
    assert_true(l.most == 4096 && isnan(l.used));
}

/* Version 1 for memory, version 2 for tasks, and both for tasks: the one with the least room. */
static void limits_side_by_side(void **state)
{
    const struct fake_root *root = *state;
    struct quota_limit l;
    groups(state, "4:memory:/one\n3:pids:/one\n0::/two/deep\n");
    mounts(state,
           V1_MEMORY UNIFIED "37 31 0:33 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
    put(state, "/sys/fs/cgroup/memory/one/memory.limit_in_bytes", "8192\n");
    put(state, "/sys/fs/cgroup/memory/one/memory.usage_in_bytes", "4096\n");
    put(state, "/sys/fs/cgroup/unified/two/memory.max", "6000\n");
    quota_limit_read(&l, QUOTA_MEMORY, root->path);
    assert_true(l.most == 8192 && l.used == 4096);
    put(state, "/sys/fs/cgroup/unified/two/pids.max", "50\n");
    put(state, "/sys/fs/cgroup/unified/two/pids.current", "20\n");
    put(state, "/sys/fs/cgroup/unified/two/deep/pids.max", "40\n");
    put(state, "/sys/fs/cgroup/pids/one/pids.max", "max\n");
    quota_limit_read(&l, QUOTA_TASKS, root->path);
    assert_true(l.most == 50 && l.used == 20);
    assert_string_equal(l.file, "/sys/fs/cgroup/unified/two/pids.max");
    put(state, "/sys/fs/cgroup/pids/pids.max", "25\n");
    quota_limit_read(&l, QUOTA_TASKS, root->path);
    assert_string_equal(l.file, "/sys/fs/cgroup/pids/pids.max");
}

static void throttling(void **state)
{
    const struct fake_root *root = *state;
    struct quota_throttling t;
    groups(state, "0::/a/b\n");
    mounts(state, V2);
    quota_throttling_read(&t, root->path);
    assert_false(t.known);
    put(state, "/sys/fs/cgroup/a/b/cpu.stat",
        "usage_usec 5\nnr_periods 10\nnr_throttled 3\nthrottled_usec 7\n");
    put(state, "/sys/fs/cgroup/a/cpu.stat", "usage_usec 5\nnr_periods 20\nnr_throttled 4\n");
    put(state, "/sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
    quota_throttling_read(&t, root->path);
    assert_true(t.known && t.periods == 30 && t.throttled == 7 && t.ns == 7000);
    put(state, "/sys/fs/cgroup/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 500\n");
    quota_throttling_read(&t, root->path);
    assert_true(t.periods == 31 && t.throttled == 8 && t.ns == 7500);
}

static void this_system(void **state)
{
    struct quota q;
    (void)state;
    quota_read(&q, NULL);
    assert_true(q.cpus > 0);
    assert_int_equal(isinf(q.cpus) != 0, !*q.file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_there),
        TEST(v2_own_group),
        TEST(v2_ancestor_is_smaller),
        TEST(v2_ancestor_is_larger),
        TEST(v2_top_of_a_container),
        TEST(v2_max),
        TEST(v2_malformed_sets_no_limit),
        TEST(v1_quota_and_period),
        TEST(v1_half_a_pair),
        TEST(v1_other_controllers_do_not_count),
        TEST(hybrid_takes_the_smaller),
        TEST(container_shows_a_part),
        TEST(container_shows_another_part),
        TEST(group_outside_the_namespace),
        TEST(a_mount_that_shows_us_goes_before_one_that_does_not),
        TEST(odd_names),
        TEST(malformed_lines_are_passed_over),
        TEST(memory_and_tasks),
        TEST(memory_of_version_1),
        TEST(limits_side_by_side),
        TEST(throttling),
        TEST(this_system),
    };
    return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
