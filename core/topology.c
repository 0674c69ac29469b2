/* SPDX-License-Identifier: MIT */
#include "topology.h"

#include <errno.h>
#include <hwloc.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quota.h"

enum { CLOSE, SPREAD, SMT, NONE };

const char *const topology_places[] = { "close", "spread", "smt", "none", NULL };

/* The description: which machine hwloc shall look at ------------------------------------------- */

enum { LONGEST_XML = 64 << 20, TRIAL_SECONDS = 30 };

/* Read all of F into TEXT, which gets a NUL; TEXT is the caller's.  Returns 0 or -errno. */
static int read_all(FILE *f, char **text, long *length)
{
    long room = 0;
    for (;;) {
        if (room - *length < 2) {
            room = room ? room * 2 : 1 << 16;
            char *bigger = room <= LONGEST_XML ? realloc(*text, (size_t)room) : NULL;
            if (!bigger)
                return room <= LONGEST_XML ? -ENOMEM : -EFBIG;
            *text = bigger;
        }
        errno = 0;
        size_t got = fread(*text + *length, 1, (size_t)(room - *length - 1), f);
        *length += (long)got;
        (*text)[*length] = 0;
        if (!got)
            return ferror(f) ? -(errno ? errno : EIO) : 0;
    }
}

/* What is plainly wrong with TEXT as an hwloc topology, or NULL.  hwloc's parsers differ in what
 * they let pass: the small one that is built in does not miss a cut-off end. */
static const char *visible_fault(const char *text, long length)
{
    static const char end[] = "</topology>";
    long last = length;
    while (last > 0 && strchr(" \t\r\n", text[last - 1]))
        last--;
    if (!last)
        return "it is empty";
    if (memchr(text, 0, (size_t)length) || !strstr(text, "<topology"))
        return "it is something else";
    long start = last - (long)strlen(end);
    if (start < 0 || strncmp(text + start, end, strlen(end)))
        return "its end is missing";
    return NULL;
}

static int set_xml(struct topology *t, struct why *w)
{
    const char *file = t->described;
    int from_stdin = !strcmp(file, "-");
    FILE *f = from_stdin ? stdin : fopen(file, "re");
    const char *fault;
    char *text = NULL;
    long length = 0;
    int error;

    if (!f)
        return why(w, -errno, "%s: cannot open %s: %s", t->source, file, strerror(errno));
    error = read_all(f, &text, &length);
    if (error)
        why(w, error, "%s: cannot read %s: %s", t->source, file, strerror(-error));
    else if ((fault = visible_fault(text, length)))
        error = why(w, -EINVAL, "%s: %s is not an hwloc topology: %s", t->source, file, fault);
    else if (hwloc_topology_set_xmlbuffer(t->hwloc, text, (int)length + 1))
        error = why(w, -EINVAL, "%s: hwloc cannot read %s: it is not well-formed", t->source, file);
    free(text);
    if (!from_stdin)
        fclose(f);
    return error;
}

static int set_synthetic(struct topology *t, struct why *w)
{
    if (!hwloc_topology_set_synthetic(t->hwloc, t->described))
        return 0;
    return why(w, -EINVAL, "%s: hwloc cannot read '%.200s'; a valid one: 'package:2 core:4 pu:2'",
               t->source, t->described);
}

/* In the child of try_load: load and check what is described, quietly. */
static _Noreturn void load_and_exit(hwloc_topology_t hwloc, int messages)
{
    const struct rlimit no_core = { 0, 0 }, limit = { TRIAL_SECONDS, TRIAL_SECONDS + 1 };
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_CPU, &limit); /* not by the clock: the machine may be busy, or slow */
    if (dup2(messages, STDERR_FILENO) < 0 || hwloc_topology_load(hwloc))
        _exit(1);
    hwloc_topology_check(hwloc);
    _exit(0);
}

/* Does hwloc load the description without a fault or a complaint?  On a damaged one it may print a
 * page and go on, or crash; so a child goes first. */
