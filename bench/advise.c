/* SPDX-License-Identifier: MIT
 *
 * advise: what to use for my loop.  Asks the model of a run (model.h) for the best team, workers
 * and chunk, how long it takes, and by how much the next best loses.  Speaks only about loops like
 * those that were measured, unless it is told to extrapolate.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/sort.h"
#include "command.h"
#include "derive.h"
#include "larger.h"
#include "machine.h"
#include "summarize.h"
#include "words.h"

#define WORTHWHILE 1.05   /* a speed-up below is none */
#define SAME       0.0005 /* a difference below is told as 0.0% */

struct question {
    double task_ns;
    long tasks, payload, workers; /* PAYLOAD -1: not asked; WORKERS 0: any */
    int extrapolate, as_csv;
};

/* A model that errs by more in half of the cases knows nothing of this run. */
#define MOST_ERROR 0.25

/* What one series would do. */
struct candidate {
    const struct model *m;
    double workers; /* M's, or more: then it is predicted from M */
    struct larger team;
    enum bound bound;
    double chunk, ns;
    int outside;   /* 1: the loop is not like those it was measured with */
    char why[160]; /* in what way */
};

struct answer {
    const struct question *q;
    struct candidate *c; /* by time */
    long count, outside;
    int predicted; /* 1: no team of so many workers was measured */
    double margin, serial_ns;
    struct errors errors; /* of all series, or of predicted teams that were measured, too */
    struct larger_test test;
};

/* What a series would do ---------------------------------------------------------------------- */

static const char *field(const struct derivation *d, const struct model *m, const char *name)
{
    return key_text(m->cell[0], blocks_key_column(d->record, name));
}

/* How much longer a task takes when all workers are busy, at the measured length nearest TASK_NS:
 * 1 where nobody measured it. */
static double slowdown(struct derivation *d, const struct model *m, double task_ns)
{
    double factor = 1, nearest = INFINITY;
    for (long i = 0; i < m->cells; i++) {
        const struct cell *c = m->cell[i];
        double distance = fabs(log(c->task_ns / task_ns));
        if (!derive_is(d, c, "workload", "cpu") || !derive_corun(d, c) || !c->serial ||
            !(distance < nearest))
            continue;
        double ratio = derive_middle(d, c).work / c->serial->per_task_ns;
        if (!isfinite(ratio))
            continue;
        nearest = distance;
        factor = ratio;
    }
    return factor;
}

/* What a byte costs where it need not move: that is in the user's own time per task already. */
static double byte_in_place(const struct derivation *d)
{
    double least = INFINITY;
    for (long i = 0; i < d->model_count; i++) {
        if (d->models[i].byte.n)
            least = fmin(least, d->models[i].byte.mid);
    }
    return least;
}

static int is_predicted(const struct candidate *c)
{
    return c->workers != c->m->workers;
}

static double wall_of(struct candidate *c, const struct loop *loop)
{
    return is_predicted(c) ? larger_wall(&c->team, loop, &c->bound)
                           : model_wall(c->m, &c->m->middle, loop);
}

/* Of the sizes that were measured, as powers of two and one block a worker, the one that the rule
 * for measured chunks would name.  Sets the time. */
static void choose_chunk(struct loop *loop, struct candidate *c)
{
    enum { SIZES = 64 };
    const struct model *m = c->m;
    double chunks[SIZES], times[SIZES], block = ceil(loop->tasks / c->workers);
    double most = m->hands_out ? fmin(block, m->largest) : block;
    long n = 0;
    for (double size = m->hands_out ? m->smallest : block; size < most && n < SIZES - 1; size *= 2)
        chunks[n++] = size;
    chunks[n++] = fmax(most, 1);
    for (long i = 0; i < n; i++) {
        loop->chunk = chunks[i];
        times[i] = wall_of(c, loop);
    }
    c->chunk = loop->chunk = fit_chunk_span(chunks, times, n, CHUNK_WITHIN).recommended;
    c->ns = wall_of(c, loop);
}

