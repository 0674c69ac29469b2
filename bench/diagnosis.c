/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/quota.h"
#include "describe.h"
#include "sysfile.h"
#include "words.h"

/* From here on a machine counts as disturbed.  That is never worse than a warning: it makes answers
 * unclear, not wrong. */
#define LOAD_LIMIT    0.5   /* load average; on large machines a twentieth of the CPUs */
#define OTHERS_LIMIT  0.05  /* CPUs' worth; on large machines a hundredth of the CPUs */
#define STEAL_LIMIT   0.002 /* of the machine's time */
#define SPREAD_LIMIT  1.05  /* the 95th percentile over the fastest */
#define CLOCK_COST_NS 200.0 /* a reading that enters the kernel takes longer */
#define CLOCK_STEP_NS 1000.0

#define CPUS      "/sys/devices/system/cpu/"
#define CLOCK     "/sys/devices/system/clocksource/clocksource0/"
#define HUGEPAGES "/sys/kernel/mm/transparent_hugepage/enabled"
#define RANDOMIZE "/proc/sys/kernel/randomize_va_space"
#define NO_SUCH   "not known here"

static void unknown(struct checks *out, const char *name, const char *what)
{
    checks_add(out, name, MARK_NOTE, NO_SUCH, NULL, "This system does not tell %s", what);
}

/* The command that writes WORD to FILE, a control group's: their names may hold backslashes and
 * worse, and people copy commands. */
static void say_tee(char *fix, size_t room, const char *word, const char *file)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/_.,:@=+-";
    const char *quote = file[strspn(file, plain)] ? "'" : "";
    if (strchr(file, '\'') || strlen(file) > 256)
        snprintf(fix, room, "Write %s to that file of the control group.", word);
    else
        snprintf(fix, room, "echo %s | sudo tee %s%.256s%s", word, quote, file, quote);
}

/* ---- who else is there ----------------------------------------------------------------------- */

static void say_load(char *value, size_t room, double load, const struct probe *p)
{
    int used = snprintf(value, room, "%.2f", load);
    for (int i = 0; i < p->tops && used < (int)room; i++)
        used += snprintf(value + used, room - (size_t)used, "%s%s %.0f%%", i ? ", " : "; ",
                         p->top[i].name, 100 * p->top[i].cpus);
}

static void check_load(const struct doctor *d, struct checks *out)
{
    const struct probe *p = &d->probe;
    double load = sysfile_number(d->root, "/proc/loadavg"), pus = (double)d->topology->pus;
    char value[128], fix[160];
    if (isnan(load) || isnan(p->others)) {
        unknown(out, "load", "how busy it is");
        return;
    }
    int busy = load > fmax(LOAD_LIMIT, 0.05 * pus);
    int others = p->others > fmax(OTHERS_LIMIT, 0.01 * pus);
    int used = snprintf(fix, sizeof fix, CHECKS_BY_PID);
    for (int i = 0; i < p->tops; i++)
        used +=
            snprintf(fix + used, sizeof fix - (size_t)used, "%s%d", i ? "," : "", p->top[i].pid);
    snprintf(fix + used, sizeof fix - (size_t)used, "   # stop them, or wait until they end");
    say_load(value, sizeof value, load, p);
    if (!busy && !others)
        checks_add(out, "load", MARK_GOOD, value, NULL,
                   "The machine is idle: other processes used %.2f CPUs", p->others);
    else if (!others)
        checks_add(out, "load", MARK_WARN, value, "uptime   # wait until it is below 0.5",
                   "Idle now (%.2f CPUs used), but the last minute was not", p->others);
    else
        checks_add(
            out, "load", MARK_WARN, value,
            p->tops ? fix : "top   # programs that end quickly, or that run outside this container",
            "Other processes used %.2f CPUs during %.1f s: workers will wait for theirs", p->others,
            p->seconds);
}

