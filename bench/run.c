/* SPDX-License-Identifier: MIT
 *
 * run: measure a plan.  Blocks over all cells, each cell in a fresh process, in an order that the
 * seed fixes; what a cell printed is checked and kept whole or not at all.  It times nothing
 * itself.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../core/bind.h"
#include "../core/clock.h"
#include "../core/kernel.h"
#include "../core/topology.h"
#include "batch.h"
#include "child.h"
#include "command.h"
#include "describe.h"
#include "doctor.h"
#include "folder.h"
#include "judge.h"
#include "launcher.h"
#include "listing.h"
#include "machine.h"
#include "measure.h"
#include "openmp.h"
#include "order.h"
#include "past.h"
#include "profile.h"
#include "progress.h"
#include "pus.h"
#include "result.h"
#include "room.h"
#include "run.h"
#include "runner.h"
#include "settle.h"
#include "summarize.h"
#include "words.h"

#define DROPPED_NOTE "left out to keep the budget; named in status.csv"
enum {
    CALIBRATION_MS = 100,
    TRACED_BLOCKS = 3,
    SIGNAL_LATE_MS = 200,
    PLAN_BUDGET_S = 3600, /* where only blocks or lines were asked for, not a time */
    SUSPEND_NS = 1000000, /* less is the cost of looking */
    LITTLE_BUDGET_S = 60, /* to offer a run that had no time for a block, at least */
};

/* What became of a cell in a block; what was skipped for want of time may have some later. */
enum { DONE = 1, SKIPPED };

static struct wishes {
    const char *plan, *out, *resume, *only, *topology, *mpi;
    double budget_s;
    long seed, blocks; /* -1: not given */
    int profile;       /* -1: not given */
    int dry_run, quiet, verbose, force;
    int lent; /* 1: for another command, which has its own words for what came out */
} wishes = { .profile = -1, .seed = -1, .blocks = -1 };

