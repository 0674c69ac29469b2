/* SPDX-License-Identifier: MIT */
#include "quota.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one line of /proc/self/cgroup says: where we are in one hierarchy.  The first version has a
 * hierarchy for each set of controllers, the second a single one. */
struct membership {
    int version;
    const char *path; /* "/user.slice/a" */
};

/* What one line of /proc/self/mountinfo says: a part of a hierarchy, and where it can be seen. */
struct mount {
    int version; /* 0: no control groups here, or not the controller that is searched */
    char *inner; /* the group that the mount shows at its top */
    char *point; /* the folder */
};

/* A walk over the folders of one controller: LOOK is called for our group and its ancestors. */
struct search {
    const char *root, *controller;
    void (*look)(struct search *s, const char *folder, int version);
    void *found; /* LOOK's own */
};

/* Is WORD one of the comma-separated words of LIST? */
static int listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (;;) {
        size_t next = strcspn(list, ",");
        if (next == length && !strncmp(list, word, length))
            return 1;
        if (!list[next])
            return 0;
        list += next + 1;
    }
}

/* mountinfo writes space, tab, newline and backslash as three octal digits: back to bytes. */
static void unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in;) {
        if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' &&
            in[3] >= '0' && in[3] <= '7') {
            *out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
            in += 4;
        } else {
            *out++ = *in++;
        }
    }
    *out = 0;
}

/* The path of GROUP below the top of mount M, or NULL if the mount does not show the group.  A path
 * with ".." lies outside our cgroup namespace: no mount shows it. */
static const char *path_in_mount(const struct mount *m, const char *group)
{
    size_t length = strlen(m->inner);
    if (!strncmp(group, "/..", 3) && (group[3] == '/' || !group[3]))
        return NULL;
    if (!strcmp(m->inner, "/"))
        return group;
    if (strncmp(group, m->inner, length) || (group[length] != '/' && group[length]))
        return NULL;
    return group + length;
}

static FILE *open_in(const struct search *s, const char *folder, const char *name)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s%s/%s", s->root, folder, name);
    return length > 0 && length < (int)sizeof path ? fopen(path, "re") : NULL;
}

/* Read the first line of FOLDER/NAME below the root into TEXT.  Returns 1, or 0: there is none. */
static int first_line(const struct search *s, const char *folder, const char *name, char *text,
                      int room)
{
    FILE *f = open_in(s, folder, name);
    if (!f)
        return 0;
    int got = fgets(text, room, f) != NULL;
    fclose(f);
    return got;
}

/* A positive whole number at *TEXT, which moves behind it and the white space after it; or 0. */
static long long positive(const char **text)
{
    char *end;
    errno = 0;
    long long value = strtoll(*text, &end, 10);
    if (end == *text || errno || value <= 0)
        return 0;
    *text = end + strspn(end, " \t\n");
    return value;
}

static void consider(struct search *s, long long quota, long long period, const char *folder,
                     const char *name)
{
    struct quota *best = s->found;
    if (quota <= 0 || period <= 0)
        return;
    double cpus = (double)quota / (double)period;
    if (cpus >= best->cpus)
        return;
    int length = snprintf(best->file, sizeof best->file, "%s/%s", folder, name);
    if (length < 0 || length >= (int)sizeof best->file)
        best->file[0] = 0;
    best->cpus = cpus;
}

/* "150000 100000", or "max 100000". */
static void look_v2(struct search *s, const char *folder)
{
    char line[128];
    const char *text = line;
    if (!first_line(s, folder, "cpu.max", line, sizeof line))
        return;
    long long quota = positive(&text);
    long long period = quota ? positive(&text) : 0;
    if (!*text)
        consider(s, quota, period, folder, "cpu.max");
}

/* Two files with a number each; a quota of -1 is none. */
static void look_v1(struct search *s, const char *folder)
{
    char quota_line[128], period_line[128];
    const char *quota_text = quota_line, *period_text = period_line;
    if (!first_line(s, folder, "cpu.cfs_quota_us", quota_line, sizeof quota_line) ||
        !first_line(s, folder, "cpu.cfs_period_us", period_line, sizeof period_line))
        return;
    long long quota = positive(&quota_text), period = positive(&period_text);
    if (!*quota_text && !*period_text)
        consider(s, quota, period, folder, "cpu.cfs_quota_us");
}

static void look_cpu(struct search *s, const char *folder, int version)
{
    if (version == 2)
        look_v2(s, folder);
    else
        look_v1(s, folder);
}

/* ---- memory, tasks, throttling --------------------------------------------------------------- */

/* From here on a limit of version 1 means none: it is the largest that the kernel can write. */
#define NO_LIMIT (1LL << 60)

static const struct limit_files {
    const char *controller, *most[2], *used[2]; /* by version: 1, 2 */
} limit_files[] = {
    [QUOTA_MEMORY] = { "memory",
                       { "memory.limit_in_bytes", "memory.max" },
                       { "memory.usage_in_bytes", "memory.current" } },
    [QUOTA_TASKS] = { "pids", { "pids.max", "pids.max" }, { "pids.current", "pids.current" } },
};

struct limit_search {
    enum quota_kind kind;
    struct quota_limit *best;
};

/* The limit that leaves the least room binds. */
static void look_limit(struct search *s, const char *folder, int version)
{
    const struct limit_search *l = s->found;
    const struct limit_files *files = &limit_files[l->kind];
    char line[128];
    const char *name = files->most[version - 1], *text = line;
    if (!first_line(s, folder, name, line, sizeof line))
        return;
    long long most = positive(&text), used = 0;
    if (most <= 0 || *text || most >= NO_LIMIT)
        return;
    text = line;
    if (first_line(s, folder, files->used[version - 1], line, sizeof line))
        used = positive(&text);
    struct quota_limit *best = l->best;
    if ((double)(most - used) >= best->most - (isnan(best->used) ? 0 : best->used))
        return;
    best->most = (double)most;
    best->used = used > 0 ? (double)used : NAN;
    int length = snprintf(best->file, sizeof best->file, "%s/%s", folder, name);
    if (length < 0 || length >= (int)sizeof best->file)
        best->file[0] = 0;
}

