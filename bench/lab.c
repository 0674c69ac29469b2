/* SPDX-License-Identifier: MIT
 *
 * lab: the command.  Lists the labs, prints a sheet, measures a lab's plan on this machine and says
 * what came out, or grades runs that others hand in.  What a lab is stands in its sheet.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../core/topology.h"
#include "batch.h"
#include "command.h"
#include "grade.h"
#include "layout.h"
#include "listing.h"
#include "run.h"

enum { BUDGET_S = 170 }; /* no lab takes longer */

static const char *const formats[] = { "text", "csv", NULL };
enum { FORMAT_TEXT, FORMAT_CSV };

static struct lab_wishes {
    int sheet, check, format, force;
    const char *out;
} lab_wishes;

/* ---- which there are ------------------------------------------------------------------------- */

static void list_labs(void)
{
    char **names = sheet_names();
    if (!names)
        die(EXIT_FAILED, "lab: there are no sheets in docs/labs beside this program; install it");
    for (char **name = names; *name; name++) {
        struct sheet s;
        struct why w;
        if (sheet_open(&s, *name, &w))
            die(EXIT_FAILED, "lab: %s", w.text);
        const char *colon = strstr(s.title, ": ");
        printf("%-8s %s\n", *name, colon ? colon + 2 : s.title);
        sheet_close(&s);
        free(*name);
    }
    free(names);
}

static void open_sheet(struct sheet *s, const char *name)
{
    struct why w;
    char hint[80] = "";
    if (!sheet_open(s, name, &w))
        return;
    char **names = sheet_names();
    const char *near = names ? nearest_word(name, (const char *const *)names) : NULL;
    if (near)
        snprintf(hint, sizeof hint, "; did you mean '%.50s'?", near);
    for (char **n = names; n && *n; n++)
        free(*n);
    free(names);
    die(EXIT_USAGE, "lab: %s%s", w.text, hint);
}

/* ---- saying it ------------------------------------------------------------------------------- */

static void print_text(const struct sheet *s, const struct hand_in *h, const struct marks *m)
{
    printf("%s  (%s)\n", s->title, h->dir);
    for (int i = 0; m->graded && i < s->check_count; i++) {
        int at = printf("  %-8s%-15s", grade_words[m->graded[i].grade], s->checks[i].name);
        layout_wrap(stdout, m->graded[i].text, at + 1, at);
    }
    printf("%s", verdict_words[m->verdict]);
    if (m->graded)
        printf(": %d of %d checks", m->counts[GRADE_PASS],
               m->counts[GRADE_PASS] + m->counts[GRADE_FAIL] + m->counts[GRADE_UNCLEAR]);
    printf("%s%s\n", *m->reason ? "; " : "", m->reason);
}

static void print_csv_head(const struct sheet *s)
{
    printf(
        "hand_in,lab,verdict,passed,failed,unclear,absent,foreign_share,host,date_utc,cpus,reason");
    for (int i = 0; i < s->check_count; i++)
        if (s->checks[i].class != CLASS_SHOW)
            printf(",%s", s->checks[i].name);
    putchar('\n');
}

static void print_csv(const struct sheet *s, const struct hand_in *h, const struct marks *m)
{
    static const char *const facts[] = { "foreign_share", "hostname", "date_utc",
                                         "effective_workers" };
    csv_put(stdout, h->dir);
    printf(",%s,%s,%d,%d,%d,%d", s->name, verdict_words[m->verdict], m->counts[GRADE_PASS],
           m->counts[GRADE_FAIL], m->counts[GRADE_UNCLEAR], m->counts[GRADE_ABSENT]);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        putchar(',');
        csv_put(stdout, machine_get(&h->machine, facts[i]));
    }
    putchar(',');
    csv_put(stdout, m->reason);
    for (int i = 0; i < s->check_count; i++)
        if (s->checks[i].class != CLASS_SHOW)
            printf(",%s", m->graded ? grade_words[m->graded[i].grade] : "");
    putchar('\n');
}

/* ---- grading --------------------------------------------------------------------------------- */

struct pile {
    struct hand_in *hand_in;
    struct marks *marks;
    int count;
};

