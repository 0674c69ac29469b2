/* SPDX-License-Identifier: MIT */
#include "setting.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "record.h"

enum { MOST_WORDS = 8, WORD_ROOM = 32 };

/* The words of WORDS, each by itself; the last pointer is NULL. */
struct split {
    char text[MOST_WORDS * WORD_ROOM];
    const char *word[MOST_WORDS + 1];
};

static void split(struct split *s, const char *words)
{
    char *rest = NULL;
    int count = 0;
    snprintf(s->text, sizeof s->text, "%s", words);
    for (char *at = strtok_r(s->text, " ", &rest); at && count < MOST_WORDS;
         at = strtok_r(NULL, " ", &rest))
        s->word[count++] = at;
    s->word[count] = NULL;
}

/* Which of WORDS this is, or -1. */
static int place_of(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (!strcmp(words[i], word))
            return i;
    return -1;
}

static int unknown(const struct backend_option *options, const char *name, struct why *w)
{
    const char *names[MOST_SETTINGS + 1] = { 0 };
    for (int i = 0; options[i].name; i++)
        names[i] = options[i].name;
    const char *near = nearest_word(name, names);
    return why(w, -EINVAL, "options=%s: there is no such option%s%s%s", name,
               near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static int take_value(const struct backend_option *o, const char *value, int64_t *out,
                      struct why *w)
{
    if (o->words) {
        struct split words;
        split(&words, o->words);
        *out = place_of(words.word, value);
        return *out < 0
                   ? why(w, -EINVAL, "options=%s:%s: it is one of: %s", o->name, value, o->words)
                   : 0;
    }
    if (!parse_number(value, out) || *out < o->least || *out > o->most)
        return why(w, -EINVAL, "options=%s:%s: write a number from %" PRId64 " to %" PRId64,
                   o->name, value, o->least, o->most);
    return 0;
}

int setting_parse(const struct backend_option *options, const char *text, int64_t *values,
                  struct why *w)
{
    unsigned given = 0;
    for (int i = 0; options && options[i].name; i++)
        values[i] = options[i].fallback;
    if (*text && !options)
        return why(w, -EINVAL, "options=%s: this backend takes none", text);
    for (const char *at = text; *at; at += strcspn(at, "+"), at += *at == '+') {
        char one[2 * WORD_ROOM];
        int which = 0, error;
        snprintf(one, sizeof one, "%.*s", (int)strcspn(at, "+"), at);
        char *colon = strchr(one, ':');
        if (!colon || colon == one)
            return why(w, -EINVAL, "options=%s is not of the form name:value+name:value", text);
        *colon = 0;
        while (options[which].name && strcmp(options[which].name, one) != 0)
            which++;
        if (!options[which].name)
            return unknown(options, one, w);
        if (given & 1u << which)
            return why(w, -EINVAL, "options=%s: %s is given twice", text, one);
        given |= 1u << which;
        if ((error = take_value(&options[which], colon + 1, &values[which], w)))
            return error;
    }
    return 0;
}

void setting_print(const struct backend_option *options, const int64_t *values, char *text,
                   size_t room)
{
    size_t used = 0;
    *text = 0;
    for (int i = 0; options && options[i].name; i++) {
        const struct backend_option *o = &options[i];
        struct split words;
        if (values[i] == o->fallback || used >= room)
            continue;
        used += (size_t)snprintf(text + used, room - used, "%s%s:", used ? "+" : "", o->name);
        if (used >= room)
            continue;
        if (o->words) {
            split(&words, o->words);
            used += (size_t)snprintf(text + used, room - used, "%s", words.word[values[i]]);
        } else {
            used += (size_t)snprintf(text + used, room - used, "%" PRId64, values[i]);
        }
    }
}

void setting_range(const struct backend_option *o, char *text, size_t room)
{
    if (o->words)
        snprintf(text, room, "%s", o->words);
    else
        snprintf(text, room, "%" PRId64 " to %" PRId64 "; %" PRId64, o->least, o->most,
                 o->fallback);
}
