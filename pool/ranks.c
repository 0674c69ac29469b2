/* SPDX-License-Identifier: MIT */
#include "ranks.h"

#include <errno.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../core/bind.h"
#include "units.h"

/* MPI has no way to sleep until something comes.  Unasked, it looks again and again.  So does who
 * waits here, for SPIN_NS; then the passive look once in NAP_NS, the active offer their CPU in
 * between. */
enum { SPIN_NS = 20000, NAP_NS = 50000, TAG = 1, ENDED = 1 };

/* Of a rank's word: cache lines of its own.  (With MPICH 4.0 windows of 8 bytes lie on each other.)
 */
enum { CLAIMS_BYTES = 128 };

struct range {
    long first, end;
};

/* What the caller tells all workers, ahead of a job; memory, by its place in the arena. */
struct order {
    int leave; /* 1: there is no job, and none will come */
    int dealt; /* 1: the caller sends the chunks; 0: claim them */
    int schedule;
    int turn;      /* 1, 0, 1 ...: jobs whose chunks are stolen, told apart */
    long n, chunk; /* of a rank */
    long share;    /* of a thread: what the rank's chunk is cut into */
    ptrdiff_t arg, stints, in, out;
    size_t in_size, out_size;
    struct pool_fn_ref fn;
};

/* What a rank says of itself when it is ready. */
struct hello {
    int error;
    struct why why;
    ptrdiff_t used; /* of its arena: as much as the caller's, or they are not of one cell */
};

/* Every rank has one of its own. */
struct team {
    struct arena *arena;
    enum wait_policy wait;
    int ranks, threads; /* ranks with workers, and workers in each: its threads, if several */
    int index, far;     /* index: -1: the caller.  far: some rank is on another machine */
    struct team *crew;  /* this rank's threads; NULL: it has but the one */
    struct order order;
    /* A word a rank: the caller's is the next chunk that nobody has claimed, a worker's the range
     * of chunks that are stolen from it; and the caller's arena. */
    MPI_Win claims_window, arena_window;
    uint64_t range; /* the own word, as it was last seen */
    /* A rank's slots, how they were at its birth, and the caller's: everybody's. */
    char *slots, *birth;
    int slots_size;
};

/* Without memory there is no team; the launcher ends all ranks. */
_Noreturn static void give_up(void)
{
    MPI_Abort(MPI_COMM_WORLD, ENDED);
    _exit(ENDED);
}

/* ---- waiting ---- */

static int may_nap(int64_t *since)
{
    if (!*since)
        *since = clock_ns();
    return clock_ns() - *since > SPIN_NS;
}

static void await(const struct team *t, MPI_Request *request, MPI_Status *status)
{
    const struct timespec nap = { 0, NAP_NS };
    int64_t since = 0;
    int done = 0;
    if (t->wait == WAIT_DEFAULT) {
        MPI_Wait(request, status);
        return;
    }
    while (MPI_Test(request, &done, status), !done) {
        if (!may_nap(&since))
            continue;
        if (t->wait == WAIT_ACTIVE)
            sched_yield();
        else
            nanosleep(&nap, NULL);
    }
}

/* ---- what comes back to the caller after every job ---- */

/* Copy one rank's slots, from worker FIRST's, between the arena and TEXT. */
static void copy_slots(const struct team *t, int first, char *text, int into_arena)
{
    for (int i = 0; i < t->arena->slot_count; i++) {
        ptrdiff_t size = t->arena->slots[i].size, bytes = size * t->threads;
        char *slot = t->arena->base + t->arena->slots[i].at + first * size;
        memcpy(into_arena ? slot : text, into_arena ? text : slot, (size_t)bytes);
        text += bytes;
    }
}

static int slots_size(const struct arena *a, int threads)
{
    ptrdiff_t sum = 0;
    for (int i = 0; i < a->slot_count; i++)
        sum += a->slots[i].size * threads;
    return (int)sum;
}

/* All ranks take part.  In its own arena a rank's workers are the first.  Their slots are
 * afterwards as they were at their birth: to the caller each job's are told apart. */