static void check_stability(const struct doctor *d, struct checks *out)
{
    double spread = d->probe.spread;
    char value[WORD];
    if (isnan(spread)) {
        checks_add(out, "stability", MARK_NOTE, NO_SUCH, NULL, "The first CPU was not timed");
        return;
    }
    snprintf(value, sizeof value, "95%% within %.1f%%", 100 * (spread - 1));
    if (spread <= SPREAD_LIMIT)
        checks_add(out, "stability", MARK_GOOD, value, NULL,
                   "The same millisecond of work took the same time 200 times");
    else
        checks_add(out, "stability", MARK_WARN, value,
                   "teampool doctor   # again, after the other fixes: it should be within 5%",
                   "The same millisecond of work took up to %.2f times as long: expect wide "
                   "intervals",
                   spread);
}

/* ---- frequency and power --------------------------------------------------------------------- */

struct governors {
    char name[4][32];
    long count[4], all, other; /* other than performance */
};

static void count_governor(struct governors *g, const char *name)
{
    g->all++;
    g->other += strcmp(name, "performance") != 0;
    for (int i = 0; i < 4; i++) {
        if (!g->count[i])
            snprintf(g->name[i], sizeof g->name[i], "%.31s", name);
        if (!strncmp(g->name[i], name, sizeof g->name[i] - 1)) {
            g->count[i]++;
            return;
        }
    }
}

static void check_governor(const struct doctor *d, struct checks *out)
{
    struct governors g = { 0 };
    char file[96], line[64], value[128] = "";
    for (long i = 0; i < d->topology->pus; i++) {
        if (!d->topology->pu[i].allowed)
            continue;
        snprintf(file, sizeof file, CPUS "cpu%d/cpufreq/scaling_governor", d->topology->pu[i].cpu);
        if (sysfile_line(d->root, file, line, sizeof line))
            count_governor(&g, line);
    }
    for (int i = 0, used = 0; i < 4 && g.count[i] && used < (int)sizeof value; i++)
        used += snprintf(value + used, sizeof value - (size_t)used, "%s%s (%ld)", i ? ", " : "",
                         g.name[i], g.count[i]);
    if (!g.all)
        unknown(out, "governor", "of a frequency governor");
    else if (!g.other)
        checks_add(out, "governor", MARK_GOOD, value, NULL, "The clock does not wait for load");
    else
        checks_add(out, "governor", MARK_WARN, value, "sudo cpupower frequency-set -g performance",
                   "The clock follows the load: short and single-worker cells may read slow");
}

static void check_boost(const struct doctor *d, struct checks *out)
{
    static const char *const fixes[] = { "echo 1 | sudo tee " CPUS "intel_pstate/no_turbo",
                                         "echo 0 | sudo tee " CPUS "cpufreq/boost" };
    double off = sysfile_number(d->root, CPUS "intel_pstate/no_turbo");
    double on = sysfile_number(d->root, CPUS "cpufreq/boost");
    int amd = isnan(off);
    if (amd && isnan(on))
        unknown(out, "boost", "whether the clock can rise above its nominal rate");
    else if (amd ? on != 0 : off == 0)
        checks_add(out, "boost", MARK_NOTE, "on", fixes[amd],
                   "The clock is higher while few cores work: the drop with all of them counts as "
                   "lost efficiency");
    else
        checks_add(out, "boost", MARK_GOOD, "off", NULL,
                   "The clock is the same for one worker and for many");
}

struct power {
    int mains, battery, discharging;
};

/* Add what one supply says.  Batteries of mice and the like are not the machine's. */
static void add_supply(struct power *p, const char *root, const char *name)
{
    char file[320], type[32], line[32];
    snprintf(file, sizeof file, "/sys/class/power_supply/%s/scope", name);
    if (sysfile_line(root, file, line, sizeof line) && !strcmp(line, "Device"))
        return;
    snprintf(file, sizeof file, "/sys/class/power_supply/%s/type", name);
    sysfile_line(root, file, type, sizeof type);
    snprintf(file, sizeof file, "/sys/class/power_supply/%s/online", name);
    p->mains |= strcmp(type, "Battery") != 0 && sysfile_number(root, file) == 1;
    snprintf(file, sizeof file, "/sys/class/power_supply/%s/status", name);
    if (strcmp(type, "Battery") != 0 || !sysfile_line(root, file, line, sizeof line))
        return;
    p->battery = 1;
    p->discharging |= !strcmp(line, "Discharging");
}