/* Who has the same rows as another has measured nothing of their own, or lent it: both are refused,
 * for the files do not tell which. */
static void find_copies(const struct pile *p)
{
    for (int i = 0; i < p->count; i++)
        for (int k = 0; k < i; k++)
            if (p->hand_in[i].samples && p->hand_in[k].samples &&
                handin_shares_rows(&p->hand_in[i], &p->hand_in[k])) {
                marks_free(&p->marks[i]);
                marks_free(&p->marks[k]);
                p->marks[i] = p->marks[k] = (struct marks){ 0 };
                grade_refuse(&p->marks[i], "it has the same measurements as %s", p->hand_in[k].dir);
                grade_refuse(&p->marks[k], "it has the same measurements as %s", p->hand_in[i].dir);
            }
}

/* The worst of all decides. */
static int exit_code(const struct pile *p)
{
    int code = EXIT_OK;
    for (int i = 0; i < p->count; i++) {
        enum verdict_of_lab v = p->marks[i].verdict;
        if (v == LAB_UNCLEAR && code == EXIT_OK)
            code = EXIT_CHECK;
        else if (v != LAB_PASS && v != LAB_UNCLEAR)
            code = EXIT_FAILED;
    }
    return code;
}

static int grade_all(const struct sheet *s, char **dirs, int count)
{
    struct pile p = { calloc((size_t)count, sizeof *p.hand_in),
                      calloc((size_t)count, sizeof *p.marks), count };
    struct why w;
    if (!p.hand_in || !p.marks)
        die(EXIT_FAILED, "lab: no memory");
    for (int i = 0; i < count; i++) {
        if (handin_open(&p.hand_in[i], dirs[i], &w))
            grade_refuse(&p.marks[i], "%s", w.text);
        else if (grade(&p.marks[i], s, &p.hand_in[i], &w))
            die(EXIT_FAILED, "lab: %s: %s", s->file, w.text);
    }
    find_copies(&p);
    if (lab_wishes.format == FORMAT_CSV)
        print_csv_head(s);
    for (int i = 0; i < count; i++)
        (lab_wishes.format == FORMAT_CSV ? print_csv : print_text)(s, &p.hand_in[i], &p.marks[i]);
    int code = exit_code(&p);
    for (int i = 0; i < count; i++) {
        marks_free(&p.marks[i]);
        handin_close(&p.hand_in[i]);
    }
    free(p.hand_in);
    free(p.marks);
    return code;
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* A reason is told once for all lines that it holds for. */
static int tell_if_here(const struct record *r, struct why *w)
{
    static struct why told;
    int here = listing_is_here(r, w);
    if (!here && strcmp(w->text, told.text) != 0) {
        warn("lab: left out: %s: %s", r->sweep, w->text);
        told = *w;
    }
    return here;
}

/* The CPUs that `place` chooses here. */
static char *cpus_of(const struct record *r, const struct topology *t)
{
    int cpus[256], workers = r->workers < 256 ? (int)r->workers : 256,
                   one = !strcmp(r->place, "one");
    char *text = NULL;
    size_t length = 0;
    struct why w;
    FILE *f = open_memstream(&text, &length);
    long count = topology_place(t, one ? "close" : r->place, one ? 1 : workers, cpus, &w);
    if (!f || count < 0)
        die(EXIT_FAILED, "lab: %s", f ? w.text : "no memory");
    for (long i = 0; i < count; i++)
        fprintf(f, "%s%d", i ? "+" : "", cpus[i]);
    fclose(f);
    return text;
}

/* A file that has the lab's plan for this machine; its name is good while this program runs. */
static void write_plan(const struct sheet *s, char name[64])
{
    struct topology *t;
    struct machine facts = { 0 };
    struct plan plan;
    struct why w;
    int fd = memfd_create("plan.txt", MFD_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f)
        die(EXIT_FAILED, "lab: no memory for the plan");
    const struct topology_spec spec = { .granted = batch_cpus() };
    if (topology_load(&t, &spec, &w))
        die(EXIT_FAILED, "lab: %s", w.text);
    machine_set(&facts, "effective_workers", "", "%ld", t->effective_workers);
    machine_set(&facts, "cores", "", "%ld", t->cores);
    if (sheet_plan(s, &facts, &plan, tell_if_here, &w))
        die(EXIT_FAILED, "lab: %s", w.text);
    for (int i = 0; i < plan.count; i++) {
        struct record *r = &plan.cells[i].record;
        char *cpus = *r->place ? cpus_of(r, t) : NULL;
        if (cpus)
            r->cpus = cpus;
        record_print_line(r, f);
        free(cpus);
    }
    if (fflush(f) || ferror(f))
        die(EXIT_FAILED, "lab: cannot write the plan: %s", strerror(errno));
    snprintf(name, 64, "/proc/self/fd/%d", fd);
    plan_free(&plan);
    machine_free(&facts);
    topology_free(t);
}

/* results/lab-NAME-UTC */
static const char *folder_name(const struct sheet *s)
{
    static char name[100];
    char date[40];
    time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    snprintf(name, sizeof name, "results/lab-%s-%s", s->name, date);
    return name;
}

static int measure_lab(const struct sheet *s)
{
    const char *out = lab_wishes.out ? lab_wishes.out : folder_name(s);
    char plan[64], command[200];
    struct why w;
    write_plan(s, plan);
    snprintf(command, sizeof command, "teampool lab %s", s->name);
    int code = run_lend(plan, s->blocks, BUDGET_S, out, lab_wishes.force, command);
    if (code != EXIT_OK && code != EXIT_FAILED) {
        warn("lab: interrupted: %s cannot be handed in; begin again", out);
        return code;
    }
    if (handin_seal(out, s->name, &w))
        die(EXIT_FAILED, "lab: %s", w.text);
    return grade_all(s, (char *[]){ (char *)out }, 1);
}

/* ---- the command ----------------------------------------------------------------------------- */

static const struct option options[] = {
    { "--sheet", NULL, OPTION_FLAG, &lab_wishes.sheet, "print the lab's sheet, measure nothing" },
    { "--check", NULL, OPTION_FLAG, &lab_wishes.check,
      "grade the runs in these folders, measure nothing" },
    { "--format", "FORMAT", OPTION_WORD, ONE_OF(&lab_wishes.format, formats),
      "how grades are printed" },
    { "--out", "DIR", OPTION_TEXT, &lab_wishes.out, "the run's folder (results/lab-NAME-<UTC>)" },
    { "--force", NULL, OPTION_FLAG, &lab_wishes.force,
      "measure with a Debug or sanitizer build, too" },
    { 0 },
};

static int lab_main(const struct command *self, int argc, char **argv)
{
    struct sheet s;
    int operands = options_take(self, argc, argv), code = EXIT_OK;
    if (lab_wishes.check && (operands < 2 || lab_wishes.sheet || lab_wishes.out))
        die(EXIT_USAGE,
            "lab: --check takes the lab and folders: teampool lab sleep --check DIR...");
    if (!lab_wishes.check && operands > 1)
        die(EXIT_USAGE, "lab: one lab at a time; to grade '%s' add --check", argv[1]);
    if (!operands) {
        list_labs();
        return EXIT_OK;
    }
    open_sheet(&s, argv[0]);
    if (lab_wishes.sheet)
        fputs(s.text, stdout);
    else
        code = lab_wishes.check ? grade_all(&s, argv + 1, operands - 1) : measure_lab(&s);
    sheet_close(&s);
    return code;
}

const struct command command_lab = {
    .name = "lab",
    .operands = "[NAME [DIR...]]",
    .summary = "course labs: measure one, say what came out, grade what is handed in",
    .about =
        "Without a name it lists the labs.  With one it measures the lab's plan, in half a minute "
        "or "
        "less,\n"
        "says what came out, and checks it against what this machine should show.  What is handed "
        "in "
        "is\n"
        "the run's folder; --check grades it from its own files, --format csv as a marking table.\n"
        "Exit codes: 0 all passed; 1 a check failed, a folder is of another lab or cannot be a\n"
        "run's; 4 unclear: run again when the machine is quiet.",
    .main = lab_main,
    .options = options,
};