struct run {
    const struct profile *profile;
    struct topology *topology;
    const char *root;       /* stands before the files that limit a dry run, for tests; or NULL */
    char limited[ROOM_WHY]; /* why there is room for fewer workers than CPUs; "" if not */
    struct plan plan;
    struct machine machine;
    struct folder folder;
    struct progress progress;
    uint64_t seed;
    double budget_s, used_before_s; /* of the budget, by earlier parts of a resumed run */
    int has_budget;                 /* 0: nobody asked for a time */
    double overtime_s;              /* until then for the least number of blocks */
    double width;                   /* of intervals that are narrow enough; 0: none are */
    int blocks_most;
    int64_t start_ns, seq;
    struct settle *settle;
    int *cut;   /* per cell: the last block that there was time for; 0: it has not been left out */
    char *done; /* per cell and block: DONE, SKIPPED or 0; blocks_most a cell */
    int64_t asleep_ns;         /* clock_suspended_ns when it was last looked at */
    double suspended_s;        /* how long the machine was suspended between two looks, in all */
    int64_t used_ns, steal_ns; /* CPU time at the start: everybody's; the hypervisor's */
    double own_ns;             /* ours */
    double sampled_s, sampled_before_s; /* time in samples, of this part and of earlier ones */
    double lacking_s; /* what the next block takes that there was no time for; 0: none */
    int cells_ok, cells_bad, blocks;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static double elapsed(const struct run *r)
{
    return r->used_before_s + (double)(clock_ns() - r->start_ns) / 1e9;
}

/* ---- one cell ---- */

static void stop_writing(struct run *r, const struct why *w)
{
    progress_clear(&r->progress);
    folder_close(&r->folder);
    if (wishes.lent) /* what was stopped is no hand-in */
        die(EXIT_FAILED, "run: %s; make room, and begin again", w->text);
    die(EXIT_FAILED, "run: %s; make room and go on with: %s run --resume '%s'", w->text,
        program_path, r->folder.path);
}

/* A cell that is not measured in BLOCK. */
static void skip(struct run *r, int index, int block, const char *reason)
{
    struct why w;
    r->seq++;
    if (folder_add_status(&r->folder, &r->plan.cells[index].record, index + 1, block, r->seq,
                          CELL_SKIPPED, reason, -1, &w))
        stop_writing(r, &w);
}

/* --verbose: what became of a cell, in a line. */
static void tell_cell(struct run *r, const struct record *cell, int block,
                      const struct result *result)
{
    char time[WORD] = "-";
    progress_clear(&r->progress);
    if (!isnan(result->median_ns))
        words_time(time, result->median_ns, 3);
    fprintf(stderr, "block %d  %s  %s%s%s  ", block, time, cell_status_words[result->status],
            *result->reason ? ": " : "", result->reason);
    record_print_line(cell, stderr);
}

/* Is the cell traced?  Some blocks are enough to find a sample that is like most. */
static int is_traced(const struct record *cell, int block)
{
    return cell->trace && block <= TRACED_BLOCKS;
}

/* For how long the machine was suspended since the last look.  Units: ns. */
static int64_t slept(struct run *r)
{
    int64_t now = clock_suspended_ns(), since = now - r->asleep_ns;
    r->asleep_ns = now;
    if (since < SUSPEND_NS)
        return 0;
    r->suspended_s += (double)since / 1e9;
    return since;
}

/* Judge what the child left, and write it down. */
static void keep_result(struct run *r, int index, int block, const struct child *c, double deadline)
{
    struct plan_cell *cell = &r->plan.cells[index];
    struct result result;
    struct why w;

    result_judge(&result, c, &cell->record, is_traced(&cell->record, block), deadline, slept(r));
    if (result.rows && folder_add_samples(&r->folder, result.rows, &cell->record, block, r->seq,
                                          result.suspended_ns, &w))
        stop_writing(r, &w);
    if (result.trace && folder_add_trace(&r->folder, result.trace, index + 1, block, r->seq, &w))
        stop_writing(r, &w);
    if (folder_add_status(&r->folder, &cell->record, index + 1, block, r->seq, result.status,
                          result.reason, (double)c->wall_ns / 1e6, &w))
        stop_writing(r, &w);
    r->sampled_s += result.sampled_s;
    if (result.status == CELL_OK) {
        if (!result.suspended_ns)
            settle_note(r->settle, index, block, result.median_ns);
        cell->seconds = (double)c->wall_ns / 1e9;
        r->cells_ok++;
    } else {
        r->cells_bad++;
    }
    if (wishes.verbose)
        tell_cell(r, &cell->record, block, &result);
    result_free(&result);
}

/* When a cell is given up: generous, but a hanging one does not take the budget with it.  Units:
 * seconds. */
static double deadline_of(const struct run *r, const struct plan_cell *cell)
{
    double left = fmax(r->overtime_s - elapsed(r), 0);
    return fmin(20 + 10 * cell->seconds, 2 + 2 * cell->seconds + left);
}

/* Was the cell stopped because the run is?  Who ends a batch job sends the signal to all of its
 * processes, and that a cell died of it may be seen before our own comes. */
static int is_sent_away(const struct child *c)
{
    for (int ms = 0; c->status && !stop_signal && ms < SIGNAL_LATE_MS; ms += 10)
        usleep(10000);
    return c->interrupted || (c->status && stop_signal);
}

/* Measure one cell in a process of its own.  Returns 0, or 1 if the run was interrupted. */
static int measure(struct run *r, int index, int block)
{
    struct plan_cell *cell = &r->plan.cells[index];
    struct record record = cell->record;
    struct runner runner;
    struct child c;
    struct why w;
    double deadline = deadline_of(r, cell);

    if (runner_find(&runner, record.runner, &w)) {
        r->cells_bad++;
        skip(r, index, block, w.text);
        return 0;
    }
    r->seq++;
    record.block = block;
    record.seq = r->seq;
    record.trace = is_traced(&record, block);
    const char *speed = *runner.script ? "python_steps_per_ms" : "steps_per_ms";
    if (record.steps_per_ms == UNKNOWN)
        parse_number(machine_get(&r->machine, speed), &record.steps_per_ms);
    if (runner_run(&c, &runner, &record, deadline, &stop_signal, &w))
        die(EXIT_FAILED, "run: %s", w.text);
    int interrupted = is_sent_away(&c);
    if (!interrupted)
        keep_result(r, index, block, &c, deadline);
    child_free(&c);
    return interrupted;
}

/* ---- blocks ---- */

static char *done_at(const struct run *r, int cell, int block)
{
    return &r->done[(long)cell * (r->blocks_most + 1) + block];
}

/* What is still to do of BLOCK.  Units: seconds. */
static double block_seconds(const struct run *r, const int *order, int count, int block)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        if (*done_at(r, order[i], block) != DONE)
            sum += r->plan.cells[order[i]].seconds;
    return sum;
}

/* When BLOCK must be over.  Units: seconds since the run's start. */
static double limit_s(const struct run *r, int block)
{
    return block > r->profile->blocks_least ? r->budget_s : r->overtime_s;
}

/* How long the whole run should take from its start, as far as is known in BLOCK. */
static double total_seconds(const struct run *r, int block, double rest_of_block)
{
    double one = plan_seconds(&r->plan, block + 1) - plan_seconds(&r->plan, block);
    double end = elapsed(r) + rest_of_block;
    while (one > 0 && ++block <= r->blocks_most && end + one <= limit_s(r, block))
        end += one;
    return end;
}

/* Where all takes longer than planned, as on a busy machine: leave out more points now, so that the
 * others have the least number of blocks. */
static void cut_after(struct run *r, int block)
{
    int least = r->profile->blocks_least, count = 0, left = 0;
    if (least > r->blocks_most)
        least = r->blocks_most;
    if (block >= least ||
        !plan_fit(&r->plan, (r->overtime_s - elapsed(r)) * PLAN_FILL, block, least))
        return;
    for (int i = 0; i < r->plan.count; i++) {
        left += !r->plan.cells[i].dropped;
        if (!r->plan.cells[i].dropped || settle_last(r->settle, i) || r->cut[i])
            continue;
        r->cut[i] = block;
        skip(r, i, block + 1, "left out to keep the budget");
        count++;
    }
    machine_set(&r->machine, "dropped_cells", DROPPED_NOTE, "%ld",
                strtol(machine_get(&r->machine, "dropped_cells"), NULL, 10) + count);
    progress_clear(&r->progress);
    char cells[WORD], blocks[WORD];
    if (!wishes.quiet)
        warn("run: all takes longer than planned: %s left out after block %d, so that the other %d "
             "may have %s",
             words_plural(cells, count, "cell"), block, left, words_plural(blocks, least, "block"));
}

