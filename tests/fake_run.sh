#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fake_run.sh DIR [KEY=VALUE ...]: a run's folder made up from a simple model, for tests of what
# stands behind a run.  Same words, same bytes.
#
#   cores=8  blocks=8  profile=default  host=fake  governor=performance  load=0.05  quota=
#   fail=omp        every launch of this backend fails (every: of all but serial; all: of each)
#   without=lesson  this sweep is not there (several: joined by +; all: every one)
#   only=1          only this number of workers in the sweep over workers
#   ended=0         the run is still going on
#   more=1          the sweeps of the default profile as well: matrix, launch, contention, payload, gil, peers
#   even=1.0        processes' work costs this many times the threads'
#   trace=20        the threads' schedules were traced in two blocks: trace.csv, with so many chunks a
#                   worker where tasks are taken on demand
#   machine=FILE    of another machine, as `teampool topology --format csv` prints it: its numbers of workers
#                   and its steps; a second thread of a core brings a quarter of a core, a slow core half of one
#   slow=3          the first of these samples took so many times as long as the others
set -eu
[ $# -ge 1 ] || { echo "usage: fake_run.sh DIR [KEY=VALUE ...]" >&2; exit 2; }
dir=$1
shift
cores=8 blocks=8 profile=default host=fake governor=performance load=0.05 quota='' fail='' without=''
only='' even=1.0 more=0 ended=1 trace=0 slow=3 machine=''
for word; do
    case $word in
    cores=*) cores=${word#*=} ;;
    blocks=*) blocks=${word#*=} ;;
    profile=*) profile=${word#*=} ;;
    host=*) host=${word#*=} ;;
    governor=*) governor=${word#*=} ;;
    load=*) load=${word#*=} ;;
    quota=*) quota=${word#*=} ;;
    fail=*) fail=${word#*=} ;;
    without=*) without=${word#*=} ;;
    only=*) only=${word#*=} ;;
    even=*) even=${word#*=} ;;
    more=*) more=${word#*=} ;;
    ended=*) ended=${word#*=} ;;
    trace=*) trace=${word#*=} ;;
    slow=*) slow=${word#*=} ;;
    machine=*) machine=${word#*=} ;;
    *) echo "fake_run.sh: '$word'?" >&2; exit 2 ;;
    esac
done
mkdir -p -- "$dir"
of_machine() { sed -n "s/^$1,//p" "$machine"; }
ladder='' steps='' whole=$cores fast=$cores kinds=1 packages=1 nodes=1 smt=1
if [ -n "$machine" ]; then
    cores=$(of_machine effective_workers) whole=$(of_machine allowed_cores) ladder=$(of_machine ladder)
    steps=$(of_machine steps) kinds=$(of_machine core_kinds) packages=$(of_machine packages)
    nodes=$(of_machine numa_nodes) smt=$(of_machine smt)
    fast=$(of_machine kind_cores)
    fast=${fast%% *}
fi

# A CSV field from any text.
field() {
    printf '"%s"' "$(printf %s "$1" | sed 's/"/""/g')"
}
{
    printf 'key,value,note\n'
    printf 'hostname,%s,\n' "$(field "$host")"
    printf '%s\n' 'date_utc,2026-01-02T03:04:05Z,' "profile,$profile," 'budget_s,180,' \
        'elapsed_s,171.5,' 'sampled_s,120,' "blocks,$blocks," 'seed,1,' \
        "command,teampool run --profile $profile --seed 1," 'teampool_version,0.1.0,' \
        'git,0123abc,' 'build_type,Release,' 'compiler,gcc 12.2.0,' 'flags,-O2,' \
        'openmp,libgomp (201511),' 'libc,glibc 2.36,' 'hwloc,2.9.0,' \
        'kernel,Linux 6.1.0 x86_64,' 'os,Debian GNU/Linux 12,' 'virtualization,,' \
        'cpu_model,Invented CPU,' "packages,$packages," "numa_nodes,$nodes," "cores,$whole," \
        "pus,$cores," "allowed_cores,$whole," "allowed_pus,$cores," \
        "quota_cpus,$quota," "core_kinds,$kinds," "smt,$smt," "effective_workers,$cores," "steps,$steps," "alike_cores,$fast," \
        'memory_kib,16318460,' "governor,$governor," 'boost,,' "load_before,$load," \
        'load_after,3.10,' 'foreign_share,0.002,' 'clock_cost_ns,24.5,' 'steps_per_ms,600000,' \
        'dropped_cells,0,' 'omp_env,"OMP_PROC_BIND=close OMP_WAIT_POLICY=passive",'
} | if [ "$ended" = 1 ]; then cat; else grep -v '^elapsed_s\|^foreign_share\|^load_after'; fi >"$dir/machine.csv"
{
    echo cpu,package,node,core,rank,kind,kind_name,allowed,l1,l1_kib,l2,l2_kib,l3,l3_kib
    cpu=0
    while [ "$cpu" -lt "$cores" ]; do
        echo "$cpu,0,0,$((cpu % whole)),$((cpu / whole)),0,,1,$cpu,48,$cpu,1024,0,32768"
        cpu=$((cpu + 1))
    done
} >"$dir/topology.csv"
printf '# made up by fake_run.sh\n' >"$dir/plan.txt"

