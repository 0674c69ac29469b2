/* SPDX-License-Identifier: MIT */
#include "why.h"

#include <stdarg.h>
#include <stdio.h>

int why(struct why *w, int error, const char *format, ...)
{
    if (w) {
        va_list ap;
        va_start(ap, format);
        vsnprintf(w->text, sizeof w->text, format, ap);
        va_end(ap);
    }
    return error;
}
