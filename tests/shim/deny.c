/* SPDX-License-Identifier: MIT
 *
 * deny COMMAND ...: run a command as strict containers do, where the kernel refuses the system
 * calls that name memory policies, performance counters, other processes and scheduling classes.
 * Exit code 77: this kernel knows no such filter.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const long refused[] = {
    SYS_perf_event_open,
    SYS_set_mempolicy,
    SYS_get_mempolicy,
    SYS_mbind,
    SYS_move_pages,
    SYS_migrate_pages,
    SYS_personality,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_sched_setscheduler,
    SYS_bpf,
    SYS_unshare,
    SYS_mount,
    SYS_setns,
    SYS_userfaultfd,
    SYS_kcmp,
#ifdef SYS_pidfd_open
    SYS_pidfd_open,
    SYS_pidfd_getfd,
#endif
};

enum { REFUSED = sizeof refused / sizeof *refused };

int main(int argc, char **argv)
{
    struct sock_filter code[2 * REFUSED + 2];
    int n = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: deny COMMAND ...\n");
        return 2;
    }
    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < REFUSED; i++) {
        code[n++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refused[i], 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { .len = (unsigned short)n, .filter = code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        fprintf(stderr, "deny: no filter of system calls here: %s\n", strerror(errno));
        return 77;
    }
    execvp(argv[1], argv + 1);
    fprintf(stderr, "deny: cannot start %s: %s\n", argv[1], strerror(errno));
    return 127;
}