awk -v cores="$cores" -v blocks="$blocks" -v profile="$profile" -v fail="$fail" \
    -v without="+$without+" -v only="$only" -v even="$even" -v more="$more" -v trace="$trace" -v slow="$slow" \
    -v ladder="$ladder" -v whole="$whole" -v fast="$fast" -v out="$dir" '
function noise() { # about normal, reproducible in every awk
    sum = 0
    for (q = 0; q < 4; q++) {
        seed = (seed * 16807) % 2147483647
        sum += seed / 2147483647
    }
    return sum - 2
}
function ceil(x) { return x == int(x) ? x : int(x) + 1 }
function max(a, b) { return a > b ? a : b }
function min(a, b) { return a < b ? a : b }
function model(b, s, wl, v, w, n, c, p,    busy, o, fix, heavy, work) {
    if (wl == "sleep") return ceil(n / p) * (w + 60000)
    if (wl == "empty") return 20000
    if (b == "serial") return n * (w + 1)
    busy = min(p, fast) + max(0, min(p, whole) - fast) / 2 + max(0, min(p, cores) - whole) / 4
    o = b == "omp" ? 130 : s == "steal" ? 350 : 900
    fix = b == "omp" ? 6000 : 14000
    work = n * (w + 2) * (1 + 0.012 * (busy - 1)) * (b == "omp" ? 1 : even)
    if (wl == "skew") {
        heavy = v == "heavy" ? 1.9 : v == "ramp" ? 1.5 : 1.02
        if (s != "static") heavy = s == "guided" ? 1 + (heavy - 1) * 0.25 : 1.01
        return fix + work / busy * heavy + o * n / c / busy
    }
    if (b == "pipe") return fix + max((work + n / c * 3000) / busy, n / c * 4200) + c * w / 3
    return fix + (work + n / c * o * (1 + 0.2 * (busy - 1))) / busy + c * w * (c >= n / p ? 0.02 : n / c % p ? 0.5 : 0.15)
}
# Dealt in advance, worker k needs k + 1 parts of the time; on demand, all need the same.
function write_trace(number, block, seq, s, n, p, time,    k, x, chunks, each, step) {
    if (!traced++) print "cell,block,seq,worker,cpu,first_task,tasks,begin_ns,end_ns" > tracing
    chunks = s == "static" ? 1 : trace
    each = int(n / p / chunks)
    for (k = 0; k < p; k++)
        for (x = 0; x < chunks; x++) {
            step = (s == "static" ? (k + 1) / p : 0.99) * time / chunks
            print number "," block "," seq "," k "," k "," (x * p + k) * each "," each "," \
                int(5000 + x * step) "," int(5000 + (x + 0.98) * step) > tracing
        }
}
function cpus_of(p,    k, text) { # in turn over all there are
    if (p in places) return places[p]
    for (k = 0; k < p; k++) text = text (k ? "+" : "") k % cores
    return places[p] = text
}
# EXTRA: "payload=4096", "ballast=64", "start=spawn", "faster=2": times that much less time; "took=1e6":
# that time; "options=held:50", "runner=py-pool", "inside=1"; "answer=5e6": the median, the 99th four times that
function cell(sweep, b, s, wl, v, w, n, c, p, extra,    k, x, base, open, line, start, wall, answer) {
    if (index(without, "+" sweep "+") || index(without, "+all+")) return
    number++
    split("", E)
    for (k = split(extra, words, " "); k > 0; k--) { split(words[k], pair, "="); E[pair[1]] = pair[2] }
    start = "start" in E ? E["start"] : b == "serial" ? "none" : b ~ /^(omp|pthread)/ ? "thread" : "fork"
    line = "backend=" b " schedule=" s " workload=" wl " task_ns=" w " tasks=" n " chunk=" c " workers=" p " sweep=" sweep
    if (v != "") line = line " variant=" v
    if ("options" in E) line = line " options=" E["options"]
    if (!("runner" in E)) E["runner"] = "cell"
    open = b == "serial" ? 0 : (b == "omp" ? 14000 : b == "pool" ? 130000 : 190000) * (0.5 + 0.5 * p) * (1 + E["ballast"] / 100 * (start == "fork"))
    for (k = 0; k < (sweep == "lesson" ? min(blocks, 2) : blocks); k++) {
        seq++
        if (b == fail || fail == "all" || (fail == "every" && b != "serial")) {
            print number "," k "," seq ",failed,cannot open the team: no such thing here,3," line > status
            continue
        }
        if (sweep == "lesson") line = line " blocks=2"
        base = ("took" in E ? E["took"] : model(b, s, wl, v, w, n, c, p)) * (1 + 0.004 * noise()) / ("faster" in E ? E["faster"] : 1)
        print number "," k "," seq ",ok,," int(4 * base / 1e6) + 40 "," line > status
        if (trace && k < 2 && v == "ramp" && b == "omp" && s != "guided")
            write_trace(number, k, seq, s, n, p, base * (k ? 1 : slow))
        for (x = 0; x < 3; x++) {
            wall = int(base * (1 + 0.003 * noise()))
            answer = "answer" in E ? int(E["answer"] * (1 + 0.02 * noise())) : ""
            print E["runner"] "," b "," start "," s ",passive," wl ",1," w "," E["payload"] + 0 "," n "," c "," p \
                ",close," cpus_of(p) "," v "," E["ballast"] + 0 "," E["options"] "," k "," seq "," x ",0," 1000 * x "," wall "," \
                int(open * (1 + 0.05 * noise())) "," (x == 2 ? int(open / 3) : "") "," \
                int(0.97 * p * wall) "," (k == 2 && x == 1 ? int(0.2 * p * wall) : 0) ",ok,," sweep \
                ",600000,0," (b == "gil" ? 3 : "") "," E["inside"] "," answer "," (answer == "" ? "" : 4 * answer) > samples
        }
    }
}
BEGIN {
    seed = 4711
    samples = out "/samples.csv"
    status = out "/status.csv"
    tracing = out "/trace.csv"
    print "runner,backend,start,schedule,wait,workload,work_version,task_ns,payload_bytes,tasks," \
        "chunk,workers,place,cpus,variant,ballast_mib,options,block,seq,sample,warmup,start_ns,wall_ns,open_ns," \
        "close_ns,busy_sum_ns,runq_ns,status,note,sweep,steps_per_ms,foreign_ns," \
        "lock_requests,inside_most,answer_p50_ns,answer_p99_ns" > samples
    print "cell,block,seq,status,reason,wall_ms,line" > status
    split("omp pool pool pipe", B, " ")
    split("dynamic dynamic steal dynamic", S, " ")
    nap = profile == "smoke" ? 1000000 : 100000000
    for (i = 1; i <= 4; i++) if (S[i] != "steal") cell("lesson", B[i], S[i], "sleep", "", nap, 24, 1, 8)
    cell("lesson", "serial", "static", "sleep", "", nap, 24, 24, 1)
    n = 4096 * cores
    if (ladder == "")
        for (p = 1; p <= cores; p = (p < cores && p * 2 > cores ? cores : p * 2)) ladder = ladder " " p
    rungs = split(ladder, W, " ")
    for (k = 1; k <= rungs; k++)
        if (only == "" || W[k] == only)
            for (i = 1; i <= 4; i++) if (S[i] != "steal")
                cell("workers", B[i], S[i], "cpu", "", 10000, 5000 * cores, 16, W[k])
    cell("workers", "serial", "static", "cpu", "", 10000, 4096, 4096, 1)
    for (w = 1000; w <= 10000; w *= 10)
        for (c = 1; c <= n / cores; c *= 4)
            for (i = 1; i <= 4; i++) cell("chunk", B[i], S[i], "cpu", "", w, n, c, cores)
    cell("chunk", "serial", "static", "cpu", "", 1000, 4096, 4096, 1)
    lengths = split("100 300 1000 3000 10000 30000 100000 1000000 10000000", L, " ")
    for (l = 1; l <= lengths; l++) {
        m = max(cores * 2, int(5e7 / L[l]))
        for (i = 1; i <= 4; i++) cell("length", B[i], S[i], "cpu", "", L[l], m, 1, cores)
        cell("length", "serial", "static", "cpu", "", L[l], 512, 512, 1)
    }
    split("heavy uniform ramp", V, " ")
    split("omp omp omp pool pool pool pool", SB, " ")
    split("static dynamic guided static dynamic guided steal", SS, " ")
    for (v = 1; v <= 3; v++) {
        for (i = 1; i <= 7; i++)
            cell("schedules", SB[i], SS[i], "skew", V[v], 20000, 4096, SS[i] == "static" ? 4096 / cores : 1, cores)
        cell("schedules", "serial", "static", "skew", V[v], 20000, 4096, 4096, 1)
    }
    for (p = 1; p <= max(16, cores); p *= 2)
        for (i = 1; i <= 4; i++) if (S[i] != "steal") cell("startup", B[i], S[i], "empty", "", 0, p, 1, p)
    if (!more) exit
    split("pthread pool pthread_pipe pipe", M, " ")
    for (w = 1000; w <= 100000; w *= 10)
        for (i = 1; i <= 4; i++)
            cell("matrix", M[i], "dynamic", "cpu", "", w, 5000 * cores, 1, cores, M[i] ~ /pipe/ ? "faster=0.3" : "")
    split("0 64 256 1024", L, " ")
    for (i = 1; i <= 4; i++) {
        cell("launch", "pthread", "dynamic", "empty", "", 0, 8, 1, 8, "ballast=" L[i])
        cell("launch", "pool", "dynamic", "empty", "", 0, 8, 1, 8, "ballast=" L[i])
        cell("launch", "pool", "dynamic", "empty", "", 0, 8, 1, 8, "ballast=" L[i] " start=spawn")
    }
    split("memory alloc fault counter", F, " ")
    split("1.2 0.5 0.25 1", R, " ") # processes over threads
    for (i = 1; i <= 4; i++) {
        cell("contention", "omp", "dynamic", F[i], "", 20000, 500 * cores, 1, cores, "faster=1")
        cell("contention", "pool", "dynamic", F[i], "", 20000, 500 * cores, 1, cores, "faster=" 1 / R[i])
    }
    split("256 4096 65536", L, " ")
    for (w = 1000; w <= 100000; w *= 10)
        for (l = 1; l <= 3; l++)
            for (i = 1; i <= 4; i++) if (S[i] != "steal")
                cell("payload", B[i], S[i], "payload", "", w, 1000 * cores, 1, cores, "payload=" L[l])
    n = 134 * cores
    w = 150000
    for (p = 1; p <= cores; p = (p == 1 && cores > 2 ? 2 : p < cores ? cores : p + 1)) {
        cell("gil", "gil", "dynamic", "cpu", "", w, n, 1, p, "took=" n * w * 1.01)
        cell("gil", "gil", "dynamic", "cpu", "", w, n, 1, p, "options=lock:old took=" n * w * (p > 1 ? 1.4 : 1))
        cell("gil", "omp", "dynamic", "cpu", "", w, n, 1, p)
        cell("gil", "pool", "dynamic", "cpu", "", w, n, 1, p)
        cell("gil", "threads", "dynamic", "cpu", "", w, n, 1, p, "runner=py-threads took=" n * w * 1.1)
        cell("gil", "pool", "dynamic", "cpu", "", w, n, 1, p, "runner=py-pool took=" n * w * 1.1 / p)
        cell("gil", "omp", "dynamic", "python_cpu", "", w, n, 1, p, "took=" n * w * 1.05)
        cell("gil", "pool", "dynamic", "python_cpu", "", w, n, 1, p, "took=" n * w * 1.05 / p)
        cell("gil", "gil", "dynamic", "sleep", "", 1e7, 64, 1, p)
        cell("gil", "omp", "dynamic", "python_sleep", "", 1e7, 64, 1, p, "took=" 1.01e7 * 64 / p)
    }
    cell("gil", "serial", "static", "python_cpu", "", w, n, n, 1, "took=" n * w)
    cell("gil", "serial", "static", "sleep", "", 1e7, 64, 64, 1)
    cell("gil", "serial", "static", "python_sleep", "", 1e7, 64, 64, 1, "took=" 1.01e7 * 64)
    cell("gil", "serial", "static", "cpu", "", w, n, n, 1)
    cell("gil", "serial", "static", "cpu", "", w, n, n, 1, "runner=py-serial took=" n * w)
    held = split("0 10 25 50 75", L, " ")
    for (i = 1; i <= held; i++) # between the bounds, nearer to the lower one
        cell("gil", "gil", "dynamic", "cpu", "", w, n, 1, cores, \
            "options=held:" L[i] " took=" n * w * (L[i] + 0.9 * (100 - L[i]) / cores) / 100 * (L[i] ? 1 : 1.11))
    cell("gil", "gil", "dynamic", "inside", "", 1000000, 10, 1, 2, "took=1e7 inside=1")
    cell("gil", "omp", "dynamic", "inside", "", 1000000, 10, 1, 2, "took=5e6 inside=2")
    split("0 1 2 4", L, " ")
    split("30e3 5.1e6 9e6 16e6", R, " ")
    for (i = 1; i <= 4; i++) {
        cell("gil", "gil", "dynamic", "convoy", "", 200000000, L[i] + 1, 1, L[i] + 1, "took=2e8 answer=" R[i])
        cell("gil", "threads", "dynamic", "convoy", "", 200000000, L[i] + 1, 1, L[i] + 1, \
            "runner=py-threads took=2e8 answer=" R[i] + 1e5)
        cell("gil", "omp", "dynamic", "convoy", "", 200000000, L[i] + 1, 1, L[i] + 1, "took=2e8 answer=2e4")
    }
    cell("gil", "gil", "dynamic", "convoy", "", 200000000, 2, 1, 2, "options=switch_us:500 took=2e8 answer=5.5e5")
    cell("gil", "gil", "dynamic", "convoy", "", 200000000, 2, 1, 2, "options=switch_us:50 took=2e8 answer=1e5")
    cell("gil", "threads", "dynamic", "convoy", "", 200000000, 2, 1, 2, \
        "runner=py-threads options=switch_us:50 took=2e8 answer=2e5")
    cell("lesson", "serial", "static", "sleep", "", nap, 24, 24, 1, "runner=py-serial took=" 24.1 * nap)
    cell("lesson", "pool", "dynamic", "sleep", "", nap, 24, 1, 8, "runner=py-pool took=" 3.1 * nap)
    cell("lesson", "dill", "dynamic", "sleep", "", nap, 24, 1, 8, "runner=py-dill took=" 3.2 * nap)
    for (c = 1; c <= 1000; c *= 10) {
        cell("peers", "pool", "dynamic", "empty", "", 0, 8000, c, 8, "took=" 4e5 + 8e6 / c)
        cell("peers", "pipe", "dynamic", "empty", "", 0, 8000, c, 8, "took=" 4e5 + 2e7 / c)
        cell("peers", "pool", "dynamic", "empty", "", 0, 8000, c, 8, "runner=py-pool took=" 4e6 + 3e8 / c)
    }
}'
