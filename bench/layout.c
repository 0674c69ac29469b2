/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDEST = 80 };

int layout_is_terminal(FILE *f)
{
    const char *kind = getenv("TERM");
    return isatty(fileno(f)) && kind && *kind && strcmp(kind, "dumb") != 0;
}

const char *layout_colour(FILE *f, enum layout_colour colour)
{
    static const char *const codes[] = { [LAYOUT_PLAIN] = "\033[m",
                                         [LAYOUT_RED] = "\033[1;31m",
                                         [LAYOUT_GREEN] = "\033[32m",
                                         [LAYOUT_YELLOW] = "\033[33m" };
    const char *none = getenv("NO_COLOR");
    return (none && *none) || !layout_is_terminal(f) ? "" : codes[colour];
}

/* Characters, not bytes. */
static int characters(const char *text, int bytes)
{
    int width = 0;
    for (int i = 0; i < bytes; i++)
        width += ((unsigned char)text[i] & 0xC0) != 0x80;
    return width;
}

int layout_width(const char *text)
{
    return characters(text, (int)strlen(text));
}

void layout_right(FILE *f, const char *text, int width)
{
    int own = layout_width(text);
    fprintf(f, "%*s%s", width > own ? width - own : 0, "", text);
}

void layout_wrap(FILE *f, const char *text, int indent, int at)
{
    for (int column = at; *text;) {
        int bytes = (int)strcspn(text, " \n"), width = characters(text, bytes);
        if (column && column + 1 + width > WIDEST) {
            fputc('\n', f);
            column = 0;
        }
        fprintf(f, "%*s%.*s", column ? 1 : indent, "", bytes, text);
        column += (column ? 1 : indent) + width;
        text += bytes;
        if (*text != ' ') {
            fputc('\n', f);
            column = 0;
        }
        text += *text != 0;
    }
}

static int is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

void layout_clean(char *text)
{
    for (; *text; text++)
        if (is_control(*text))
            *text = ' ';
}

void layout_escaped(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_[]", *text))
            fputc('\\', f);
        if (*text == '<')
            fputs("&lt;", f);
        else
            fputc(is_control(*text) ? ' ' : *text, f);
    }
}
