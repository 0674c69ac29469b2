/* SPDX-License-Identifier: MIT
 *
 * text: a text made from parts, as long as it must be.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdarg.h>

/* The text that printf would print.  Returns it, or NULL: no memory.  Owns: the caller, free.
 * Runs in: either. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_of_list(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
