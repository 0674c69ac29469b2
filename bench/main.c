/* SPDX-License-Identifier: MIT
 *
 * teampool: the command line.  One table of commands; each is a file of this folder.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"

const char *program_name = "teampool";

const struct command *const commands[] = {
    &command_topology,
    &command_doctor,
    &command_list,
    &command_plan,
    &command_run,
    &command_summarize,
    &command_report,
    &command_compare,
    &command_advise,
    &command_lab,
    &command_completion,
    &command_manual,
    NULL,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

const struct option program_options[] = {
    { .name = "--help", .help = "this text" },
    { .name = "--list", .help = "the same as list" },
    { .name = "--version", .help = "the version" },
    { 0 },
};

static void help(void)
{
    printf(
        "usage: teampool COMMAND [options]\n\n"
        "Threads or processes on this machine: how many workers, which chunk size, and from what\n"
        "task size does parallel pay?\n\ncommands:\n");
    for (const struct command *const *c = commands; *c; c++)
        printf("  %-12s%s\n", (*c)->name, (*c)->summary);
    printf("\noptions:\n");
    for (const struct option *o = program_options; o->name; o++)
        printf("  %-12s%s\n", o->name, o->help);
    printf("\n'%s COMMAND --help' tells more.  To begin: %s %s\n", program_path, program_path,
           first_step);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "--help";
    const char *names[COMMANDS] = { 0 };

    stdio_begin();
    program_path = argc > 0 ? argv[0] : program_path;
    if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
        help();
        return stdio_end(argc > 1 ? EXIT_OK : EXIT_USAGE);
    }
    if (!strcmp(word, "--version")) {
        printf("teampool %s\n", TEAMPOOL_VERSION);
        return stdio_end(EXIT_OK);
    }
    if (!strcmp(word, "--list"))
        word = command_list.name;
    for (int i = 0; commands[i]; i++) {
        names[i] = commands[i]->name;
        if (!strcmp(word, commands[i]->name))
            return stdio_end(commands[i]->main(commands[i], argc - 2, argv + 2));
    }
    const char *near = nearest_word(word, names);
    die(EXIT_USAGE, "unknown command '%s'%s%s%s; '%s --help' lists them", word,
        near ? "; did you mean '" : "", near ? near : "", near ? "'" : "", program_path);
}