static void check_power(const struct doctor *d, struct checks *out)
{
    struct power p = { 0 };
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/sys/class/power_supply", d->root ? d->root : "");
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.')
            add_supply(&p, d->root, e->d_name);
    if (dir)
        closedir(dir);
    if (p.discharging && !p.mains)
        checks_add(out, "power", MARK_WARN, "battery", "Plug in the power supply.",
                   "On battery the clock is held low, and changes as the charge falls");
    else if (p.mains || p.battery)
        checks_add(out, "power", MARK_GOOD, "mains", NULL, "No battery has to be spared");
    else
        unknown(out, "power", "of a battery");
}

static void check_heat(const struct doctor *d, struct checks *out)
{
    double total = probe_heat(d->root, d->topology->pus);
    char value[WORD];
    if (isnan(total)) {
        unknown(out, "heat", "how often a CPU was too hot");
        return;
    }
    snprintf(value, sizeof value, "%.0f times", total);
    if (d->probe.heat > 0)
        checks_add(out, "heat", MARK_WARN, value,
                   "Let it cool down, clean its fans, and give it air.",
                   "CPUs slow down right now because they are hot");
    else if (total > 0)
        checks_add(out, "heat", MARK_NOTE, value, "sensors   # watch it during a run",
                   "CPUs slowed down for being hot since the start, but not now");
    else
        checks_add(out, "heat", MARK_GOOD, value, NULL, "No CPU ever slowed down for being hot");
}

/* ---- which CPUs ------------------------------------------------------------------------------ */

static void check_smt(const struct doctor *d, struct checks *out)
{
    const struct topology *t = d->topology;
    char value[WORD];
    snprintf(value, sizeof value, "%ld per core%s", t->smt,
             t->smt < 2          ? ""
             : d->needs.siblings ? ", used"
                                 : ", not used");
    if (t->smt < 2)
        checks_add(out, "smt", MARK_GOOD, value, NULL, "Every worker has a core to itself");
    else if (!d->needs.siblings)
        checks_add(out, "smt", MARK_GOOD, value, NULL,
                   "The plan gives every worker a core to itself");
    else
        checks_add(out, "smt", MARK_NOTE, value,
                   "echo off | sudo tee /sys/devices/system/cpu/smt/control",
                   "Above %ld workers two share a core: efficiency falls for that reason alone",
                   t->allowed_cores);
}

static void check_cpus(const struct doctor *d, struct checks *out)
{
    const struct topology *t = d->topology;
    char value[WORD], fix[96];
    snprintf(value, sizeof value, "%ld of %ld", t->allowed_pus, t->pus);
    if (d->batch.system) /* a wider mask would take what is others' */
        snprintf(fix, sizeof fix, "%s   # or more CPUs", d->batch.system->alone);
    else
        snprintf(fix, sizeof fix, "taskset -pc 0-%ld $$   # or a larger cpuset", t->pus - 1);
    if (t->allowed_pus < t->pus)
        checks_add(out, "cpus", MARK_NOTE, value, fix,
                   "An affinity mask or cpuset keeps the other hardware threads from us: the "
                   "answer is for these");
    else
        checks_add(out, "cpus", MARK_GOOD, value, NULL, "All hardware threads may be used");
}

static void check_quota(const struct doctor *d, struct checks *out)
{
    const struct topology *t = d->topology;
    int version_1 = strstr(t->quota_file, "cfs_quota_us") != NULL;
    char value[WORD], fix[320];
    if (!isfinite(t->quota_cpus)) {
        checks_add(out, "quota", MARK_GOOD, "none", NULL, "No control group limits our CPU time");
        return;
    }
    snprintf(value, sizeof value, "%.3g CPUs", t->quota_cpus);
    say_tee(fix, sizeof fix, version_1 ? "-1" : "max", t->quota_file);
    if (t->quota_cpus >= (double)t->allowed_pus)
        checks_add(out, "quota", MARK_GOOD, value, NULL,
                   "The quota is as large as the CPUs that we may use");
    else
        checks_add(out, "quota", MARK_WARN, value, fix,
                   t->quota_cpus == floor(t->quota_cpus)
                       ? "When the quota is used up all workers are stopped at once"
                       : "The quota is no whole number: %ld workers are stopped for a part of "
                         "every period",
                   t->effective_workers);
}