/* Is the loop like those that M was measured with?  WHY says what those were. */
static int is_inside(const struct model *m, const struct question *q, char why[160])
{
    char from[WORD], to[WORD];
    double tasks = (double)q->tasks, bytes = (double)q->payload;
    if (!(q->task_ns >= m->shortest && q->task_ns <= m->longest))
        snprintf(why, 160, "tasks of %s to %s were measured", words_time(from, m->shortest, 2),
                 words_time(to, m->longest, 2));
    else if (!(tasks >= m->fewest && tasks <= m->most))
        snprintf(why, 160, "jobs of %s to %s tasks were measured", words_count(from, m->fewest),
                 words_count(to, m->most));
    else if (bytes >= 0 && isnan(m->least_bytes))
        snprintf(why, 160, "no payload was measured");
    else if (bytes >= 0 && !(bytes >= m->least_bytes && bytes <= m->most_bytes))
        snprintf(why, 160, "payloads of %s to %s bytes were measured",
                 words_count(from, m->least_bytes), words_count(to, m->most_bytes));
    else
        return 1;
    return 0;
}

/* What WORKERS of M's kind would do. */
static struct candidate candidate_of(struct derivation *d, const struct model *m, double workers,
                                     const struct question *q)
{
    struct candidate c = { .m = m, .workers = workers };
    struct loop loop = { .tasks = (double)q->tasks };
    double byte = q->payload > 0 ? m->byte.mid - byte_in_place(d) : 0;
    double bytes = isfinite(byte) ? byte * (double)q->payload : 0;
    loop.work = q->task_ns * slowdown(d, m, q->task_ns) + bytes;
    c.outside = !is_inside(m, q, c.why);
    if (is_predicted(&c)) {
        c.team = larger_of(d, m, workers);
        c.team.bytes = fmax(bytes, 0);
        c.outside = 1;
    }
    choose_chunk(&loop, &c);
    return c;
}

static void consider(struct derivation *d, const struct model *m, struct answer *a)
{
    const struct question *q = a->q;
    if (!m->middle.known || (q->workers && (double)q->workers != m->workers))
        return;
    a->c[a->count] = candidate_of(d, m, m->workers, q);
    a->outside += a->c[a->count++].outside;
}

/* Of the teams like M, the one to predict WORKERS from: the largest below, else the smallest. */
static const struct model *base_for(const struct derivation *d, const struct model *m,
                                    double workers)
{
    const struct model *best = NULL;
    for (long i = 0; i < d->model_count; i++) {
        const struct model *other = &d->models[i];
        if (!larger_alike(d, m, other) || !larger_can(d, other))
            continue;
        int below = other->workers <= workers, best_below = best && best->workers <= workers;
        if (!best || (below == best_below ? below == (other->workers > best->workers) : below))
            best = other;
    }
    return best;
}

/* A team of each kind, predicted for the number of workers that is asked for. */
static void predict(struct derivation *d, struct answer *a)
{
    double workers = (double)a->q->workers;
    for (long i = 0; i < d->model_count; i++)
        if (base_for(d, &d->models[i], workers) == &d->models[i])
            a->c[a->count++] = candidate_of(d, &d->models[i], workers, a->q);
    a->predicted = a->count > 0;
    a->outside = a->count;
    a->test = larger_test(d);
    a->errors = a->test.errors;
}

/* What is like the measured first, unless EXTRAPOLATE; then by time. */
static int by_time(const void *left, const void *right, void *extrapolate)
{
    const struct candidate *a = left, *b = right;
    if (!*(const int *)extrapolate && a->outside != b->outside)
        return a->outside - b->outside;
    if (a->ns != b->ns)
        return a->ns < b->ns ? -1 : 1;
    return (a->m->first > b->m->first) - (a->m->first < b->m->first);
}

/* How they compare ------------------------------------------------------------------------------
 */

/* How far the model is off for M.  Its own held-out cells are few: it is not trusted more than the
 * model as a whole. */
static struct errors errors_of(const struct answer *a, const struct model *m)
{
    struct errors e = a->errors;
    e.half = fmax(e.half, m->errors.half);
    e.most = fmax(e.most, m->errors.most);
    return e;
}

/* Within this two predictions are alike: what the run's verdicts allow, or what the model errs. */
static double margin_between(const struct answer *a, const struct candidate *x,
                             const struct candidate *y)
{
    return fmax(a->margin, fmax(errors_of(a, x->m).half, errors_of(a, y->m).half));
}

/* Is C as good as the best? */
static int is_alike(const struct answer *a, const struct candidate *c)
{
    return c->ns / a->c[0].ns <= 1 + margin_between(a, &a->c[0], c);
}

/* The best of another backend, or NULL. */
static const struct candidate *runner_up(const struct derivation *d, const struct answer *a)
{
    for (long i = 1; i < a->count; i++)
        if (strcmp(field(d, a->c[i].m, "backend"), field(d, a->c[0].m, "backend")) != 0)
            return &a->c[i];
    return NULL;
}