static int try_load(hwloc_topology_t hwloc)
{
    int messages = memfd_create("hwloc", MFD_CLOEXEC), status = -1;
    struct stat said;
    pid_t child;

    if (messages < 0)
        return -errno;
    child = fork();
    if (child == 0)
        load_and_exit(hwloc, messages);
    if (child > 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    int error = child < 0 ? -errno : 0;
    if (!error && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        error = -ETIMEDOUT;
    else if (!error && (status || fstat(messages, &said) || said.st_size))
        error = -EINVAL;
    close(messages);
    return error;
}

/* Is it the name of a file, and not a machine in words?  Those have no slash and no full stop. */
static int names_file(const char *described)
{
    return !strcmp(described, "-") || strpbrk(described, "/.") || !access(described, F_OK);
}

/* Choose where hwloc shall look.  It reads both variables itself, but goes on with the real machine
 * when it cannot use them; what is set by a call wins over them, and its failure is reported. */
static int describe(struct topology *t, const struct topology_spec *spec, struct why *w)
{
    const char *synthetic = getenv("HWLOC_SYNTHETIC"), *file = getenv("HWLOC_XMLFILE");
    int error, in_file = 0;

    if (spec && spec->described) {
        t->source = spec->source;
        t->described = spec->described;
        in_file = names_file(spec->described);
    } else if (synthetic && *synthetic) {
        t->source = "HWLOC_SYNTHETIC";
        t->described = synthetic;
    } else if (file && *file) {
        t->source = "HWLOC_XMLFILE";
        t->described = file;
        in_file = 1;
    } else {
        return 0;
    }
    error = in_file ? set_xml(t, w) : set_synthetic(t, w);
    if (!error && (error = try_load(t->hwloc)))
        why(w, error, "%s: hwloc cannot make a machine of %.200s%s%s", t->source, t->described,
            error == -EINVAL ? "" : ": ", error == -EINVAL ? "" : strerror(-error));
    return error;
}

static int discover(struct topology *t, const struct topology_spec *spec, struct why *w)
{
    int error;
    if (hwloc_topology_init(&t->hwloc)) {
        t->hwloc = NULL;
        return why(w, -ENOMEM, "hwloc cannot start");
    }
    hwloc_topology_set_flags(t->hwloc, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if ((error = describe(t, spec, w)))
        return error;
    if (hwloc_topology_load(t->hwloc)) {
        error = errno == ENOMEM ? -ENOMEM : -EINVAL;
        return why(w, error, "hwloc cannot look at this machine: %s", strerror(-error));
    }
    t->foreign = (spec && spec->described) || !hwloc_topology_is_thissystem(t->hwloc);
    return 0;
}

/* The facts ------------------------------------------------------------------------------------ */

/* The smallest NUMA node around CPU, for memory of several sorts may serve the same CPUs. */
static int nearest_node(const struct topology *t, int cpu)
{
    hwloc_obj_t node = NULL;
    int best = 0, best_width = INT_MAX;
    for (int n = 0; (node = hwloc_get_next_obj_by_type(t->hwloc, HWLOC_OBJ_NUMANODE, node)); n++) {
        int width = hwloc_bitmap_weight(node->cpuset);
        if (hwloc_bitmap_isset(node->cpuset, (unsigned)cpu) && width < best_width) {
            best = n;
            best_width = width;
        }
    }
    return best;
}

static void find_nodes(struct topology *t)
{
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(t->hwloc, HWLOC_OBJ_NUMANODE, node))) {
        t->numa_nodes++;
        t->cpuless_nodes += hwloc_bitmap_iszero(node->cpuset);
    }
    if (!t->numa_nodes)
        t->numa_nodes = 1;
    for (long i = 0; i < t->pus; i++)
        t->pu[i].node = nearest_node(t, t->pu[i].cpu);
}

/* List the PUs.  Those of a core stand together, and so do those of a package: a new one starts
 * where the ancestor changes.  Without such an ancestor a PU is a core; all that lie in no package
 * are one. */
static int find_pus(struct topology *t, struct why *w)
{
    hwloc_obj_t pu = NULL, core_before = NULL, package_before = NULL;
    int count = hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_PU);

    t->pu = count > 0 ? calloc((size_t)count, sizeof *t->pu) : NULL;
    if (!t->pu)
        return why(w, count > 0 ? -ENOMEM : -EINVAL, "%s%sthe machine has no CPUs",
                   t->source ? t->described : "", t->source ? ": " : "");
    while (t->pus < count && (pu = hwloc_get_next_obj_by_type(t->hwloc, HWLOC_OBJ_PU, pu))) {
        hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(t->hwloc, HWLOC_OBJ_CORE, pu);
        hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(t->hwloc, HWLOC_OBJ_PACKAGE, pu);
        struct topology_pu *p = &t->pu[t->pus];
        int same_core = t->pus && core && core == core_before;
        t->cores += !same_core;
        t->packages += !t->pus || package != package_before;
        *p = (struct topology_pu){
            .cpu = (int)pu->os_index,
            .core = (int)t->cores - 1,
            .package = (int)t->packages - 1,
            .rank = same_core ? p[-1].rank + 1 : 0,
            .cache = { -1, -1, -1, -1, -1 },
        };
        core_before = core;
        package_before = package;
        t->pus++;
    }
    return 0;
}