static void check_throttling(const struct doctor *d, struct checks *out)
{
    struct quota_throttling t;
    double now = d->probe.throttled;
    char value[WORD];
    quota_throttling_read(&t, d->root);
    if (!t.known) {
        unknown(out, "throttling", "how often a CPU quota stopped us");
        return;
    }
    snprintf(value, sizeof value, "%lld of %lld periods", t.throttled, t.periods);
    if (now > 0)
        checks_add(out, "throttling", MARK_BAD, value, "See quota.",
                   "The quota stopped us %.0f times while one CPU was busy for half a second", now);
    else if (t.throttled > 0)
        checks_add(out, "throttling", MARK_NOTE, value, "See quota.",
                   "The quota stopped this group before, but not now");
    else
        checks_add(out, "throttling", MARK_GOOD, value, NULL, "No quota has stopped us");
}

static void check_isolated(const struct doctor *d, struct checks *out)
{
    char isolated[128] = "", ticks[128] = "", value[300], fix[200];
    int known = !isnan(sysfile_number(d->root, CPUS "online"));
    sysfile_line(d->root, CPUS "isolated", isolated, sizeof isolated);
    sysfile_line(d->root, CPUS "nohz_full", ticks, sizeof ticks);
    if (!strcmp(ticks, "(null)"))
        *ticks = 0; /* some kernels print this for an empty list */
    snprintf(value, sizeof value, "%s%s%s%s%s", *isolated ? "isolated " : "", isolated,
             *isolated && *ticks ? "; " : "", *ticks ? "nohz_full " : "", ticks);
    snprintf(fix, sizeof fix, "taskset -pc %s $$   # these only, or all but these",
             *isolated ? isolated : ticks);
    if (!known)
        unknown(out, "isolated", "of isolated CPUs");
    else if (*value)
        checks_add(out, "isolated", MARK_NOTE, value, fix,
                   "CPUs differ: on these the kernel disturbs less and balances nothing");
    else
        checks_add(out, "isolated", MARK_GOOD, "none", NULL, "The kernel treats all CPUs alike");
}

/* ---- batch jobs ------------------------------------------------------------------------------ */

/* Do what the job was given and our mask agree?  Of the two, what is less is planned for. */
static void check_allocation(const struct doctor *d, struct checks *out)
{
    const struct topology *t = d->topology;
    const struct batch *b = &d->batch;
    char said[BATCH_SAID], fix[128], workers[WORD];
    if (!b->system)
        return;
    batch_say_of(said, b, t->pus);
    words_plural(workers, (double)t->effective_workers, "worker");
    if (!b->cpus) {
        checks_add(out, "allocation", MARK_WARN, said,
                   "Start it in the job's script; after salloc, with srun.",
                   "The job's variables don't tell of CPUs on this host: it may not be one of the "
                   "job's");
    } else if (b->cpus < b->job_cpus) {
        snprintf(fix, sizeof fix, "srun --cpus-per-task=%ld ..., or without srun", b->job_cpus);
        checks_add(out, "allocation", MARK_WARN, said, fix,
                   "This step of the job has fewer CPUs than the job, which has %ld", b->job_cpus);
    } else if (b->cpus < t->allowed_cores) {
        snprintf(fix, sizeof fix, "%s   # or have jobs bound to their CPUs", b->system->alone);
        checks_add(out, "allocation", MARK_WARN, said, fix,
                   "The affinity mask has %ld: nothing keeps other jobs from our CPUs, or us from "
                   "theirs; %s at most planned",
                   t->allowed_pus, workers);
    } else if (b->cpus > t->allowed_pus * (b->one_thread ? t->smt : 1)) {
        checks_add(out, "allocation", MARK_WARN, said, "taskset -pc $$   # who made it so narrow?",
                   "The affinity mask has %ld of them: the answer is for these", t->allowed_pus);
    } else if (b->one_thread && t->smt > 1) {
        checks_add(out, "allocation", MARK_NOTE, said, "sbatch --hint=multithread",
                   "One hardware thread of each core was asked for: the answer is for so many "
                   "workers, and says nothing of two on a core");
    } else if (b->cpus < t->allowed_pus) {
        checks_add(out, "allocation", MARK_NOTE, said, NULL,
                   "The affinity mask has %ld hardware threads: a CPU is a core here, or the mask "
                   "is too wide; %s at most planned",
                   t->allowed_pus, workers);
    } else if (b->cpus == 1 && t->pus > 1 && !b->cpus_per_task) {
        snprintf(fix, sizeof fix, "%s%ld", b->system->more_cpus, t->cores);
        checks_add(out, "allocation", MARK_WARN, said, fix,
                   "A job that asks for no CPUs gets one: there is nothing to compare on it");
    } else {
        checks_add(out, "allocation", MARK_GOOD, said, NULL,
                   "The affinity mask agrees with what the job was given");
    }
}

