/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "../core/clock.h"
#include "command.h"

enum { MOST_BYTES = 64 << 20, POLL_MS = 100 };
#define GRACE_NS INT64_C(300000000)  /* for reading what a child wrote just before it ended */
#define LEAVE_NS INT64_C(2000000000) /* for a launcher to end what it started elsewhere */
#define SWEEP_NS INT64_C(2000000000) /* for what was killed to go */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct stream {
    char *text;
    long length, room;
    int fd; /* -1: ended */
};

/* Read what is there.  Returns 0, or -errno. */
static int drain(struct stream *s)
{
    if (s->room - s->length < 65536) {
        long room = s->room * 2 + 131072;
        char *text = realloc(s->text, (size_t)room);
        if (!text)
            return -ENOMEM;
        s->text = text;
        s->room = room;
    }
    ssize_t got = read(s->fd, s->text + s->length, (size_t)(s->room - s->length - 1));
    if (got < 0 && errno == EINTR)
        return 0;
    if (got > 0)
        s->length += got;
    if (got <= 0) {
        close(s->fd);
        s->fd = -1;
    }
    s->text[s->length] = 0;
    return s->length > MOST_BYTES ? -EFBIG : 0;
}

/* Where the kernel can, a child ends with us, and who loses its parent below us becomes our child;
 * elsewhere nothing runs that is not over in a moment. */
static void adopt(void)
{
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
}

static void end_with(pid_t parent)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent)
        _exit(127);
}

_Noreturn static void become(char *const argv[], int out, int err, pid_t parent)
{
    setpgid(0, 0);
    end_with(parent);
    int in = open("/dev/null", O_RDONLY);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], argv);
    dprintf(2, "cannot start %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* A pipe of our own: this program has one thread, nobody forks in between. */
static int make_pipe(int ends[2])
{
    if (pipe(ends))
        return -errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

static int launch(char *const argv[], struct stream *out, struct stream *err, pid_t *pid)
{
    int o[2], e[2], error = make_pipe(o);
    if (error)
        return error;
    if ((error = make_pipe(e)))
        goto close_out;
    pid_t parent = getpid();
    *pid = fork();
    if (*pid < 0) {
        error = -errno;
        goto close_err;
    }
    if (*pid == 0)
        become(argv, o[1], e[1], parent);
    setpgid(*pid, *pid); /* both sides do it: whoever comes first */
    close(o[1]);
    close(e[1]);
    out->fd = o[0];
    err->fd = e[0];
    return 0;
close_err:
    close(e[0]);
    close(e[1]);
close_out:
    close(o[0]);
    close(o[1]);
    return error;
}

/* Has it ended?  It is left to be reaped. */
static int has_ended(pid_t pid)
{
    siginfo_t info = { 0 };
    return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid;
}

/* Follow the child until it has closed both streams, or one of the reasons to kill it.  If
 * something that it started still holds them after its end, that is not waited for. */
static int follow(struct child *c, pid_t pid, struct stream *s, int64_t deadline,
                  const volatile sig_atomic_t *stop)
{
    int64_t ended = 0; /* since when */
    while (s[0].fd >= 0 || s[1].fd >= 0) {
        int64_t now = clock_ns(), left_ms = (deadline - now) / 1000000;
        struct pollfd fds[] = { { s[0].fd, POLLIN, 0 }, { s[1].fd, POLLIN, 0 } };
        if (stop && *stop)
            c->interrupted = 1;
        else if (left_ms <= 0)
            c->timed_out = 1;
        if (c->interrupted || c->timed_out)
            return 1;
        if (!poll(fds, 2, left_ms < POLL_MS ? (int)left_ms + 1 : POLL_MS) && !ended &&
            has_ended(pid))
            ended = now;
        for (int i = 0; i < 2; i++)
            if (s[i].fd >= 0 && fds[i].revents && drain(&s[i])) {
                c->overran = 1;
                return 1;
            }
        if (ended && now - ended > GRACE_NS)
            return 0;
    }
    return 0;
}

/* Wait for its end.  Returns 1, or 0: it is beyond the deadline, or STOP became true. */
static int wait_until(pid_t pid, int *status, int64_t deadline, const volatile sig_atomic_t *stop)
{
    while (waitpid(pid, status, WNOHANG) == 0) {
        if (clock_ns() > deadline || (stop && *stop))
            return 0;
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    }
    return 1;
}

/* The streams are closed: it should end now.  But it might have closed them and go on. */
static int wait_for_end(struct child *c, pid_t pid, int64_t deadline,
                        const volatile sig_atomic_t *stop)
{
    if (wait_until(pid, &c->status, deadline, stop))
        return 1;
    c->interrupted = stop && *stop;
    c->timed_out = !c->interrupted;
    return 0;
}

/* Send them all away; kill who does not go. */
static void end_group(pid_t pid, int *status)
{
    kill(-pid, SIGTERM);
    if (wait_until(pid, status, clock_ns() + LEAVE_NS, NULL))
        return;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
    }
}

/* All children of this process. */
static void kill_children(void)
{
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && (e = readdir(proc));) {
        char path[300], text[600];
        long parent;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *f = isdigit((unsigned char)*e->d_name) ? fopen(path, "re") : NULL;
        text[f ? fread(text, 1, sizeof text - 1, f) : 0] = 0;
        const char *after = strrchr(text, ')'); /* a name may have a line's end in it */
        if (after && sscanf(after, ") %*c %ld", &parent) == 1 && parent == getpid())
            kill((pid_t)atol(e->d_name), SIGKILL);
        if (f)
            fclose(f);
    }
    if (proc)
        closedir(proc);
}

