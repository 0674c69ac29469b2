/* SPDX-License-Identifier: MIT
 *
 * imap: results as they come.  Chunks of inputs are calls under way, each with memory of its own,
 * in a ring as long as the window; the next input is taken when a result has made room for it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

enum { MOST_CHUNKS = 40, POLL_MS = 2 };

struct chunk {
    struct pool_ticket *ticket; /* NULL: no such chunk */
    long first;
    int count, given; /* items; results that were handed out */
    int done;
    char *in, *out;
    struct pool_status *status;
    struct pool_failure *failures;
};

struct pool_iterator {
    struct pool *pool;
    struct pool_stream stream;
    void *arg;
    long next_item, ahead;   /* to be taken from the producer; taken, but not handed out */
    int ended;               /* 1: the producer had no more; -errno: it failed */
    int refused;             /* -errno of the call itself, */
    char why[300];           /* ... in words */
    int size, oldest, count; /* of the ring */
    struct chunk chunk[MOST_CHUNKS];
};

static void free_chunk(struct chunk *c)
{
    free(c->in);
    free(c->out);
    free(c->status);
    free(c->failures);
    *c = (struct chunk){ 0 };
}

static int room_for(struct chunk *c, const struct pool_stream *s)
{
    size_t n = (size_t)s->chunk;
    c->in = calloc(n, s->in_size ? s->in_size : 1);
    c->out = calloc(n, s->out_size ? s->out_size : 1);
    c->status = calloc(n, sizeof *c->status);
    c->failures = calloc(n, sizeof *c->failures);
    return c->in && c->out && c->status && c->failures;
}

/* Ask the producer for up to a chunk of inputs, as far as the window goes. */
static void take_inputs(struct pool_iterator *it, struct chunk *c)
{
    const struct pool_stream *s = &it->stream;
    while (c->count < s->chunk && it->ahead < s->window && !it->ended) {
        int got = s->next(s->next_arg, c->in + (size_t)c->count * s->in_size);
        if (got == 1) {
            c->count++;
            it->ahead++;
        } else {
            it->ended = got < 0 ? got : 1;
        }
    }
}

/* Send off what fits into the window.  Returns 0 or -errno. */
static int refill(struct pool_iterator *it)
{
    const struct pool_stream *s = &it->stream;
    while (!it->ended && it->count < it->size && it->ahead < s->window) {
        struct chunk *c = &it->chunk[(it->oldest + it->count) % it->size];
        *c = (struct chunk){ .first = it->next_item };
        if (!room_for(c, s)) {
            free_chunk(c);
            return it->count ? 0 : pool_complain(-ENOMEM, "no memory for a chunk of inputs");
        }
        take_inputs(it, c);
        if (!c->count) {
            free_chunk(c);
            return 0;
        }
        const struct pool_call call = { .fn = s->fn,
                                        .arg = it->arg ? it->arg : s->arg,
                                        .arg_size = s->arg_size,
                                        .in = s->in_size ? c->in : NULL,
                                        .in_size = s->in_size,
                                        .out = s->out_size ? c->out : NULL,
                                        .out_size = s->out_size,
                                        .n = c->count,
                                        .chunk = c->count,
                                        .timeout_ms = s->timeout_ms,
                                        .retries = s->retries,
                                        .status = c->status,
                                        .failures = c->failures,
                                        .failure_room = c->count };
        int error = ticket_map_from(it->pool, &call, c->first, &c->ticket);
        if (error) {
            free_chunk(c);
            it->ended = it->refused = error;
            snprintf(it->why, sizeof it->why, "%s", pool_message(it->pool));
            return 0;
        }
        it->next_item += c->count;
        it->count++;
    }
    return 0;
}

static int check(const struct pool_stream *s)
{
    if (!s->next || s->chunk < 0 || s->window < 0 || s->timeout_ms < 0 || s->retries < 0)
        return pool_complain(-EINVAL, "%s",
                             s->next ? "chunk, window, timeout_ms and retries are 0 or more"
                                     : "next is NULL: nobody makes the inputs");
    if (s->arg_size && !s->arg)
        return pool_complain(-EINVAL, "arg is NULL but has a size");
    return 0;
}

