/* SPDX-License-Identifier: MIT */
#include "grade.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "words.h"

const char *const grade_words[] = { "pass", "fail", "unclear", "absent", "shown" };
const char *const verdict_words[] = { "pass", "fail", "unclear", "another lab", "refused" };

/* ---- is it this lab's plan? ------------------------------------------------------------------ */

/* The plan's line for comparing: the CPUs that `place` chose are the machine's matter. */
static char *line_of(const struct record *r)
{
    struct record copy = *r;
    if (*copy.place)
        copy.cpus = "";
    char *line = record_say_line(&copy);
    if (line)
        line[strcspn(line, "\n")] = 0;
    return line;
}

static int same_line(const struct record *a, const struct record *b)
{
    char *x = line_of(a), *y = line_of(b);
    int same = x && y && !strcmp(x, y);
    free(x);
    free(y);
    return same;
}

/* Returns 1, or 0 with WHY: the plan of H is not P, whose optional cells may be missing. */
static int plan_fits(const struct hand_in *h, const struct plan *p, struct why *w)
{
    int at = 0;
    for (int i = 0; i < p->count; i++) {
        int same = at < h->plan.count && same_line(&h->plan.cells[at].record, &p->cells[i].record);
        if (!same && !p->cells[i].optional) {
            char *wanted = line_of(&p->cells[i].record);
            why(w, 0, "its plan is not this lab's on its machine: line %d is not: %s", at + 1,
                wanted ? wanted : "");
            free(wanted);
            return 0;
        }
        at += same;
    }
    return at == h->plan.count
               ? 1
               : why(w, 0, "its plan has %d lines that are not this lab's", h->plan.count - at);
}

/* Sets verdict and reason if it is not. */
static void check_lab(struct marks *m, const struct sheet *s, const struct hand_in *h)
{
    struct plan plan = { 0 };
    struct why reason;
    const char *lab = machine_get(&h->machine, "lab");
    if (*lab && strcmp(lab, s->name) != 0) {
        grade_refuse(m, "it is of the lab %s", lab);
        m->verdict = LAB_FOREIGN;
    } else if (sheet_plan(s, &h->machine, &plan, &reason)) {
        grade_refuse(m, "there is no plan for its machine: %s", reason.text);
    } else if (!plan_fits(h, &plan, &reason)) {
        grade_refuse(m, "%s", reason.text);
        m->verdict = LAB_FOREIGN;
    }
    plan_free(&plan);
}

/* ---- one check ------------------------------------------------------------------------------- */

/* A claim, taken apart: LEFT RELATION RIGHT [.. HIGH]. */
struct claim {
    const char *left, *right, *high;
    size_t left_length, right_length;
    enum { AT_LEAST, AT_MOST, EQUAL, BETWEEN, SAYS, NO_RELATION } relation;
};

static struct claim take_apart(const char *text)
{
    static const char *const words[] = { " >= ", " <= ", " = ", " in ", " says " };
    struct claim c = { .left = text, .left_length = strlen(text), .relation = NO_RELATION };
    for (int i = 0; i < NO_RELATION; i++) {
        const char *at = strstr(text, words[i]);
        if (!at)
            continue;
        c.left_length = (size_t)(at - text);
        c.right = at + strlen(words[i]);
        c.right_length = strlen(c.right);
        c.relation = i;
        c.high = i == BETWEEN ? strstr(c.right, " .. ") : NULL;
        if (c.high)
            c.right_length = (size_t)(c.high - c.right);
        break;
    }
    return c;
}

/* Does it hold?  *HOLDS: 1 or 0.  CROWDING grows to that of the cells it is about. */
static int judge(const struct claim *c, const struct hand_in *h, int *holds, double *crowding,
                 struct why *w)
{
    struct formula_result left, right, high = { INFINITY, 0 };
    int error;
    *holds = 0;
    if (c->relation == SAYS) {
        const char *told;
        error = formula_text(c->left, c->left_length, h, &told, w);
        *holds = !error && strstr(told, c->right);
        return error;
    }
    error = formula_compute(c->left, c->left_length, h, &left, w);
    if (error || c->relation == NO_RELATION)
        return error;
    if ((error = formula_compute(c->right, c->right_length, h, &right, w)) ||
        (c->high && (error = formula_compute(c->high + 4, strlen(c->high + 4), h, &high, w))))
        return error;
    *crowding = fmax(left.crowding, fmax(right.crowding, high.crowding));
    *holds = c->relation == AT_MOST ? left.value <= right.value
             : c->relation == EQUAL ? left.value == right.value
                                    : left.value >= right.value && left.value <= high.value;
    return 0;
}

/* The value of TEXT, "FORMULA [t|%|w]", as it is read. */
static void put_value(const char *text, size_t length, const struct hand_in *h, FILE *f)
{
    struct formula_result r;
    char kind = ' ', word[WORD];
    if (length > 2 && text[length - 2] == ' ' && strchr("t%w", text[length - 1])) {
        kind = text[length - 1];
        length -= 2;
    }
    const char *told;
    if (kind == 'w' && !formula_text(text, length, h, &told, NULL))
        fputs(told, f);
    else if (kind == 'w' || formula_compute(text, length, h, &r, NULL))
        fputs("?", f);
    else if (kind == '%')
        fprintf(f, "%.0f%%", 100 * r.value);
    else if (kind == 't')
        fputs(words_time(word, r.value, 3), f);
    else if (r.value == floor(r.value))
        fputs(words_count(word, r.value), f);
    else
        fputs(words_factor(word, r.value), f);
}

