/* SPDX-License-Identifier: MIT
 *
 * driver: what libFuzzer does, without its compiler: FILE... are mutated and mixed at random until
 * SECONDS are over, and each is given to LLVMFuzzerTestOneInput.  Knows nothing of coverage; the
 * inputs are good ones, so that damage to them goes deep.  An input that kills the program is left
 * in the file `fuzz-NAME-crash` (the input is written before it is tried, into shared memory that
 * outlives the program's heap).
 *
 * usage: fuzz_NAME SECONDS [seed=N] FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BYTES = 1 << 14, MOST_FILES = 256, MOST_CHANGES = 8 };

struct input {
    uint8_t *data;
    size_t size;
};

static struct input corpus[MOST_FILES];
static int inputs;
static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : 0;
}

static void load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || inputs == MOST_FILES) {
        fprintf(stderr, "%s: cannot read\n", path);
        exit(2);
    }
    struct input *in = &corpus[inputs++];
    in->data = malloc(MOST_BYTES);
    if (!in->data)
        exit(2);
    in->size = fread(in->data, 1, MOST_BYTES, f);
    fclose(f);
}

static void remove_bytes(struct input *x, size_t at, size_t count)
{
    if (count > x->size - at)
        count = x->size - at;
    memmove(x->data + at, x->data + at + count, x->size - at - count);
    x->size -= count;
}

static void insert_bytes(struct input *x, size_t at, const void *bytes, size_t count)
{
    if (count > MOST_BYTES - x->size)
        return;
    memmove(x->data + at + count, x->data + at, x->size - at);
    memcpy(x->data + at, bytes, count);
    x->size += count;
}

static void change(struct input *x)
{
    static const char *const words[] = { "\"",
                                         ",",
                                         "\n",
                                         "=",
                                         "+",
                                         "-1",
                                         "nan",
                                         "inf",
                                         "1e999",
                                         "0",
                                         "9223372036854775808",
                                         "\xff",
                                         "<script>",
                                         "%n",
                                         "\r\n",
                                         "\"\"",
                                         "0x1p9",
                                         " ",
                                         "#",
                                         "omp",
                                         "serial",
                                         "1",
                                         "2" };
    size_t at = (size_t)draw(x->size + 1);
    const char *word = words[draw(sizeof words / sizeof *words)];
    const struct input *other = &corpus[draw((uint64_t)inputs)];
    size_t from = (size_t)draw(other->size + 1), count = (size_t)draw(64);
    uint8_t piece[64];
    switch (draw(6)) {
    case 0:
        if (at < x->size)
            x->data[at] = (uint8_t)draw(256);
        break;
    case 1:
        remove_bytes(x, at, 1 + (size_t)draw(20));
        break;
    case 2:
        insert_bytes(x, at, word, strlen(word));
        break;
    case 3: /* another's bytes */
        if (count > other->size - from)
            count = other->size - from;
        insert_bytes(x, at, other->data + from, count);
        break;
    case 4: /* its own bytes again */
        if (count > x->size - at)
            count = x->size - at;
        memcpy(piece, x->data + at, count);
        insert_bytes(x, (size_t)draw(x->size + 1), piece, count);
        break;
    case 5: /* the end cut off */
        x->size = draw(8) ? x->size : at;
        break;
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s SECONDS [seed=N] FILE...\n", argv[0]);
        return 2;
    }
    double seconds = atof(argv[1]);
    state = (uint64_t)time(NULL) * 2654435761u + 1;
    for (int i = 2; i < argc; i++)
        if (!strncmp(argv[i], "seed=", 5))
            state = strtoull(argv[i] + 5, NULL, 10) | 1;
        else
            load(argv[i]);
    printf("seed=%llu\n", (unsigned long long)state);
    fflush(stdout);

    struct input x = { malloc(MOST_BYTES), 0 };
    struct timespec begin, now;
    long tried = 0;
    if (!x.data || !inputs)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        const struct input *in = &corpus[tried < inputs ? tried : (long)draw((uint64_t)inputs)];
        memcpy(x.data, in->data, in->size);
        x.size = in->size;
        for (uint64_t k = tried < inputs ? 0 : 1 + draw(MOST_CHANGES); k > 0; k--)
            change(&x);
        LLVMFuzzerTestOneInput(x.data, x.size);
        tried++;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 <
             seconds);
    printf("%ld inputs tried\n", tried);
    free(x.data);
    while (inputs)
        free(corpus[--inputs].data);
    return 0;
}