static void check_neighbours(const struct doctor *d, struct checks *out)
{
    const struct topology *t = d->topology;
    const struct batch *b = &d->batch;
    long ours = b->job_cpus ? b->job_cpus : b->cpus;
    char value[WORD];
    if (!b->cpus)
        return;
    snprintf(value, sizeof value, "%ld of %ld", ours, t->pus);
    if (ours >= t->pus || (ours == t->cores && t->allowed_cores == t->cores)) /* CPUs or cores */
        checks_add(out, "shared_node", MARK_GOOD, value, NULL, "The job has the whole node");
    else
        checks_add(out, "shared_node", MARK_WARN, value, b->system->alone,
                   "Other jobs may run on the node's other CPUs: they share its caches, memory and "
                   "clock");
}

static void check_copies(const struct doctor *d, struct checks *out)
{
    const struct batch *b = &d->batch;
    char value[WORD], fix[128];
    if (b->copies < 2)
        return;
    snprintf(value, sizeof value, "%ld by %s", b->copies, b->launcher);
    batch_say_copies(b, fix, sizeof fix);
    checks_add(out, "copies", MARK_BAD, value, fix,
               "So many of this program were started on this node at once: they would measure each "
               "other");
}

/* ---- virtual machines ------------------------------------------------------------------------ */

static void check_virtual(const struct doctor *d, struct checks *out)
{
    char vendor[128];
    int yes = describe_is_virtual(d->root, vendor);
    if (yes < 0)
        unknown(out, "virtual", "whether it is a virtual machine");
    else if (yes)
        checks_add(out, "virtual", MARK_NOTE, *vendor ? vendor : "yes", NULL,
                   "A virtual machine: its host decides on frequency, caches and neighbours");
    else
        checks_add(out, "virtual", MARK_GOOD, "no", NULL, "No sign of a hypervisor");
}

static void check_steal(const struct doctor *d, struct checks *out)
{
    double stolen = d->probe.stolen;
    char value[WORD];
    if (isnan(stolen)) {
        unknown(out, "steal", "what a hypervisor takes");
        return;
    }
    snprintf(value, sizeof value, "%.1f%%", 100 * stolen);
    if (stolen <= STEAL_LIMIT)
        checks_add(out, "steal", MARK_GOOD, value, NULL, "No hypervisor took CPU time from us");
    else
        checks_add(out, "steal", MARK_WARN, value,
                   "Run when the host is quiet, or on a machine with CPUs of its own.",
                   "The hypervisor gave our CPUs to others for a part of the time");
}

/* ---- the kernel's settings ------------------------------------------------------------------- */

static void check_hugepages(const struct doctor *d, struct checks *out)
{
    char line[128];
    if (!sysfile_line(d->root, HUGEPAGES, line, sizeof line))
        unknown(out, "hugepages", "of transparent huge pages");
    else if (!strcmp(sysfile_chosen(line), "always"))
        checks_add(out, "hugepages", MARK_NOTE, line, "echo madvise | sudo tee " HUGEPAGES,
                   "Memory comes in large pages when there are any: forks from a large caller and "
                   "page faults vary");
    else
        checks_add(out, "hugepages", MARK_GOOD, line, NULL,
                   "Memory comes in pages of one size, unless asked for otherwise");
}