/* Returns 1 to go on, 0 to stop here. */
static int run_block(struct run *r, int block)
{
    int *order = calloc((size_t)r->plan.count, sizeof *order), go_on = 1;
    int before = r->cells_ok + r->cells_bad;
    if (!order)
        die(EXIT_FAILED, "run: no memory");
    int count = order_block(&r->plan, r->seed, block, order);
    double rest = block_seconds(r, order, count, block);
    if (block > 1 && rest > 0 && elapsed(r) + rest > limit_s(r, block)) {
        r->lacking_s = rest;
        go_on = 0;
    }
    for (int i = 0; i < count && go_on; i++) {
        struct plan_cell *cell = &r->plan.cells[order[i]];
        char *done = done_at(r, order[i], block);
        if (*done == DONE)
            continue;
        if (elapsed(r) + cell->seconds > limit_s(r, block)) {
            if (block == 1 && *done != SKIPPED)
                skip(r, order[i], block, "the budget was used up");
            continue;
        }
        progress_show(&r->progress, elapsed(r), total_seconds(r, block, rest), block,
                      cell->record.sweep);
        rest -= cell->seconds;
        if (measure(r, order[i], block) || stop_signal)
            go_on = 0;
        else
            *done = DONE;
    }
    free(order);
    if (go_on) {
        settle_look(r->settle, &r->plan, block);
        if (r->cells_ok + r->cells_bad > before) /* not if it was measured long ago */
            cut_after(r, block);
    }
    return go_on && count > 0;
}

/* ---- before ---- */

/* Started by a launcher several times, all would measure the same CPUs at once. */
static void refuse_copies(void)
{
    struct batch b;
    char fix[128];
    batch_read(&b);
    if (b.copies < 2)
        return;
    if (b.copy > 0)
        exit(EXIT_USAGE); /* the first of them says why */
    batch_say_copies(&b, fix, sizeof fix);
    die(EXIT_USAGE,
        "run: %s started this program %ld times on this node, and they would measure each other; "
        "start it once: %s",
        b.launcher, b.copies, fix);
}

/* The kernel's speed on the first CPU we will use. */
static void calibrate(struct run *r)
{
    struct bind_mask before;
    int cpu;
    if (!r->topology->foreign && topology_place(r->topology, "close", 1, &cpu, NULL) == 1 &&
        !bind_save(&before)) {
        bind_self(cpu);
        double speed = kernel_speed(CALIBRATION_MS);
        bind_restore(&before);
        machine_set(&r->machine, "steps_per_ms",
                    "speed of the CPU kernel, measured once for the run", "%.0f", speed * 1e6);
    }
}

static void refuse_slow_build(const struct run *r)
{
    const char *type = machine_get(&r->machine, "build_type");
    if (checks_build(type, machine_get(&r->machine, "flags")) && !wishes.force)
        die(EXIT_USAGE,
            "run: teampool-cell is a %s build (%s): its times mean nothing; build the release "
            "preset, or add --force to measure anyway",
            type, machine_get(&r->machine, "flags"));
}

static uint64_t choose_seed(long wanted)
{
    uint32_t seed = 0;
    if (wanted >= 0)
        return (uint64_t)wanted;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = (uint32_t)clock_ns();
    return seed;
}

static void read_plan(struct run *r, const char *name)
{
    struct why w;
    FILE *f = !strcmp(name, "-") ? stdin : fopen(name, "re");
    if (!f)
        die(EXIT_USAGE, "run: cannot open the plan %s: %s", name, strerror(errno));
    if (plan_read(&r->plan, f, name, &w))
        die(EXIT_USAGE, "run: %s", w.text);
    if (f != stdin)
        fclose(f);
}

/* As many as the plan's largest cell opens. */
static void raise_files(const struct plan *p)
{
    double need[ROOM_KINDS], most = 0;
    for (int i = 0; i < p->count; i++) {
        room_cell(&p->cells[i].record, need);
        if (!p->cells[i].dropped)
            most = fmax(most, need[ROOM_FILES]);
    }
    room_raise_files(most);
}

/* What the cell program would refuse is refused before anything is measured; what may be missing is
 * left out. */
static void check_plan(struct plan *p, const char *name)
{
    struct why w;
    for (int i = 0; i < p->count; i++) {
        const struct plan_cell *c = &p->cells[i];
        int here = c->optional ? listing_is_here(&c->record, &w) : listing_takes(&c->record, &w);
        if (here > 0)
            continue;
        if (here < 0 || !c->optional)
            die(EXIT_USAGE, "run: %s: line %ld: %s", name, c->line, w.text);
        plan_leave_out(p, i, w.text);
    }
}

/* A launcher that was named is looked for once, not found missing by cell after cell. */
static void check_launcher(const struct plan *p)
{
    const char *wanted = launcher_command(NULL);
    struct why w;
    int launched = wishes.mpi != NULL;
    for (int i = 0; i < p->count && !launched; i++)
        launched = listing_is("backend", p->cells[i].record.backend, "launched");
    if (wanted && launched && launcher_look(wanted, &w))
        die(EXIT_USAGE, "run: %s", w.text);
}