/* Mark what we may use, and count turns and the widest core of it. */
static int find_allowed(struct topology *t, struct why *w)
{
    hwloc_bitmap_t allowed = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(t->hwloc));
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    int error = 0;

    if (!allowed || !mask) {
        error = why(w, -ENOMEM, "no memory for a set of CPUs");
        goto out;
    }
    if (!t->foreign && !hwloc_get_cpubind(t->hwloc, mask, HWLOC_CPUBIND_THREAD))
        hwloc_bitmap_and(allowed, allowed, mask);
    for (long first = 0, end; first < t->pus; first = end) {
        int turn = 0;
        for (end = first; end < t->pus && t->pu[end].core == t->pu[first].core; end++) {
            struct topology_pu *p = &t->pu[end];
            p->allowed = hwloc_bitmap_isset(allowed, (unsigned)p->cpu);
            p->turn = p->allowed ? turn++ : -1;
        }
        t->allowed_cores += turn > 0;
        t->allowed_pus += turn;
        if (turn && end - first > t->smt)
            t->smt = end - first;
    }
    if (!t->allowed_pus)
        error = why(w, -ENODEV, "none of the CPUs that this process may use is in the topology%s%s",
                    t->source ? " of " : "", t->source ? t->source : "");
out:
    hwloc_bitmap_free(mask);
    hwloc_bitmap_free(allowed);
    return error;
}

/* Kinds of cores ------------------------------------------------------------------------------- */

/* What hwloc tells of one of its kinds; 0 and "": nothing. */
struct sort {
    int index; /* hwloc's */
    const char *type;
    long capacity, max_mhz, base_mhz;
    long order; /* what to sort by where hwloc cannot */
};

static struct sort read_sort(struct topology *t, int index)
{
    struct sort s = { .index = index, .type = "" };
    struct hwloc_info_s *infos = NULL;
    unsigned count = 0;
    int efficiency;

    if (hwloc_cpukinds_get_info(t->hwloc, (unsigned)index, NULL, &efficiency, &count, &infos, 0))
        return s;
    for (unsigned i = 0; i < count; i++) {
        if (!strcmp(infos[i].name, "CoreType"))
            s.type = infos[i].value;
        else if (!strcmp(infos[i].name, "LinuxCapacity"))
            s.capacity = strtol(infos[i].value, NULL, 10);
        else if (!strcmp(infos[i].name, "FrequencyMaxMHz"))
            s.max_mhz = strtol(infos[i].value, NULL, 10);
        else if (!strcmp(infos[i].name, "FrequencyBaseMHz"))
            s.base_mhz = strtol(infos[i].value, NULL, 10);
    }
    return s;
}

static int within_tenth(long a, long b)
{
    long more = a > b ? a : b, less = a > b ? b : a;
    return more - less < more / 10.0;
}

/* Are two of hwloc's kinds one for us?  Capacity says most, then what they reach, then what they
 * keep up; kinds that hwloc ranks but tells nothing comparable of stay apart. */