static void check_numa(const struct doctor *d, struct checks *out)
{
    double on = sysfile_number(d->root, "/proc/sys/kernel/numa_balancing");
    if (isnan(on))
        unknown(out, "numa_balancing", "of NUMA balancing");
    else if (on > 0 && d->topology->numa_nodes > 1)
        checks_add(out, "numa_balancing", MARK_WARN, "on", "sudo sysctl kernel.numa_balancing=0",
                   "The kernel takes pages away to see who uses them, and moves them during a run");
    else
        checks_add(out, "numa_balancing", MARK_GOOD, on > 0 ? "on, one node" : "off", NULL,
                   "Pages stay where they are");
}

static void check_aslr(const struct doctor *d, struct checks *out)
{
    double level = sysfile_number(d->root, RANDOMIZE);
    char value[WORD];
    if (d->standing.fixed_layout) {
        checks_add(out, "aslr", MARK_WARN, "off for this process", "Start it without setarch -R.",
                   "Every block has the same memory layout: its luck is in all of them");
        return;
    }
    if (isnan(level)) {
        unknown(out, "aslr", "whether addresses are random");
        return;
    }
    snprintf(value, sizeof value, "%.0f", level);
    if (level >= 1)
        checks_add(out, "aslr", MARK_GOOD, value, NULL,
                   "Every block has a new memory layout, so none counts for all");
    else
        checks_add(out, "aslr", MARK_WARN, value, "sudo sysctl kernel.randomize_va_space=2",
                   "Every block has the same memory layout: its luck is in all of them");
}

static int is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static void check_clocksource(const struct doctor *d, struct checks *out)
{
    static const char *const quick[] = {
        "tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "timebase",
        "tod", NULL
    };
    static const char *const slow[] = {
        "hpet", "acpi_pm", "jiffies", "xen", "refined-jiffies", NULL
    };
    char source[64];
    if (!sysfile_line(d->root, CLOCK "current_clocksource", source, sizeof source))
        unknown(out, "clocksource", "where its time comes from");
    else if (is_one_of(source, slow))
        checks_add(out, "clocksource", MARK_WARN, source,
                   "echo tsc | sudo tee " CLOCK "current_clocksource",
                   "Every reading of the clock enters the kernel, and short cells pay for it");
    else
        checks_add(out, "clocksource", is_one_of(source, quick) ? MARK_GOOD : MARK_NOTE, source,
                   NULL,
                   is_one_of(source, quick) ? "The clock is read without entering the kernel"
                                            : "A clock that this program does not know");
}

static void check_clock(const struct doctor *d, struct checks *out)
{
    double cost = d->probe.clock_cost_ns, step = d->probe.clock_step_ns;
    char value[2 * WORD + 16], a[WORD], b[WORD];
    snprintf(value, sizeof value, "%s a reading, steps of %s", words_time(a, cost, 2),
             isnan(step) ? NO_SUCH : words_time(b, step, 2));
    if (cost <= CLOCK_COST_NS && !(step > CLOCK_STEP_NS))
        checks_add(out, "clock", MARK_GOOD, value, NULL,
                   "Reading the clock is nothing against a sample");
    else
        checks_add(out, "clock", MARK_WARN, value, "See clocksource.",
                   "The clock is dear or coarse: don't trust differences of single microseconds");
}

static void check_slack(const struct doctor *d, struct checks *out)
{
    char value[WORD];
    if (isnan(d->standing.slack_ns))
        unknown(out, "timer_slack", "how late timers may be");
    else
        checks_add(out, "timer_slack", MARK_GOOD, words_time(value, d->standing.slack_ns, 2), NULL,
                   "How late the kernel may wake us; tasks that sleep set 1 ns for themselves");
}

/* ---- room ------------------------------------------------------------------------------------ */

/* GOOD with room to spare, WARN where it is tight, BAD where it will not do. */
static enum mark room_mark(double room, double need)
{
    return room < need ? MARK_BAD : room < ROOM_SPARE * need ? MARK_WARN : MARK_GOOD;
}