/* Lay out, cut to the room and the budget. */
static void make_plan(struct run *r)
{
    if (wishes.plan) {
        read_plan(r, wishes.plan);
    } else {
        room_limit(r->topology, r->root, r->limited);
        profile_plan(&r->plan, r->profile, r->topology);
        room_fit(&r->plan, r->topology, r->root);
        if (wishes.mpi && !profile_is_long(r->profile))
            warn("run: the profile %s measures no MPI, so --mpi changes nothing; default and full "
                 "do",
                 r->profile->name);
    }
    if (wishes.only)
        plan_only(&r->plan, wishes.only);
    check_launcher(&r->plan);
    if (!r->plan.count)
        die(EXIT_USAGE, "run: no cell's line contains '%s'", wishes.only);
    if (wishes.plan)
        check_plan(&r->plan, wishes.plan);
    if (!wishes.quiet)
        room_tell(&r->plan, "run", r->limited);
    double budget_s = profile_budget_s(r->profile, &r->plan);
    if (!wishes.plan && wishes.budget_s <= 0 && wishes.blocks < 0) {
        r->budget_s = budget_s;
        r->overtime_s = budget_s * PROFILE_OVERTIME;
    }
    /* Where blocks are asked for, and no time, a profile has the cells that it always has. */
    double seconds = wishes.plan || isfinite(r->budget_s) ? r->budget_s : budget_s;
    plan_fit(&r->plan, seconds * PLAN_FILL, 0, r->profile->blocks_least);
    room_insist(&r->plan, "run");
    raise_files(&r->plan);
}

/* The dropped cells leave the plan, and are told in status.csv. */
static int take_out_dropped(struct run *r, struct plan_cell **dropped)
{
    int count = 0, kept = 0;
    *dropped = calloc((size_t)r->plan.count, sizeof **dropped);
    if (!*dropped)
        die(EXIT_FAILED, "run: no memory");
    for (int i = 0; i < r->plan.count; i++) {
        if (r->plan.cells[i].dropped)
            (*dropped)[count++] = r->plan.cells[i];
        else
            r->plan.cells[kept++] = r->plan.cells[i];
    }
    r->plan.count = kept;
    return count;
}

/* The budget, where it is not the one that the list of profiles tells. */
static void tell_longer(const struct run *r)
{
    double more = r->budget_s - r->profile->budget_s;
    if (!wishes.plan && wishes.budget_s <= 0 && isfinite(r->budget_s) && more > 0)
        warn("run: the budget is %.0f s: %.0f s of the profile and %.0f s for MPI", r->budget_s,
             r->profile->budget_s, more);
}

static void dry_run(struct run *r)
{
    int dropped = 0, unfit = 0;
    for (int i = 0; i < r->plan.count; i++) {
        dropped += r->plan.cells[i].dropped;
        unfit += r->plan.cells[i].why != NULL;
    }
    plan_print(&r->plan, stdout);
    double one = plan_seconds(&r->plan, 1);
    int blocks = 1;
    while (blocks < r->blocks_most && plan_seconds(&r->plan, blocks + 1) <= limit_s(r, blocks + 1))
        blocks++;
    char cells[WORD], whole[WORD], left[WORD], *list = plan_say_dropped(&r->plan);
    warn("run: %s, about %.1f s for the first block, %s in %.0f s; %s left out to keep the "
         "budget%s%s",
         words_plural(cells, r->plan.count - dropped, "cell"), one,
         words_plural(whole, blocks, "block"), plan_seconds(&r->plan, blocks),
         words_plural(left, dropped - unfit, "cell"), *list ? ": " : "", list);
    free(list);
    tell_longer(r);
}

/* What the Python runners stand on.  From here on it is this Python: asking for it by name may lead
 * through a script that looks for it. */
static void describe_peers(struct run *r)
{
    struct csv *about = NULL;
    if (!plan_has_peers(&r->plan) || listing_ask(&about, "peers", "--about", NULL))
        return;
    for (long row = 0; row < about->rows; row++) {
        const char *key = csv_cell(about, row, csv_column(about, "key"));
        const char *note = csv_cell(about, row, csv_column(about, "note"));
        machine_set(&r->machine, key, note, "%s", csv_cell(about, row, csv_column(about, "value")));
        if (!strcmp(key, "python"))
            setenv("TEAMPOOL_PYTHON", note, 1);
    }
    csv_free(about);
}

static void describe_budget(struct run *r)
{
    char budget[32] = "", overtime[32] = "";
    if (r->has_budget) {
        snprintf(budget, sizeof budget, "%g", r->budget_s);
        snprintf(overtime, sizeof overtime, "%g", r->overtime_s);
    }
    machine_set(&r->machine, "budget_s",
                r->has_budget ? "for all parts of the run" : "no time was asked for", "%s", budget);
    machine_set(&r->machine, "overtime_s", "until then for the least number of blocks", "%s",
                overtime);
    machine_set(&r->machine, "blocks_most", "", "%d", r->blocks_most);
    machine_set(&r->machine, "narrow",
                "cells with intervals so narrow need no more blocks; 0: all do", "%g", r->width);
}