int pool_imap(struct pool *p, const struct pool_stream *stream, struct pool_iterator **out)
{
    int error = check(stream);
    *out = NULL;
    if (error)
        return error;
    /* What no call would take is refused before anything is asked for. */
    const struct pool_call empty = { .fn = stream->fn,
                                     .timeout_ms = stream->timeout_ms,
                                     .retries = stream->retries };
    if (!stream->fn)
        return pool_complain(-ENOTSUP, "the function is NULL: there is nothing to run");
    if ((error = (int)pool_map(p, &empty)))
        return error;
    struct pool_iterator *it = calloc(1, sizeof *it);
    void *arg = stream->arg_size ? malloc(stream->arg_size) : NULL;
    if (!it || (stream->arg_size && !arg)) {
        free(it);
        free(arg);
        return pool_complain(-ENOMEM, "no memory for an iterator");
    }
    if (arg)
        memcpy(arg, stream->arg, stream->arg_size);
    it->pool = p;
    it->stream = *stream;
    it->arg = arg;
    if (!it->stream.chunk)
        it->stream.chunk = 1;
    if (!it->stream.window) {
        int most = p->workers > MOST_CHUNKS / 4 ? MOST_CHUNKS : 4 * p->workers;
        it->stream.window = it->stream.chunk > INT_MAX / most ? INT_MAX : it->stream.chunk * most;
    }
    if (it->stream.window < it->stream.chunk)
        it->stream.chunk = it->stream.window;
    int chunks = it->stream.window / it->stream.chunk + (it->stream.window % it->stream.chunk != 0);
    it->size = chunks < MOST_CHUNKS ? chunks : MOST_CHUNKS;
    error = refill(it);
    if (!error)
        error = it->refused;
    if (error) {
        char why[sizeof it->why]; /* what is waited for has words of its own */
        snprintf(why, sizeof why, "%s", pool_message(p));
        pool_imap_end(it);
        return pool_complain(error, "%s", why);
    }
    *out = it;
    return 0;
}

/* A chunk with a result that may be handed out, waited for.  Returns its place in the ring. */
static int wait_for_chunk(struct pool_iterator *it)
{
    for (;;) {
        for (int i = 0; i < (it->stream.unordered ? it->count : 1); i++) {
            struct chunk *c = &it->chunk[(it->oldest + i) % it->size];
            if (c->done)
                return i;
            long result = pool_wait(c->ticket, it->stream.unordered ? 0 : -1);
            if (result != -ETIMEDOUT) {
                c->done = 1;
                return i;
            }
        }
        if (pool_wait(it->chunk[it->oldest].ticket, POLL_MS) != -ETIMEDOUT)
            it->chunk[it->oldest].done = 1;
    }
}

/* One result of C. */
static void give(struct chunk *c, const struct pool_stream *s, void *out,
                 struct pool_failure *failure)
{
    int i = c->given++;
    if (out && s->out_size && c->status[i].outcome == POOL_OK)
        memcpy(out, c->out + (size_t)i * s->out_size, s->out_size);
    if (!failure)
        return;
    *failure = (struct pool_failure){ .task = c->first + i, .status = c->status[i] };
    if (c->status[i].outcome <= POOL_OK)
        return; /* no words: looking for them at every item of a long chunk takes long */
    for (int k = 0; k < c->count; k++)
        if (c->failures[k].task == c->first + i && c->failures[k].status.outcome > POOL_OK) {
            *failure = c->failures[k];
            return;
        }
}

/* The chunk at place AT of the ring is used up: the ones after it move up. */
static void retire(struct pool_iterator *it, int at)
{
    struct chunk *c = &it->chunk[(it->oldest + at) % it->size];
    pool_finish(c->ticket);
    free_chunk(c);
    for (; at > 0; at--) {
        struct chunk *to = &it->chunk[(it->oldest + at) % it->size];
        *to = it->chunk[(it->oldest + at - 1) % it->size];
    }
    it->chunk[it->oldest] = (struct chunk){ 0 };
    it->oldest = (it->oldest + 1) % it->size;
    it->count--;
}

/* May this thread ask the pool?  In a child of the caller, and in a task, waits fail at once: they
 * must not pass for the end of a chunk, whose memory is in use.  Returns 0 or -errno. */
static int enter(const struct pool_iterator *it)
{
    if (it->ended && !it->count)
        return 0; /* nothing is left to ask for */
    int error = pool_enter(it->pool);
    if (!error)
        pool_leave(it->pool);
    return error;
}

int pool_imap_next(struct pool_iterator *it, void *out, struct pool_failure *failure)
{
    int error = enter(it);
    if (error || (error = refill(it)))
        return error;
    if (!it->count && it->ended < 0 && !it->refused)
        return pool_complain(it->ended, "`next` failed: %s", strerror(-it->ended));
    if (!it->count)
        return it->refused ? pool_complain(it->refused, "%s", it->why) : 0;
    int at = wait_for_chunk(it);
    struct chunk *c = &it->chunk[(it->oldest + at) % it->size];
    give(c, &it->stream, out, failure);
    it->ahead--;
    if (c->given == c->count)
        retire(it, at);
    return 1;
}

void pool_imap_end(struct pool_iterator *it)
{
    /* In a task's thread what it would free is in use. */
    if (!it || (it->count && enter(it) == -EDEADLK))
        return;
    /* Cancel all before the first wait: what is not cancelled would be done meanwhile. */
    for (int i = 0; i < it->count; i++)
        pool_cancel(it->chunk[(it->oldest + i) % it->size].ticket);
    for (int i = 0; i < it->count; i++) {
        struct chunk *c = &it->chunk[(it->oldest + i) % it->size];
        pool_finish(c->ticket);
        free_chunk(c);
    }
    free(it->arg);
    free(it);
}