static int alike(const struct sort *a, const struct sort *b)
{
    if (strcmp(a->type, b->type))
        return 0;
    if (a->capacity > 0 && b->capacity > 0)
        return within_tenth(a->capacity, b->capacity);
    if (a->max_mhz > 0 && b->max_mhz > 0)
        return within_tenth(a->max_mhz, b->max_mhz);
    if (a->base_mhz > 0 && b->base_mhz > 0)
        return within_tenth(a->base_mhz, b->base_mhz);
    return 0;
}

static int compare_sorts(const void *left, const void *right)
{
    const struct sort *a = left, *b = right;
    int a_big = !strcmp(a->type, "IntelCore"), b_big = !strcmp(b->type, "IntelCore");
    if (a_big != b_big)
        return a_big - b_big;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return a->index - b->index;
}

/* Sort what hwloc did not.  It gives up on all kinds where only two tie, as a hybrid's P cores do
 * if some of them may reach a higher frequency than the others from the same base.  Returns 1, or 0
 * if there is nothing that all kinds could be compared by. */
static int rank_sorts(struct sort *s, int count)
{
    int capacity = 1, max_mhz = 1, base_mhz = 1;
    for (int i = 0; i < count; i++) {
        capacity &= s[i].capacity > 0;
        max_mhz &= s[i].max_mhz > 0;
        base_mhz &= s[i].base_mhz > 0;
    }
    for (int i = 0; i < count; i++)
        s[i].order = capacity ? s[i].capacity : max_mhz ? s[i].max_mhz : s[i].base_mhz;
    if (!capacity && !max_mhz && !base_mhz)
        return 0;
    qsort(s, (size_t)count, sizeof *s, compare_sorts);
    return 1;
}

static void join_kind(struct topology *t, int kind, const struct sort *s, hwloc_bitmap_t cpus)
{
    struct topology_kind *k = &t->kind[kind];
    long mhz = s->max_mhz > 0 ? s->max_mhz : s->base_mhz;
    if (mhz > k->mhz)
        k->mhz = mhz;
    snprintf(k->name, sizeof k->name, "%s", s->type);
    if (hwloc_cpukinds_get_info(t->hwloc, (unsigned)s->index, cpus, NULL, NULL, NULL, 0))
        return;
    for (long i = 0; i < t->pus; i++)
        if (hwloc_bitmap_isset(cpus, (unsigned)t->pu[i].cpu))
            t->pu[i].kind = kind;
}

static void count_kinds(struct topology *t)
{
    long core = -1, allowed_core = -1;
    for (long i = 0; i < t->pus; i++) {
        struct topology_pu *p = &t->pu[i];
        struct topology_kind *k = &t->kind[p->kind];
        k->pus++;
        k->cores += p->core != core;
        core = p->core;
        if (p->allowed) {
            k->allowed_cores += p->core != allowed_core;
            allowed_core = p->core;
        }
    }
}

/* Join hwloc's kinds, slowest first, into ours.  Each is compared with the first of its group, so
 * that many small steps do not become one large one.  hwloc lists them in this order if it could
 * rank them, and else gives -1 as the efficiency of each. */
static int find_kinds(struct topology *t, struct why *w)
{
    int count = hwloc_cpukinds_get_nr(t->hwloc, 0), efficiency = -1, kind = 0, first = 0;
    struct sort *s = calloc(count > 0 ? (size_t)count : 1, sizeof *s);
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    int error = 0;

    if (!s || !cpus) {
        error = why(w, -ENOMEM, "no memory for the kinds of cores");
        goto out;
    }
    for (int i = 0; i < count; i++)
        s[i] = read_sort(t, i);
    if (count > 0)
        hwloc_cpukinds_get_info(t->hwloc, 0, NULL, &efficiency, NULL, NULL, 0);
    if (efficiency < 0 && !rank_sorts(s, count))
        count = 0;
    for (int i = 0; i < count; i++) {
        if (!alike(&s[first], &s[i]) && i && kind < TOPOLOGY_KINDS - 1) {
            kind++;
            first = i;
        }
        join_kind(t, kind, &s[i], cpus);
    }
    t->core_kinds = kind + 1;
    count_kinds(t);
out:
    hwloc_bitmap_free(cpus);
    free(s);
    return error;
}