enum outcome { OUTCOME_BEST, OUTCOME_EITHER, OUTCOME_SERIAL };

static enum outcome outcome_of(const struct derivation *d, const struct answer *a)
{
    const struct candidate *second = runner_up(d, a);
    if (!(a->serial_ns / a->c[0].ns >= WORTHWHILE))
        return OUTCOME_SERIAL;
    if (second && is_alike(a, second))
        return OUTCOME_EITHER;
    return OUTCOME_BEST;
}

/* Saying it -------------------------------------------------------------------------------------
 */

static void name_of(char out[96], const struct derivation *d, const struct candidate *c)
{
    const char *start = field(d, c->m, "start"), *wait = field(d, c->m, "wait");
    snprintf(out, 96, "%.30s %.30s%s%s", field(d, c->m, "backend"), field(d, c->m, "schedule"),
             strcmp(start, "spawn") ? "" : ", spawned", strcmp(wait, "active") ? "" : ", spinning");
}

static void print_loop(const struct answer *a, int outside)
{
    const struct question *q = a->q;
    char tasks[WORD], time[WORD], bytes[WORD];
    printf("%s%s of %s",
           a->predicted ? "Predicted: "
           : outside    ? "Extrapolated: "
                        : "",
           words_plural(tasks, (double)q->tasks, "task"), words_time(time, q->task_ns, 3));
    if (q->payload >= 0)
        printf(" with %s", words_plural(bytes, (double)q->payload, "byte"));
}

/* The teams that are as good as the best: within the margin, and not of its backend alone. */
static void print_choice(const struct derivation *d, const struct answer *a)
{
    const struct candidate *best = &a->c[0];
    char name[96], others[96], workers[WORD], chunk[WORD];
    long alike = 0;
    for (long i = 1; i < a->count; i++)
        alike += is_alike(a, &a->c[i]);
    name_of(name, d, best);
    printf(": %s%s%s, %s, %s per chunk", a->predicted ? "" : "use ", name,
           a->predicted ? " would be the fastest" : "",
           words_plural(workers, best->workers, "worker"), words_count(chunk, best->chunk));
    if (outcome_of(d, a) == OUTCOME_EITHER && alike == 1)
        name_of(others, d, runner_up(d, a));
    else
        snprintf(others, sizeof others, "%ld others below", alike);
    if (outcome_of(d, a) == OUTCOME_EITHER)
        printf("; %s %s as good", others, a->predicted ? "would be" : alike == 1 ? "is" : "are");
    printf(".\n");
}

static void print_headline(const struct derivation *d, const struct answer *a)
{
    print_loop(a, a->c[0].outside);
    if (outcome_of(d, a) != OUTCOME_SERIAL)
        print_choice(d, a);
    else if (a->predicted)
        printf(": no team would be worth it.\n");
    else
        printf(": stay serial, no team is worth it.\n");
}

/* NS as a candidate's time is told: what was predicted for a team that nobody measured in two
 * digits, as its error is unknown or a tenth. */
static const char *time_word(char buffer[WORD], const struct candidate *c, double ns)
{
    return is_predicted(c) ? words_time(buffer, words_round(ns, 2), 2) : words_time(buffer, ns, 3);
}

static void print_times(const struct answer *a)
{
    const struct candidate *best = &a->c[0];
    char time[WORD], low[WORD], high[WORD], serial[WORD], faster[WORD];
    double wide = errors_of(a, best->m).most, speedup = a->serial_ns / best->ns;
    if (a->predicted)
        words_factor(faster, words_round(speedup, 2));
    else
        snprintf(faster, sizeof faster, "%.2f", speedup);
    printf("%s %s", a->predicted ? "The fastest would take about" : "About",
           time_word(time, best, best->ns));
    if (isfinite(wide) && !a->predicted)
        printf(" (%s to %s)", words_time(low, best->ns / (1 + wide), 3),
               words_time(high, best->ns * (1 + wide), 3));
    printf("; serially %s: %s times as fast.\n", words_time(serial, a->serial_ns, 3), faster);
}

/* Why more workers would be of no use. */
static const char *const bound_texts[] = { "", "held up by claims, ", "held up by the caller, " };