static void gather_slots(struct team *t)
{
    MPI_Request request;
    if (t->index >= 0)
        copy_slots(t, 0, t->slots, 0);
    MPI_Igather(t->index < 0 ? MPI_IN_PLACE : t->slots, t->slots_size, MPI_BYTE, t->slots,
                t->slots_size, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    await(t, &request, MPI_STATUS_IGNORE);
    if (t->index >= 0)
        copy_slots(t, 0, t->birth, 1);
    for (int k = 0; t->index < 0 && k < t->ranks; k++)
        copy_slots(t, k * t->threads, t->slots + (ptrdiff_t)(k + 1) * t->slots_size, 1);
}

/* ---- chunks ---- */

/* The most tasks that a chunk of this job has. */
static long largest(const struct order *o, int ranks)
{
    long most = o->chunk;
    if (!o->chunk || o->schedule == SCHEDULE_GUIDED)
        most = o->n / ranks + 1 > o->chunk ? o->n / ranks + 1 : o->chunk;
    return most < o->n ? most : o->n;
}

static long guided(const struct order *o, int ranks, long first)
{
    long share = (o->n - first) / ranks;
    return share > o->chunk ? share : o->chunk;
}

static struct range cut(const struct order *o, long first, long count)
{
    first = first < o->n ? first : o->n;
    return (struct range){ first, count < o->n - first ? first + count : o->n };
}

/* Where a rank stands in its job. */
struct stand {
    long claims;       /* static: chunks taken */
    long chunk, first; /* guided: a chunk's number, and its first task */
};

/* Another chunk's number, from the caller's counter. */
static long claim(struct team *t)
{
    static const uint64_t one = 1;
    uint64_t number;
    MPI_Fetch_and_op(&one, &number, MPI_UINT64_T, 0, 0, MPI_SUM, t->claims_window);
    MPI_Win_flush(0, t->claims_window);
    return (long)number;
}

/* Rank INDEX's part of COUNT things, dealt in blocks; the first ones have one more. */
static struct range block(const struct team *t, long count, int index)
{
    long each = count / t->ranks, more = count % t->ranks;
    long first = index * each + (index < more ? index : more);
    return (struct range){ first, first + each + (index < more) };
}

static struct range next_static(const struct team *t, struct stand *s)
{
    const struct order *o = &t->order;
    long k = s->claims++;
    if (o->chunk)
        return cut(o, (k * t->ranks + t->index) * o->chunk, o->chunk);
    return k ? cut(o, o->n, 0) : block(t, o->n, t->index);
}

/* Which tasks a guided chunk has follows from its number: there are few of them. */
static struct range next_guided(struct team *t, struct stand *s)
{
    const struct order *o = &t->order;
    for (long number = claim(t); s->chunk < number && s->first < o->n; s->chunk++)
        s->first += guided(o, t->ranks, s->first);
    return cut(o, s->first, guided(o, t->ranks, s->first));
}

/* A range's word has its job's turn in the highest bit.  One of another turn has not been touched
 * in this job, and stands for its owner's whole block: so nobody deals, and nobody waits for
 * dealing. (Its owner does touch it in every such job.) */
#define TURN (UINT64_C(1) << 63)

static uint64_t range_word(const struct team *t, long first, long end)
{
    return units_word(first, end) | (t->order.turn ? TURN : 0);
}

static struct range range_in(const struct team *t, uint64_t word, int owner)
{
    const struct order *o = &t->order;
    if (!(word & TURN) == !o->turn)
        return (struct range){ UNIT_FIRST(word), UNIT_END(word & ~TURN) };
    return block(t, o->n / o->chunk + (o->n % o->chunk > 0), owner);
}

/* Put WORD in the place of OLD with OWNER.  Returns what was there: if not OLD, it still is. */
static uint64_t swap(struct team *t, int owner, uint64_t old, uint64_t word)
{
    uint64_t was;
    MPI_Compare_and_swap(&word, &old, &was, MPI_UINT64_T, owner + 1, 0, t->claims_window);
    MPI_Win_flush(owner + 1, t->claims_window);
    return was;
}

/* The first chunk of the own range, which may be empty. */
static struct range next_own(struct team *t)
{
    for (uint64_t seen = t->range;; seen = t->range) {
        struct range r = range_in(t, seen, t->index);
        uint64_t rest = range_word(t, r.first + (r.first < r.end), r.end);
        t->range = swap(t, t->index, seen, rest);
        if (t->range != seen)
            continue;
        t->range = rest;
        return r;
    }
}

/* The later half of VICTIM's range; an empty one if it has none. */
static struct range steal(struct team *t, int victim)
{
    uint64_t was = swap(t, victim, 0, 0), seen;
    struct range r;
    do {
        seen = was;
        r = range_in(t, seen, victim);
        if (r.first == r.end)
            return r;
        long split = units_split(r.first, r.end);
        was = swap(t, victim, seen, range_word(t, r.first, split));
        r.first = split;
    } while (was != seen);
    return r;
}

/* The own range is empty, and stays so: nobody steals from it. */
static struct range next_stolen(struct team *t)
{
    struct range r = { 0, 0 };
    for (int i = 1; i < t->ranks && r.first == r.end; i++)
        r = steal(t, (t->index + i) % t->ranks);
    if (r.first < r.end) {
        uint64_t rest = range_word(t, r.first + 1, r.end);
        swap(t, t->index, t->range, rest);
        t->range = rest;
    }
    return r;
}

static struct range next_steal(struct team *t)
{
    struct range r = next_own(t);
    if (r.first == r.end)
        r = next_stolen(t);
    return r.first < r.end ? cut(&t->order, r.first * t->order.chunk, t->order.chunk) : r;
}

static struct range next_claimed(struct team *t, struct stand *s)
{
    if (t->order.schedule == SCHEDULE_STATIC)
        return next_static(t, s);
    if (t->order.schedule == SCHEDULE_GUIDED)
        return next_guided(t, s);
    if (t->order.schedule == SCHEDULE_STEAL)
        return next_steal(t);
    return cut(&t->order, claim(t) * t->order.chunk, t->order.chunk);
}

/* ---- a worker ---- */

/* Memory for the data of a chunk; a range stands before them when they are sent. */
struct parcel {
    struct range range;
    char data[];
};

static struct parcel *new_parcel(const struct team *t, size_t size)
{
    return malloc(sizeof(struct parcel) + (size_t)largest(&t->order, t->ranks) * size);
}

static int data_bytes(struct range r, size_t size)
{
    return (int)((size_t)(r.end - r.first) * size);
}

/* A chunk in hand; its data, where it has any. */
struct piece {
    struct range range;
    task_fn *fn;
    void *arg;
    const char *in;
    char *out;
};

/* Task I of the chunk ARG. */
static void do_task(void *arg, long i, struct worker *self)
{
    const struct piece *p = arg;
    self->in = p->in;
    self->out = p->out;
    self->first = p->range.first;
    p->fn(p->arg, p->range.first + i, self);
}

static void do_by_threads(const struct team *t, struct piece *p)
{
    const struct order *o = &t->order;
    const struct job job = {
        .fn = do_task,
        .arg = p,
        .n = p->range.end - p->range.first,
        .chunk = o->share,
        .schedule = o->schedule == SCHEDULE_STEAL ? SCHEDULE_DYNAMIC : (enum schedule)o->schedule,
        .stints = (struct stint *)(void *)(t->arena->base + o->stints),
    };
    struct why w;
    if (backend_omp.run(t->crew, &job, &w))
        give_up();
}

static void do_chunk(const struct team *t, task_fn *fn, struct range r, const char *in, char *out)
{
    const struct order *o = &t->order;
    struct worker self = worker_plain(0);
    void *arg = t->arena->base + o->arg;
    self.in = o->in_size ? in : NULL;
    self.out = o->out_size ? out : NULL;
    self.first = r.first;
    if (t->crew) {
        do_by_threads(t, &(struct piece){ r, fn, arg, self.in, self.out });
        return;
    }
    for (long i = r.first; i < r.end; i++)
        fn(arg, i, &self);
}

static void fetch(const struct team *t, struct range r, char *in)
{
    int bytes = data_bytes(r, t->order.in_size);
    if (!bytes)
        return;
    MPI_Get(in, bytes, MPI_BYTE, 0, t->order.in + r.first * (MPI_Aint)t->order.in_size, bytes,
            MPI_BYTE, t->arena_window);
    MPI_Win_flush(0, t->arena_window);
}

static void bring(const struct team *t, struct range r, const char *out)
{
    int bytes = data_bytes(r, t->order.out_size);
    if (!bytes)
        return;
    MPI_Put(out, bytes, MPI_BYTE, 0, t->order.out + r.first * (MPI_Aint)t->order.out_size, bytes,
            MPI_BYTE, t->arena_window);
    MPI_Win_flush(0, t->arena_window);
}

static void work_claimed(struct team *t, task_fn *fn, char *in, char *out)
{
    struct stand stand = { 0 };
    for (struct range r; r = next_claimed(t, &stand), r.first < r.end;) {
        fetch(t, r, in);
        do_chunk(t, fn, r, in, out);
        bring(t, r, out);
    }
}

/* The results of one chunk go with the question for the next; the first question has none. */
static void work_dealt(const struct team *t, task_fn *fn, struct parcel *in, struct parcel *out)
{
    int most = (int)sizeof *in +
               data_bytes((struct range){ 0, largest(&t->order, t->ranks) }, t->order.in_size);
    out->range = (struct range){ 0, 0 };
    do {
        MPI_Request request;
        MPI_Irecv(in, most, MPI_BYTE, 0, TAG, MPI_COMM_WORLD, &request);
        MPI_Send(out, (int)sizeof *out + data_bytes(out->range, t->order.out_size), MPI_BYTE, 0,
                 TAG, MPI_COMM_WORLD);
        await(t, &request, MPI_STATUS_IGNORE);
        out->range = in->range;
        do_chunk(t, fn, in->range, in->data, out->data);
    } while (in->range.first < in->range.end);
}

static void work(struct team *t)
{
    const struct order *o = &t->order;
    struct worker self = worker_plain(0);
    struct job job = { .stints = (struct stint *)(void *)(t->arena->base + o->stints) };
    task_fn *fn = (task_fn *)pool_fn_resolve(&o->fn, NULL, 0);
    struct parcel *in = new_parcel(t, o->in_size), *out = new_parcel(t, o->out_size);
    if (!fn || !in || !out)
        give_up();
    job_enter(&job, &self);
    if (o->dealt)
        work_dealt(t, fn, in, out);
    else
        work_claimed(t, fn, in->data, out->data);
    job_leave(&job, &self);
    free(in);
    free(out);
}

/* ---- both ---- */

/* The own word. */
static void clear_claims(struct team *t)
{
    static const uint64_t zero;
    int rank = t->index + 1;
    MPI_Accumulate(&zero, 1, MPI_UINT64_T, rank, 0, 1, MPI_UINT64_T, MPI_REPLACE, t->claims_window);
    MPI_Win_flush(rank, t->claims_window);
}

/* For jobs whose chunks are claimed: the words, and for tasks that have data the caller's arena.
 * Not every network can do that, so nobody else asks for it.  All ranks take part. */
static void open_windows(struct team *t)
{
    const struct order *o = &t->order;
    int caller = t->index < 0;
    if (t->claims_window == MPI_WIN_NULL) {
        void *words;
        MPI_Win_allocate(CLAIMS_BYTES, sizeof(uint64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &words,
                         &t->claims_window);
        MPI_Win_lock_all(0, t->claims_window);
        clear_claims(t);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    if (t->arena_window == MPI_WIN_NULL && (o->in_size || o->out_size)) {
        MPI_Win_create(t->arena->base, caller ? t->arena->used : 0, 1, MPI_INFO_NULL,
                       MPI_COMM_WORLD, &t->arena_window);
        MPI_Win_lock_all(0, t->arena_window);
    }
}

/* The caller's order, to all. */
static void give_order(struct team *t)
{
    MPI_Request request;
    MPI_Ibcast(&t->order, sizeof t->order, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    await(t, &request, MPI_STATUS_IGNORE);
    if (!t->order.leave && !t->order.dealt)
        open_windows(t);
}

static void give_back(struct team *t)
{
    MPI_Win *const windows[] = { &t->arena_window, &t->claims_window };
    for (int i = 0; i < 2; i++)
        if (*windows[i] != MPI_WIN_NULL) {
            MPI_Win_unlock_all(*windows[i]);
            MPI_Win_free(windows[i]);
        }
    if (t->crew)
        backend_omp.close(t->crew);
    MPI_Finalize();
    free(t->slots);
    free(t->birth);
    free(t);
}

_Noreturn static void serve(struct team *t)
{
    for (give_order(t); !t->order.leave; give_order(t)) {
        work(t);
        gather_slots(t);
    }
    give_back(t);
    _exit(0);
}

/* ---- the caller ---- */

static int make_order(struct team *t, const struct job *job, int dealt, struct why *w)
{
    const char *base = t->arena->base;
    char text[400];
    struct order order = {
        .dealt = dealt,
        .schedule = (int)job->schedule,
        .turn = t->order.turn ^ (job->schedule == SCHEDULE_STEAL),
        .n = job->n,
        .chunk = job->chunk * t->threads,
        .share = job->chunk,
        .arg = (const char *)job->arg - base,
        .stints = (const char *)job->stints - base,
        .in = (const char *)job->data.in - base,
        .out = (char *)job->data.out - base,
        .in_size = job->data.in_size,
        .out_size = job->data.out_size,
    };
    int error = pool_fn_refer(&order.fn, (void (*)(void))job->fn, text, sizeof text);
    if (error)
        return why(w, error, "%s", text);
    t->order = order; /* not before: an order that nobody gets is no turn */
    return 0;
}

/* Times of other machines' clocks mean nothing here. */
static void end_job(struct team *t, const struct job *job)
{
    gather_slots(t);
    if (t->far)
        memset(job->stints, 0, (size_t)(t->ranks * t->threads) * sizeof *job->stints);
}

int ranks_claim(struct team *t, const struct job *job, struct why *w)
{
    int error = make_order(t, job, 0, w);
    if (error)
        return error;
    if (t->arena_window != MPI_WIN_NULL)
        MPI_Win_sync(t->arena_window);
    give_order(t);
    end_job(t, job);
    clear_claims(t); /* nobody claims before the next order */
    if (t->arena_window != MPI_WIN_NULL)
        MPI_Win_sync(t->arena_window);
    return 0;
}

/* Answer one question.  Returns the chunk that was sent. */
static struct range answer(struct team *t, long first, struct parcel *in, struct parcel *out)
{
    const struct order *o = &t->order;
    char *arena = t->arena->base;
    long count = o->schedule == SCHEDULE_GUIDED ? guided(o, t->ranks, first) : o->chunk;
    int most = (int)sizeof *in + data_bytes((struct range){ 0, largest(o, t->ranks) }, o->out_size);
    MPI_Request request;
    MPI_Status status;
    MPI_Irecv(in, most, MPI_BYTE, MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &request);
    await(t, &request, &status);
    int results = data_bytes(in->range, o->out_size);
    if (results)
        memcpy(arena + o->out + in->range.first * (ptrdiff_t)o->out_size, in->data,
               (size_t)results);
    out->range = cut(o, first, count);
    int inputs = data_bytes(out->range, o->in_size);
    if (inputs)
        memcpy(out->data, arena + o->in + first * (ptrdiff_t)o->in_size, (size_t)inputs);
    MPI_Send(out, (int)sizeof *out + inputs, MPI_BYTE, status.MPI_SOURCE, TAG, MPI_COMM_WORLD);
    return out->range;
}

int ranks_deal(struct team *t, const struct job *job, struct why *w)
{
    int error = make_order(t, job, 1, w);
    struct parcel *in = new_parcel(t, job->data.out_size);
    struct parcel *out = new_parcel(t, job->data.in_size);
    if (!in || !out)
        error = why(w, -ENOMEM, "no memory for a chunk's data");
    if (!error && in && out) {
        give_order(t);
        struct range r = { 0, 0 };
        for (int at_work = t->ranks; at_work; at_work -= r.first == r.end)
            r = answer(t, r.end, in, out);
        end_job(t, job);
    }
    free(in);
    free(out);
    return error;
}

/* ---- opening ---- */

/* Start this rank's threads, each on the CPU that the line has for it. */
static int open_crew(struct team *t, const struct team_spec *spec, struct why *w)
{
    struct team_spec threads = *spec;
    int *cpus = malloc((size_t)t->threads * sizeof *cpus);
    if (!cpus)
        return -ENOMEM;
    for (int i = 0; spec->cpu_count && i < t->threads; i++)
        cpus[i] = spec->cpus[(t->index * t->threads + i) % spec->cpu_count];
    threads.workers = t->threads;
    threads.cpus = cpus;
    threads.cpu_count = spec->cpu_count ? t->threads : 0;
    int error = backend_omp.open(&t->crew, &threads, w);
    free(cpus);
    return error;
}

/* LEVEL: how MPI bears threads.  Returns 0 or -errno.  Runs in: worker. */
static int be_born(struct team *t, const struct team_spec *spec, int level, struct why *w)
{
    if (t->threads > 1 && level < MPI_THREAD_FUNNELED)
        return why(w, -ENOTSUP, "this MPI bears no threads beside it; take backend=mpi");
    if (t->threads > 1)
        return open_crew(t, spec, w);
    int error = spec->cpu_count ? bind_self(spec->cpus[t->index % spec->cpu_count]) : 0;
    return error ? error : spec->enter(spec->enter_arg, 0);
}

/* The caller's view of what all ranks said.  Returns 0 or -errno with WHY. */
static int judge(const struct hello *hellos, int ranks, struct why *w)
{
    for (int k = 1; k <= ranks; k++) {
        const struct hello *h = &hellos[k];
        if (h->error)
            return why(w, h->error, "rank %d could not start: %s", k,
                       *h->why.text ? h->why.text : strerror(-h->error));
        if (h->used != hellos[0].used)
            return why(w, -EPROTO, "rank %d has another plan line or another program", k);
    }
    return 0;
}

/* Is everybody ready?  All ranks take part and get the same answer. */
static int meet(struct team *t, const struct team_spec *spec, int level, struct why *w)
{
    struct hello mine = { .used = t->arena->used };
    struct hello *all = calloc((size_t)t->ranks + 1, sizeof *all);
    if (!all)
        give_up();
    if (t->index >= 0)
        mine.error = be_born(t, spec, level, &mine.why);
    MPI_Gather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD);
    int error = t->index < 0 ? judge(all, t->ranks, w) : 0;
    MPI_Bcast(&error, 1, MPI_INT, 0, MPI_COMM_WORLD);
    free(all);
    return error;
}

static int is_far(void)
{
    MPI_Comm near;
    int here, all;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &near);
    MPI_Comm_size(near, &here);
    MPI_Comm_size(MPI_COMM_WORLD, &all);
    MPI_Comm_free(&near);
    return here < all;
}

static void make_slots(struct team *t)
{
    t->slots_size = slots_size(t->arena, t->threads);
    t->slots = malloc((size_t)t->slots_size * (t->index < 0 ? (size_t)t->ranks + 1 : 1) + 1);
    t->birth = malloc((size_t)t->slots_size + 1);
    if (!t->slots || !t->birth)
        give_up();
    memset(t->birth, 0, (size_t)t->slots_size);
    if (t->index < 0)
        return;
    copy_slots(t, 0, t->birth, t->far); /* who it is tells another machine nothing */
}

static int open_ranks(struct team **out, const struct team_spec *spec, int threads, struct why *w)
{
    struct team *t = malloc(sizeof *t);
    int ranks, rank, level, error = 0;
    *out = NULL;
    if (!t)
        return why(w, -ENOMEM, "no memory for the team");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no rank outlives its launcher */
    MPI_Init_thread(NULL, NULL, threads > 1 ? MPI_THREAD_FUNNELED : MPI_THREAD_SINGLE, &level);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    *t = (struct team){ .arena = spec->arena,
                        .wait = spec->wait,
                        .ranks = spec->workers / threads,
                        .threads = threads,
                        .index = rank - 1,
                        .claims_window = MPI_WIN_NULL,
                        .arena_window = MPI_WIN_NULL };
    if (ranks != t->ranks + 1)
        error =
            why(w, -EINVAL,
                "MPI started %d rank%s, not the caller's and %d for workers.  (Are launcher and "
                "program of the same MPI?)",
                ranks, ranks == 1 ? "" : "s", t->ranks);
    else
        error = meet(t, spec, level, w);
    if (error) {
        give_back(t);
        if (rank)
            _exit(ENDED);
        return error;
    }
    t->far = is_far();
    make_slots(t);
    gather_slots(t);
    if (rank)
        serve(t);
    *out = t;
    return 0;
}

int ranks_open(struct team **out, const struct team_spec *spec, struct why *w)
{
    return open_ranks(out, spec, 1, w);
}

int ranks_open_threads(struct team **out, const struct team_spec *spec, struct why *w)
{
    return open_ranks(out, spec, (int)spec->options[0], w);
}

void ranks_close(struct team *t)
{
    t->order = (struct order){ .leave = 1 };
    give_order(t);
    give_back(t);
}