/* Caches, memory, name ------------------------------------------------------------------------- */

static void count_cache(struct topology *t, const struct topology_cache *found)
{
    long i;
    for (i = 0; i < t->caches; i++) {
        struct topology_cache *c = &t->cache[i];
        if (c->level == found->level && c->kib == found->kib && c->sharing == found->sharing) {
            c->count++;
            return;
        }
    }
    if (t->caches == TOPOLOGY_CACHES)
        return;
    for (t->caches++; i > 0; i--) {
        struct topology_cache *before = &t->cache[i - 1];
        if (before->level < found->level ||
            (before->level == found->level && before->kib >= found->kib))
            break;
        t->cache[i] = *before;
    }
    t->cache[i] = *found;
}

static void find_caches(struct topology *t)
{
    static const hwloc_obj_type_t types[] = { HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
                                              HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE,
                                              HWLOC_OBJ_L5CACHE };
    for (int level = 1; level <= TOPOLOGY_LEVELS; level++) {
        hwloc_obj_t o = NULL;
        for (int number = 0; (o = hwloc_get_next_obj_by_type(t->hwloc, types[level - 1], o));
             number++) {
            struct topology_cache found = {
                .level = level,
                .kib = (long)(o->attr->cache.size / 1024),
                .count = 1,
                .sharing = hwloc_bitmap_weight(o->cpuset),
            };
            count_cache(t, &found);
            for (long i = 0; i < t->pus; i++)
                if (hwloc_bitmap_isset(o->cpuset, (unsigned)t->pu[i].cpu)) {
                    t->pu[i].cache[level - 1] = number;
                    t->pu[i].cache_kib[level - 1] = found.kib;
                }
        }
    }
}

/* Copy a processor's name without trade marks, control bytes and repeated spaces. */
static void clean_name(char *out, size_t room, const char *name)
{
    static const char *const marks[] = { "(R)", "(r)", "(TM)", "(tm)", "(C)", "(c)" };
    size_t used = 0;
    while (*name && used + 1 < room) {
        size_t skip = 0;
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            if (!strncmp(name, marks[i], strlen(marks[i])))
                skip = strlen(marks[i]);
        unsigned char c = skip ? ' ' : (unsigned char)*name;
        if (c > ' ' && c != 0x7F)
            out[used++] = (char)c;
        else if (used && out[used - 1] != ' ')
            out[used++] = ' ';
        name += skip ? skip : 1;
    }
    while (used && out[used - 1] == ' ')
        used--;
    out[used] = 0;
}

/* What is told of the CPUs under KEY; NULL: nothing. */
static const char *cpu_info(const struct topology *t, const char *key)
{
    hwloc_obj_t package = hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_PACKAGE, 0);
    const char *text = package ? hwloc_obj_get_info_by_name(package, key) : NULL;
    return text ? text : hwloc_obj_get_info_by_name(hwloc_get_root_obj(t->hwloc), key);
}

/* An Arm CPU has no name, but numbers: who made it, and which of theirs it is. */
static void find_model(struct topology *t)
{
    const char *name = cpu_info(t, "CPUModel"), *maker = cpu_info(t, "CPUImplementer");
    const char *part = cpu_info(t, "CPUPart");
    char numbers[64] = "";
    if (!name && maker && part)
        snprintf(numbers, sizeof numbers, "Arm CPU, implementer %.10s, part %.10s", maker, part);
    clean_name(t->cpu_model, sizeof t->cpu_model, name ? name : numbers);
}

/* How many workers the CPUs are for.  A foreign machine has no limits of ours, but a test may bring
 * both. */
static void find_limits(struct topology *t, const struct topology_spec *spec)
{
    const char *root = spec ? spec->root : NULL;
    struct quota q = { .cpus = INFINITY };

    if (root || !t->foreign) {
        quota_read(&q, root);
        t->granted_cpus = spec ? spec->granted : 0;
    }
    t->quota_cpus = q.cpus;
    snprintf(t->quota_file, sizeof t->quota_file, "%s", q.file);
    t->placed_pus = t->allowed_pus;
    if (t->granted_cpus > 0 && t->granted_cpus < t->placed_pus)
        t->placed_pus = t->granted_cpus;
    t->cpu_workers = t->placed_pus;
    if (ceil(q.cpus) < (double)t->cpu_workers)
        t->cpu_workers = (long)ceil(q.cpus);
    t->effective_workers = t->cpu_workers;
}

