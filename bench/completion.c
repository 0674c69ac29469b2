/* SPDX-License-Identifier: MIT
 *
 * completion: what a shell needs to complete command lines of both programs, written from the
 * tables that parse them: commands and options, the fields of a plan line, and the names that the
 * cell program knows.
 */
#include <stdio.h>
#include <string.h>

#include "../core/place.h"
#include "command.h"
#include "listing.h"
#include "record.h"
#include "words.h"

enum { ROOM = 1000 };

/* What a value may be: a list of words, or one of these three. */
#define FOLDER "@folder"
#define FILES  "@file"
#define TEXT   "@text"

/* ---- what there is to complete ---- */

/* Add the words of TEXT that WORDS does not have. */
static void add_words(char words[ROOM], const char *text)
{
    for (const char *at = text; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " "), used = strlen(words);
        if (length && !words_has(words, at, length))
            snprintf(words + used, ROOM - used, "%s%.*s", used ? " " : "", (int)length, at);
        at += length;
    }
}

/* The words that a value of the field NAME may be, or "@text". */
static const char *field_words(const struct csv *list, const char *name, char words[ROOM])
{
    static const struct {
        const char *field, *kind, *column;
    } known[] = { { "backend", "backend", "name" },
                  { "start", "backend", "start" },
                  { "schedule", "backend", "forms" },
                  { "workload", "workload", "name" },
                  { "variant", "workload", "forms" } };
    *words = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (long row = 0; !strcmp(known[i].field, name) && row < list->rows; row++)
            if (!strcmp(csv_cell(list, row, csv_column(list, "kind")), known[i].kind))
                add_words(words, csv_cell(list, row, csv_column(list, known[i].column)));
    for (int i = 0; !strcmp(name, "place") && place_words[i]; i++)
        add_words(words, place_words[i]);
    return *words ? words : TEXT;
}

/* The same of an option; "": it takes none. */
static const char *option_words(const struct option *o, char words[ROOM])
{
    const char *word;
    *words = 0;
    for (int i = 0; (word = option_word(o, i)); i++)
        add_words(words, word);
    return *words || !o->arg         ? words
           : !strcmp(o->arg, "DIR")  ? FOLDER
           : !strcmp(o->arg, "FILE") ? FILES
                                     : TEXT;
}

static int takes_fields(const struct command *c)
{
    return strstr(c->operands, "FIELD") != NULL;
}

