/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

char *text_of_list(const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, ap);
    return text;
}

char *text_of(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = text_of_list(format, ap);
    va_end(ap);
    return text;
}
