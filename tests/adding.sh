#!/bin/sh
# SPDX-License-Identifier: MIT
#
# adding.sh SOURCE_DIR: a workload is one file, a backend is one file.  In a copy of the tree, both
# are added and nothing else is touched: the cell program lists them and measures with them, and what
# they say of themselves is known to plans and tables.  A file that defines another name than its own
# does not link, and the linker says which name is missing.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -f "$1/CMakeLists.txt" ]; then
    echo "usage: adding.sh SOURCE_DIR" >&2
    exit 2
fi
source=$(cd "$1" && pwd)
command -v cmake >/dev/null || { echo "skipped: no cmake"; exit 77; }
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

# Without what is built, measured or not part of any build.
tree=$scratch/tree build=$scratch/build
mkdir "$tree"
(cd "$source" && tar -cf - --exclude='./build*' --exclude=./results --exclude=./.git .) |
    (cd "$tree" && tar -xf -)
sums() { (cd "$tree" && find . -type f ! -name x.c ! -name backend_x.c -exec cksum {} + | sort); }
sums >"$scratch/before"

make_cell() { cmake --build "$build" --target teampool-cell teampool -j 2 >"$scratch/log" 2>&1; }

cat >"$tree/workloads/x.c" <<'END'
/* SPDX-License-Identifier: MIT
 *
 * x: a task that squares its number.
 */
#include "../core/tally.h"

static uint64_t square(long i)
{
    return (uint64_t)i * (uint64_t)i;
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct tally *t;
    int error = tally_prepare(&t, arena, spec, w);
    for (long i = 0; !error && i < spec->tasks; i++)
        t->expected += tally_number(i, square(i));
    *arg = t;
    return error;
}

static void task(void *arg, long i, struct worker *self)
{
    struct tally *t = arg;
    tally_add(&t->slots[self->index], i, square(i));
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    return tally_check(arg, outcome, w);
}

const struct workload workload_x = {
    .name = "x",
    .summary = "squares its number",
    .version = 7,
    .prepare = prepare,
    .task = task,
    .check = check,
};
END

cat >"$tree/pool/backend_x.c" <<'END'
/* SPDX-License-Identifier: MIT
 *
 * x: the caller does the chunks from the last to the first, under a lock that nobody else wants.
 */
#include <errno.h>
#include <stdlib.h>

#include "../core/backend.h"

struct team {
    struct worker worker;
};

static long chunk(long tasks, int workers, enum schedule schedule)
{
    (void)tasks, (void)workers, (void)schedule;
    return 3;
}

static int open_team(struct team **out, const struct team_spec *spec, struct why *w)
{
    struct team *t = spec->workers == 1 ? calloc(1, sizeof *t) : NULL;
    *out = NULL;
    if (!t)
        return why(w, -EINVAL, "x has one worker");
    t->worker = worker_plain(0);
    int error = spec->enter(spec->enter_arg, 0);
    if (error)
        free(t);
    else
        *out = t;
    return error;
}

static int run(struct team *t, const struct job *job, struct why *w)
{
    (void)w;
    job_enter(job, &t->worker);
    for (long first = (job->n - 1) / job->chunk * job->chunk; first >= 0; first -= job->chunk)
        for (long i = first; i < first + job->chunk && i < job->n; i++)
            job->fn(job->arg, i, &t->worker);
    job_leave(job, &t->worker);
    return 0;
}

static void close_team(struct team *t)
{
    free(t);
}

static void counts(const struct team *t, struct lock_counts *c)
{
    (void)t;
    *c = (struct lock_counts){ 0 };
}

const struct backend backend_x = {
    .name = "x",
    .summary = "backwards",
    .start = "none",
    .schedules = 1 << SCHEDULE_DYNAMIC,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = chunk,
    .open = open_team,
    .run = run,
    .close = close_team,
    .counts = counts,
};
END

