/* SPDX-License-Identifier: MIT
 *
 * doctor: machines made of text.  Each test writes the /proc and /sys that it is about, or sets
 * what a probe would have found, and looks at the one check that should tell of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <unistd.h>

#include "../bench/doctor.h"
#include "../core/csv.h"
#include "fake_root.h"

const char *program_name = "test_doctor";

struct fixture {
    struct fake_root root;
    struct doctor doctor;
    struct checks checks;
};

/* A machine with nothing wrong, as far as no file says otherwise. */
static int make(void **state)
{
    static struct fixture x;
    struct topology *t;
    struct why w = { "" };
    x = (struct fixture){ 0 };
    fake_root_make(&x.root);
    setenv("HWLOC_SYNTHETIC", "node:2 core:2 pu:2", 1);
    if (topology_load(&t, NULL, &w))
        fail_msg("%s", w.text);
    x.doctor.root = x.root.path;
    x.doctor.topology = t;
    x.doctor.needs =
        (struct needs){ .room = { 12, 64, 1e6 }, .wanted = { 12, 64, 1e6 }, .disk_kib = 1e4 };
    x.doctor.standing = (struct standing){ .tasks_most = INFINITY,
                                           .files_most = 1024,
                                           .slack_ns = 50000,
                                           .shm_kib = 65536,
                                           .disk_kib = 1e6,
                                           .gnuplot = "5.4",
                                           .build_type = "Release" };
    x.doctor.probe = (struct probe){ .seconds = 0.5,
                                     .throttled = NAN,
                                     .heat = NAN,
                                     .spread = 1.01,
                                     .clock_cost_ns = 20,
                                     .clock_step_ns = 20 };
    *state = &x;
    return 0;
}

static int clear(void **state)
{
    struct fixture *x = *state;
    topology_free((struct topology *)x->doctor.topology);
    fake_root_remove(&x->root);
    unsetenv("HWLOC_SYNTHETIC");
    return 0;
}

static void put(struct fixture *x, const char *file, const char *text)
{
    fake_root_write(&x->root, file, text);
}

/* Judge again, and find one check. */
static const struct check *judged(struct fixture *x, const char *name)
{
    doctor_judge(&x->doctor, &x->checks);
    for (int i = 0; i < x->checks.count; i++)
        if (!strcmp(x->checks.check[i].name, name))
            return &x->checks.check[i];
    fail_msg("no check '%s'", name);
    return NULL;
}

