/* SPDX-License-Identifier: MIT
 *
 * fork: what becomes of a child that opens a parallel region, after its parent has or has not had
 * one.  The runtime keeps its threads between regions; fork copies the caller's thread alone, and
 * with it the belief that the others are still there.  Nothing is timed: a child either comes back
 * or sleeps for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <teampool/pool.h>
#include <time.h>
#include <unistd.h>

#include "row.h"

enum {
    LOOK_MS = 20,
    ASLEEP_LOOKS = 75, /* so many in a row without one that ran: it sleeps for good */
    MOST_LOOKS = 1000  /* then it is given up, whatever it does */
};

/* Returns how many threads took part. */
static int region(void)
{
    int count = 0;
#pragma omp parallel num_threads(2) reduction(+ : count)
    count += 1;
    return count;
}

static void *region_of(void *unused)
{
    region();
    return unused;
}

static void region_and_pause(void)
{
    region();
    omp_pause_resource_all(omp_pause_hard);
}

static void region_elsewhere(void)
{
    pthread_t thread;
    if (!pthread_create(&thread, NULL, region_of, NULL))
        pthread_join(thread, NULL);
}

static void nothing(void)
{
}

static void region_here(void)
{
    region();
}

static int thread_is_asleep(const char *file)
{
    char text[512];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (length <= 0)
        return 0;
    text[length] = 0;
    const char *state = strrchr(text, ')');
    return state && !strncmp(state, ") S", 3);
}

/* Are all threads of PID asleep?  Who waits for a CPU is not. */
static int is_asleep(pid_t pid)
{
    char pattern[64];
    glob_t found = { 0 };
    snprintf(pattern, sizeof pattern, "/proc/%d/task/*/stat", (int)pid);
    int asleep = !glob(pattern, 0, NULL, &found);
    for (size_t i = 0; asleep && i < found.gl_pathc; i++)
        asleep = thread_is_asleep(found.gl_pathv[i]);
    globfree(&found);
    return asleep;
}

/* "returns", "hangs", or "fails". */
static const char *watch(pid_t pid)
{
    int status, asleep = 0;
    for (int look = 0; look < MOST_LOOKS && asleep < ASLEEP_LOOKS; look++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) && !WEXITSTATUS(status) ? "returns" : "fails";
        asleep = is_asleep(pid) ? asleep + 1 : 0;
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return "hangs";
}

/* A child that has a region of its own, in this program or, with EXEC, in it started anew. */
static const char *child_with_region(int exec)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (exec)
            execl("/proc/self/exe", "fork", "--region", (char *)NULL);
        _exit(exec || region() != 2);
    }
    return pid < 0 ? "fails" : watch(pid);
}

static int task_with_region(const void *arg, long i, struct pool_task *t)
{
    (void)arg, (void)i, (void)t;
    return region() != 2;
}

/* Workers that are started anew, not forked, from a caller that had a team. */
static const char *pool_with_regions(char *note, size_t room)
{
    struct pool *p;
    const struct pool_options options = { .workers = 2, .start = POOL_SPAWN };
    const struct pool_call call = { .fn = task_with_region, .n = 4, .deadline_ms = 20000 };
    if (pool_open(&p, &options, note, room))
        return "fails";
    long failed = pool_map(p, &call);
    if (failed)
        snprintf(note, room, "%s", pool_message(p));
    if (failed == -ETIMEDOUT)
        pool_terminate(p);
    pool_free(p);
    return !failed ? "returns" : failed == -ETIMEDOUT ? "hangs" : "fails";
}

enum how { FORK, EXEC, SPAWN };

static const struct scene {
    const char *variant;
    void (*before)(void); /* what the parent does first */
    enum how how;
    const char *note;
} scenes[] = {
    { "none", nothing, FORK, "no region before the fork: the child's is its first" },
    { "before", region_here, FORK, "a region before: its threads are not in the child" },
    { "pause", region_and_pause, FORK, "a region, then omp_pause_resource_all before the fork" },
    { "thread", region_elsewhere, FORK, "a region in a thread that has ended: main never had one" },
    { "exec", region_here, EXEC, "a region before; the child starts its program anew" },
    { "spawn", region_here, SPAWN, "a region before; a pool whose workers are started anew" },
    { 0 },
};

int main(int argc, char **argv)
{
    int64_t born_ns = clock_ns();
    struct row r = { .runner = "lab-fork", .backend = "omp", .workload = "fork" };
    if (argc == 2 && !strcmp(argv[1], "--region"))
        return region() != 2;
    r.variant = row_word(argv + 1, "variant", "");
    const struct scene *s = scenes;
    while (s->variant && strcmp(s->variant, r.variant) != 0)
        s++;
    if (!s->variant) {
        fprintf(stderr, "fork: variant is none, before, pause, thread, exec or spawn\n");
        return 2;
    }
    int64_t begin_ns = clock_ns();
    snprintf(r.note, sizeof r.note, "%s", s->note);
    s->before();
    r.outcome = s->how == SPAWN ? pool_with_regions(r.note, sizeof r.note)
                                : child_with_region(s->how == EXEC);
    row_put(&r, born_ns, begin_ns);
    return 0;
}