/* Is there room for the plan, and is that all of what it was to be? */
struct fit {
    enum mark mark;
    double needed;
    int shrunk; /* 1: for want of this the plan leaves out cells */
};

static struct fit judge_room(const struct doctor *d, enum room_kind kind, double left)
{
    double needed = d->needs.room[kind], wanted = d->needs.wanted[kind];
    struct fit fit = { room_mark(left, needed), needed, 0 };
    if (fit.mark != MARK_BAD && wanted > needed && room_lacks(kind, left, wanted))
        fit = (struct fit){ MARK_WARN, wanted, 1 };
    return fit;
}

static void check_memory(const struct doctor *d, const struct room *room, struct checks *out)
{
    double left = room->left[ROOM_MEMORY];
    const char *file = room->file[ROOM_MEMORY];
    char value[2 * WORD + 32], a[WORD], b[WORD], fix[320] = "free -h   # end what holds memory";
    if (isnan(left)) {
        unknown(out, "memory", "how much memory is free");
        return;
    }
    if (*file == '/')
        say_tee(fix, sizeof fix, strstr(file, "memory.max") ? "max" : "-1", file);
    struct fit v = judge_room(d, ROOM_MEMORY, left);
    if (*file && *file != '/')
        snprintf(fix, sizeof fix, "sbatch --mem=%.0fM", ceil(ROOM_SPARE * v.needed / 1024));
    snprintf(value, sizeof value, "%s free, %s needed", words_size(a, 1024 * left),
             words_size(b, 1024 * v.needed));
    checks_add(out, "memory", v.mark, value, v.mark == MARK_GOOD ? NULL : fix,
               v.mark == MARK_GOOD ? "The largest cell of the plan fits into memory"
               : v.shrunk          ? "What needs more is left out of the plan"
                                   : "Large cells may swap or be killed for want of memory");
}

static void check_shm(const struct doctor *d, struct checks *out)
{
    char value[WORD];
    if (isnan(d->standing.shm_kib))
        unknown(out, "shm", "of /dev/shm");
    else
        checks_add(out, "shm", MARK_GOOD, words_size(value, 1024 * d->standing.shm_kib), NULL,
                   "Workers share memory that needs no room in /dev/shm: its size is no limit");
}

static void check_tasks(const struct doctor *d, const struct room *room, struct checks *out)
{
    double own = d->probe.tasks, left = room->left[ROOM_TASKS];
    char value[2 * WORD], fix[320];
    struct fit v = judge_room(d, ROOM_TASKS, left);
    if (*room->file[ROOM_TASKS])
        say_tee(fix, sizeof fix, "max", room->file[ROOM_TASKS]);
    else
        snprintf(fix, sizeof fix, "ulimit -u %.0f", (isnan(own) ? 0 : own) + 4 * v.needed);
    if (isinf(left))
        snprintf(value, sizeof value, "no limit, %.0f needed", v.needed);
    else
        snprintf(value, sizeof value, "%.0f more, %.0f needed", fmax(left, 0), v.needed);
    checks_add(out, "tasks", v.mark, value, v.mark == MARK_GOOD ? NULL : fix,
               v.mark == MARK_GOOD
                   ? "As many processes and threads as the plan has workers are allowed"
               : v.shrunk ? "Larger teams are left out of the plan"
                          : "Teams of many workers cannot be started");
}

static void check_files(const struct doctor *d, const struct room *room, struct checks *out)
{
    double most = room->left[ROOM_FILES];
    char value[2 * WORD], fix[64];
    if (isnan(most)) {
        unknown(out, "files", "how many files may be open");
        return;
    }
    struct fit v = judge_room(d, ROOM_FILES, most);
    if (v.mark == MARK_WARN && !v.shrunk)
        v.mark = MARK_GOOD; /* nobody else takes of it */
    if (isinf(most))
        snprintf(value, sizeof value, "no limit, %.0f needed", v.needed);
    else
        snprintf(value, sizeof value, "%.0f, %.0f needed", most, v.needed);
    snprintf(fix, sizeof fix, "ulimit -n %.0f", fmax(4 * v.needed, 1024));
    checks_add(out, "files", v.mark, value, v.mark == MARK_GOOD ? NULL : fix,
               v.mark == MARK_GOOD ? "Enough files may be open for the pipes of all workers"
               : v.shrunk          ? "Larger teams are left out of the plan"
                                   : "Pools with pipes to many workers cannot be started");
}

