/* SPDX-License-Identifier: MIT */
#include "drawing.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

enum { MOST_BYTES = 4 << 20 };

static const char *const elements[] = { "svg",     "g",        "path",    "text", "tspan",
                                        "rect",    "circle",   "ellipse", "line", "use",
                                        "polygon", "polyline", "defs",    NULL };
/* Tool tips, and filters that no drawing of ours uses. */
static const char *const unseen[] = { "title", "desc", "filter", "feFlood", "feComposite", NULL };
/* Besides the ones of shapes and text; on* and style stay outside. */
static const char *const attributes[] = { "id",
                                          "href",
                                          "xlink:href",
                                          "xmlns",
                                          "xmlns:xlink",
                                          "viewBox",
                                          "transform",
                                          "d",
                                          "points",
                                          "x",
                                          "y",
                                          "x1",
                                          "y1",
                                          "x2",
                                          "y2",
                                          "cx",
                                          "cy",
                                          "r",
                                          "rx",
                                          "ry",
                                          "dx",
                                          "dy",
                                          "width",
                                          "height",
                                          "fill",
                                          "stroke",
                                          "color",
                                          "opacity",
                                          "fill-opacity",
                                          "stroke-opacity",
                                          "stroke-width",
                                          "stroke-linecap",
                                          "stroke-linejoin",
                                          "stroke-dasharray",
                                          "shape-rendering",
                                          "font-family",
                                          "font-size",
                                          "font-weight",
                                          "font-style",
                                          "text-anchor",
                                          "xml:space",
                                          NULL };

struct scan {
    const char *at;
    const char *name; /* before every id */
    FILE *out;
    int depth;   /* open elements */
    int skipped; /* open elements that are left out */
    off_t group; /* where in OUT a group began that has nothing in it so far; -1: none did */
};

static int listed(const char *const *list, const char *word, size_t length)
{
    for (; *list; list++)
        if (strlen(*list) == length && !strncmp(*list, word, length))
            return 1;
    return 0;
}

static int name_char(int c)
{
    return isalnum(c) || c == ':' || c == '-' || c == '_';
}

static size_t name_length(const char *s)
{
    size_t n = 0;
    while (name_char((unsigned char)s[n]))
        n++;
    return n;
}

static int is_word(const char *word, const char *s, size_t length)
{
    return strlen(word) == length && !strncmp(word, s, length);
}

/* Write one attribute in the page's form.  Returns 0, or -EBADMSG. */
static int put_attribute(struct scan *s, const char *key, size_t key_length, const char *value,
                         size_t length, int on_root)
{
    int is_reference = is_word("href", key, key_length) || is_word("xlink:href", key, key_length);
    int is_colour = is_word("fill", key, key_length) || is_word("stroke", key, key_length) ||
                    is_word("color", key, key_length);
    if (is_word("class", key, key_length))
        return 0;
    if (!listed(attributes, key, key_length) || memchr(value, '<', length))
        return -EBADMSG;
    if (!strncmp(key, "xmlns", 5) && !on_root)
        return -EBADMSG;
    if (on_root && (is_word("width", key, key_length) || is_word("height", key, key_length)))
        return 0;
    if (is_reference && (length == 0 || *value != '#'))
        return -EBADMSG;
    for (size_t i = 0; i + 3 < length; i++)
        if (!strncasecmp(value + i, "url(", 4))
            return -EBADMSG;
    fprintf(s->out, " %.*s=\"", (int)key_length, key);
    if (is_reference)
        fprintf(s->out, "#%s-%.*s", s->name, (int)length - 1, value + 1);
    else if (is_word("id", key, key_length))
        fprintf(s->out, "%s-%.*s", s->name, (int)length, value);
    else
        for (size_t i = 0; i < length; i++) {
            if (value[i] == '"')
                fputs("&quot;", s->out);
            else if (!is_colour || value[i] != ' ')
                fputc(value[i] == '\n' || value[i] == '\t' ? ' ' : value[i], s->out);
        }
    fputc('"', s->out);
    return 0;
}

/* The attributes up to the tag's end.  CLOSED is set where it ends itself. */
static int copy_attributes(struct scan *s, int writing, int on_root, int *closed)
{
    *closed = 0;
    for (;;) {
        while (isspace((unsigned char)*s->at))
            s->at++;
        if (*s->at == '>') {
            s->at++;
            return 0;
        }
        if (s->at[0] == '/' && s->at[1] == '>') {
            s->at += 2;
            *closed = 1;
            return 0;
        }
        const char *key = s->at;
        size_t key_length = name_length(key);
        for (s->at += key_length; isspace((unsigned char)*s->at) || *s->at == '=';)
            s->at++;
        char quote = *s->at;
        const char *end = quote == '\'' || quote == '"' ? strchr(s->at + 1, quote) : NULL;
        if (!key_length || !end)
            return -EBADMSG;
        if (writing &&
            put_attribute(s, key, key_length, s->at + 1, (size_t)(end - s->at - 1), on_root))
            return -EBADMSG;
        s->at = end + 1;
    }
}

