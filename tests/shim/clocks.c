/* SPDX-License-Identifier: MIT
 *
 * A library to preload: clocks that somebody else sets, and a machine that sleeps.
 *
 *     CLOCKS_JUMP=S       the wall clock is off by S seconds more each time it is read,
 *                         forwards and backwards in turn
 *     CLOCKS_SUSPEND=N:S  from the N-th look at the clock that counts suspends on, it is
 *                         ahead by S seconds; in the first process only
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long jump_s, jumps, suspend_at, suspend_s, looks;

__attribute__((constructor)) static void begin(void)
{
    const char *jump = getenv("CLOCKS_JUMP"), *suspend = getenv("CLOCKS_SUSPEND");
    jump_s = jump ? atol(jump) : 0;
    if (suspend && sscanf(suspend, "%ld:%ld", &suspend_at, &suspend_s) != 2)
        fprintf(stderr, "clocks: not a plan: %s\n", suspend);
    unsetenv("CLOCKS_SUSPEND");
}

/* How far the wall clock is off now. */
static long off(void)
{
    jumps++;
    return jumps % 2 ? jump_s * jumps : -jump_s * jumps;
}

static int real(clockid_t clock, struct timespec *t)
{
    static int (*next)(clockid_t clock, struct timespec * t);
    if (!next)
        next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return next(clock, t);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int error = real(clock, t);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        t->tv_sec += off();
    if (clock == CLOCK_BOOTTIME && suspend_at && ++looks >= suspend_at)
        t->tv_sec += suspend_s;
    return error;
}

time_t time(time_t *out)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out)
        *out = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
    return 0;
}
