/* SPDX-License-Identifier: MIT */
#include "sheet.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

#define FOLDER "docs/labs"

/* ---- which there are ------------------------------------------------------------------------- */

static int is_sheet(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return islower((unsigned char)entry->d_name[0]) && length > 3 &&
           !strcmp(entry->d_name + length - 3, ".md");
}

char **sheet_names(void)
{
    char path[4096];
    struct dirent **found = NULL;
    int count =
        child_find(FOLDER, path, sizeof path) ? scandir(path, &found, is_sheet, alphasort) : -1;
    char **names = count > 0 ? calloc((size_t)count + 1, sizeof *names) : NULL;
    for (int i = 0; i < count; i++) {
        if (names)
            names[i] = strndup(found[i]->d_name, strlen(found[i]->d_name) - 3);
        free(found[i]);
    }
    free(found);
    return names;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_all(struct sheet *s, struct why *w)
{
    size_t room = 0;
    FILE *f = fopen(s->file, "re");
    if (!f || getdelim(&s->text, &room, 0, f) < 0) {
        int error = f ? -EIO : -errno;
        if (f)
            fclose(f);
        return why(w, error, "cannot read %s: %s", s->file, strerror(-error));
    }
    fclose(f);
    return 0;
}

/* The inside of the block of code that begins with "```WORD", copied; its first line into HEAD. */
static char *block_of(const char *text, const char *word, char *head, size_t room)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, "\n```")); at += 4) {
        if (strncmp(at + 4, word, length) != 0 || !strchr(" \n", at[4 + length]))
            continue;
        const char *line = at + 4, *begin = strchr(line, '\n');
        const char *end = begin ? strstr(begin, "\n```") : NULL;
        if (!end)
            return NULL;
        snprintf(head, room, "%.*s", (int)(begin - line), line);
        return strndup(begin + 1, end == begin ? 0 : (size_t)(end - begin));
    }
    return NULL;
}

/* One more of what AT is an array of, zeroed; SIZE bytes each. */
static void *grow(void *array, int count, size_t size)
{
    char *new = realloc(array, ((size_t)count + 1) * size);
    if (new)
        memset(new + (size_t)count *size, 0, size);
    return new;
}

static int add_line(struct sheet *s, const char *line)
{
    char **lines = grow(s->lines, s->line_count, sizeof *lines);
    if (!lines)
        return -ENOMEM;
    s->lines = lines;
    lines[s->line_count++] = strdup(line);
    return 0;
}

static int read_plan(struct sheet *s, struct why *w)
{
    char head[80], *rest, *line;
    char *block = block_of(s->text, "plan", head, sizeof head);
    if (!block || sscanf(head, "plan blocks=%ld", &s->blocks) != 1 || s->blocks < 1) {
        free(block);
        return why(w, -EBADMSG, "%s: there is no ```plan blocks=N in it", s->file);
    }
    int error = 0;
    for (line = strtok_r(block, "\n", &rest); line && !error; line = strtok_r(NULL, "\n", &rest))
        error = *line == '#' ? 0 : add_line(s, line);
    free(block);
    return error;
}

/* A copy without blanks at both ends, and with one where there were several. */
static char *trimmed(const char *text, size_t length)
{
    char *copy = malloc(length + 1), *to = copy;
    for (const char *at = text; copy && at < text + length; at++)
        if (!isspace((unsigned char)*at))
            *to++ = *at;
        else if (to > copy && to[-1] != ' ')
            *to++ = ' ';
    if (copy)
        to[to > copy && to[-1] == ' ' ? -1 : 0] = 0;
    return copy;
}

/* "CONDITION [as WORDS]", up to END. */
static void take_condition(struct sheet_check *c, const char *text, const char *end)
{
    char *words;
    c->condition = trimmed(text, (size_t)(end - text));
    if (c->condition && (words = strstr(c->condition, " as "))) {
        c->takes = strdup(words + 4);
        *words = 0;
    }
}

