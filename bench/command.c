/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

const char *program_path = "teampool";

void stdio_begin(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd ? O_RDONLY : O_WRONLY); /* takes the lowest free number: FD */
}

int stdio_end(int code)
{
    errno = 0;
    if (fflush(stdout) || ferror(stdout))
        die(EXIT_FAILED, "cannot write to standard output: %s", strerror(errno ? errno : EIO));
    return code;
}

static void complain(const char *format, va_list ap)
{
    fflush(stdout);
    fprintf(stderr, "%s: ", program_name);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
}

void warn(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    complain(format, ap);
    va_end(ap);
}

void die(int code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    complain(format, ap);
    va_end(ap);
    exit(code);
}

static int smallest(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's edit distance, in which two neighbours that changed places are one edit; words
 * longer than the table are just far. */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    int edits[LONGEST + 1][LONGEST + 1];
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > LONGEST || columns > LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= rows; i++)
        for (size_t j = 0; j <= columns; j++) {
            if (!i || !j) {
                edits[i][j] = (int)(i + j);
                continue;
            }
            edits[i][j] = smallest(edits[i - 1][j] + 1, edits[i][j - 1] + 1,
                                   edits[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                edits[i - 2][j - 2] + 1 < edits[i][j])
                edits[i][j] = edits[i - 2][j - 2] + 1;
        }
    return edits[rows][columns];
}

const char *nearest_word(const char *word, const char *const *words)
{
    const char *best = NULL;
    int best_distance = (int)strlen(word) / 3 + 1; /* no more than a third of it is wrong */
    for (; *words; words++) {
        int d = distance(word, *words);
        if (d < best_distance) {
            best_distance = d;
            best = *words;
        }
    }
    return best;
}

/* Name I of an array whose elements start with one. */
static const char *name_at(const void *array, size_t stride, int i)
{
    return *(const char *const *)((const char *)array + (size_t)i * stride);
}

const char *option_word(const struct option *o, int i)
{
    const struct one_of *c = o->value;
    return o->kind == OPTION_WORD ? name_at(c->words, c->stride, i) : NULL;
}

/* The nearest to WORD in such an array that ends with NULL. */
static const char *nearest_at(const char *word, const void *words, size_t stride)
{
    enum { MOST = 63 };
    const char *names[MOST + 1] = { 0 };
    for (int i = 0; i < MOST && (names[i] = name_at(words, stride, i)); i++) {
    }
    return nearest_word(word, names);
}

/* "text (the default), csv or markdown" */
static void list_words(const struct option *o, int chosen, char *text, size_t room)
{
    const char *word, *next = option_word(o, 0);
    *text = 0;
    for (int i = 0; (word = next); i++) {
        size_t used = strlen(text);
        next = option_word(o, i + 1);
        snprintf(text + used, room - used, "%s%s%s",
                 !i     ? ""
                 : next ? ", "
                        : " or ",
                 word, i == chosen && strcmp(word, "default") != 0 ? " (the default)" : "");
    }
}

const char *option_meaning(const struct option *o, char buffer[OPTION_LINE])
{
    char words[OPTION_LINE / 2] = "";
    if (o->kind == OPTION_WORD)
        list_words(o, *((const struct one_of *)o->value)->chosen, words, sizeof words);
    snprintf(buffer, OPTION_LINE, "%s%s%s", o->help, *words ? ": " : "", words);
    return buffer;
}

const struct option option_help = { .name = "--help", .help = "this text" };

