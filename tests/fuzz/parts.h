/* SPDX-License-Identifier: MIT
 *
 * A folder for the files of one input, emptied before each and removed at the end; and the parts of
 * an input, between lines "--".
 */
#ifndef TESTS_FUZZ_PARTS_H
#define TESTS_FUZZ_PARTS_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];

static inline const char *in_dir(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static inline void empty_dir(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlink(in_dir(e->d_name));
    if (d)
        closedir(d);
}

static inline void remove_dir(void)
{
    empty_dir();
    rmdir(dir);
}

/* What the program warns of from here on is not wanted; a sanitizer's words are, and come by the
 * descriptor. */
static inline void be_quiet(void)
{
#ifdef __GLIBC__
    FILE *nothing = fopen("/dev/null", "w");
    if (nothing)
        stderr = nothing;
#else /* where stderr is no variable, and no sanitizer at hand */
    if (!freopen("/dev/null", "w", stderr))
        abort();
#endif
}

static inline void make_dir(void)
{
    be_quiet();
    strcpy(dir, access("/dev/shm", W_OK) ? "/tmp/fuzz-XXXXXX" : "/dev/shm/fuzz-XXXXXX");
    if (!mkdtemp(dir))
        abort();
    atexit(remove_dir);
}

static inline void put_file(const char *name, const uint8_t *data, size_t size)
{
    FILE *f = fopen(in_dir(name), "wb");
    if (!f || fwrite(data, 1, size, f) != size)
        abort();
    fclose(f);
}

/* Write the parts of an input into an empty folder, each to the file that NAMES, which end with
 * NULL, has for it. */
static inline void put_parts(const uint8_t *data, size_t size, const char *const *names)
{
    static const char between[] = "\n--\n";
    if (!*dir)
        make_dir();
    empty_dir();
    for (; *names; names++) {
        const uint8_t *cut = memmem(data, size, between, sizeof between - 1);
        size_t part = cut ? (size_t)(cut - data) + 1 : size;
        put_file(*names, data, part);
        if (!cut)
            return;
        data += part + sizeof between - 2;
        size -= part + sizeof between - 2;
    }
}

/* A fuzzer's assertion. */
static inline void must(int condition, const char *what)
{
    if (!condition) {
        printf("%s\n", what);
        fflush(stdout);
        abort();
    }
}

#endif