/* Lines of a word and a number; a group that never had a quota may lack them. */
static void look_throttling(struct search *s, const char *folder, int version)
{
    struct quota_throttling *sum = s->found;
    char line[128];
    FILE *f = open_in(s, folder, "cpu.stat");
    (void)version;
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        long long count;
        if (sscanf(line, "nr_periods %lld", &count) == 1) {
            sum->periods += count;
        } else if (sscanf(line, "nr_throttled %lld", &count) == 1) {
            sum->throttled += count;
            sum->known = 1;
        } else if (sscanf(line, "throttled_usec %lld", &count) == 1) { /* version 2 */
            sum->ns += 1000 * count;
        } else if (sscanf(line, "throttled_time %lld", &count) == 1) { /* version 1 */
            sum->ns += count;
        }
    }
    fclose(f);
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* Look at the group BELOW the mount's top, then at each of its ancestors up to that top. */
static void climb(struct search *s, const struct mount *m, const char *below)
{
    char folder[PATH_MAX];
    size_t top = strcmp(m->point, "/") ? strlen(m->point) : 0;
    int length = snprintf(folder, sizeof folder, "%.*s%s", (int)top, m->point, below);
    if (length < 0 || length >= (int)sizeof folder)
        return;
    for (;;) {
        size_t end = strlen(folder);
        while (end > top && folder[end - 1] == '/')
            folder[--end] = 0;
        s->look(s, folder, m->version);
        if (end <= top)
            return;
        while (end > top && folder[end - 1] != '/')
            folder[--end] = 0;
    }
}

/* Take a line of mountinfo apart in place:
 * id parent major:minor INNER POINT options [tag ...] - TYPE source SUPER-OPTIONS */
static struct mount parse_mount(char *line, const char *controller)
{
    struct mount m = { 0 };
    char *save, *word = strtok_r(line, " \n", &save);
    for (int field = 0; word && strcmp(word, "-"); field++, word = strtok_r(NULL, " \n", &save)) {
        if (field == 3)
            m.inner = word;
        else if (field == 4)
            m.point = word;
    }
    const char *type = word ? strtok_r(NULL, " \n", &save) : NULL;
    const char *source = type ? strtok_r(NULL, " \n", &save) : NULL;
    const char *options = source ? strtok_r(NULL, "\n", &save) : NULL;
    if (!type || !m.point)
        return m;
    unescape(m.inner);
    unescape(m.point);
    if (!strcmp(type, "cgroup2"))
        m.version = 2;
    else if (!strcmp(type, "cgroup") && options && listed(options, controller))
        m.version = 1;
    return m;
}

/* Take a line of /proc/self/cgroup apart in place: ID:CONTROLLERS:PATH. */
static struct membership parse_membership(char *line, const char *controller)
{
    struct membership g = { 0 };
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path)
        return g;
    *path++ = 0;
    *controllers++ = 0;
    g.path = path;
    if (!strcmp(line, "0") && !*controllers)
        g.version = 2;
    else if (listed(controllers, controller))
        g.version = 1;
    return g;
}

static FILE *open_below(const char *root, const char *file)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s%s", root, file);
    return length > 0 && length < (int)sizeof path ? fopen(path, "re") : NULL;
}

/* Search the mounts of G's hierarchy.  With OUTSIDE, take those that do not show our group by name:
 * in a container without a cgroup namespace the mount's top is as near as we can see.
 * Returns the number of mounts searched. */
static int search_mounts(struct search *s, const struct membership *g, int outside)
{
    FILE *f = open_below(s->root, "/proc/self/mountinfo");
    char *line = NULL;
    size_t room = 0;
    int searched = 0;

    if (!f)
        return 0;
    while (getline(&line, &room, f) >= 0) {
        struct mount m = parse_mount(line, s->controller);
        if (m.version != g->version)
            continue;
        const char *below = outside ? "" : path_in_mount(&m, g->path);
        if (!below)
            continue;
        climb(s, &m, below);
        searched++;
    }
    free(line);
    fclose(f);
    return searched;
}

static void walk(struct search *s)
{
    char *line = NULL;
    size_t room = 0;
    FILE *f = open_below(s->root, "/proc/self/cgroup");
    if (!f)
        return;
    while (getline(&line, &room, f) >= 0) {
        struct membership g = parse_membership(line, s->controller);
        if (g.version && !search_mounts(s, &g, 0))
            search_mounts(s, &g, 1);
    }
    free(line);
    fclose(f);
}

void quota_read(struct quota *out, const char *root)
{
    struct search s = {
        .root = root ? root : "", .controller = "cpu", .look = look_cpu, .found = out
    };
    *out = (struct quota){ .cpus = INFINITY };
    walk(&s);
}

void quota_limit_read(struct quota_limit *out, enum quota_kind kind, const char *root)
{
    struct limit_search l = { kind, out };
    struct search s = { .root = root ? root : "",
                        .controller = limit_files[kind].controller,
                        .look = look_limit,
                        .found = &l };
    *out = (struct quota_limit){ .most = INFINITY, .used = NAN };
    walk(&s);
}

void quota_throttling_read(struct quota_throttling *out, const char *root)
{
    struct search s = {
        .root = root ? root : "", .controller = "cpu", .look = look_throttling, .found = out
    };
    *out = (struct quota_throttling){ 0 };
    walk(&s);
}