static void describe(struct run *r, const char *command)
{
    describe_machine(&r->machine, r->topology);
    describe_peers(r);
    openmp_describe(&r->machine, &r->plan);
    if (*r->limited)
        machine_set(&r->machine, "effective_workers", r->limited, "%ld",
                    r->topology->effective_workers);
    machine_set(&r->machine, "profile", "", "%s", wishes.plan ? "plan file" : r->profile->name);
    describe_budget(r);
    machine_set(&r->machine, "seed", "fixes the order of the cells", "%llu",
                (unsigned long long)r->seed);
    machine_set(&r->machine, "command", "", "%s", command);
}

/* What the machine is like before the run.  It is told at once, while it can still be mended, and
 * the time that it takes is not the budget's. */
static void examine(struct run *r, const struct needs *needs, struct checks *found)
{
    int64_t begin_ns = clock_ns();
    doctor_examine(found, needs, r->topology, NULL, r->folder.path,
                   machine_get(&r->machine, "build_type"), machine_get(&r->machine, "flags"));
    if (!wishes.quiet && (found->bad || found->warnings)) {
        warn("run: before it begins, '%s doctor' finds:", program_path);
        checks_print(found, MARK_WARN, NULL, stderr);
    }
    r->start_ns += clock_ns() - begin_ns;
}

/* What a run begins with, machine.csv last: a folder without it has not begun.  Returns 0, or
 * -errno with WHY. */
static int begin_folder(struct run *r, const struct checks *found, const struct plan_cell *dropped,
                        int count, struct why *w)
{
    char file[4200];
    const size_t room = sizeof file;
    int error =
        topology_export_xml(r->topology, folder_file(&r->folder, "topology.xml", file, room), w);
    if (!error)
        error = pus_write(r->topology, folder_file(&r->folder, "topology.csv", file, room), w);
    if (!error)
        error = doctor_write(found, folder_file(&r->folder, "doctor.csv", file, room), w);
    for (int i = 0; !error && i < count; i++)
        error = folder_add_status(&r->folder, &dropped[i].record, 0, 0, 0, CELL_SKIPPED,
                                  dropped[i].why ? dropped[i].why : "left out to keep the budget",
                                  -1, w);
    if (!error)
        error = machine_write(&r->machine, folder_file(&r->folder, "machine.csv", file, room), w);
    return error;
}

static void start_new(struct run *r, const char *command)
{
    struct plan_cell *dropped;
    struct needs needs;
    struct checks found;
    struct why w;
    r->seed = choose_seed(wishes.seed);
    make_plan(r);
    if (wishes.dry_run) {
        dry_run(r);
        exit(EXIT_OK);
    }
    describe(r, command);
    refuse_slow_build(r);
    calibrate(r);
    doctor_needs(&needs, &r->plan, r->blocks_most, r->topology);
    int count = take_out_dropped(r, &dropped), unfit = 0;
    for (int i = 0; i < count; i++)
        unfit += dropped[i].why != NULL;
    machine_set(&r->machine, "dropped_cells", DROPPED_NOTE, "%d", count - unfit);
    machine_set(&r->machine, "unfit_cells",
                "left out for want of room or of who measures them; status.csv says of what", "%d",
                unfit);
    if (folder_create(&r->folder, wishes.out, machine_get(&r->machine, "hostname"), &r->plan, &w))
        die(EXIT_FAILED, "run: %s", w.text);
    examine(r, &needs, &found);
    if (begin_folder(r, &found, dropped, count, &w)) {
        folder_take_back(&r->folder);
        die(EXIT_FAILED, "run: %s; nothing was measured", w.text);
    }
    free(dropped);
}

/* ---- going on ---- */

/* As if all that was measured had been measured now. */
static void take_back(struct run *r)
{
    struct past past;
    struct why w;
    if (past_read(&past, &r->folder, r->plan.count, r->blocks_most, &w))
        die(EXIT_FAILED, "run: %s", w.text);
    for (long i = 0; i < past.visits; i++) {
        const struct visit *v = &past.visit[i];
        *done_at(r, v->cell, v->block) = v->skipped ? SKIPPED : DONE;
        if (v->skipped && v->block > 1 && wishes.blocks < 0 && wishes.budget_s <= 0)
            r->cut[v->cell] = v->block - 1;
        if (!isnan(v->seconds))
            r->plan.cells[v->cell].seconds = v->seconds;
        if (!isnan(v->median_ns)) /* so that what had settled is known again */
            settle_note(r->settle, v->cell, v->block, v->median_ns);
    }
    r->seq = past.seq;
    r->used_before_s = fmax(past.used_s, strtod(machine_get(&r->machine, "elapsed_s"), NULL));
    r->sampled_before_s = past.sampled_s;
    past_free(&past);
    for (int i = 0; i < r->plan.count; i++)
        r->plan.cells[i].dropped = r->cut[i] > 0;
    if (wishes.budget_s > 0) /* from now on */
        r->budget_s = r->overtime_s = r->used_before_s + wishes.budget_s;
    if (!r->has_budget) /* no width: all blocks are wanted */
        r->budget_s = r->overtime_s = r->width > 0 ? r->used_before_s + PLAN_BUDGET_S : INFINITY;
}