static void print_candidate(const struct derivation *d, const struct answer *a, long i)
{
    const struct candidate *c = &a->c[i];
    char name[96], time[WORD], workers[WORD], chunk[WORD], slower[WORD];
    double ratio = c->ns / a->c[0].ns;
    if (is_predicted(c))
        ratio = ratio < 2 ? 1 + words_round(ratio - 1, 2) : words_round(ratio, 2);
    name_of(name, d, c);
    printf("  %-16s %-10s chunk %-9s %s, %s", name, words_plural(workers, c->workers, "worker"),
           words_count(chunk, c->chunk), time_word(time, c, c->ns),
           is_predicted(c) ? bound_texts[c->bound]
           : c->outside    ? "extrapolated, "
                           : "");
    if (i == 0)
        printf("best\n");
    else
        printf("%s%s\n", ratio - 1 < SAME ? "the same" : words_slower(slower, ratio),
               is_alike(a, c) ? ", within the margin" : "");
}

/* How far two times may be apart and count as the same. */
static void print_margin(const struct answer *a)
{
    double least = INFINITY, most = 0;
    for (long i = 1; i < a->count; i++) {
        double margin = margin_between(a, &a->c[0], &a->c[i]);
        least = fmin(least, margin);
        most = fmax(most, margin);
    }
    if (a->count < 2)
        return;
    printf("The margin, below which two times count as the same, is ");
    if (most - least >= SAME)
        printf("%.1f%% to ", 100 * least);
    printf("%.1f%%.\n", 100 * most);
}

static void print_start(struct derivation *d, const struct answer *a)
{
    double start = model_team(d, a->c[0].m, OPEN).mid;
    char name[96], workers[WORD], time[WORD];
    name_of(name, d, &a->c[0]);
    if (isfinite(start) && outcome_of(d, a) != OUTCOME_SERIAL && !a->predicted)
        printf("Starting the %s of %s takes %s more, once.\n",
               words_plural(workers, a->c[0].workers, "worker"), name, words_time(time, start, 2));
}

/* The best team with 1, 2, 4 ... workers, up to those asked for: LOOK at each. */
static void for_curve(struct derivation *d, const struct answer *a,
                      void (*look)(const struct derivation *d, const struct answer *a,
                                   const struct candidate *c))
{
    const struct model *best = a->c[0].m;
    double most = (double)a->q->workers;
    for (double workers = 1;; workers = fmin(2 * workers, most)) {
        const struct model *m = base_for(d, best, workers);
        struct candidate c = candidate_of(d, m, workers, a->q);
        look(d, a, &c);
        if (workers >= most)
            break;
    }
}

static void print_step(const struct derivation *d, const struct answer *a,
                       const struct candidate *c)
{
    char workers[WORD], time[WORD], faster[WORD];
    (void)d;
    printf("  %-16s %-10s %s times as fast as serial code%s\n",
           words_plural(workers, c->workers, "worker"), time_word(time, c, c->ns),
           words_factor(faster, words_round(a->serial_ns / c->ns, 2)),
           is_predicted(c) ? "" : ", measured team");
}

static void print_prediction(struct derivation *d, const struct answer *a)
{
    const struct candidate *c = &a->c[0];
    char name[96], from[WORD], smallest[WORD], largest[WORD], cells[WORD];
    name_of(name, d, c);
    printf("How %s would grow:\n", name);
    for_curve(d, a, print_step);
    printf(
        "This is a prediction for a machine with %ld cores like these, from the costs of %s: "
        "that\ntasks take as long with more workers (no fight for memory, caches or power), that "
        "chunks\nare handed out one by one and never faster than was measured, and that a job's "
        "fixed cost\ngrows with the workers.\n",
        a->q->workers, words_plural(from, c->m->workers, "worker"));
    if (a->test.errors.count)
        printf("Where it could be tested, from %s up to %s, it met %s: half were within "
               "%.1f%%,\nnine in ten within %.1f%%.\n",
               words_plural(smallest, a->test.smallest, "worker"),
               words_plural(largest, a->test.largest, "worker"),
               words_plural(cells, (double)a->test.errors.count, "cell"), 100 * a->test.errors.half,
               100 * a->test.errors.most);
    else
        printf("It could not be tested: that takes two numbers of workers with all their costs, "
               "each worker\nwith a CPU of its own.\n");
}

static void print_tested(const struct answer *a)
{
    char cells[WORD];
    if (a->errors.count)
        printf("The model met %s it had not seen: half of its times were within %.1f%%.\n",
               words_plural(cells, (double)a->errors.count, "cell"), 100 * a->errors.half);
    else
        printf("The model could not be tested: too few cells.\n");
}