static void help_option(const struct option *o)
{
    char meaning[OPTION_LINE];
    enum { COLUMN = 24 };
    int width = printf("  %s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    if (width < COLUMN - 1) /* a blank comes with the first word */
        width += printf("%*s", COLUMN - 1 - width, "");
    layout_wrap(stdout, option_meaning(o, meaning), COLUMN, width);
}

static void help(const struct command *c)
{
    printf("usage: teampool %s%s%s%s\n\n%s\n", c->name, c->options ? " [options]" : "",
           *c->operands ? " " : "", c->operands, c->summary);
    if (c->about)
        printf("\n%s\n", c->about);
    printf("\noptions:\n");
    for (const struct option *o = c->options; o && o->name; o++)
        help_option(o);
    help_option(&option_help);
}

/* Which of the words TEXT is. */
static int take_word(const struct option *o, const char *text)
{
    char words[OPTION_LINE / 2];
    const char *word;
    for (int i = 0; (word = option_word(o, i)); i++)
        if (!strcmp(word, text))
            return i;
    const struct one_of *c = o->value;
    const char *near = nearest_at(text, c->words, c->stride);
    list_words(o, -1, words, sizeof words);
    die(EXIT_USAGE, "%s: there is no '%s'%s%s%s; write %s", o->name, text,
        near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", words);
}

static void take_value(const struct option *o, const char *text)
{
    char *end;
    errno = 0;
    switch (o->kind) {
    case OPTION_FLAG:
        break;
    case OPTION_TEXT:
        *(const char **)o->value = text;
        break;
    case OPTION_WORD:
        *((struct one_of *)o->value)->chosen = take_word(o, text);
        break;
    case OPTION_COUNT: {
        long count = strtol(text, &end, 10);
        if (end == text || *end || errno || count < 0)
            die(EXIT_USAGE, "%s: '%s' is not a whole number of 0 or more", o->name, text);
        *(long *)o->value = count;
        break;
    }
    case OPTION_NUMBER: {
        double number = strtod(text, &end);
        if (end == text || *end || !(number > 0) || !isfinite(number))
            die(EXIT_USAGE, "%s: '%s' is not a number above 0", o->name, text);
        *(double *)o->value = number;
        break;
    }
    case OPTION_SECONDS: {
        double seconds = strtod(text, &end);
        const char *units = "smh";
        const double factors[] = { 1, 60, 3600 };
        const char *unit = *end ? strchr(units, *end) : units;
        if (end == text || !unit || (*end && end[1]) || !(seconds > 0) || !isfinite(seconds))
            die(EXIT_USAGE, "%s: '%s' is not a time; write 90s, 3m or 1h", o->name, text);
        *(double *)o->value = seconds * factors[unit - units];
        break;
    }
    }
}

static const struct option *find(const struct option *options, const char *name, size_t length)
{
    for (const struct option *o = options; o && o->name; o++)
        if (strlen(o->name) == length && !strncmp(o->name, name, length))
            return o;
    return NULL;
}

_Noreturn static void unknown_option(const struct command *c, const char *word)
{
    const char *near = c->options ? nearest_at(word, c->options, sizeof *c->options) : NULL;
    die(EXIT_USAGE, "%s: unknown option '%s'%s%s%s; '%s %s --help' lists them", c->name, word,
        near ? "; did you mean '" : "", near ? near : "", near ? "'" : "", program_path, c->name);
}

int options_take(const struct command *c, int argc, char **argv)
{
    int operands = 0;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        if (!strcmp(word, "--")) {
            while (++i < argc)
                argv[operands++] = argv[i];
            break;
        }
        if (word[0] != '-' || !word[1]) {
            argv[operands++] = word;
            continue;
        }
        if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
            help(c);
            exit(EXIT_OK);
        }
        const char *equals = strchr(word, '=');
        const struct option *o =
            find(c->options, word, equals ? (size_t)(equals - word) : strlen(word));
        if (!o)
            unknown_option(c, word);
        if (o->kind == OPTION_FLAG) {
            if (equals)
                die(EXIT_USAGE, "%s takes no value", o->name);
            *(int *)o->value = 1;
        } else if (equals) {
            take_value(o, equals + 1);
        } else if (i + 1 < argc) {
            take_value(o, argv[++i]);
        } else {
            die(EXIT_USAGE, "%s needs a value: %s %s", o->name, o->name, o->arg);
        }
    }
    return operands;
}