static void start_again(struct run *r)
{
    char file[4200];
    struct why w;
    int64_t number;
    if (folder_reopen(&r->folder, wishes.resume, &w) ||
        machine_read(&r->machine, folder_file(&r->folder, "machine.csv", file, sizeof file), &w))
        die(EXIT_FAILED, "run: cannot go on with '%s': %s", wishes.resume, w.text);
    read_plan(r, folder_file(&r->folder, "plan.txt", file, sizeof file));
    if (!wishes.mpi && *machine_get(&r->machine, "mpirun"))
        setenv(LAUNCHER_VARIABLE, machine_get(&r->machine, "mpirun"), 1);
    check_launcher(&r->plan);
    raise_files(&r->plan);
    const struct profile *recorded = profile_find(machine_get(&r->machine, "profile"));
    if (recorded)
        r->profile = recorded;
    if (!parse_number(machine_get(&r->machine, "seed"), &number))
        die(EXIT_FAILED, "run: cannot go on with '%s': its machine.csv has no seed", wishes.resume);
    r->seed = (uint64_t)number;
    if (parse_number(machine_get(&r->machine, wishes.blocks > 0 ? "blocks" : "blocks_most"),
                     &number) &&
        number > wishes.blocks)
        r->blocks_most = (int)number;
    if (wishes.blocks < 0 && *machine_get(&r->machine, "narrow"))
        r->width = strtod(machine_get(&r->machine, "narrow"), NULL);
    if (wishes.budget_s <= 0) {
        r->budget_s = strtod(machine_get(&r->machine, "budget_s"), NULL);
        r->overtime_s = fmax(r->budget_s, strtod(machine_get(&r->machine, "overtime_s"), NULL));
        r->has_budget = r->budget_s > 0 && wishes.blocks < 0; /* blocks are asked for, not time */
    }
    refuse_slow_build(r);
}

/* ---- after ---- */

/* A share of this part of the run, and of the parts before it, by their lengths, as far as they
 * told it: those that were killed did not. */
static void set_share(struct run *r, const char *key, const char *note, double share, double wall_s)
{
    const char *told = machine_get(&r->machine, key);
    double before_s = *told ? r->used_before_s : 0, before = strtod(told, NULL) * before_s;
    machine_set(&r->machine, key, note, "%.4f", (before + share * wall_s) / (before_s + wall_s));
}

static void set_shares(struct run *r, double wall_s)
{
    int64_t used, steal;
    double all = wall_s * 1e9 * (double)r->topology->pus;
    if (!r->used_ns || !measure_machine(NULL, &used, &steal) || all <= 0)
        return;
    double foreign = (double)(used - r->used_ns) - (measure_own() - r->own_ns);
    set_share(r, "foreign_share", "CPU time of other processes over the machine's, in this run",
              fmax(foreign, 0) / all, wall_s);
    set_share(r, "steal_share", "CPU time that the hypervisor took",
              (double)(steal - r->steal_ns) / all, wall_s);
}

/* Passes over the plan in which every cell that was still wanted was measured, by this part of the
 * run or an earlier. */
static int whole_blocks(struct run *r)
{
    int blocks = 0, *order = calloc((size_t)r->plan.count, sizeof *order);
    for (int i = 0; i < r->plan.count; i++)
        r->plan.cells[i].dropped = 0;
    for (int block = 1; order && block <= r->blocks_most; block++) {
        int count = order_block(&r->plan, r->seed, block, order), done = 0, wanted = 0;
        for (int i = 0; i < count; i++) {
            int settled = settle_last(r->settle, order[i]), cut = r->cut[order[i]];
            int last = settled ? settled : cut;
            wanted += !last || block <= last;
            done += *done_at(r, order[i], block) == DONE;
        }
        blocks += wanted > 0 && done >= wanted;
    }
    free(order);
    return blocks;
}

/* Was there nothing left to go on with? */
static int is_finished(const struct run *r)
{
    return wishes.resume && !r->cells_ok && !r->cells_bad && !stop_signal;
}

/* ... and nothing new to say of the run?  It may have been killed just before it said so. */
static int is_told(const struct run *r)
{
    return is_finished(r) && !strcmp(machine_get(&r->machine, "interrupted"), "no") &&
           strtol(machine_get(&r->machine, "blocks"), NULL, 10) == r->blocks;
}

/* What there is to say of the run now that it is over. */
static void describe_end(struct run *r)
{
    char load[32];
    double wall_s = (double)(clock_ns() - r->start_ns) / 1e9;
    describe_budget(r);
    describe_load(load, sizeof load);
    machine_set(&r->machine, "load_after", "load average of the run's last minute", "%s", load);
    machine_set(&r->machine, "elapsed_s", "measuring, from start to end", "%.2f", elapsed(r));
    machine_set(&r->machine, "sampled_s", "of that, inside samples and warm-up samples", "%.2f",
                r->sampled_before_s + r->sampled_s);
    machine_set(&r->machine, "blocks", "whole passes over the plan", "%d", r->blocks);
    int settled = 0;
    for (int i = 0; i < r->plan.count; i++)
        settled += settle_last(r->settle, i) > 0;
    machine_set(&r->machine, "settled_cells", "needed no more blocks: their intervals were narrow",
                "%d", settled);
    machine_set(&r->machine, "suspended_s",
                "by a suspend of the machine; samples beside it do not count", "%.2f",
                r->suspended_s + strtod(machine_get(&r->machine, "suspended_s"), NULL));
    machine_set(&r->machine, "interrupted", "", "%s", stop_signal ? "yes" : "no");
    if (!is_finished(r))
        set_shares(r, wall_s);
}

