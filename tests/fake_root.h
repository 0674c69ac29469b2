/* SPDX-License-Identifier: MIT
 *
 * fake_root: a folder that stands in for the root of a system, so that a test can say what /proc
 * and /sys hold.  Every call fails the running test if it cannot do its part.
 */
#ifndef TESTS_FAKE_ROOT_H
#define TESTS_FAKE_ROOT_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fake_root {
    char path[64];
};

static inline void fake_root_make(struct fake_root *r)
{
    strcpy(r->path, "/tmp/teampool-root-XXXXXX");
    assert_non_null(mkdtemp(r->path));
}

/* Write TEXT to FILE ("/proc/self/cgroup") below the root, and make the folders on the way. */
static inline void fake_root_write(const struct fake_root *r, const char *file, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s%s", r->path, file);
    for (char *slash = path + strlen(r->path) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static inline int fake_root_remove_one(const char *path, const struct stat *st, int type,
                                       struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

static inline void fake_root_remove(const struct fake_root *r)
{
    assert_int_equal(nftw(r->path, fake_root_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
