/* SPDX-License-Identifier: MIT */
#include "whole.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/text.h"

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
    char *part = text_of("%s.part-%ld", file, (long)getpid());
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