static void finish(struct run *r)
{
    char file[4200];
    struct why w;
    int error = 0;
    folder_close(&r->folder);
    r->blocks = whole_blocks(r);
    if (!is_told(r)) {
        describe_end(r);
        error = machine_write(&r->machine,
                              folder_file(&r->folder, "machine.csv", file, sizeof file), &w);
    }
    if (error || summarize(r->folder.path, &w))
        stop_writing(r, &w);
}

/* Why a run that was to go on has measured nothing. */
static void tell_finished(const struct run *r)
{
    char blocks[WORD];
    words_plural(blocks, r->blocks, "block");
    if (r->lacking_s > 0)
        fprintf(stderr,
                "%s has %s, and no time for another: it takes about %.1f s, and of the budget "
                "%.1f s are left; nothing was measured.  For more: %s run --resume '%s' "
                "--budget %.0fs\n",
                r->folder.path, blocks, r->lacking_s, fmax(r->budget_s - r->used_before_s, 0),
                program_path, r->folder.path, fmax(ceil(10 * r->lacking_s), LITTLE_BUDGET_S));
    else
        fprintf(stderr,
                "%s is finished: %s; nothing was measured.  For more of them: %s run "
                "--resume '%s' --blocks %d\n",
                r->folder.path, blocks, program_path, r->folder.path, 2 * r->blocks);
}

static void tell(const struct run *r)
{
    double wall_s = (double)(clock_ns() - r->start_ns) / 1e9;
    char runs[WORD], blocks[WORD];
    if (is_finished(r)) {
        if (!wishes.quiet)
            tell_finished(r);
        puts(r->folder.path);
        return;
    }
    if (r->cells_bad)
        warn("run: %s failed; the reasons are in %s/status.csv",
             words_plural(runs, r->cells_bad, "cell run"), r->folder.path);
    if (!wishes.quiet)
        fprintf(stderr, "%s in %s%s%s, %.1f s, %.0f %% of it in samples\n",
                words_plural(runs, r->cells_ok, "cell run"), wishes.resume ? "this part, " : "",
                words_plural(blocks, r->blocks, "whole block"), wishes.resume ? " in all" : "",
                wall_s, 100 * r->sampled_s / wall_s);
    if (wishes.lent)
        return;
    if (!wishes.quiet && !stop_signal)
        judge_hints(r->folder.path, stderr);
    if (stop_signal)
        warn("interrupted; what was measured is kept; go on with: %s run --resume '%s'",
             program_path, r->folder.path);
    else if (!wishes.quiet)
        fprintf(stderr, "the page: %s report '%s'\n", program_path, r->folder.path);
    puts(r->folder.path);
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    static const int ends[] = {
        SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU
    }; /* batch systems warn with these */
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is a full disk: an error, not a death */
}

static const struct option options[] = {
    { "--profile", "P", OPTION_WORD, ONE_OF(&wishes.profile, profiles),
      "what to measure, and for how long" },
    { "--plan", "FILE", OPTION_TEXT, &wishes.plan,
      "measure these plan lines instead, those after a ? only where what they need is there; "
      "-: standard input" },
    { "--only", "PATTERN", OPTION_TEXT, &wishes.only, "only cells whose line contains it" },
    { "--out", "DIR", OPTION_TEXT, &wishes.out, "the run's folder (results/<host>-<UTC>)" },
    { "--budget", "TIME", OPTION_SECONDS, &wishes.budget_s,
      "time to measure: 90 or 90s, 3m, 1h (the profile's; 1h with --plan); with --resume: from "
      "now on" },
    { "--blocks", "N", OPTION_COUNT, &wishes.blocks,
      "exactly N blocks of the profile's cells or the plan's, however long they take and however "
      "narrow the intervals become; with --budget: N at most" },
    { "--mpi", "COMMAND", OPTION_TEXT, &wishes.mpi,
      "what starts MPI's processes, 'mpirun --hostfile F'; the profiles default and full then "
      "measure MPI, too, and take up to a minute longer" },
    { "--seed", "N", OPTION_COUNT, &wishes.seed, "fixes the order of the cells" },
    { "--resume", "DIR", OPTION_TEXT, &wishes.resume,
      "go on with an interrupted run; with --blocks N with a finished one" },
    { "--dry-run", NULL, OPTION_FLAG, &wishes.dry_run,
      "print the plan and how long it should take by rough prices; a run goes by what it "
      "measures" },
    { "--topology", "MACHINE", OPTION_TEXT, &wishes.topology, "with --dry-run, " TOPOLOGY_HELP },
    { "--quiet", NULL, OPTION_FLAG, &wishes.quiet, "no progress, no summary" },
    { "--verbose", NULL, OPTION_FLAG, &wishes.verbose, "a line for every cell that was measured" },
    { "--force", NULL, OPTION_FLAG, &wishes.force, "measure with a Debug or sanitizer build, too" },
    { 0 },
};

