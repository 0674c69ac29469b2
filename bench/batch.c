/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sources: sbatch(1) and srun(1) of Slurm 22.05, "OUTPUT ENVIRONMENT VARIABLES"; qsub(1B) of
 * Torque; IBM Spectrum LSF 10.1, "Environment variables set for job execution".  NCPUS of OpenPBS
 * and PBS_NUM_PPN of Torque are what programs run there rely on.  In the order of the table: a
 * plugin of Slurm sets variables of PBS, too. */
static const struct system {
    struct batch_words words;
    const char *job, *queue, *nodes, *cpus[2]; /* variables; of CPUS the first that is set */
} systems[] = {
    { { "Slurm", "sbatch --cpus-per-task=", "sbatch --exclusive" },
      "SLURM_JOB_ID",
      "SLURM_JOB_PARTITION",
      "SLURM_JOB_NODELIST",
      { "SLURM_CPUS_ON_NODE" } },
    { { "PBS", "qsub -l select=1:ncpus=", "qsub -l place=excl" },
      "PBS_JOBID",
      "PBS_QUEUE",
      NULL,
      { "PBS_NUM_PPN", "NCPUS" } },
    { { "LSF", "bsub -R 'span[hosts=1]' -n ", "bsub -x" },
      "LSB_JOBID",
      "LSB_QUEUE",
      "LSB_HOSTS",
      { "LSB_MCPU_HOSTS" } },
};

/* Sources: srun(1); Open MPI, "Environment variables set for MPI applications"; those of Hydra were
 * seen with MPICH 4.0. */
static const struct launcher {
    const char *name, *count, *rank;
} launchers[] = {
    { "srun", "SLURM_STEP_TASKS_PER_NODE", "SLURM_LOCALID" },
    { "mpirun", "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK" },
    { "mpiexec", "MPI_LOCALNRANKS", "MPI_LOCALRANKID" },
};

static const char *value_of(const char *variable)
{
    const char *text = variable ? getenv(variable) : NULL;
    return text ? text : "";
}

/* As much of it as is fit to be shown. */
static void copy(char *out, size_t room, const char *variable)
{
    const char *text = value_of(variable);
    size_t length = 0;
    while (length + 1 < room && (unsigned char)text[length] >= ' ')
        length++;
    memcpy(out, text, length);
    out[length] = 0;
}

static long number_in(const char *text)
{
    long number = strtol(text, NULL, 10);
    return number > 0 ? number : 0;
}

/* "72(x2),36": a number for each node.  The largest, or 0 if they are none; LEAST may be NULL. */
static long most_in(const char *list, long *least)
{
    long most = 0, lowest = 0;
    while (*list) {
        long number = number_in(list);
        most = number > most ? number : most;
        lowest = !lowest || number < lowest ? number : lowest;
        list += strcspn(list, ",");
        list += *list == ',';
    }
    if (least)
        *least = lowest;
    return most;
}

/* "8", or "hostA 8 hostB 4" with the host first that we are on. */
static long cpus_in(const char *text)
{
    const char *space = strchr(text, ' ');
    return number_in(space ? space : text);
}

static void read_cpus(struct batch *b, const struct system *s)
{
    for (int i = 0; i < 2 && !b->cpus; i++) {
        b->cpus = cpus_in(value_of(s->cpus[i]));
        b->cpus_from = b->cpus ? s->cpus[i] : NULL;
    }
    b->job_cpus = b->cpus;
}

/* What Slurm alone tells. */
static void read_slurm(struct batch *b)
{
    long least, most = most_in(value_of("SLURM_JOB_CPUS_PER_NODE"), &least);
    long per_node = number_in(value_of("SLURM_MEM_PER_NODE"));
    long per_cpu = number_in(value_of("SLURM_MEM_PER_CPU"));
    b->job_cpus = most == least ? most : 0; /* which number is this node's? */
    b->cpus_per_task = number_in(value_of("SLURM_CPUS_PER_TASK"));
    b->one_thread = !strcmp(value_of("SLURM_HINT"), "nomultithread") ||
                    number_in(value_of("SLURM_THREADS_PER_CORE")) == 1;
    if (per_node) {
        b->memory_kib = 1024 * (double)per_node;
        b->memory_from = "SLURM_MEM_PER_NODE";
    } else if (per_cpu && b->job_cpus) {
        b->memory_kib = 1024 * (double)per_cpu * (double)b->job_cpus;
        b->memory_from = "SLURM_MEM_PER_CPU";
    }
}

static void read_launcher(struct batch *b)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        long count = most_in(value_of(launchers[i].count), NULL);
        if (count <= b->copies)
            continue;
        b->copies = count;
        b->copy = number_in(value_of(launchers[i].rank));
        b->launcher = launchers[i].name;
    }
}

void batch_read(struct batch *b)
{
    *b = (struct batch){ .memory_kib = INFINITY, .copies = 1 };
    read_launcher(b);
    for (size_t i = 0; i < sizeof systems / sizeof *systems && !b->system; i++) {
        const struct system *s = &systems[i];
        copy(b->job, sizeof b->job, s->job);
        if (!*b->job)
            continue;
        b->system = &s->words;
        copy(b->queue, sizeof b->queue, s->queue);
        copy(b->nodes, sizeof b->nodes, s->nodes);
        read_cpus(b, s);
        if (i == 0 && b->cpus) /* not in salloc's shell, which is on another host */
            read_slurm(b);
    }
}

long batch_cpus(void)
{
    struct batch b;
    batch_read(&b);
    return b.cpus;
}

const char *batch_say(char buffer[BATCH_SAID], const char *system, const char *job, long cpus,
                      long all)
{
    int used = snprintf(buffer, BATCH_SAID, "%s%s%s", system, *system ? " job " : "", job);
    if (!*system || cpus <= 0 || used >= BATCH_SAID)
        return buffer;
    if (all > 0)
        snprintf(buffer + used, BATCH_SAID - (size_t)used, " gives %ld of %ld CPU%s", cpus, all,
                 all == 1 ? "" : "s");
    else
        snprintf(buffer + used, BATCH_SAID - (size_t)used, " gives %ld CPU%s", cpus,
                 cpus == 1 ? "" : "s");
    return buffer;
}

const char *batch_say_of(char buffer[BATCH_SAID], const struct batch *b, long all)
{
    return batch_say(buffer, b->system ? b->system->name : "", b->job, b->cpus, all);
}

void batch_say_copies(const struct batch *b, char *fix, size_t room)
{
    if (!strcmp(b->launcher, "srun"))
        snprintf(fix, room, "srun --ntasks=1 --cpus-per-task=%ld ..., or without srun",
                 b->job_cpus ? b->job_cpus : b->copies);
    else
        snprintf(fix, room, "without %s; teampool run --mpi measures MPI", b->launcher);
}
