/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../core/clock.h"
#include "batch.h"
#include "child.h"
#include "command.h"
#include "listing.h"
#include "sysfile.h"

/* A file's first line as a fact; where there is none, the note says so. */
static void set_from_file(struct machine *m, const char *key, const char *file)
{
    char line[256];
    int there = sysfile_line(NULL, file, line, sizeof line);
    machine_set(m, key, there ? file : "this system does not tell", "%s", line);
}

void describe_load(char *text, long room)
{
    double load;
    text[0] = 0;
    if (getloadavg(&load, 1) == 1)
        snprintf(text, (size_t)room, "%.2f", load);
}

/* ---- what there is to say ---- */

static void describe_system(struct machine *m)
{
    struct utsname u;
    char text[256], version[128] = "", libc[64] = "";
    time_t now = time(NULL);
    struct tm utc;

    if (uname(&u))
        memset(&u, 0, sizeof u);
    machine_set(m, "hostname", "", "%s", u.nodename);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    machine_set(m, "date_utc", "", "%s", text);
    machine_set(m, "kernel", "", "%s %s %s", u.sysname, u.release, u.machine);
    FILE *f = fopen("/etc/os-release", "re");
    while (f && fgets(text, sizeof text, f))
        if (sscanf(text, "PRETTY_NAME=\"%127[^\"\n]", version) == 1)
            break;
    if (f)
        fclose(f);
    machine_set(m, "os", *version ? "/etc/os-release" : "this system does not tell", "%s", version);
#ifdef _CS_GNU_LIBC_VERSION /* musl has the word, and no answer */
    confstr(_CS_GNU_LIBC_VERSION, libc, sizeof libc);
#endif
    machine_set(m, "libc", *libc ? "" : "it does not tell", "%s", libc);
}

int describe_is_virtual(const char *root, char vendor[128])
{
    char line[4096];
    int known = 0, flagged = 0;
    snprintf(line, sizeof line, "%s/proc/cpuinfo", root ? root : "");
    FILE *f = fopen(line, "re");
    while (f && !known && fgets(line, sizeof line, f)) {
        known = !strncmp(line, "flags", 5);
        flagged = known && strstr(line, " hypervisor");
    }
    if (f)
        fclose(f);
    sysfile_line(root, "/sys/class/dmi/id/sys_vendor", vendor, 128);
    return known ? flagged : -1;
}

static void describe_virtualization(struct machine *m)
{
    char vendor[128];
    int yes = describe_is_virtual(NULL, vendor);
    if (yes > 0)
        machine_set(m, "virtualization", "the CPU says it is virtual", "%s",
                    *vendor ? vendor : "yes");
    else
        machine_set(m, "virtualization",
                    yes < 0 ? "this system does not tell" : "no sign of a hypervisor", "%s", "");
}

static void describe_cpu(struct machine *m, const struct topology *t)
{
    char steps[TOPOLOGY_STEPS];
    machine_set(m, "cpu_model", *t->cpu_model ? "" : "this system does not tell", "%s",
                t->cpu_model);
    machine_set(m, "packages", "", "%ld", t->packages);
    machine_set(m, "numa_nodes", "", "%ld", t->numa_nodes);
    machine_set(m, "cores", "", "%ld", t->cores);
    machine_set(m, "pus", "hardware threads", "%ld", t->pus);
    machine_set(m, "allowed_cores", "affinity mask and cpuset", "%ld", t->allowed_cores);
    machine_set(m, "allowed_pus", "affinity mask and cpuset", "%ld", t->allowed_pus);
    if (isfinite(t->quota_cpus))
        machine_set(m, "quota_cpus", t->quota_file, "%g", t->quota_cpus);
    else
        machine_set(m, "quota_cpus", "no CPU quota", "%s", "");
    machine_set(m, "core_kinds", "", "%ld", t->core_kinds);
    machine_set(m, "smt", "hardware threads per core", "%ld", t->smt);
    machine_set(m, "effective_workers", "", "%ld", t->effective_workers);
    machine_set(m, "alike_cores", "cores of the fastest kind that we may use", "%ld",
                t->kind[t->core_kinds - 1].allowed_cores);
    machine_set(m, "steps", "numbers of workers at which a part of the machine is full", "%s",
                topology_steps(t, steps));
    machine_set(m, "memory_kib", "", "%ld", t->memory_kib);
    set_from_file(m, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    set_from_file(m, "boost", "/sys/devices/system/cpu/cpufreq/boost");
    set_from_file(m, "smt_control", "/sys/devices/system/cpu/smt/control");
}

static void set_count(struct machine *m, const char *key, const char *note, long count)
{
    if (count > 0)
        machine_set(m, key, note, "%ld", count);
    else
        machine_set(m, key, "not told", "%s", "");
}

/* Facts of a batch job; without one there are none. */
static void describe_batch(struct machine *m)
{
    struct batch b;
    batch_read(&b);
    if (!b.system)
        return;
    machine_set(m, "batch_system", "", "%s", b.system->name);
    machine_set(m, "batch_job", "", "%s", b.job);
    machine_set(m, "batch_queue", "", "%s", b.queue);
    machine_set(m, "batch_nodes", "", "%s", b.nodes);
    set_count(m, "batch_cpus", b.cpus_from ? b.cpus_from : "", b.cpus);
    set_count(m, "batch_job_cpus", "of the whole job, on this node", b.job_cpus);
    set_count(m, "batch_cpus_per_task", "as it was asked for", b.cpus_per_task);
    set_count(m, "batch_memory_mib", b.memory_from ? b.memory_from : "",
              b.memory_from ? (long)(b.memory_kib / 1024) : 0);
}

/* Commit and state of the source tree, if the program was built from one that is still there. */
static void describe_git(struct machine *m)
{
    char *argv[] = { "/usr/bin/git", "-C", TEAMPOOL_SOURCE_DIR, "describe", "--always",
                     "--dirty",      NULL };
    struct child c;
    machine_set(m, "git", "not known", "%s", "");
    if (access(argv[0], X_OK) || child_run(&c, argv, 5, NULL))
        return;
    c.out[strcspn(c.out, "\n")] = 0;
    if (WIFEXITED(c.status) && !WEXITSTATUS(c.status))
        machine_set(m, "git", "", "%s", c.out);
    child_free(&c);
}

/* How the cell program was built: it is the one that measures. */
static void describe_build(struct machine *m)
{
    struct csv *about;
    struct why w;
    if (listing_ask(&about, "cell", "--about", &w))
        die(EXIT_FAILED, "%s", w.text);
    for (long row = 0; row < about->rows; row++)
        machine_set(m, csv_cell(about, row, csv_column(about, "key")), "", "%s",
                    csv_cell(about, row, csv_column(about, "value")));
    csv_free(about);
    describe_git(m);
}

void describe_machine(struct machine *m, const struct topology *t)
{
    char load[32];
    describe_system(m);
    describe_virtualization(m);
    describe_cpu(m, t);
    describe_batch(m);
    describe_build(m);
    describe_load(load, sizeof load);
    machine_set(m, "load_before", "load average of the minute before the run", "%s", load);
    machine_set(m, "clock_cost_ns", "one reading of the clock", "%.1f", clock_cost_ns());
    machine_set(m, "omp_env", "set for each omp cell; all other OMP_*, GOMP_*, KMP_* are removed",
                "%s",
                "OMP_NUM_THREADS OMP_DYNAMIC=false OMP_WAIT_POLICY OMP_PROC_BIND=close OMP_PLACES");
}