static void take_wishes(const struct command *self, int argc, char **argv)
{
    const struct wishes *w = &wishes;
    if (options_take(self, argc, argv))
        die(EXIT_USAGE, "run: '%s' is not an option; '%s run --help' lists them", argv[0],
            program_path);
    if (!w->blocks || w->blocks > 1000000)
        die(EXIT_USAGE, "run: --blocks %ld: at least 1, at most 1000000", w->blocks);
    if (w->quiet && w->verbose)
        die(EXIT_USAGE, "run: --quiet and --verbose contradict each other");
    if (w->plan && w->profile >= 0)
        die(EXIT_USAGE, "run: --plan and --profile both say what to measure: give one of them; how "
                        "often and how long say --blocks and --budget");
    if (w->resume &&
        (w->plan || w->profile >= 0 || w->out || w->only || w->seed >= 0 || w->dry_run))
        die(EXIT_USAGE, "run: --resume takes plan, folder and seed from the run, and measures; of "
                        "the other options only --budget, --blocks, --mpi, --quiet, --verbose and "
                        "--force "
                        "go with it");
    if (w->mpi)
        setenv(LAUNCHER_VARIABLE, w->mpi, 1); /* for the cell programs */
}

/* What they mean for time and blocks. */
static void set_limits(struct run *r)
{
    const struct wishes *w = &wishes;
    r->profile = &profiles[w->profile >= 0 ? w->profile : PROFILE_DEFAULT];
    r->has_budget = w->budget_s > 0 || !(w->plan || w->blocks > 0);
    r->budget_s = w->budget_s > 0 ? w->budget_s
                  : w->blocks > 0 ? INFINITY
                  : w->plan       ? PLAN_BUDGET_S
                                  : r->profile->budget_s;
    r->overtime_s = r->budget_s * (w->budget_s > 0 || w->plan ? 1 : PROFILE_OVERTIME);
    r->blocks_most = w->blocks > 0 ? (int)w->blocks : r->profile->blocks_most;
    r->width = w->blocks > 0 ? 0 : r->profile->width;
}

static int carry_out(const char *command)
{
    struct run r = { .folder = { .samples = -1, .status = -1, .trace = -1 } };
    struct why w;
    set_limits(&r);
    r.start_ns = clock_ns();
    r.root = wishes.dry_run ? getenv("TEAMPOOL_ROOT") : NULL;
    const struct topology_spec spec = { .root = r.root,
                                        .described = wishes.topology,
                                        .source = "--topology",
                                        .granted = batch_cpus() };
    if (topology_load(&r.topology, &spec, &w))
        die(EXIT_FAILED, "run: %s", w.text);
    if (r.topology->foreign && !wishes.dry_run)
        die(EXIT_USAGE, "run: %s describes another machine: only --dry-run and plan can use it",
            r.topology->source);
    if (!wishes.dry_run)
        refuse_copies();
    catch_signals();
    if (wishes.resume)
        start_again(&r);
    else
        start_new(&r, command);
    r.cut = calloc((size_t)r.plan.count, sizeof *r.cut);
    r.done = calloc((size_t)r.plan.count * (size_t)(r.blocks_most + 1), 1);
    r.settle = settle_new(&r.plan, r.blocks_most, r.width);
    if (!r.cut || !r.done || !r.settle)
        die(EXIT_FAILED, "run: no memory");
    if (wishes.resume)
        take_back(&r);
    r.progress = progress_begin(wishes.quiet);
    r.asleep_ns = clock_suspended_ns();
    measure_machine(NULL, &r.used_ns, &r.steal_ns);
    r.own_ns = measure_own();
    for (int block = 1; block <= r.blocks_most && run_block(&r, block); block++) {
    }
    progress_clear(&r.progress);
    finish(&r);
    tell(&r);
    int code = stop_signal ? EXIT_INTERRUPTED : r.cells_bad ? EXIT_FAILED : EXIT_OK;
    free(r.cut);
    free(r.done);
    settle_free(r.settle);
    plan_free(&r.plan);
    machine_free(&r.machine);
    topology_free(r.topology);
    return code;
}

int run_lend(const char *plan, long blocks, double budget_s, const char *out, int force,
             const char *command)
{
    wishes = (struct wishes){ .plan = plan,
                              .out = out,
                              .blocks = blocks,
                              .budget_s = budget_s,
                              .seed = -1,
                              .profile = -1,
                              .force = force,
                              .lent = 1 };
    return carry_out(command);
}

static int run_main(const struct command *self, int argc, char **argv)
{
    char command[1000] = "teampool run";
    for (int i = 0; i < argc; i++)
        snprintf(command + strlen(command), sizeof command - strlen(command), " %s", argv[i]);
    take_wishes(self, argc, argv);
    return carry_out(command);
}

const char *const first_step = "run --profile quick";

const struct command command_run = {
    .name = "run",
    .operands = "",
    .summary = "measure a profile or a plan; the results go into a folder of their own",
    .about =
        "Measures blocks over all cells of the plan, each cell in a fresh process, in random "
        "order, until\n"
        "the intervals are narrow or the budget is used up.  Prints the folder's name.\n"
        "Ctrl-C keeps what is done, and so do SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU, by "
        "which batch\n"
        "systems say that time is up: the exit code is 130, and --resume goes on.",
    .main = run_main,
    .options = options,
};
