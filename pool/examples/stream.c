/* SPDX-License-Identifier: MIT
 *
 * Lines in, their lengths out, in order: no more than 64 lines are read ahead.
 *     stream < FILE
 */
#include <stdio.h>
#include <string.h>

#include "../pool.h"

enum { LINE = 256 };

static int length(const void *arg, long i, struct pool_task *t)
{
    const char *line = pool_in(t, i);
    (void)arg;
    *(long *)pool_out(t, i) = (long)strcspn(line, "\n");
    return 0;
}

static int next_line(void *file, void *to)
{
    return fgets(to, LINE, file) != NULL;
}

int main(void)
{
    char message[300];
    long result;
    int got;
    struct pool_iterator *it;
    struct pool *p;
    if (pool_open(&p, &(struct pool_options){ .workers = 2 }, message, sizeof message)) {
        fprintf(stderr, "stream: no pool: %s\n", message);
        return 1;
    }
    const struct pool_stream stream = { .fn = length,
                                        .next = next_line,
                                        .next_arg = stdin,
                                        .in_size = LINE,
                                        .out_size = sizeof result,
                                        .chunk = 8,
                                        .window = 64 };
    if (pool_imap(p, &stream, &it)) {
        fprintf(stderr, "stream: %s\n", pool_message(p));
        return 1;
    }
    while ((got = pool_imap_next(it, &result, NULL)) == 1)
        printf("%ld\n", result);
    pool_imap_end(it);
    pool_free(p);
    return got != 0;
}