void topology_limit(struct topology *t, long most)
{
    if (most < t->effective_workers)
        t->effective_workers = most;
}

/* Placements ----------------------------------------------------------------------------------- */

struct slot {
    int turn, kind, place; /* sorted by these: first turns, fast kinds, early places; then by pu */
    int pu;
};

static int compare_slots(const void *left, const void *right)
{
    const struct slot *a = left, *b = right;
    if (a->turn != b->turn)
        return a->turn < b->turn ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind > b->kind ? -1 : 1;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return (a->pu > b->pu) - (a->pu < b->pu);
}

static void sort_slots(const struct topology *t, struct slot *s)
{
    qsort(s, (size_t)t->allowed_pus, sizeof *s, compare_slots);
}

/* Deal sorted slots round over the nodes (or the packages): the first of each, the second of each
 * ... SEEN has room for as many counts as there are of either. */
static void deal(const struct topology *t, struct slot *s, int over_packages, int *seen)
{
    size_t groups = (size_t)(over_packages ? t->packages : t->numa_nodes);
    for (long i = 0; i < t->allowed_pus; i++) {
        const struct topology_pu *p = &t->pu[s[i].pu];
        if (!i || s[i].turn != s[i - 1].turn || s[i].kind != s[i - 1].kind)
            memset(seen, 0, groups * sizeof *seen);
        s[i].place = seen[over_packages ? p->package : p->node]++;
    }
    sort_slots(t, s);
}

static void fill_slots(const struct topology *t, int place, struct slot *s)
{
    for (long i = 0, n = 0; i < t->pus; i++) {
        const struct topology_pu *p = &t->pu[i];
        if (p->allowed)
            s[n++] = (struct slot){ place == SMT ? 0 : p->turn, p->kind, 0, (int)i };
    }
    sort_slots(t, s);
}

static int find_orders(struct topology *t, struct why *w)
{
    long groups = t->packages > t->numa_nodes ? t->packages : t->numa_nodes;
    struct slot *s = calloc((size_t)t->allowed_pus, sizeof *s);
    int *seen = calloc((size_t)groups, sizeof *seen);
    int error = s && seen ? 0 : -ENOMEM;

    for (int place = CLOSE; place < NONE && !error; place++) {
        int *order = t->order[place] = calloc((size_t)t->allowed_pus, sizeof *order);
        if (!order) {
            error = -ENOMEM;
            break;
        }
        fill_slots(t, place, s);
        if (place == SPREAD) {
            deal(t, s, 0, seen);
            deal(t, s, 1, seen);
        }
        for (long i = 0; i < t->allowed_pus; i++)
            order[i] = t->pu[s[i].pu].cpu;
    }
    free(seen);
    free(s);
    return error ? why(w, error, "no memory for the placements") : 0;
}

long topology_place(const struct topology *t, const char *place, long workers, int *cpus,
                    struct why *w)
{
    int which = 0;
    while (topology_places[which] && strcmp(topology_places[which], place))
        which++;
    if (!topology_places[which])
        return why(w, -EINVAL, "unknown placement '%.60s'; there are close, spread, smt and none",
                   place);
    if (workers < 1)
        return why(w, -EINVAL, "cannot place %ld workers; 1 is the least", workers);
    if (which == NONE)
        return 0;
    for (long i = 0; i < workers; i++)
        cpus[i] = t->order[which][i % t->placed_pus];
    return workers;
}

/* The ladder ----------------------------------------------------------------------------------- */

enum { RUNGS = 2 * 64 + TOPOLOGY_KINDS + 16 };

struct ladder {
    struct topology_rung rung[RUNGS];
    int count;
    long most;
};

/* Put WORKERS in its place, and say that STEP is full with so many; a rung beyond MOST is left out.
 */