/* The same of a command's operands. */
static const char *operand_words(const struct command *c, char words[ROOM])
{
    snprintf(words, ROOM, "%s", c->operands);
    if (words[strcspn(words, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
        return takes_fields(c) ? "" : FOLDER;
    for (char *s = words; *s; s++)
        if (strchr("[]|", *s))
            *s = ' ';
    return words;
}

static int is_given(const struct field *f)
{
    return f->part != PART_MEASURED;
}

/* TEXT between quotes, which all three shells read alike; each of the characters in SPECIAL behind
 * a backslash. */
static void put_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", stdout);
        else if (strchr(special, *text))
            putchar('\\');
        putchar(*text);
    }
}

static void put_field_names(void)
{
    for (const struct field *f = record_fields; f->name; f++)
        if (is_given(f))
            printf("%s= ", f->name);
}

/* ---- bash ---- */

static const char bash_end[] =
    "\n"
    "# The words for $2 that begin with $1; behind a comma, for what follows it.\n"
    "_teampool_offer()\n"
    "{\n"
    "    local stem=$3 cur=$1\n"
    "    case $2 in\n"
    "    @folder) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
    "    @file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
    "    @text) ;;\n"
    "    *)\n"
    "        if [[ $cur == *,* ]]; then stem=$stem${cur%,*}, cur=${cur##*,}; fi\n"
    "        COMPREPLY=($(compgen -P \"$stem\" -W \"$2\" -- \"$cur\"))\n"
    "        if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "_teampool()\n"
    "{\n"
    "    local IFS=$' \\t\\n' cur=${COMP_WORDS[COMP_CWORD]} before='' command='' key='' stem='' "
    "what\n"
    "    COMPREPLY=()\n"
    "    ((COMP_CWORD == 0)) || before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    if [[ ${COMP_WORDS[0]##*/} == teampool-cell ]]; then\n"
    "        command=teampool-cell\n"
    "    elif ((COMP_CWORD > 1)); then\n"
    "        command=${COMP_WORDS[1]}\n"
    "    fi\n"
    "    # key=value comes in three words, or in one where '=' does not end a word\n"
    "    if [[ $cur == '=' ]]; then\n"
    "        key=$before cur=''\n"
    "    elif [[ $before == '=' ]]; then\n"
    "        key=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [[ $cur == *=* ]]; then\n"
    "        key=${cur%%=*} stem=${cur%%=*}= cur=${cur#*=}\n"
    "    elif [[ $before == --* ]]; then\n"
    "        key=$before\n"
    "    fi\n"
    "    what=$(_teampool_words \"$command\" \"$key\")\n"
    "    if [[ -z $what ]]; then\n"
    "        what=$(_teampool_words \"$command\" '')\n"
    "    fi\n"
    "    if [[ $what == '@folder '* && $cur != -* ]]; then\n"
    "        what=@folder\n"
    "    fi\n"
    "    _teampool_offer \"$cur\" \"${what#@folder }\" \"$stem\"\n"
    "}\n"
    "complete -F _teampool teampool teampool-cell\n";

static void bash_case(const char *command, const char *key)
{
    printf("    '%s %s') echo '", command, key);
}

static void bash_fields(const struct csv *list, const char *command)
{
    char words[ROOM];
    for (const struct field *f = record_fields; f->name; f++)
        if (is_given(f)) {
            bash_case(command, f->name);
            printf("%s' ;;\n", field_words(list, f->name, words));
        }
}

static void bash_command(const struct csv *list, const struct command *c)
{
    char words[ROOM];
    for (const struct option *o = c->options; o && o->name; o++)
        if (*option_words(o, words)) {
            bash_case(c->name, o->name);
            printf("%s' ;;\n", option_words(o, words));
        }
    if (takes_fields(c))
        bash_fields(list, c->name);
    bash_case(c->name, "");
    printf("%s ", operand_words(c, words));
    if (takes_fields(c))
        put_field_names();
    for (const struct option *o = c->options; o && o->name; o++)
        printf("%s ", o->name);
    printf("--help' ;;\n");
}

static void bash(const struct csv *list)
{
    printf("# Completion of teampool and teampool-cell in bash; written by: teampool completion "
           "bash\n\n"
           "# The words that $2 of command $1 takes; '' as $2: the command itself.\n"
           "_teampool_words()\n{\n    case \"$1 $2\" in\n    ' ') echo '");
    for (const struct command *const *c = commands; *c; c++)
        printf("%s ", (*c)->name);
    for (const struct option *o = program_options; o->name; o++)
        printf("%s%s", o->name, o[1].name ? " " : "' ;;\n");
    for (const struct command *const *c = commands; *c; c++)
        bash_command(list, *c);
    bash_fields(list, "teampool-cell");
    bash_case("teampool-cell", "");
    put_field_names();
    for (const struct option *o = record_questions; o->name; o++)
        printf("%s%s", o->name, o[1].name ? " " : "' ;;\n");
    printf("    esac\n}\n");
    fputs(bash_end, stdout);
}

/* ---- zsh ---- */

/* '--name[what it is for]:ARG:action' */
static void zsh_option(const struct option *o)
{
    char words[ROOM], meaning[OPTION_LINE];
    const char *what = option_words(o, words);
    printf(" \\\n            '%s[", o->name);
    put_quoted(option_meaning(o, meaning), "\\[]:");
    putchar(']');
    if (!strcmp(what, FOLDER))
        printf(":%s:_directories", o->arg);
    else if (!strcmp(what, FILES))
        printf(":%s:_files", o->arg);
    else if (*what)
        printf(strcmp(what, TEXT) ? ":%s:(%s)" : ":%s:", o->arg, what);
    putchar('\'');
}

static void zsh_command(const struct command *c)
{
    char words[ROOM];
    const char *what = operand_words(c, words);
    printf("        %s)\n            _arguments", c->name);
    for (const struct option *o = c->options; o && o->name; o++)
        zsh_option(o);
    zsh_option(&option_help);
    if (takes_fields(c))
        printf(" \\\n            '*:field:_teampool_fields'");
    else if (!strcmp(what, FOLDER))
        printf(" \\\n            '*:folder:_directories'");
    else if (*what)
        printf(" \\\n            '1:word:(%s)'", what);
    printf(" ;;\n");
}

static void zsh(const struct csv *list)
{
    char words[ROOM];
    printf(
        "#compdef teampool teampool-cell\n"
        "# Completion of teampool and teampool-cell in zsh; written by: teampool completion zsh\n\n"
        "_teampool_fields() {\n    if compset -P 1 '*='; then\n"
        "        local key=${${IPREFIX%%=}##* }\n        compset -P '*,'\n"
        "        case $key in\n");
    for (const struct field *f = record_fields; f->name; f++)
        if (is_given(f) && strcmp(field_words(list, f->name, words), TEXT) != 0)
            printf("        %s) compadd -- %s ;;\n", f->name, words);
    printf("        esac\n    else\n        compadd -S '' -- ");
    put_field_names();
    printf("\n    fi\n}\n\n_teampool() {\n    local -a commands\n    commands=(\n");
    for (const struct command *const *c = commands; *c; c++) {
        printf("        '%s:", (*c)->name);
        put_quoted((*c)->summary, "\\:");
        printf("'\n");
    }
    printf("    )\n    if [[ $service == teampool-cell ]]; then\n        _arguments");
    for (const struct option *o = record_questions; o->name; o++)
        zsh_option(o);
    printf(" \\\n            '*:field:_teampool_fields'\n        return\n    fi\n"
           "    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
           "        _describe -t commands command commands\n        return\n    fi\n"
           "    if (( CURRENT == 2 )); then\n        _arguments");
    for (const struct option *o = program_options; o->name; o++)
        zsh_option(o);
    printf("\n        return\n    fi\n    local command=$words[2]\n    shift words\n"
           "    (( CURRENT-- ))\n    case $command in\n");
    for (const struct command *const *c = commands; *c; c++)
        zsh_command(*c);
    printf("    esac\n}\n\n_teampool \"$@\"\n");
}

/* ---- fish ---- */

static void fish_begin(const char *program, const char *command)
{
    printf("complete -c %s", program);
    if (command && *command)
        printf(" -n '__fish_seen_subcommand_from %s'", command);
    else if (command)
        printf(" -n __fish_use_subcommand");
}

static void fish_option(const char *program, const char *command, const struct option *o)
{
    char words[ROOM], meaning[OPTION_LINE];
    const char *what = option_words(o, words);
    fish_begin(program, command);
    printf(" -l %s", o->name + 2);
    if (!strcmp(what, FOLDER))
        printf(" -x -a '(__fish_complete_directories)'");
    else if (!strcmp(what, FILES))
        printf(" -r -F");
    else if (!strcmp(what, TEXT))
        printf(" -x");
    else if (*what)
        printf(" -x -a '%s'", what);
    printf(" -d '");
    put_quoted(option_meaning(o, meaning), "\\");
    printf("'\n");
}

static void fish_fields(const struct csv *list, const char *program, const char *command)
{
    char words[ROOM];
    for (const struct field *f = record_fields; f->name; f++) {
        if (!is_given(f))
            continue;
        const char *what = field_words(list, f->name, words);
        fish_begin(program, command);
        printf(" -f -a '%s=", f->name);
        for (const char *at = what; strcmp(what, TEXT) != 0 && *at;) {
            printf(" %s=%.*s", f->name, (int)strcspn(at, " "), at);
            at += strcspn(at, " ");
            at += *at == ' ';
        }
        printf("' -d '");
        put_quoted(f->help, "\\");
        printf("'\n");
    }
}

static void fish_command(const struct csv *list, const struct command *c)
{
    char words[ROOM];
    const char *what = operand_words(c, words);
    fish_begin("teampool", "");
    printf(" -f -a %s -d '", c->name);
    put_quoted(c->summary, "\\");
    printf("'\n");
    for (const struct option *o = c->options; o && o->name; o++)
        fish_option("teampool", c->name, o);
    fish_option("teampool", c->name, &option_help);
    if (takes_fields(c)) {
        fish_fields(list, "teampool", c->name);
    } else if (*what) {
        fish_begin("teampool", c->name);
        printf(" -f -a '%s'\n", strcmp(what, FOLDER) ? what : "(__fish_complete_directories)");
    }
}

static void fish(const struct csv *list)
{
    printf(
        "# Completion of teampool and teampool-cell in fish; written by: teampool completion fish\n"
        "complete -c teampool -f\ncomplete -c teampool-cell -f\n");
    for (const struct option *o = program_options; o->name; o++)
        fish_option("teampool", "", o);
    for (const struct command *const *c = commands; *c; c++)
        fish_command(list, *c);
    for (const struct option *o = record_questions; o->name; o++)
        fish_option("teampool-cell", NULL, o);
    fish_fields(list, "teampool-cell", NULL);
}

/* ---- the command ---- */

static const struct shell {
    const char *name;
    void (*write)(const struct csv *list);
} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

static int completion_main(const struct command *self, int argc, char **argv)
{
    struct csv *list;
    struct why w;
    if (options_take(self, argc, argv) != 1)
        die(EXIT_USAGE, "completion: for which shell? teampool completion %s", self->operands);
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].name, argv[0]) != 0)
            continue;
        if (listing_ask(&list, "cell", "--list", &w))
            die(EXIT_FAILED, "completion: %s", w.text);
        shells[i].write(list);
        csv_free(list);
        return EXIT_OK;
    }
    die(EXIT_USAGE, "completion: none for '%s'; there are bash, zsh and fish", argv[0]);
}

const struct command command_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "a script that completes command lines of both programs",
    .about = "Installed with the programs.  Without an installation, for the shell that runs:\n"
             "  source <(teampool completion bash)\n"
             "  teampool completion fish | source",
    .main = completion_main,
};