static void print_text(struct derivation *d, const struct answer *a)
{
    char blocks[WORD];
    print_headline(d, a);
    print_times(a);
    for (long i = 0; i < a->count; i++)
        print_candidate(d, a, i);
    print_margin(a);
    print_start(d, a);
    if (d->blocks < BLOCKS_FOR_INTERVAL)
        printf("This stands on %s: below %d, chance may have chosen.\n",
               words_plural(blocks, (double)d->blocks, "block"), BLOCKS_FOR_INTERVAL);
    if (a->predicted)
        print_prediction(d, a);
    else
        print_tested(a);
}

static void put_row(const struct derivation *d, const struct answer *a, const struct candidate *c,
                    const char *word)
{
    double wide = is_predicted(c) ? NAN : errors_of(a, c->m).most;
    derive_put_team(d, c->m->cell[0], is_predicted(c) ? c->workers : 0, stdout);
    derive_put(stdout, a->q->task_ns);
    derive_put(stdout, (double)a->q->tasks);
    derive_put(stdout, a->q->payload < 0 ? NAN : (double)a->q->payload);
    derive_put(stdout, c->chunk);
    derive_put(stdout, c->ns);
    derive_put(stdout, c->ns / (1 + wide));
    derive_put(stdout, c->ns * (1 + wide));
    derive_put(stdout, a->serial_ns);
    derive_put(stdout, a->serial_ns / c->ns);
    derive_put(stdout, c->ns / a->c[0].ns);
    derive_put(stdout, margin_between(a, &a->c[0], c));
    printf(",%s", word);
    derive_put(stdout, a->errors.half);
    printf(",%d", c->outside);
    derive_put(stdout, c->m->workers);
    printf(",%s\n", is_predicted(c) ? bound_words[c->bound] : "");
}

static void put_step(const struct derivation *d, const struct answer *a, const struct candidate *c)
{
    put_row(d, a, c, "curve");
}

static void print_csv(struct derivation *d, const struct answer *a)
{
    static const char *const words[] = { "best", "either", "serial" };
    enum outcome outcome = outcome_of(d, a);
    derive_put_series_names(stdout);
    printf(",task_ns,tasks,payload_bytes,chunk,expected_ns,low_ns,high_ns,serial_ns,speedup,"
           "against_best,margin,answer,model_error,extrapolated,from_workers,bound\n");
    for (long i = 0; i < a->count; i++) {
        const struct candidate *c = &a->c[i];
        int slower = c->ns / a->c[0].ns > 1 + margin_between(a, &a->c[0], c);
        put_row(d, a, c,
                outcome == OUTCOME_SERIAL ? words[OUTCOME_SERIAL]
                : slower                  ? "slower"
                : i                       ? words[OUTCOME_EITHER]
                                          : words[outcome]);
    }
    if (a->predicted)
        for_curve(d, a, put_step);
}

/* The whole ---------------------------------------------------------------------------------------
 */

/* Why there is no answer. */
static int refuse(const struct derivation *d, const struct answer *a, struct why *w)
{
    char name[96];
    if (!a->count && a->q->workers)
        return why(
            w, -ENODATA,
            "no team of %ld workers was measured well enough; leave out --workers, measure one, "
            "or let --extrapolate predict it",
            a->q->workers);
    if (!a->count)
        return why(
            w, -ENODATA,
            "this run has too few cells to predict anything; it takes the sweeps 'length' and "
            "'chunk'");
    name_of(name, d, &a->c[0]);
    return why(w, -ENODATA,
               "this loop is not like those measured: %s (%s).  --extrapolate answers all the same",
               a->c[0].why, name);
}

/* Is the run too short, or too noisy, to tell?  A prediction of larger teams multiplies what is
 * wrong with it: there is none, whatever is wanted. */
static int refuse_noise(struct derivation *d, const struct answer *a, struct why *w)
{
    const char *anyway = a->predicted ? "" : ".  --extrapolate answers all the same";
    const struct errors errors = models_errors(d);
    char blocks[WORD];
    if (a->predicted && d->blocks < BLOCKS_FOR_INTERVAL)
        return why(w, -ENODATA,
                   "nothing is predicted for larger teams from %s: it takes %d; measure more, with "
                   "run --resume or --blocks",
                   words_plural(blocks, (double)d->blocks, "block"), BLOCKS_FOR_INTERVAL);
    if (d->margin > MOST_ERROR)
        return why(w, -ENODATA,
                   "this run cannot tell: its own repetitions differ by so much that two teams "
                   "within %.0f%% are the same; measure again when the machine is quiet%s",
                   100 * d->margin, anyway);
    if (errors.half > MOST_ERROR)
        return why(w, -ENODATA,
                   "this run cannot tell: half of the times of %ld cells that the model had not "
                   "seen were off by more than %.0f%%; measure again when the machine is quiet%s",
                   errors.count, 100 * errors.half, anyway);
    if (a->predicted && a->test.errors.half > MOST_ERROR)
        return why(w, -ENODATA,
                   "this run cannot tell: of %ld cells of larger teams that were predicted from "
                   "smaller ones half were off by more than %.0f%%",
                   a->test.errors.count, 100 * a->test.errors.half);
    return 0;
}