static void add_rung(struct ladder *l, long workers, const char *step)
{
    struct topology_rung *r = l->rung;
    int i = l->count;
    if (workers < 1 || workers > l->most)
        return;
    while (i > 0 && r[i - 1].workers > workers)
        i--;
    if (i == 0 || r[i - 1].workers != workers) {
        memmove(r + i + 1, r + i, (size_t)(l->count - i) * sizeof *r);
        r[i++] = (struct topology_rung){ .workers = workers };
        l->count++;
    }
    if (*step)
        snprintf(r[i - 1].step, sizeof r->step, "%s", step);
}

static const struct topology_pu *pu_of(const struct topology *t, int cpu)
{
    const struct topology_pu *p = t->pu;
    while (p->cpu != cpu)
        p++;
    return p;
}

/* The largest cache that the thread at P has; -1: none. */
static int largest_cache(const struct topology_pu *p)
{
    int level = TOPOLOGY_LEVELS - 1;
    while (level >= 0 && p->cache[level] < 0)
        level--;
    return level;
}

/* What a machine is built of. */
enum part { CACHE, NODE, PACKAGE };

static int part_of(const struct topology_pu *p, enum part part)
{
    int level = largest_cache(p);
    return part == NODE ? p->node : part == PACKAGE ? p->package : level < 0 ? -1 : p->cache[level];
}

/* The allowed cores of the part that the first CPU of "close" lies in. */
static void add_part(const struct topology *t, struct ladder *l, enum part part)
{
    const struct topology_pu *first = pu_of(t, t->order[CLOSE][0]);
    int wanted = part_of(first, part);
    char step[sizeof l->rung->step];
    long cores = 0;
    for (const struct topology_pu *p = t->pu; p < t->pu + t->pus && wanted >= 0; p++)
        cores += p->turn == 0 && part_of(p, part) == wanted;
    if (part == CACHE)
        snprintf(step, sizeof step, "one L%d cache", largest_cache(first) + 1);
    else
        snprintf(step, sizeof step, part == NODE ? "one NUMA node" : "one package");
    if (cores > 1)
        add_rung(l, cores, step);
}

/* The cores of 2, 4, ... NUMA nodes, as "close" fills them one after the other. */
static void add_nodes(const struct topology *t, struct ladder *l)
{
    int filled = 0, node = pu_of(t, t->order[CLOSE][0])->node;
    char step[sizeof l->rung->step];
    for (long i = 1; i < t->allowed_cores && t->core_kinds == 1; i++) {
        int next = pu_of(t, t->order[CLOSE][i])->node;
        if (next == node)
            continue;
        node = next;
        filled++;
        snprintf(step, sizeof step, "%d NUMA nodes", filled);
        if (filled > 1 && !(filled & (filled - 1)))
            add_rung(l, i, step);
    }
}

/* The cores of the fastest kind, of the two fastest, ... */
static void add_kinds(const struct topology *t, struct ladder *l)
{
    char step[sizeof l->rung->step];
    long cores = 0;
    for (long kind = t->core_kinds - 1; kind > 0; kind--) {
        long kinds = t->core_kinds - kind;
        cores += t->kind[kind].allowed_cores;
        snprintf(step, sizeof step, kinds > 1 ? "%ld kinds of cores" : "fastest cores", kinds);
        add_rung(l, cores, step);
    }
}

/* 2, 4, ... hardware threads of each core, and all of them. */
static void add_threads(const struct topology *t, struct ladder *l)
{
    char step[sizeof l->rung->step];
    for (int turns = 2; turns < t->smt; turns *= 2) {
        long threads = 0;
        for (const struct topology_pu *p = t->pu; p < t->pu + t->pus; p++)
            threads += p->turn >= 0 && p->turn < turns;
        snprintf(step, sizeof step, "%d threads a core", turns);
        add_rung(l, threads, step);
    }
    if (t->allowed_pus > t->allowed_cores)
        add_rung(l, t->allowed_pus, "all threads");
}

