/* SPDX-License-Identifier: MIT
 *
 * elsewhere: the commands that measure, on a system where nothing is measured.  It stands in for
 * all files that do (CMakeLists.txt names them), so that no other file asks what system it is on.
 */
#include <string.h>

#include "command.h"
#include "lab.h"
#include "listing.h"
#include "price.h"

const char *const first_step = "report DIR    (the folder of a run that Linux measured)";

#ifdef __linux__
#define REASON "built without measuring (TEAMPOOL_MEASURE=OFF)"
#define THERE  "with a build that has it"
#else
#define REASON "not on this system: measuring is Linux only"
#define THERE  "there"
#endif

#define INSTEAD                                                                                    \
    REASON ": measure " THERE ",\n"                                                                \
           "copy the run's folder here, and read it with summarize, report, compare, advise or "   \
           "lab --check"

static int refuse(const struct command *self, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return options_take(self, argc, argv); /* which prints it, and exits */
    die(EXIT_FAILED, "%s: %s", self->name, INSTEAD);
}

#define COMMAND(word)                                                                              \
    const struct command command_##word = {                                                        \
        .name = #word,                                                                             \
        .operands = "",                                                                            \
        .summary = REASON,                                                                         \
        .about = INSTEAD ".",                                                                      \
        .main = refuse,                                                                            \
    }

COMMAND(topology);
COMMAND(doctor);
COMMAND(list);
COMMAND(plan);
COMMAND(run);

int lab_measure(const struct sheet *s, const char *out, int force)
{
    (void)out;
    (void)force;
    die(EXIT_FAILED, "lab: %s: %s", s->name, INSTEAD);
}

/* A plan is read, to grade what came of it; nobody waits for it. */
double price_cell(const struct record *r)
{
    (void)r;
    return 0;
}

/* No program that measures, so nothing that it could do. */
int listing_ask(struct csv **out, const char *who, const char *question, struct why *w)
{
    (void)question;
    return csv_parse(out, "kind,name\n", 10, who, w);
}