/* The child has been reaped.  What it started and left outside of its group is ours now: reap it,
 * and kill it if it lives; its own children are next.  Returns 1 if any lived. */
static int end_adopted(void)
{
    int lived = 0;
    int64_t until = clock_ns() + SWEEP_NS;
    for (pid_t gone; (gone = waitpid(-1, NULL, WNOHANG)) >= 0 && clock_ns() < until;) {
        if (gone)
            continue;
        lived = 1;
        kill_children();
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    return lived;
}

int child_run(struct child *c, char *const argv[], double seconds,
              const volatile sig_atomic_t *stop)
{
    struct stream s[2] = { { .fd = -1 }, { .fd = -1 } };
    pid_t pid = 0;
    int64_t start = clock_ns(), deadline = start + (int64_t)(seconds * 1e9);
    *c = (struct child){ 0 };
    adopt();
    int error = launch(argv, &s[0], &s[1], &pid);
    if (error)
        return error;
    int ended = !follow(c, pid, s, deadline, stop) && wait_for_end(c, pid, deadline, stop);
    if (!ended)
        end_group(pid, &c->status);
    while (waitpid(-1, NULL, WNOHANG) > 0) { /* who ended before is not left behind */
    }
    int left = kill(-pid, SIGKILL) == 0;
    left |= end_adopted();
    c->left_behind = ended && left;
    c->wall_ns = clock_ns() - start;
    for (int i = 0; i < 2; i++)
        if (s[i].fd >= 0)
            close(s[i].fd);
    c->out = s[0].text ? s[0].text : calloc(1, 1);
    c->err = s[1].text ? s[1].text : calloc(1, 1);
    c->out_length = s[0].length;
    c->err_length = s[1].length;
    if (!c->out || !c->err) {
        child_free(c);
        return -ENOMEM;
    }
    return 0;
}

void child_free(struct child *c)
{
    free(c->out);
    free(c->err);
    c->out = c->err = NULL;
}

/* The first line with a letter: launchers draw a line of dashes above what they have to say. */
static const char *first_words(const char *text)
{
    const char *at = text;
    while (*at && strcspn(at, LETTERS) >= strcspn(at, "\n")) {
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return *at ? at : text;
}

/* "SEGV": those that a program dies of.  pool/crash.c has the same table: the pool stands alone,
 * and shows none of its inside. */
static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = { { SIGABRT, "ABRT" }, { SIGALRM, "ALRM" }, { SIGBUS, "BUS" },
                  { SIGFPE, "FPE" },   { SIGHUP, "HUP" },   { SIGILL, "ILL" },
                  { SIGINT, "INT" },   { SIGKILL, "KILL" }, { SIGPIPE, "PIPE" },
                  { SIGQUIT, "QUIT" }, { SIGSEGV, "SEGV" }, { SIGSYS, "SYS" },
                  { SIGTERM, "TERM" }, { SIGTRAP, "TRAP" }, { SIGUSR1, "USR1" },
                  { SIGUSR2, "USR2" }, { SIGXCPU, "XCPU" }, { SIGXFSZ, "XFSZ" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return "?";
}

void child_reason(const struct child *c, double seconds, char *text, long room)
{
    size_t size = (size_t)room;
    const char *said = first_words(c->err);
    int line = (int)strcspn(said, "\n");
    text[0] = 0;
    if (c->interrupted)
        snprintf(text, size, "interrupted");
    else if (c->timed_out)
        snprintf(text, size, "did not end within %.1f s, and was killed", seconds);
    else if (c->overran)
        snprintf(text, size, "wrote more than %d MiB, and was killed", MOST_BYTES >> 20);
    else if (WIFSIGNALED(c->status))
        snprintf(text, size, "was killed by SIG%s (%d)", signal_name(WTERMSIG(c->status)),
                 WTERMSIG(c->status));
    else if (WEXITSTATUS(c->status))
        snprintf(text, size, "ended with code %d%s%.*s", WEXITSTATUS(c->status), line ? ": " : "",
                 line < 300 ? line : 300, said);
}

static int is_program(const char *file)
{
    struct stat s;
    return !stat(file, &s) && S_ISREG(s.st_mode) && !access(file, X_OK);
}

int child_in_path(const char *name, char *file, long room)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/')) {
        snprintf(file, (size_t)room, "%s", name);
        return is_program(file);
    }
    while (path && *path) {
        int length = (int)strcspn(path, ":");
        snprintf(file, (size_t)room, "%.*s/%s", length, path, name);
        if (length && is_program(file))
            return 1;
        path += length + (path[length] == ':');
    }
    return 0;
}

/* This program's file, links followed; where the system does not tell, what it was called by. */
static int own_file(char *file, long room)
{
    ssize_t length = readlink("/proc/self/exe", file, (size_t)room - 1);
    if (length < 0) {
        char *real = child_in_path(program_path, file, room) ? realpath(file, NULL) : NULL;
        length = real ? snprintf(file, (size_t)room, "%s", real) : -1;
        free(real);
        return length > 0 && length < room;
    }
    file[length] = 0;
    return 1;
}

int child_find(const char *name, char *path, long room)
{
    char self[4096];
    if (!own_file(self, sizeof self))
        return 0;
    *strrchr(self, '/') = 0;
    const char *folders[] = { ".", TEAMPOOL_SHARE, TEAMPOOL_LIBEXEC };
    for (int i = 0; i < 3; i++) {
        int length_all = snprintf(path, (size_t)room, "%s/%s/%s", self, folders[i], name);
        if (length_all < room && !access(path, R_OK))
            return 1;
    }
    return 0;
}