static int copy_end_tag(struct scan *s)
{
    const char *name = s->at + 2;
    size_t length = name_length(name);
    s->at = name + length;
    if (*s->at != '>' || !s->depth)
        return -EBADMSG;
    s->at++;
    s->depth--;
    if (s->skipped) {
        s->skipped--;
        return 0;
    }
    if (!listed(elements, name, length))
        return -EBADMSG;
    if (s->group >= 0 && is_word("g", name, length)) /* a seventh of a page was empty groups */
        fseeko(s->out, s->group, SEEK_SET);
    else
        fprintf(s->out, "</%.*s>", (int)length, name);
    s->group = -1;
    return 0;
}

static int copy_start_tag(struct scan *s, const char *label)
{
    const char *name = s->at + 1;
    size_t length = name_length(name);
    int on_root = s->depth == 0, closed;
    int hidden = s->skipped || listed(unseen, name, length);
    if (on_root != is_word("svg", name, length) || (!hidden && !listed(elements, name, length)))
        return -EBADMSG;
    s->at = name + length;
    if (!hidden) {
        s->group = is_word("g", name, length) ? ftello(s->out) : -1;
        fprintf(s->out, "<%.*s", (int)length, name);
    }
    if (on_root)
        page_put(s->out, " role=\"img\" aria-label=\"%s\"", label);
    if (copy_attributes(s, !hidden, on_root, &closed))
        return -EBADMSG;
    if (!hidden)
        fputs(closed ? "/>" : ">", s->out);
    if (!hidden && closed)
        s->group = -1;
    s->depth += !closed;
    s->skipped += hidden && !closed;
    return 0;
}

/* <?...?>, <!DOCTYPE ...> without a subset of its own, <!-- ... -->. */
static int skip_declaration(struct scan *s)
{
    const char *closing = !strncmp(s->at, "<!--", 4) ? "-->" : ">";
    const char *end = strstr(s->at, closing);
    if (!end || (*closing == '>' && memchr(s->at, '[', (size_t)(end - s->at))))
        return -EBADMSG;
    s->at = end + strlen(closing);
    return 0;
}

/* Text between tags; of white space one character is enough. */
static void copy_text(struct scan *s)
{
    int only_space = 1;
    const char *from = s->at;
    for (; *s->at && *s->at != '<'; s->at++)
        only_space &= isspace((unsigned char)*s->at) != 0;
    if (s->skipped || !s->depth)
        return;
    if (only_space) {
        fputs(s->at > from && memchr(from, '\n', (size_t)(s->at - from)) ? "\n" : "", s->out);
        return;
    }
    fwrite(from, 1, (size_t)(s->at - from), s->out);
    s->group = -1;
}

static int copy(struct scan *s, const char *label)
{
    int error = 0, roots = 0;
    while (*s->at && !error) {
        if (*s->at != '<')
            copy_text(s);
        else if (s->at[1] == '?' || s->at[1] == '!')
            error = skip_declaration(s);
        else if (s->at[1] == '/')
            error = copy_end_tag(s);
        else if (s->depth == 0 && roots++)
            error = -EBADMSG;
        else
            error = copy_start_tag(s, label);
    }
    return error ? error : s->depth || !roots ? -EBADMSG : 0;
}

static char *read_whole(const char *file)
{
    FILE *in = fopen(file, "rb");
    char *text = malloc(MOST_BYTES + 1);
    size_t length = in && text ? fread(text, 1, MOST_BYTES + 1, in) : 0;
    if (in)
        fclose(in);
    if (!length || length > MOST_BYTES) {
        free(text);
        return NULL;
    }
    text[length] = 0;
    return text;
}

int drawing_inline(FILE *out, const char *file, const char *name, const char *label, struct why *w)
{
    char *text = read_whole(file), *copied = NULL;
    size_t length = 0;
    int error = -ENOMEM;
    if (!text)
        return why(w, -EIO, "The drawing could not be read; scripts/plot.sh draws it again.");
    FILE *memory = open_memstream(&copied, &length);
    if (memory) {
        struct scan s = { .at = text, .name = name, .out = memory, .group = -1 };
        error = copy(&s, label);
        if (fclose(memory))
            error = -ENOMEM;
    }
    if (!error)
        fwrite(copied, 1, length, out);
    else
        why(w, error,
            "The drawing in this folder was not made by scripts/plot.sh and is left out.");
    free(copied);
    free(text);
    return error;
}