static int answer(struct derivation *d, void *question, struct why *w)
{
    const struct question *q = question;
    struct answer a = { .q = q, .margin = d->margin, .serial_ns = q->task_ns * (double)q->tasks };
    int error = 0;
    a.c = calloc((size_t)d->model_count + 1, sizeof *a.c);
    if (!a.c)
        return -ENOMEM;
    a.errors = models_errors(d);
    for (long i = 0; i < d->model_count; i++)
        consider(d, &d->models[i], &a);
    if (!a.count && q->workers && q->extrapolate)
        predict(d, &a);
    sort(a.c, (size_t)a.count, sizeof *a.c, by_time, (void *)&q->extrapolate);
    if (!a.count || (a.c[0].outside && !q->extrapolate))
        error = refuse(d, &a, w);
    else if (a.predicted || !q->extrapolate)
        error = refuse_noise(d, &a, w);
    if (!error) {
        if (!q->extrapolate)
            a.count -= a.outside;
        (q->as_csv ? print_csv : print_text)(d, &a);
    }
    free(a.c);
    return error;
}

/* Where machine.csv does not say, it is no smoke run. */
static void refuse_smoke(const char *dir)
{
    char path[PATH_MAX];
    struct machine machine = { 0 };
    if (!blocks_path(path, dir, "machine.csv", "", NULL) && !machine_read(&machine, path, NULL) &&
        !strcmp(machine_get(&machine, "profile"), "smoke"))
        die(EXIT_FAILED,
            "advise: %s is a smoke run: it proves that everything works, and nothing can be "
            "predicted from it; run the default profile",
            dir);
    machine_free(&machine);
}

static const char *const formats[] = { "text", "csv", NULL };
static double task_us;
static long payload = -1;
static struct question q;

static const struct option options[] = {
    { "--task-us", "X", OPTION_NUMBER, &task_us, "what a task takes in a serial loop, µs" },
    { "--tasks", "N", OPTION_COUNT, &q.tasks, "how many tasks the loop has" },
    { "--payload", "B", OPTION_COUNT, &payload, "bytes that go in and come out per task" },
    { "--workers", "P", OPTION_COUNT, &q.workers, "only teams of so many workers" },
    { "--extrapolate", NULL, OPTION_FLAG, &q.extrapolate,
      "answer also outside of what was measured; with --workers P, predict larger teams" },
    { "--format", "FORMAT", OPTION_WORD, ONE_OF(&q.as_csv, formats), "how it is printed" },
    { 0 },
};

static int advise_main(const struct command *self, int argc, char **argv)
{
    struct why w = { "" };
    if (options_take(self, argc, argv) != 1)
        die(EXIT_USAGE, "advise: give the folder of one run: teampool advise DIR --task-us X "
                        "--tasks N");
    if (!(task_us > 0) || q.tasks < 1)
        die(EXIT_USAGE, "advise: say what the loop is: --task-us X --tasks N, both above 0");
    q.task_ns = task_us * 1000;
    q.payload = payload ? payload : -1;
    refuse_smoke(argv[0]);
    if (summarize_lend(argv[0], answer, &q, &w))
        die(EXIT_FAILED, "advise: %s", w.text);
    return EXIT_OK;
}

const struct command command_advise = {
    .name = "advise",
    .operands = "DIR",
    .summary = "for my loop: which team, how many workers, which chunk, how long",
    .about =
        "Reads the record of the run in DIR, fits what handing out costs, and says what is best "
        "for\n"
        "a loop of N tasks that take X µs each in a serial loop; and how far off the model was\n"
        "where it could be tested.  Outside of the task lengths, numbers of tasks and payloads\n"
        "that were measured it says what was, and exits 1.\n"
        "With --extrapolate and more workers than were measured it predicts how speed would grow\n"
        "on a machine with as many cores like these, and says how well that could be tested; not\n"
        "from a run of fewer than 6 blocks, nor from one that was disturbed.",
    .main = advise_main,
    .options = options,
};