static void check_room(const struct doctor *d, struct checks *out)
{
    struct room room;
    double own = d->probe.tasks;
    room_read(&room, d->standing.tasks_most - (isnan(own) ? 0 : own), d->standing.files_most,
              &d->batch, d->root);
    check_memory(d, &room, out);
    check_shm(d, out);
    check_tasks(d, &room, out);
    check_files(d, &room, out);
}

static void check_disk(const struct doctor *d, struct checks *out)
{
    char value[2 * WORD + 32], a[WORD], b[WORD];
    if (isnan(d->standing.disk_kib)) {
        unknown(out, "disk", "how much room the results have");
        return;
    }
    snprintf(value, sizeof value, "%s free, %s needed", words_size(a, 1024 * d->standing.disk_kib),
             words_size(b, 1024 * d->needs.disk_kib));
    enum mark mark = room_mark(d->standing.disk_kib, d->needs.disk_kib);
    checks_add(out, "disk", mark, value,
               mark == MARK_GOOD ? NULL : "df -h   # and --out DIR on a disk with more room",
               mark == MARK_GOOD
                   ? "The results have room"
                   : "The disk may fill up: the run would stop and wait for --resume");
}

/* ---- what is installed ----------------------------------------------------------------------- */

static void check_openmp(const struct doctor *d, struct checks *out)
{
    char fix[256];
    snprintf(fix, sizeof fix, "unset %.240s", d->standing.openmp);
    if (*d->standing.openmp)
        checks_add(out, "openmp_env", MARK_NOTE, d->standing.openmp, fix,
                   "Cells don't see these variables: each gets its own, as machine.csv says");
    else
        checks_add(out, "openmp_env", MARK_GOOD, "none", NULL,
                   "No variable of an OpenMP runtime is set");
}

static void check_build(const struct doctor *d, struct checks *out)
{
    static const char build[] = "cmake --preset release && cmake --build --preset release";
    const char *type = d->standing.build_type;
    const char *wrong = checks_build(type, d->standing.flags);
    if (wrong)
        checks_add(out, "build", MARK_BAD, type, build, "Its times mean nothing: %s", wrong);
    else if (!*type)
        unknown(out, "build", "how teampool-cell was built");
    else
        checks_add(out, "build", strcmp(type, "Release") ? MARK_NOTE : MARK_GOOD, type,
                   strcmp(type, "Release") ? build : NULL,
                   strcmp(type, "Release") ? "Not the build that is meant for measuring"
                                           : "The build that is meant for measuring");
}

static void check_gnuplot(const struct doctor *d, struct checks *out)
{
    const char *version = d->standing.gnuplot;
    int major = 0, minor = 0;
    sscanf(version, "%d.%d", &major, &minor);
    if (major > 5 || (major == 5 && minor >= 4))
        checks_add(out, "gnuplot", MARK_GOOD, version, NULL, "The figures can be drawn");
    else
        checks_add(out, "gnuplot", MARK_NOTE, *version ? version : "not there", "make setup",
                   "The page will have tables but no drawings: they take gnuplot 5.4 or later");
}

/* ---- all of them ----------------------------------------------------------------------------- */

void doctor_judge(const struct doctor *d, struct checks *out)
{
    static void (*const check[])(const struct doctor *, struct checks *) = {
        check_load,       check_stability,  check_governor, check_boost,    check_power,
        check_heat,       check_smt,        check_cpus,     check_quota,    check_throttling,
        check_allocation, check_neighbours, check_copies,   check_isolated, check_virtual,
        check_steal,      check_hugepages,  check_numa,     check_aslr,     check_clocksource,
        check_clock,      check_slack,      check_room,     check_disk,     check_openmp,
        check_build,      check_gnuplot,
    };
    *out = (struct checks){ 0 };
    for (size_t i = 0; i < sizeof check / sizeof *check; i++)
        check[i](d, out);
}