static void expect(struct fixture *x, const char *name, enum mark mark, const char *value,
                   const char *fix)
{
    const struct check *c = judged(x, name);
    assert_string_equal(mark_word(c->mark), mark_word(mark));
    if (!strstr(c->value, value))
        fail_msg("%s: '%s' is not in the value '%s'", name, value, c->value);
    if (!strstr(c->fix, fix))
        fail_msg("%s: '%s' is not in the fix '%s'", name, fix, c->fix);
    assert_true(*c->text);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_cannot_be_read_is_a_note(void **state)
{
    static const char *const names[] = { "load",          "governor", "boost",   "power",
                                         "heat",          "isolated", "virtual", "throttling",
                                         "hugepages",     "aslr",     "memory",  "clocksource",
                                         "numa_balancing" };
    struct fixture *x = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect(x, names[i], MARK_NOTE, "not known here", "");
    assert_int_equal(x->checks.bad + x->checks.warnings, 0);
}

static void every_check_has_a_name_of_its_own(void **state)
{
    struct fixture *x = *state;
    doctor_judge(&x->doctor, &x->checks);
    assert_true(x->checks.count >= 27);
    for (int i = 0; i < x->checks.count; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(x->checks.check[i].name, x->checks.check[k].name);
}

static void governor(void **state)
{
    struct fixture *x = *state;
    char file[128];
    for (int cpu = 0; cpu < 8; cpu++) {
        snprintf(file, sizeof file, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);
        put(x, file, "performance\n");
    }
    expect(x, "governor", MARK_GOOD, "performance (8)", "");
    put(x, file, "powersave\n");
    expect(x, "governor", MARK_WARN, "performance (7), powersave (1)", "cpupower frequency-set");
}

static void boost(void **state)
{
    struct fixture *x = *state;
    put(x, "/sys/devices/system/cpu/cpufreq/boost", "1\n");
    expect(x, "boost", MARK_NOTE, "on", "echo 0 | sudo tee");
    put(x, "/sys/devices/system/cpu/cpufreq/boost", "0\n");
    expect(x, "boost", MARK_GOOD, "off", "");
    put(x, "/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
    expect(x, "boost", MARK_NOTE, "on", "echo 1 | sudo tee");
    put(x, "/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    expect(x, "boost", MARK_GOOD, "off", "");
}

static void power(void **state)
{
    struct fixture *x = *state;
    put(x, "/sys/class/power_supply/hid-mouse/type", "Battery\n");
    put(x, "/sys/class/power_supply/hid-mouse/scope", "Device\n");
    put(x, "/sys/class/power_supply/hid-mouse/status", "Discharging\n");
    expect(x, "power", MARK_NOTE, "not known here", "");
    put(x, "/sys/class/power_supply/BAT1/type", "Battery\n");
    put(x, "/sys/class/power_supply/BAT1/status", "Discharging\n");
    expect(x, "power", MARK_WARN, "battery", "Plug in");
    put(x, "/sys/class/power_supply/AC/type", "Mains\n");
    put(x, "/sys/class/power_supply/AC/online", "1\n");
    expect(x, "power", MARK_GOOD, "mains", "");
}

static void siblings(void **state)
{
    struct fixture *x = *state;
    struct plan plan = { 0 };
    struct plan_cell cell = { 0 };
    record_init(&cell.record);
    cell.record.backend = "pool";
    cell.record.cpus = "0+2+4";
    cell.record.workers = 3;
    cell.record.ballast_mib = 1024;
    plan.cells = &cell;
    plan.count = 1;
    doctor_needs(&x->doctor.needs, &plan, 10, x->doctor.topology);
    assert_true(x->doctor.needs.room[ROOM_TASKS] > 3);
    assert_true(x->doctor.needs.room[ROOM_MEMORY] > 1024 * 1024);
    assert_true(x->doctor.needs.disk_kib > 0);
    expect(x, "smt", MARK_GOOD, "2 per core, not used", "");
    cell.record.cpus = "0+2+3";
    doctor_needs(&x->doctor.needs, &plan, 10, x->doctor.topology);
    expect(x, "smt", MARK_NOTE, "2 per core, used", "smt/control");
}

#define GROUP "/sys/fs/cgroup/a/"

static void in_group(struct fixture *x)
{
    put(x, "/proc/self/cgroup", "0::/a\n");
    put(x, "/proc/self/mountinfo",
        "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n");
}

/* The topology knows the quota; it has to look below our root. */
static void quota(void **state)
{
    struct fixture *x = *state;
    struct topology_spec spec = { .root = x->root.path };
    struct topology *t;
    struct why w;
    expect(x, "quota", MARK_GOOD, "none", "");
    in_group(x);
    put(x, GROUP "cpu.max", "250000 100000\n");
    topology_free((struct topology *)x->doctor.topology);
    assert_int_equal(topology_load(&t, &spec, &w), 0);
    x->doctor.topology = t;
    expect(x, "quota", MARK_WARN, "2.5 CPUs", "echo max | sudo tee /sys/fs/cgroup/a/cpu.max");
    assert_non_null(strstr(judged(x, "quota")->text, "no whole number: 3 workers"));
    strcpy(t->quota_file, "/sys/fs/cgroup/a\\x2d$(b)/cpu.max");
    expect(x, "quota", MARK_WARN, "", "sudo tee '/sys/fs/cgroup/a\\x2d$(b)/cpu.max'");
    strcpy(t->quota_file, "/sys/fs/cgroup/it's/cpu.max");
    expect(x, "quota", MARK_WARN, "", "Write max to that file");
}

/* What doctor says of jobs of batch systems is in tests/batch.sh, but for this. */
static void threads_that_a_job_may_not_use(void **state)
{
    struct fixture *x = *state;
    struct topology *t = (struct topology *)x->doctor.topology;
    static const struct batch_words words = { .name = "Slurm" };
    struct batch *b = &x->doctor.batch;
    *b = (struct batch){ .system = &words, .job = "7", .cpus = 4, .job_cpus = 4, .one_thread = 1 };
    expect(x, "allocation", MARK_NOTE, "Slurm job 7 gives 4 of 8 CPUs", "--hint=multithread");
    t->allowed_pus = t->allowed_cores; /* by srun */
    expect(x, "allocation", MARK_NOTE, "", "--hint=multithread");
    b->cpus = b->job_cpus = 8; /* where threads are counted */
    expect(x, "allocation", MARK_NOTE, "", "--hint=multithread");
    t->allowed_pus = t->allowed_cores = 1;
    expect(x, "allocation", MARK_WARN, "", "taskset");
}

/* Two hardware threads of a core, and as many cores in all. */
static void half_of_the_cores_is_not_the_node(void **state)
{
    struct fixture *x = *state;
    struct topology *t = (struct topology *)x->doctor.topology;
    static const struct batch_words words = { .name = "Slurm", .alone = "sbatch --exclusive" };
    x->doctor.batch = (struct batch){ .system = &words, .job = "7", .cpus = 4, .job_cpus = 4 };
    t->allowed_pus = 4;
    t->allowed_cores = 2;
    expect(x, "shared_node", MARK_WARN, "4 of 8", "--exclusive");
    t->allowed_cores = 4;
    expect(x, "shared_node", MARK_GOOD, "4 of 8", "");
}

static void throttling(void **state)
{
    struct fixture *x = *state;
    in_group(x);
    put(x, GROUP "cpu.stat", "nr_periods 100\nnr_throttled 0\n");
    x->doctor.probe.throttled = 0;
    expect(x, "throttling", MARK_GOOD, "0 of 100", "");
    put(x, GROUP "cpu.stat", "nr_periods 100\nnr_throttled 7\n");
    expect(x, "throttling", MARK_NOTE, "7 of 100", "quota");
    x->doctor.probe.throttled = 3;
    expect(x, "throttling", MARK_BAD, "7 of 100", "quota");
}

static void memory(void **state)
{
    struct fixture *x = *state;
    put(x, "/proc/meminfo", "MemTotal: 9000000 kB\nMemFree: 1 kB\nMemAvailable: 8000000 kB\n");
    expect(x, "memory", MARK_GOOD, "7.63\u00a0GiB free", "");
    in_group(x);
    put(x, GROUP "memory.max", "536870912\n");
    put(x, GROUP "memory.current", "268435456\n");
    expect(x, "memory", MARK_BAD, "256\u00a0MiB free",
           "echo max | sudo tee /sys/fs/cgroup/a/memory.max");
    put(x, "/proc/meminfo", "MemAvailable: 1000 kB\n");
    expect(x, "memory", MARK_BAD, "1000\u00a0KiB free", "free -h");
}

static void tasks_and_files(void **state)
{
    struct fixture *x = *state;
    expect(x, "tasks", MARK_GOOD, "no limit", "");
    x->doctor.standing.tasks_most = 100;
    x->doctor.probe.tasks = 90;
    expect(x, "tasks", MARK_BAD, "10 more, 12 needed", "ulimit -u 138");
    in_group(x);
    put(x, GROUP "pids.max", "12\n");
    put(x, GROUP "pids.current", "10\n");
    expect(x, "tasks", MARK_BAD, "2 more", "pids.max");
    x->doctor.standing.files_most = 64;
    expect(x, "files", MARK_GOOD, "64, 64 needed", "");
    x->doctor.standing.files_most = 40;
    expect(x, "files", MARK_BAD, "40, 64 needed", "ulimit -n 1024");
}

/* What was left out for want of room is no danger any more, but the answer is of fewer workers. */
static void plan_was_shrunk(void **state)
{
    struct fixture *x = *state;
    x->doctor.needs.wanted[ROOM_TASKS] = 132;
    x->doctor.needs.wanted[ROOM_FILES] = 2000;
    x->doctor.needs.wanted[ROOM_MEMORY] = 4e6;
    expect(x, "tasks", MARK_GOOD, "no limit, 12 needed", "");
    in_group(x);
    put(x, GROUP "pids.max", "30\n");
    put(x, GROUP "pids.current", "10\n");
    put(x, "/proc/meminfo", "MemAvailable: 4100000 kB\n");
    expect(x, "tasks", MARK_WARN, "20 more, 132 needed", "pids.max");
    expect(x, "files", MARK_WARN, "1024, 2000 needed", "ulimit -n");
    expect(x, "memory", MARK_WARN, "3.91\u00a0GiB free, 3.81\u00a0GiB needed", "free -h");
    assert_non_null(strstr(judged(x, "tasks")->text, "left out"));
    put(x, GROUP "pids.max", "max\n");
    expect(x, "tasks", MARK_GOOD, "no limit, 12 needed", "");
}

static void load(void **state)
{
    struct fixture *x = *state;
    put(x, "/proc/loadavg", "0.10 0.20 0.30 1/100 4711\n");
    expect(x, "load", MARK_GOOD, "0.10", "");
    put(x, "/proc/loadavg", "3.00 0.20 0.30 1/100 4711\n");
    expect(x, "load", MARK_WARN, "3.00", "uptime");
    x->doctor.probe.others = 1.5;
    x->doctor.probe.tops = 2;
    x->doctor.probe.top[0] = (struct probe_process){ 17, "cc1", 1.0 };
    x->doctor.probe.top[1] = (struct probe_process){ 19, "ld", 0.5 };
    expect(x, "load", MARK_WARN, "3.00; cc1 100%, ld 50%", "ps -o pid,etime,args -p 17,19");
    strcpy(x->doctor.probe.top[1].name, "\033[2J\n");
    expect(x, "load", MARK_WARN, "3.00; cc1 100%,  [2J  50%", "");
}

/* Who was at work, from two looks at /proc. */
static void processes(void **state)
{
    struct fixture *x = *state;
    struct probe_seen then, now;
    struct probe p = { 0 };
    long tick = sysconf(_SC_CLK_TCK);
    char line[256];
    const char *form = "%d (%s) R 1 1 1 0 -1 0 0 0 0 0 %ld %ld 0 0 20 0 3 0 100 0 0\n";
    const char *odd = "a) R 9 (b";
    snprintf(line, sizeof line, form, 7, odd, 10L, 10L);
    put(x, "/proc/7/stat", line);
    snprintf(line, sizeof line, form, 8, "idle", 500L, 500L);
    put(x, "/proc/8/stat", line);
    put(x, "/proc/9/stat", "garbage\n");
    put(x, "/proc/stat", "cpu 1 2 3 4 5 6 7 8\n");
    probe_look(&then, x->root.path);
    assert_true(then.count == 2);
    snprintf(line, sizeof line, form, 7, odd, 10 + tick / 4, 10 + tick / 4);
    put(x, "/proc/7/stat", line);
    snprintf(line, sizeof line, form, 10, "new", tick, 0L);
    put(x, "/proc/10/stat", line);
    probe_look(&now, x->root.path);
    probe_busiest(&p, &then, &now, 1, -1);
    assert_int_equal(p.tops, 2);
    assert_string_equal(p.top[0].name, "new");
    assert_string_equal(p.top[1].name, odd);
    assert_true(fabs(p.top[1].cpus - 0.5) < 0.03);
    probe_busiest(&p, &then, &now, 1, 10);
    assert_int_equal(p.tops, 1);
    probe_forget(&then);
    probe_forget(&now);
}

static void heat(void **state)
{
    struct fixture *x = *state;
    put(x, "/sys/devices/system/cpu/cpu3/thermal_throttle/core_throttle_count", "0\n");
    expect(x, "heat", MARK_GOOD, "0 times", "");
    put(x, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5\n");
    expect(x, "heat", MARK_NOTE, "5 times", "sensors");
    x->doctor.probe.heat = 2;
    expect(x, "heat", MARK_WARN, "5 times", "cool");
}

static void the_kernels_settings(void **state)
{
    struct fixture *x = *state;
    put(x, "/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
    expect(x, "hugepages", MARK_NOTE, "always", "echo madvise | sudo tee");
    put(x, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    expect(x, "hugepages", MARK_GOOD, "madvise", "");
    put(x, "/proc/sys/kernel/numa_balancing", "1\n");
    expect(x, "numa_balancing", MARK_WARN, "on", "sysctl kernel.numa_balancing=0");
    put(x, "/proc/sys/kernel/randomize_va_space", "0\n");
    expect(x, "aslr", MARK_WARN, "0", "kernel.randomize_va_space=2");
    put(x, "/proc/sys/kernel/randomize_va_space", "2\n");
    expect(x, "aslr", MARK_GOOD, "2", "");
    x->doctor.standing.fixed_layout = 1;
    expect(x, "aslr", MARK_WARN, "off", "setarch");
    put(x, "/sys/devices/system/cpu/online", "0-7\n");
    expect(x, "isolated", MARK_GOOD, "none", "");
    put(x, "/sys/devices/system/cpu/isolated", "2-3\n");
    put(x, "/sys/devices/system/cpu/nohz_full", "3\n");
    expect(x, "isolated", MARK_NOTE, "isolated 2-3; nohz_full 3", "taskset -pc 2-3 $$");
}

#define SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static void clocks(void **state)
{
    struct fixture *x = *state;
    put(x, SOURCE, "tsc\n");
    expect(x, "clocksource", MARK_GOOD, "tsc", "");
    put(x, SOURCE, "hpet\n");
    expect(x, "clocksource", MARK_WARN, "hpet", "echo tsc");
    put(x, SOURCE, "sundial\n");
    expect(x, "clocksource", MARK_NOTE, "sundial", "");
    expect(x, "clock", MARK_GOOD, "20", "");
    x->doctor.probe.clock_cost_ns = 900;
    expect(x, "clock", MARK_WARN, "900", "clocksource");
}

static void virtual_machine(void **state)
{
    struct fixture *x = *state;
    put(x, "/proc/cpuinfo", "processor : 0\nflags : fpu vme tsc\n");
    expect(x, "virtual", MARK_GOOD, "no", "");
    put(x, "/proc/cpuinfo", "processor : 0\nflags : fpu vme hypervisor tsc\n");
    put(x, "/sys/class/dmi/id/sys_vendor", "QEMU\n");
    expect(x, "virtual", MARK_NOTE, "QEMU", "");
    expect(x, "steal", MARK_GOOD, "0.0%", "");
    x->doctor.probe.stolen = 0.03;
    expect(x, "steal", MARK_WARN, "3.0%", "");
}

static void the_rest(void **state)
{
    struct fixture *x = *state;
    expect(x, "stability", MARK_GOOD, "1.0%", "");
    x->doctor.probe.spread = 1.3;
    expect(x, "stability", MARK_WARN, "30.0%", "teampool doctor");
    strcpy(x->doctor.standing.build_type, "Debug");
    expect(x, "build", MARK_BAD, "Debug", "cmake --preset release");
    strcpy(x->doctor.standing.build_type, "RelWithDebInfo");
    expect(x, "build", MARK_NOTE, "RelWithDebInfo", "cmake --preset release");
    strcpy(x->doctor.standing.openmp, "OMP_NUM_THREADS");
    expect(x, "openmp_env", MARK_NOTE, "OMP_NUM_THREADS", "unset OMP_NUM_THREADS");
    strcpy(x->doctor.standing.gnuplot, "5.2");
    expect(x, "gnuplot", MARK_NOTE, "5.2", "make setup");
    x->doctor.standing.disk_kib = 100;
    expect(x, "disk", MARK_BAD, "100\u00a0KiB free", "--out DIR");
}

/* The list survives its own format; a mark of a later version is left out. */
static void the_format(void **state)
{
    struct fixture *x = *state;
    struct checks back = { 0 };
    struct csv *table;
    struct why w;
    char *text = NULL;
    size_t length = 0;
    doctor_judge(&x->doctor, &x->checks);
    checks_add(&x->checks, "odd", MARK_BAD, "a \"b\", c", "fix, this", "100%% of %s", "it");
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    checks_write(&x->checks, f);
    fputs("later,terrible,,,\n", f);
    fclose(f);
    assert_int_equal(csv_parse(&table, text, (long)length, "checks", &w), 0);
    checks_take(&back, table);
    assert_int_equal(back.count, x->checks.count);
    assert_int_equal(back.bad, 1);
    for (int i = 0; i < back.count; i++) {
        assert_string_equal(back.check[i].name, x->checks.check[i].name);
        assert_string_equal(back.check[i].value, x->checks.check[i].value);
        assert_string_equal(back.check[i].text, x->checks.check[i].text);
        assert_string_equal(back.check[i].fix, x->checks.check[i].fix);
        assert_int_equal(back.check[i].mark, x->checks.check[i].mark);
    }
    csv_free(table);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_read_is_a_note),
        TEST(every_check_has_a_name_of_its_own),
        TEST(governor),
        TEST(boost),
        TEST(power),
        TEST(siblings),
        TEST(quota),
        TEST(threads_that_a_job_may_not_use),
        TEST(half_of_the_cores_is_not_the_node),
        TEST(throttling),
        TEST(memory),
        TEST(tasks_and_files),
        TEST(plan_was_shrunk),
        TEST(load),
        TEST(processes),
        TEST(heat),
        TEST(the_kernels_settings),
        TEST(clocks),
        TEST(virtual_machine),
        TEST(the_rest),
        TEST(the_format),
    };
    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