/* Of steps that are full at the same number, the last one added gives the name. */
static void collect_rungs(const struct topology *t, struct ladder *l)
{
    for (long power = 1; power <= l->most; power *= 2)
        add_rung(l, power, "");
    for (enum part part = CACHE; part <= NODE; part++)
        add_part(t, l, part);
    add_nodes(t, l);
    add_part(t, l, PACKAGE);
    add_kinds(t, l);
    add_threads(t, l);
    if (t->allowed_cores > 1)
        add_rung(l, t->allowed_cores, "all cores");
    if (isfinite(t->quota_cpus))
        add_rung(l, (long)fmin(t->quota_cpus, (double)l->most), "CPU quota");
    add_rung(l, l->most, "");
}

/* Of the rungs between the ends, the one to drop: not a step of the machine while there is another,
 * then the one in the narrowest gap, then the one nearest the middle. */
static int dispensable(const struct topology_rung *r, int count)
{
    int best = 1;
    for (int i = 2; i < count - 1; i++) {
        double gap = (double)r[i + 1].workers / (double)r[i - 1].workers;
        double best_gap = (double)r[best + 1].workers / (double)r[best - 1].workers;
        int off = abs(2 * i - (count - 1)), best_off = abs(2 * best - (count - 1));
        int step = *r[i].step != 0, best_step = *r[best].step != 0;
        if (step != best_step ? step < best_step
                              : gap < best_gap || (gap == best_gap && off < best_off))
            best = i;
    }
    return best;
}

int topology_ladder(const struct topology *t, struct topology_rung *out, int max)
{
    struct ladder l = { .most = t->effective_workers };
    collect_rungs(t, &l);
    while (l.count > max && l.count > 2) {
        int gone = dispensable(l.rung, l.count--);
        memmove(l.rung + gone, l.rung + gone + 1, (size_t)(l.count - gone) * sizeof *l.rung);
    }
    if (l.count > max)
        l.count = max;
    memcpy(out, l.rung, (size_t)l.count * sizeof *out);
    return l.count;
}

const char *topology_steps(const struct topology *t, char buffer[TOPOLOGY_STEPS])
{
    struct topology_rung rung[TOPOLOGY_POINTS];
    int count = topology_ladder(t, rung, TOPOLOGY_POINTS), used = 0;
    *buffer = 0;
    for (int i = 0; i < count; i++)
        if (*rung[i].step)
            used += snprintf(buffer + used, (size_t)(TOPOLOGY_STEPS - used), "%s%ld: %s",
                             used ? "; " : "", rung[i].workers, rung[i].step);
    return buffer;
}

/* In and out ----------------------------------------------------------------------------------- */

int topology_load(struct topology **out, const struct topology_spec *spec, struct why *w)
{
    struct topology *t = calloc(1, sizeof *t);
    int error;

    *out = NULL;
    if (!t)
        return why(w, -ENOMEM, "no memory for the topology");
    if ((error = discover(t, spec, w)) || (error = find_pus(t, w)) ||
        (error = find_allowed(t, w)) || (error = find_kinds(t, w)))
        goto fail;
    find_nodes(t);
    if ((error = find_orders(t, w)))
        goto fail;
    find_caches(t);
    find_model(t);
    find_limits(t, spec);
    /* the sum over nodes may lack memory that came later */
    t->memory_kib = t->foreign ? (long)(hwloc_get_root_obj(t->hwloc)->total_memory / 1024)
                               : sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024);
    *out = t;
    return 0;
fail:
    topology_free(t);
    return error;
}

void topology_free(struct topology *t)
{
    if (!t)
        return;
    for (int place = CLOSE; place < NONE; place++)
        free(t->order[place]);
    free(t->pu);
    if (t->hwloc)
        hwloc_topology_destroy(t->hwloc);
    free(t);
}

long topology_cache_kib(const struct topology *t, int level)
{
    for (long i = 0; i < t->caches; i++)
        if (t->cache[i].level == level)
            return t->cache[i].kib;
    return 0;
}

int topology_export_xml(const struct topology *t, const char *file, struct why *w)
{
    errno = 0;
    if (!hwloc_topology_export_xml(t->hwloc, file, 0))
        return 0;
    int error = errno ? -errno : -EIO;
    return why(w, error, "%s: cannot write the topology: %s", file, strerror(-error));
}
