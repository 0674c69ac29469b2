/* SPDX-License-Identifier: MIT */
#include "launcher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/clock.h"
#include "child.h"

#define STAMP "TEAMPOOL_CELL_LAUNCHED" /* "TIME HOST", when and where the launcher was started */

enum { MOST_WORDS = 250 };

const char *launcher_command(const char *fallback)
{
    const char *wanted = getenv(LAUNCHER_VARIABLE);
    return wanted && *wanted ? wanted : fallback;
}

static void stamp(void)
{
    char text[300], host[256] = "";
    gethostname(host, sizeof host - 1);
    snprintf(text, sizeof text, "%" PRId64 " %s", clock_ns(), host);
    setenv(STAMP, text, 1);
}

int64_t launcher_took(int64_t now)
{
    const char *text = getenv(STAMP);
    char host[256] = "", *end;
    if (!text)
        return 0;
    int64_t then = strtoll(text, &end, 10);
    gethostname(host, sizeof host - 1);
    return *end == ' ' && !strcmp(end + 1, host) && then < now ? now - then : 0;
}

static int says_how_many(char *const *words)
{
    static const char *const options[] = { "-n", "-np", "--np", "--ntasks" };
    for (; *words; words++)
        for (size_t i = 0; i < sizeof options / sizeof *options; i++)
            if (!strcmp(*words, options[i]))
                return 1;
    return 0;
}

int launcher_look(const char *command, struct why *w)
{
    char name[4096], file[4096];
    command += strspn(command, " ");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(command, " "), command);
    if (child_in_path(name, file, sizeof file))
        return 0;
    return why(w, -ENOENT,
               "cannot start '%s': there is no such program; name the launcher of your MPI: "
               "teampool run --mpi COMMAND, or " LAUNCHER_VARIABLE,
               name);
}

int launcher_become(const char *command, const char *program, int processes, char *const words[],
                    char *last, struct why *w)
{
    char *argv[MOST_WORDS + 5] = { 0 }, path[4096], number[16], *rest = NULL;
    char text[4096];
    int count = 0;
    if (!child_find(program, path, sizeof path))
        return why(w, -ENOENT, "cannot find %s beside this program; build or install both",
                   program);
    if ((size_t)snprintf(text, sizeof text, "%s", command) >= sizeof text)
        return why(w, -E2BIG, "the command in " LAUNCHER_VARIABLE " is too long");
    for (char *word = strtok_r(text, " ", &rest); word && count < MOST_WORDS / 2;
         word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    if (!count)
        return why(w, -EINVAL, LAUNCHER_VARIABLE " names no command");
    snprintf(number, sizeof number, "%d", processes);
    if (!says_how_many(argv)) {
        argv[count++] = (char *)"-n";
        argv[count++] = number;
    }
    argv[count++] = path;
    while (*words && count < MOST_WORDS)
        argv[count++] = *words++;
    argv[count++] = last;
    stamp();
    execvp(argv[0], argv);
    return why(w, -errno,
               "cannot start '%s': %s; name the launcher of your MPI: teampool run --mpi COMMAND, "
               "or " LAUNCHER_VARIABLE,
               argv[0], strerror(errno));
}