if ! cmake -S "$tree" -B "$build" -DCMAKE_BUILD_TYPE=Release >"$scratch/log" 2>&1 ||
    ! make_cell; then
    cat "$scratch/log"
    fail "expected the tree with two more files to build"
    echo "$passed passed, $failed failed"
    exit 1
fi
cell=$build/teampool-cell
"$cell" --list >"$scratch/list"
expect "workload x in --list" grep -q '^workload,x,7,' "$scratch/list"
expect "backend x in --list" grep -q '^backend,x,' "$scratch/list"
expect "its lock in --list" grep -q '^backend,x,,none,dynamic,lock,' "$scratch/list"
expect "the others, too" [ "$(grep -c '^backend,\(serial\|omp\|pool\|pipe\),' "$scratch/list")" -eq 4 ]
sums >"$scratch/after"
expect "no other file touched" cmp -s "$scratch/before" "$scratch/after"
echo "two files added, nothing else touched"

# A column of a table.
column() {
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        { print $at }' "$1"
}
for backend in x serial omp pool pipe; do
    "$cell" backend=$backend workload=x tasks=100 samples=3 >"$scratch/out" 2>"$scratch/err"
    expect "backend=$backend workload=x: exit code 0; $(cat "$scratch/err")" is $? 0
    expect "4 rows that are ok" [ "$(column "$scratch/out" status | grep -cx ok)" -eq 4 ]
    column "$scratch/out" checksum >>"$scratch/sums"
done
expect "one checksum for all" [ "$(sort -u "$scratch/sums" | wc -l)" -eq 1 ]
"$cell" backend=x workload=x tasks=100 samples=1 >"$scratch/out"
expect "chunk=auto is the backend's 3" is "$(column "$scratch/out" chunk | sort -u)" 3
expect "its version" is "$(column "$scratch/out" work_version | sort -u)" 7
"$cell" backend=x workload=cpu task_ns=100 tasks=100 samples=1 >"$scratch/out" 2>"$scratch/err"
expect "backend=x workload=cpu: exit code 0" is $? 0
echo "they measure with each other and with all that was there"

# A team under a lock is looked at as such, whatever its name.
"$build/teampool" plan backend=x,serial workload=cpu task_ns=1000 tasks=500 chunk=50 samples=1 >"$scratch/plan" 2>&1 &&
    "$build/teampool" run --quiet --plan "$scratch/plan" --blocks 6 --out "$scratch/run" >"$scratch/log" 2>&1
expect "a run of it: exit code 0; $(cat "$scratch/log")" is $? 0
expect "its speed-up in lock.csv" grep -q '^cell,x,.*,speedup,' "$scratch/run/lock.csv"
expect "no costs of it as of a team" [ "$(grep -c '^cell,x,' "$scratch/run/costs.csv")" -eq 0 ]
echo "a lock is known by what its backend says of itself"

# Wrong names: the symbol that is missing is named.
sed 's/workload_x/workload_z/' "$tree/workloads/x.c" >"$tree/workloads/y.c"
if make_cell; then fail "expected workload_z in y.c not to link"; else passed=$((passed + 1)); fi
expect "'workload_y' in the linker's message" grep -q 'workload_y' "$scratch/log"
rm "$tree/workloads/y.c"
sed 's/backend_x/backend_z/' "$tree/pool/backend_x.c" >"$tree/threads/backend_y.c"
if make_cell; then fail "expected backend_z in backend_y.c not to link"; else passed=$((passed + 1)); fi
expect "'backend_y' in the linker's message" grep -q 'backend_y' "$scratch/log"
rm "$tree/threads/backend_y.c" "$tree/workloads/x.c" "$tree/pool/backend_x.c"
expect "the tree as it was to build" make_cell
"$cell" --list >"$scratch/list"
expect "x gone from --list" [ -z "$(grep ',x,' "$scratch/list")" ]
echo "wrong names do not link; files that go are gone"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
