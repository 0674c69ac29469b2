/* SPDX-License-Identifier: MIT
 *
 * Lines in, their lengths out, in order: no more than 64 lines are read ahead, so that the input
 * may be endless.  A line longer than 4094 characters counts as several.
 *     stream < FILE
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <teampool/pool.h>

enum { LINE = 4096 };

static int length(const void *arg, long i, struct pool_task *t)
{
    const char *line = pool_in(t, i);
    (void)arg;
    *(long *)pool_out(t, i) = (long)strcspn(line, "\n");
    return 0;
}

/* The producer: 1, 0 at the end, or -errno. */
static int next_line(void *file, void *to)
{
    if (fgets(to, LINE, file))
        return 1;
    return ferror(file) ? -EIO : 0;
}

static int show(struct pool *p)
{
    const struct pool_stream stream = { .fn = length,
                                        .next = next_line,
                                        .next_arg = stdin,
                                        .in_size = LINE,
                                        .out_size = sizeof(long),
                                        .chunk = 8,
                                        .window = 64 };
    struct pool_failure f;
    struct pool_iterator *lines;
    long result;
    int got = pool_imap(p, &stream, &lines), failed = 0;
    if (got)
        return fprintf(stderr, "stream: %s\n", pool_message(p)), 1;
    while ((got = pool_imap_next(lines, &result, &f)) == 1)
        if (f.status.outcome == POOL_OK)
            printf("%ld\n", result);
        else
            failed = fprintf(stderr, "stream: line %ld: %s\n", f.task + 1, f.text) > 0;
    if (got < 0)
        fprintf(stderr, "stream: %s\n", strerror(-got));
    pool_imap_end(lines);
    return got < 0 || failed;
}

int main(void)
{
    char message[300];
    struct pool *p;
    if (pool_open(&p, &(struct pool_options){ .workers = 2 }, message, sizeof message)) {
        fprintf(stderr, "stream: no pool: %s\n", message);
        return 1;
    }
    const int error = show(p);
    pool_free(p);
    return error;
}
