/* SPDX-License-Identifier: MIT */
#include "whole.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/text.h"

#define PART ".part-" /* stands before the writer's number, while it writes */

/* Returns 0 or -errno. */
static int write_to(const char *file, void (*put)(const void *what, FILE *f), const void *what)
{
    FILE *f = fopen(file, "we");
    if (!f)
        return -errno;
    errno = 0;
    put(what, f);
    int failed = fflush(f) || ferror(f);
    failed |= fclose(f) != 0;
    return !failed ? 0 : errno ? -errno : -EIO;
}

static int write_beside(const char *file, void (*put)(const void *what, FILE *f), const void *what)
{
    char *part = text_of("%s" PART "%ld", file, (long)getpid());
    if (!part)
        return -ENOMEM;
    int error = write_to(part, put, what);
    if (!error && rename(part, file))
        error = -errno;
    if (error)
        unlink(part);
    free(part);
    return error;
}

int whole_write(const char *file, void (*put)(const void *what, FILE *f), const void *what,
                struct why *w)
{
    struct stat s;
    int plain = stat(file, &s) || S_ISREG(s.st_mode);
    int error = (plain ? write_beside : write_to)(file, put, what);
    return error ? why(w, error, "%s: cannot write: %s", file, strerror(-error)) : 0;
}

/* Is it a name that write_beside gives, and its process no more? */
static int is_left(const char *name)
{
    const char *part = strstr(name, PART);
    char *end;
    long writer = part ? strtol(part + strlen(PART), &end, 10) : 0;
    return writer > 0 && !*end && kill((pid_t)writer, 0) && errno == ESRCH;
}

void whole_tidy(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_left(e->d_name))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}
