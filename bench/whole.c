/* SPDX-License-Identifier: MIT */
#include "whole.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int whole_write(const char *file, void (*put)(const void *what, FILE *f), const void *what,
                struct why *w)
{
    char *part;
    if (asprintf(&part, "%s.part", file) < 0)
        return why(w, -ENOMEM, "%s: no memory to write it", file);
    int error = 0;
    FILE *f = fopen(part, "we");
    if (f) {
        errno = 0;
        put(what, f);
        int failed = fflush(f) || ferror(f);
        failed |= fclose(f) != 0;
        if (failed || rename(part, file))
            error = errno ? -errno : -EIO;
        if (error)
            unlink(part);
    } else {
        error = -errno;
    }
    free(part);
    return error ? why(w, error, "%s: cannot write: %s", file, strerror(-error)) : 0;
}
