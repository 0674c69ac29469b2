/* SPDX-License-Identifier: MIT
 *
 * A library to preload into emulated programs: what they start is emulated, too.  The kernel starts
 * no program of another machine unless it was told of an emulator, which takes rights over the
 * whole system.  So a call that starts a program of this machine's kind starts the emulator with it
 * instead, and this library goes along; programs of the real machine are started without.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 2000, MORE = 16 }; /* words of a command, or variables; and what is added to them */

#define PRELOAD "LD_PRELOAD="

extern char **environ;

/* What is to be started.  In the frame of who asks: after vfork there is no heap. */
struct start {
    const char *file;
    char *argv[MOST + MORE], *env[MOST + MORE];
    char self[PATH_MAX], preload[2 * PATH_MAX];
};

static char *const emulator[] = { EMULATOR }; /* and its options */
static char own_path[PATH_MAX];

/* Out of the environment: system() and its like start programs of the real machine. */
__attribute__((constructor)) static void begin(void)
{
    Dl_info own;
    if (dladdr((void *)begin, &own))
        snprintf(own_path, sizeof own_path, "%s", own.dli_fname);
    unsetenv("LD_PRELOAD");
}

/* The kernel starts all others. */
static int is_emulated(const char *path)
{
    Elf64_Ehdr head;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, &head, sizeof head);
    if (fd >= 0)
        close(fd);
    return got == (ssize_t)sizeof head && !memcmp(head.e_ident, ELFMAG, SELFMAG) &&
           head.e_machine == EM_AARCH64;
}

/* ENV, and this library in it if it goes WITH the program. */
static void copy_environment(struct start *s, char *const env[], int with)
{
    const char *others = NULL;
    int count = 0;
    for (; env && *env && count < MOST; env++)
        if (with && !strncmp(*env, PRELOAD, strlen(PRELOAD)))
            others = *env + strlen(PRELOAD);
        else
            s->env[count++] = *env;
    snprintf(s->preload, sizeof s->preload, PRELOAD "%s%s%s", own_path, others ? ":" : "",
             others ? others : "");
    if (with)
        s->env[count++] = s->preload;
    s->env[count] = NULL;
}

static void make(struct start *s, const char *path, char *const argv[], char *const env[])
{
    int emulated = is_emulated(path), count = 0;
    s->file = emulated ? emulator[0] : path;
    copy_environment(s, env, emulated);
    if (emulated) {
        /* /proc/self/exe is the program to itself only, the emulator to others. */
        ssize_t length =
            !strcmp(path, "/proc/self/exe") ? readlink(path, s->self, sizeof s->self - 1) : -1;
        s->self[length > 0 ? length : 0] = 0;
        for (size_t i = 0; i < sizeof emulator / sizeof *emulator; i++)
            s->argv[count++] = emulator[i];
        s->argv[count++] = "-0";
        s->argv[count++] = *argv ? *argv++ : "";
        s->argv[count++] = length > 0 ? s->self : (char *)path;
    }
    while (*argv && count < MOST + MORE - 1)
        s->argv[count++] = *argv++;
    s->argv[count] = NULL;
}

int execve(const char *path, char *const argv[], char *const env[])
{
    int (*real)(const char *, char *const *, char *const *) =
        (int (*)(const char *, char *const *, char *const *))dlsym(RTLD_NEXT, "execve");
    struct start s;
    make(&s, path, argv, env);
    return real(s.file, s.argv, s.env);
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

int execvp(const char *file, char *const argv[])
{
    int (*real)(const char *, char *const *, char *const *) =
        (int (*)(const char *, char *const *, char *const *))dlsym(RTLD_NEXT, "execvpe");
    struct start s;
    make(&s, file, argv, environ);
    return real(s.file, s.argv, s.env);
}

int execl(const char *path, const char *first, ...)
{
    char *argv[MOST + 1] = { (char *)first };
    va_list rest;
    va_start(rest, first);
    for (int i = 1; i < MOST && argv[i - 1]; i++)
        argv[i] = va_arg(rest, char *);
    va_end(rest);
    return execve(path, argv, environ);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    typedef int spawn_fn(pid_t *, const char *, const posix_spawn_file_actions_t *,
                         const posix_spawnattr_t *, char *const *, char *const *);
    spawn_fn *real = (spawn_fn *)dlsym(RTLD_NEXT, "posix_spawn");
    struct start s;
    make(&s, path, argv, env);
    return real(pid, s.file, actions, attributes, s.argv, s.env);
}