/* A sentence with its values. */
static void put_sentence(const char *text, const struct hand_in *h, char *out, size_t room)
{
    FILE *f = fmemopen(out, room, "w");
    for (const char *at = text; f && *at;) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (end) {
            put_value(at + 1, (size_t)(end - at - 1), h, f);
            at = end + 1;
        } else {
            fputc(*at++, f);
        }
    }
    if (f)
        fclose(f);
    out[room - 1] = 0;
}

/* Was so much taken by others, or so much waiting for a CPU, that times tell little? */
static int is_busy(const struct hand_in *h, double crowding)
{
    double foreign = handin_foreign(h);
    return !(foreign < GRADE_FOREIGN) || crowding > GRADE_FOREIGN;
}

/* LOADED: others took CPU time; BUSY: they did, or these cells had to wait for a CPU. */
static enum grade grade_of(enum check_class class, int holds, int loaded, int busy)
{
    if (class == CLASS_SHOW)
        return GRADE_SHOWN;
    if (class == CLASS_QUIET && loaded)
        return GRADE_UNCLEAR;
    if (holds)
        return GRADE_PASS;
    return class == CLASS_ALWAYS || !busy ? GRADE_FAIL : GRADE_UNCLEAR;
}

/* There is nothing to judge. */
static int leave(struct graded *g, enum grade grade, const char *format, const char *what)
{
    g->grade = grade;
    snprintf(g->text, sizeof g->text, format, what);
    return 0;
}

/* What a claim was that is not passed. */
static void put_expected(struct graded *g, const struct sheet_check *c, int holds)
{
    size_t used = strlen(g->text);
    snprintf(g->text + used, sizeof g->text - used, ". Expected: %s%s%s%s", c->claim,
             g->grade == GRADE_FAIL ? ""
             : holds                ? ", but beside a load it is not judged"
                                    : ", but the CPUs were not its own",
             *c->hint ? ". " : "", c->hint);
}

/* Does the condition of check I hold?  Returns 0 or -errno with WHY. */
static int judge_condition(const struct marks *m, const struct sheet *s, int i,
                           const struct hand_in *h, int *holds, struct why *w)
{
    const char *text = s->checks[i].condition, *passes = strstr(text, " passes");
    const struct claim condition = take_apart(text);
    double crowding;
    if (!passes)
        return judge(&condition, h, holds, &crowding, w);
    *holds = 0;
    for (int k = 0; k < i; k++)
        if (strlen(s->checks[k].name) == (size_t)(passes - text) &&
            !strncmp(s->checks[k].name, text, (size_t)(passes - text)))
            *holds = m->graded[k].grade == GRADE_PASS;
    return 0;
}

static int grade_check(struct marks *m, const struct sheet *s, int i, const struct hand_in *h,
                       struct why *w)
{
    struct graded *g = &m->graded[i];
    const struct sheet_check *c = &s->checks[i];
    struct why inner = { "" };
    const struct claim claim = take_apart(c->claim);
    double crowding = 0;
    int holds = 1;
    int error = c->condition ? judge_condition(m, s, i, h, &holds, &inner) : 0;
    if (!error && !holds)
        return leave(g, GRADE_ABSENT, "Not here: it takes %s", c->takes ? c->takes : c->condition);
    if (!error)
        error = judge(&claim, h, &holds, &crowding, &inner);
    if (error == -ENODATA)
        return leave(g, GRADE_ABSENT, "Not here: %s", inner.text);
    if (error == -EAGAIN)
        return leave(g, GRADE_UNCLEAR, "Nothing to judge: %s", inner.text);
    if (error)
        return why(w, error, "the check %s: %s", c->name, inner.text);
    const int loaded = is_busy(h, 0), busy = is_busy(h, crowding);
    g->grade = grade_of(c->class, holds, loaded, busy);
    put_sentence(c->text, h, g->text, sizeof g->text);
    if (g->grade == GRADE_FAIL || g->grade == GRADE_UNCLEAR)
        put_expected(g, c, holds);
    return 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

void grade_refuse(struct marks *m, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(m->reason, sizeof m->reason, format, ap);
    va_end(ap);
    layout_clean(m->reason);
    m->verdict = LAB_REFUSED;
}

int grade(struct marks *m, const struct sheet *s, const struct hand_in *h, struct why *w)
{
    struct why reason;
    *m = (struct marks){ 0 };
    check_lab(m, s, h);
    if (m->verdict != LAB_PASS)
        return 0;
    if (handin_check(h, &reason)) {
        grade_refuse(m, "%s", reason.text);
        return 0;
    }
    return grade_checks(m, s, h, w);
}

int grade_checks(struct marks *m, const struct sheet *s, const struct hand_in *h, struct why *w)
{
    int error = 0;
    *m = (struct marks){ .graded = calloc((size_t)s->check_count, sizeof *m->graded) };
    if (!m->graded)
        return why(w, -ENOMEM, "no memory for the marks");
    for (int i = 0; !error && i < s->check_count; i++) {
        error = grade_check(m, s, i, h, w);
        layout_clean(m->graded[i].text);
        m->counts[m->graded[i].grade]++;
    }
    m->verdict = m->counts[GRADE_FAIL]                                ? LAB_FAIL
                 : m->counts[GRADE_UNCLEAR] || !m->counts[GRADE_PASS] ? LAB_UNCLEAR
                                                                      : LAB_PASS;
    if (m->verdict == LAB_UNCLEAR && is_busy(h, 0))
        snprintf(m->reason, sizeof m->reason,
                 "other processes took %.0f%% of the CPU time; run again when they take less than "
                 "%.0f%%",
                 100 * handin_foreign(h), 100 * GRADE_FOREIGN);
    return error;
}

void marks_free(struct marks *m)
{
    free(m->graded);
}