static int add_check(struct sheet *s, const char *entry, struct why *w)
{
    static const char *const classes[] = { "always", "timing", "quiet", "show", NULL };
    struct sheet_check *checks = grow(s->checks, s->check_count, sizeof *checks);
    char class[16], name[40];
    int used = 0, which = 0;
    if (!checks)
        return -ENOMEM;
    s->checks = checks;
    struct sheet_check *c = &checks[s->check_count++];
    const char *colon = strchr(entry, ':'), *bar = strchr(entry, '|');
    const char *second = bar ? strchr(bar + 1, '|') : NULL;
    if (sscanf(entry, "%15s %39[a-z0-9_]%n", class, name, &used) < 2 || !colon || !bar ||
        colon > bar || entry + used > colon)
        return why(w, -EBADMSG, "%s: not CLASS NAME: CLAIM | TEXT: %.60s", s->file, entry);
    while (classes[which] && strcmp(classes[which], class) != 0)
        which++;
    if (!classes[which])
        return why(w, -EBADMSG, "%s: there is no class '%s': %.60s", s->file, class, entry);
    c->class = (enum check_class)which;
    c->name = strdup(name);
    const char *condition = entry + used + strspn(entry + used, " ");
    if (!strncmp(condition, "if ", 3))
        take_condition(c, condition + 3, colon);
    c->claim = trimmed(colon + 1, (size_t)(bar - colon - 1));
    c->text = trimmed(bar + 1, second ? (size_t)(second - bar - 1) : strlen(bar + 1));
    c->hint = second ? trimmed(second + 1, strlen(second + 1)) : strdup("");
    return 0;
}

/* An entry goes on in the lines that are indented. */
static int read_checks(struct sheet *s, struct why *w)
{
    char head[80], *rest, *block = block_of(s->text, "checks", head, sizeof head);
    int error = block ? 0 : why(w, -EBADMSG, "%s: there is no ```checks in it", s->file);
    for (char *c = block; c && *c; c++)
        if (*c == '\n' && isblank((unsigned char)c[1]))
            *c = ' ';
    for (char *entry = error ? NULL : strtok_r(block, "\n", &rest); entry && !error;
         entry = strtok_r(NULL, "\n", &rest))
        error = *entry == '#' ? 0 : add_check(s, entry, w);
    free(block);
    return error;
}

int sheet_open(struct sheet *s, const char *name, struct why *w)
{
    char wanted[80];
    *s = (struct sheet){ 0 };
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(wanted, sizeof wanted, FOLDER "/%s.md", s->name);
    if (!child_find(wanted, s->file, sizeof s->file))
        return why(w, -ENOENT, "there is no lab '%s'; 'teampool lab' lists them", name);
    int error = read_all(s, w);
    if (!error) {
        const char *title = s->text + strspn(s->text, "# ");
        s->title = trimmed(title, strcspn(title, "\n"));
        error = read_plan(s, w);
    }
    return error ? error : read_checks(s, w);
}

void sheet_close(struct sheet *s)
{
    for (int i = 0; i < s->line_count; i++)
        free(s->lines[i]);
    for (int i = 0; i < s->check_count; i++) {
        struct sheet_check *c = &s->checks[i];
        char *texts[] = { c->name, c->condition, c->takes, c->claim, c->text, c->hint };
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    free(s->lines);
    free(s->checks);
    free(s->title);
    free(s->text);
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* LINE with each $(FORMULA) as a whole number. */
static int fill_in(const struct sheet *s, const char *line, const struct hand_in *facts, FILE *f,
                   struct why *w)
{
    for (const char *at = line; *at;) {
        if (strncmp(at, "$(", 2) != 0) {
            fputc(*at++, f);
            continue;
        }
        int depth = 0;
        const char *end = at + 1;
        do
            depth += (*end == '(') - (*end == ')');
        while (*end++ && depth);
        struct formula_result r;
        struct why inner;
        int error = formula_compute(at + 2, (size_t)(end - at - 3), facts, &r, &inner);
        if (error)
            return why(w, error, "%s: %s: %s", s->file, line, inner.text);
        fprintf(f, "%.0f", r.value);
        at = end;
    }
    fputc('\n', f);
    return 0;
}

int sheet_plan(const struct sheet *s, const struct machine *facts, struct plan *p, struct why *w)
{
    const struct hand_in of = { .machine = *facts };
    char *text = NULL;
    size_t length = 0;
    int error = 0;
    FILE *f = open_memstream(&text, &length);
    for (int i = 0; f && !error && i < s->line_count; i++)
        error = fill_in(s, s->lines[i], &of, f, w);
    if (!f || fclose(f))
        error = why(w, -ENOMEM, "no memory for the plan");
    *p = (struct plan){ 0 };
    f = error ? NULL : fmemopen(text, length, "r");
    if (f) {
        error = plan_read(p, f, s->file, w);
        fclose(f);
    }
    free(text);
    return error;
}
