/* SPDX-License-Identifier: MIT
 *
 * crash: what a worker process knows of its own end.  Signal and address are written first and are
 * safe to get; where it happened, in words, is tried afterwards under an alarm, for a process that
 * has crashed may hang in whatever it calls.  Then it dies of the signal it got.
 *
 * The first backtrace of a process loads the unwinder, which allocates; a task may have died in the
 * allocator, with its lock.  So one is made beforehand.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "fn.h"
#include "inside.h"

#if __has_include(<execinfo.h>)
#include <execinfo.h>
#else /* then the place of the crash is told, and not who called it */
static int backtrace(void **frame, int most)
{
    (void)frame;
    (void)most;
    return 0;
}
#endif

enum { STACK = 64 << 10, GUARD_SECONDS = 1 };

static struct line *own_line;
static char stack[STACK];
static volatile sig_atomic_t dying; /* of which signal */

static uintptr_t place(const ucontext_t *context)
{
#if defined __x86_64__
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

/* The frames from FIRST outwards, in words. */
static void describe_frames(struct crash *c, uintptr_t first)
{
    void *frame[2 * FRAMES] = { NULL };
    size_t length = 0;
    int count = backtrace(frame, 2 * FRAMES), at = 0, kept = 0;
    while (at < count && (uintptr_t)frame[at] != first)
        at++;
    if (at == count) { /* it jumped to where no code is */
        frame[0] = (void *)first;
        at = 0;
        count = 1;
    }
    for (; kept < FRAMES && at < count; kept++, at++) {
        char name[100];
        c->frame[kept] = (uintptr_t)frame[at];
        fn_name((uintptr_t)frame[at], name, sizeof name);
        int more =
            snprintf(c->where + length, sizeof c->where - length, "%s%s", kept ? " < " : "", name);
        if (more < 0 || (size_t)more >= sizeof c->where - length) {
            c->where[length] = 0;
            break;
        }
        length += (size_t)more;
    }
    atomic_store_explicit(&c->frames, kept, memory_order_release);
}

static void die(int number)
{
    sigset_t own;
    signal(number, SIG_DFL);
    sigemptyset(&own);
    sigaddset(&own, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &own, NULL);
}

/* It hangs while it looks where it was. */
static void on_alarm(int number)
{
    (void)number;
    die(dying);
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    struct crash *c = &own_line->crash;
    uintptr_t pc = place(context);
    sigset_t alarms;
    if (!atomic_load(&c->signal)) {
        /* A signal that was sent, or a fault without an address (SI_KERNEL), has rubbish there:
         * the record's own address says so. */
        int has_address = number != SIGABRT && info->si_code > 0 && info->si_code != SI_KERNEL;
        c->address = has_address ? info->si_addr : c;
        c->frame[0] = pc;
        c->where[0] = 0;
        atomic_store(&c->frames, 0);
        atomic_store_explicit(&c->signal, number, memory_order_release);
        dying = number;
        signal(SIGALRM, on_alarm);
        sigemptyset(&alarms);
        sigaddset(&alarms, SIGALRM);
        sigprocmask(SIG_UNBLOCK, &alarms, NULL);
        alarm(GUARD_SECONDS);
        describe_frames(c, pc);
        alarm(0);
    }
    die(number);
}

void crash_prepare(void)
{
    static _Atomic int done;
    void *frame[1];
    if (!atomic_exchange(&done, 1))
        backtrace(frame, 1);
}

void crash_watch(struct line *line)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    const stack_t own = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    own_line = line;
    crash_prepare();
    sigaltstack(&own, NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

/* "SEGV". */
static const char *name_of(int number)
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

void crash_describe(const struct line *line, int number, char *text, size_t size)
{
    const struct crash *c = &line->crash;
    int recorded = atomic_load_explicit(&c->signal, memory_order_acquire);
    int length = snprintf(text, size, "killed by SIG%s (%d)", name_of(number), number);
    if (recorded != number || length < 0 || (size_t)length >= size)
        return;
    if (c->address != c)
        length += snprintf(text + length, size - (size_t)length, " at address 0x%lx",
                           (unsigned long)c->address);
    if ((size_t)length < size && atomic_load_explicit(&c->frames, memory_order_acquire))
        snprintf(text + length, size - (size_t)length, ", in %.200s", c->where);
}
