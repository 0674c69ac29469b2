/* SPDX-License-Identifier: MIT
 *
 * Functions as references: which can be sent to a worker and which not, in which words; and that a
 * worker finds the same function, or nothing, and never executes what it was not to open.
 * The build gives FN_PLUGIN_ONE and FN_PLUGIN_TWO, two builds of tests/plugins/fn.c with answers 1
 * and 2, and FN_PLUGIN_NO_ID, one without build-id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../pool/fn.h"
#include "../pool/pool.h"

enum { TEST_SECONDS = 40, THREADS = 8, ROUNDS = 20000, FILE_ROOM = 1 << 20 };

typedef void any_fn(void);
typedef int answer_fn(void);

static char folder[64], opened_log[100], plugin[100], other[100];
static char text[512];
static int fds_before;

/* ---- what is pointed to ---- */

static int table[4] = { 1, 2, 3, 4 };
static int zeros[4000];
static const int constants[4] = { 1, 2, 3, 4 };

/* Not inlined, or their addresses would be all there is of them. */
__attribute__((noinline)) static int forty(void)
{
    return 40 + table[0] + zeros[0] - constants[0];
}

int fn_test_global(void);
int fn_test_global(void)
{
    return 50;
}

/* ---- around each test ---- */

static int fds(void)
{
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        count++;
    if (d)
        closedir(d);
    return count;
}

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_pool_fn.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(opened_log, sizeof opened_log, "%s/opened", folder);
    snprintf(plugin, sizeof plugin, "%s/plugin.so", folder);
    snprintf(other, sizeof other, "%s/other.so", folder);
    setenv("FN_OPENED", opened_log, 1);
    text[0] = 0;
    fds_before = fds();
    alarm(TEST_SECONDS);
    return 0;
}

static int end(void **state)
{
    char command[128];
    (void)state;
    alarm(0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command))
        return -1;
    if (fds() != fds_before) {
        print_error("%d descriptors left\n", fds() - fds_before);
        return -1;
    }
    return 0;
}

static int times_opened(void)
{
    struct stat s;
    return stat(opened_log, &s) ? 0 : (int)s.st_size / 7;
}

static size_t file_get(const char *path, unsigned char *to)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(to, 1, FILE_ROOM, f);
    fclose(f);
    assert_true(n > 0 && n < FILE_ROOM);
    return n;
}

/* As a linker does: a new file under the name, whoever has the old one keeps it. */
static void file_put(const char *path, const unsigned char *from, size_t n)
{
    char new[PATH_MAX];
    snprintf(new, sizeof new, "%s/new", folder);
    FILE *f = fopen(new, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(from, 1, n, f), n);
    fclose(f);
    unlink(path); /* else some file systems write the new one to the disk at once */
    assert_int_equal(rename(new, path), 0);
}

static void copy(const char *from, const char *to)
{
    static unsigned char bytes[FILE_ROOM];
    file_put(to, bytes, file_get(from, bytes));
}

static void *open_plugin(const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        fail_msg("%s", dlerror());
    return object;
}

static any_fn *answer_of(void *object)
{
    any_fn *fn;
    *(void **)&fn = dlsym(object, "plugin_answer");
    assert_non_null(fn);
    return fn;
}

static any_fn *as_function(const void *data)
{
    return (any_fn *)(uintptr_t)data;
}

/* ---- expectations ---- */

static void has(const char *words)
{
    if (!strstr(text, words))
        fail_msg("\"%s\" does not say \"%s\"", text, words);
}

static void lacks(const char *words)
{
    if (strstr(text, words))
        fail_msg("\"%s\" says \"%s\"", text, words);
}

static void program(char name[NAME_MAX])
{
    char path[PATH_MAX] = "";
    assert_true(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    snprintf(name, NAME_MAX, "%s", strrchr(path, '/') + 1);
}

/* One sentence with each of the words, from both functions that refuse. */
static void refused(any_fn *fn, const char *what, const char *cure)
{
    struct pool_fn_ref ref;
    text[0] = 0;
    assert_int_equal(pool_fn_refer(&ref, fn, text, sizeof text), -ENOTSUP);
    has(what);
    has(cure);
    text[0] = 0;
    assert_int_equal(pool_fn_explain(fn, text, sizeof text), -ENOTSUP);
    has(what);
    assert_int_equal(pool_fn_refer(&ref, fn, NULL, 0), -ENOTSUP);
}

/* FN is accepted, found here and in a child, and explained with OBJECT and NAME. */
static void accepted(any_fn *fn, const char *object, const char *name)
{
    struct pool_fn_ref ref;
    char words[NAME_MAX + 40];
    assert_int_equal(pool_fn_refer(&ref, fn, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_ptr_equal(ref.raw, fn);
    assert_ptr_equal(pool_fn_resolve(&ref, text, sizeof text), fn);
    pid_t child = fork();
    if (!child)
        _exit(pool_fn_resolve(&ref, NULL, 0) == fn ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);

    assert_int_equal(pool_fn_explain(fn, text, sizeof text), 0);
    snprintf(words, sizeof words, "%s+0x%lx", object, (unsigned long)ref.offset);
    assert_int_equal(strncmp(text, words, strlen(words)), 0);
    snprintf(words, sizeof words, " (%s), build-id %02x%02x", name, ref.build_id[0],
             ref.build_id[1]);
    has(words);
    text[0] = 0;
}

/* ---- what can be sent ---- */

static void own_functions(void **state)
{
    char name[NAME_MAX];
    (void)state;
    program(name);
    accepted((any_fn *)forty, name, "forty");
    accepted((any_fn *)fn_test_global, name, "fn_test_global");
    accepted((any_fn *)pool_fn_refer, name, "pool_fn_refer");
}

static void library_functions(void **state)
{
    struct pool_fn_ref ref;
    (void)state;
    any_fn *fn; /* one that sanitizers leave alone */
    *(void **)&fn = dlsym(RTLD_DEFAULT, "drand48");
    Dl_info l;
    assert_true(dladdr((void *)(uintptr_t)fn, &l));
    accepted(fn, strrchr(l.dli_fname, '/') + 1, "drand48");
    assert_int_equal(pool_fn_refer(&ref, fn, text, sizeof text), 0);
    assert_int_equal(ref.path[0], '/');
}

static void plugin_functions(void **state)
{
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    answer_fn **private = (answer_fn **)dlsym(object, "plugin_private");
    accepted(answer_of(object), "plugin.so", "plugin_answer");
    accepted((any_fn *)*private, "plugin.so", "private_answer");
    dlclose(object);
}

/* The worker may be in another folder. */
static void plugin_of_relative_path(void **state)
{
    struct pool_fn_ref ref;
    char here[PATH_MAX], real[PATH_MAX];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    copy(FN_PLUGIN_ONE, plugin);
    assert_non_null(realpath(plugin, real));
    assert_int_equal(chdir(folder), 0);
    void *object = open_plugin("./plugin.so");
    int rc = pool_fn_refer(&ref, answer_of(object), text, sizeof text);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(rc, 0);
    assert_int_equal(ref.path[0], '/');
    char same[PATH_MAX];
    assert_non_null(realpath(ref.path, same));
    assert_string_equal(same, real);
    dlclose(object);
}

/* ---- what cannot ---- */

static void nothing(void **state)
{
    (void)state;
    refused(NULL, "NULL is not a function", "set `fn`");
    refused((any_fn *)16, "0x10 is not a function, and no memory at all", "never set");
    void *gone = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(gone, 4096);
    refused(as_function(gone), "no memory at all", "closed?");
    refused((any_fn *)(UINTPTR_MAX - 8), "not a function", "");
}

static void data(void **state)
{
    char name[NAME_MAX], words[NAME_MAX + 40];
    (void)state;
    program(name);
    refused(as_function(&table[1]), " (table) is data, not a function", "as `arg`");
    has(name);
    refused(as_function(&zeros[3900]), " (zeros) is data, not a function", "as `arg`");
    refused(as_function(constants), " (constants) is data, not a function", "as `arg`");
    refused(as_function(environ), "", "not a function");
    snprintf(words, sizeof words, "%s+0x", name);
    refused(as_function(table), words, "as `arg`");
}

static void memory(void **state)
{
    int local = 0;
    (void)state;
    refused(as_function(&local), "is memory", "hand the memory over as `arg`");
    lacks("nested");
    void *small = malloc(24), *big = malloc(10 << 20);
    assert_true(small && big);
    refused(as_function(small), "is memory", "hand the memory over as `arg`");
    refused(as_function((char *)big + (5 << 20)), "is memory, not a function", "as `arg`");
    free(big);
    free(small);
    void *brk = sbrk(16);
    if (brk != (void *)-1 && SLOWER == 1) /* an emulator names no heap */
        refused(as_function(brk), "is memory on the heap, not a function", "as `arg`");
    refused(as_function((void *)getauxval(AT_RANDOM)), "is memory on the stack", "as `arg`");
}

static void memory_of_a_file(void **state)
{
    (void)state;
    int fd = open(FN_PLUGIN_ONE, O_RDONLY);
    /* The second page lies behind the file's end once it is cut: a look there is SIGBUS. */
    copy(FN_PLUGIN_ONE, plugin);
    int cut = open(plugin, O_RDWR);
    void *whole = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    void *shorter = mmap(NULL, 8192, PROT_READ, MAP_SHARED, cut, 0);
    assert_true(whole != MAP_FAILED && shorter != MAP_FAILED);
    assert_int_equal(ftruncate(cut, 100), 0);
    refused(as_function(whole), "is memory mapped from " FN_PLUGIN_ONE, "dlopen");
    refused(as_function((char *)shorter + 4096), "is memory mapped from ", "dlopen");
    munmap(whole, 4096);
    munmap(shorter, 8192);
    close(fd);
    close(cut);
}

static void *page(int rights)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    memset(p, 0xc3, 4096);
    if (mprotect(p, 4096, rights)) {
        munmap(p, 4096);
        skip();
    }
    return p;
}

static void code_made_at_run_time(void **state)
{
    (void)state;
    void *p = page(PROT_READ | PROT_EXEC);
    refused(as_function(p), "is code made at run time", "use pool_map_snapshot");
    refused(as_function((char *)p + 4095), "is code made at run time", "use pool_map_snapshot");
    lacks("nested");
    munmap(p, 4096);
    p = page(PROT_EXEC);
    refused(as_function(p), "is code made at run time", "use pool_map_snapshot");
    munmap(p, 4096);
}

static void code_of_the_kernel(void **state)
{
    (void)state;
    uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
    if (!vdso)
        skip();
    refused((any_fn *)(vdso + 0x400), "is code of the kernel, in no file",
            "from a function of the program");
}

/* ---- nested functions ---- */

#if defined __x86_64__
static void trampolines(void **state)
{
    static const unsigned char start[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x49, 0xbb },
                               chain[] = { 0x49, 0xba, 1, 2, 3, 4, 5, 6, 7, 8, 0x49, 0xff, 0xe3 };
    const uintptr_t target = (uintptr_t)forty, nowhere = 0x10, no_code = (uintptr_t)table;
    unsigned char *p = page(PROT_READ | PROT_WRITE);
    (void)state;
    memcpy(p, start, sizeof start);
    memcpy(p + 6, &target, 8);
    memcpy(p + 14, chain, sizeof chain);
    refused(as_function(p), "(forty) is a nested function that captures variables",
            "pass the captured values in a struct as `arg`, or use pool_map_snapshot");
    refused(as_function(p + 4), "(forty) is a nested function", "pool_map_snapshot");
    /* One at the very end of the memory. */
    memcpy(p + 4096 - 23, p + 4, 23);
    refused(as_function(p + 4096 - 23), "(forty) is a nested function", "pool_map_snapshot");
    p[26] = 0xe4;
    refused(as_function(p), "is memory", "");
    lacks("nested");
    p[26] = 0xe3;
    memcpy(p + 6, &nowhere, 8);
    refused(as_function(p), "is memory", "");
    memcpy(p + 6, &no_code, 8);
    refused(as_function(p), "is memory", "");
    munmap(p, 4096);
}
#endif

#if defined __GNUC__ && !defined __clang__
static void nested_without_captures(void **state)
{
    (void)state;
    char name[NAME_MAX], *dot;
    struct pool_fn_ref ref;
    int thirty(void)
    {
        return 30;
    }
    program(name);
#ifndef __OPTIMIZE__
    refused((any_fn *)thirty, "(thirty", "unless it optimizes");
    return;
#endif
    assert_int_equal(pool_fn_explain((any_fn *)thirty, text, sizeof text), 0);
    has("(thirty");
    assert_non_null(dot = strstr(text, "+0x"));
    *dot = 0;
    assert_string_equal(text, name);
    assert_int_equal(pool_fn_refer(&ref, (any_fn *)thirty, text, sizeof text), 0);
    assert_int_equal(((answer_fn *)pool_fn_resolve(&ref, text, sizeof text))(), 30);
}

#if defined __x86_64__ || defined __aarch64__
static void *with_captures(void *arg)
{
    char name[NAME_MAX];
    volatile int captured = 5;
    int adding(void)
    {
        return captured + forty();
    }
    program(name);
    refused((any_fn *)adding, "(adding", "pass the captured values in a struct as `arg`");
    has(") is a nested function that captures variables");
    has("or use pool_map_snapshot");
    assert_int_equal(strncmp(text, name, strlen(name)), 0);
    captured++;
    return arg;
}

static void nested_with_captures(void **state)
{
    (void)state;
    with_captures(NULL);
}

static void nested_with_captures_of_a_thread(void **state)
{
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, with_captures, NULL), 0);
    pthread_join(thread, NULL);
}
#endif
#endif

/* ---- plug-ins that changed ---- */

static void rebuilt_since_opened(void **state)
{
    struct pool_fn_ref ref;
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    any_fn *fn = answer_of(object);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(pool_fn_refer(&ref, fn, text, sizeof text), 0);
        copy(FN_PLUGIN_TWO, plugin);
        refused(fn, "plugin.so was rebuilt on disk since it was opened: build-id differs",
                "open it anew");
        has("(plugin_answer)");
        copy(FN_PLUGIN_ONE, plugin);
    }
    static const unsigned char garbage[100] = "no ELF file";
    file_put(plugin, garbage, sizeof garbage);
    refused(fn, "was rebuilt on disk", "open it anew");
    assert_int_equal(times_opened(), 1);
    dlclose(object);
}

static void file_gone(void **state)
{
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    any_fn *fn = answer_of(object);
    unlink(plugin);
    refused(fn, "plugin.so is not there any more", "put it back, or use pool_map_snapshot");
    has("(plugin_answer)");
    dlclose(object);
}

static void no_build_id(void **state)
{
    (void)state;
    void *object = open_plugin(FN_PLUGIN_NO_ID);
    refused(answer_of(object), "has no build-id", "link it with -Wl,--build-id");
    dlclose(object);
}

static void path_too_long(void **state)
{
    char path[PATH_MAX];
    (void)state;
    int n = snprintf(path, sizeof path, "%s/", folder);
    memset(path + n, 'x', 200);
    path[n + 200] = 0;
    copy(FN_PLUGIN_ONE, path);
    void *object = open_plugin(path);
    refused(answer_of(object), "is longer than 199 bytes", "link to it");
    dlclose(object);
}

/* ---- workers that were born before ---- */

/* A worker: resolves what comes through the pipe and calls it. */
struct worker {
    pid_t pid;
    int to, from;
};

struct reply {
    int answer; /* -1: not found */
    char text[sizeof text];
};

static void work(int from, int to)
{
    struct pool_fn_ref ref;
    while (read(from, &ref, sizeof ref) == (ssize_t)sizeof ref) {
        struct reply r = { .answer = -1 };
        answer_fn *fn = (answer_fn *)pool_fn_resolve(&ref, r.text, sizeof r.text);
        if (fn)
            r.answer = fn();
        if (write(to, &r, sizeof r) != (ssize_t)sizeof r)
            break;
    }
    _exit(0);
}

static struct worker hire(void)
{
    int to[2], from[2];
    assert_int_equal(pipe(to) | pipe(from), 0);
    pid_t pid = fork();
    if (!pid) {
        close(to[1]);
        close(from[0]);
        work(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    return (struct worker){ pid, to[1], from[0] };
}

static int ask(struct worker *w, const struct pool_fn_ref *ref)
{
    struct reply r = { .answer = -2 };
    assert_int_equal(write(w->to, ref, sizeof *ref), sizeof *ref);
    if (read(w->from, &r, sizeof r) != (ssize_t)sizeof r)
        fail_msg("the worker died");
    strcpy(text, r.text);
    return r.answer;
}

static void dismiss(struct worker *w)
{
    int status = -1;
    close(w->to);
    close(w->from);
    waitpid(w->pid, &status, 0);
    assert_int_equal(status, 0);
}

static void worker_opens_the_plugin(void **state)
{
    struct pool_fn_ref ref;
    struct worker w = hire();
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    answer_fn **private = (answer_fn **)dlsym(object, "plugin_private");
    for (int again = 0; again < 3; again++) {
        assert_int_equal(pool_fn_refer(&ref, answer_of(object), text, sizeof text), 0);
        assert_int_equal(ask(&w, &ref), 1);
        assert_int_equal(pool_fn_refer(&ref, (any_fn *)*private, text, sizeof text), 0);
        assert_int_equal(ask(&w, &ref), 101);
    }
    assert_int_equal(times_opened(), 2); /* here and there */
    dlclose(object);
    dismiss(&w);
}

static void worker_opens_no_rebuilt_plugin(void **state)
{
    struct pool_fn_ref ref;
    struct worker w = hire();
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    assert_int_equal(pool_fn_refer(&ref, answer_of(object), text, sizeof text), 0);
    copy(FN_PLUGIN_TWO, plugin);
    assert_int_equal(ask(&w, &ref), -1);
    has("build-id differs: the file ");
    has("plugin.so was rebuilt; ");
    copy(FN_PLUGIN_NO_ID, plugin);
    assert_int_equal(ask(&w, &ref), -1);
    has("build-id differs");
    has("it has none");
    unlink(plugin);
    assert_int_equal(ask(&w, &ref), -1);
    has("cannot open ");
    has(strerror(ENOENT));
    assert_int_equal(times_opened(), 1); /* here only */
    dlclose(object);
    dismiss(&w);
}

/* Edit, build, open anew, with workers that have all the builds before. */
static void worker_follows_a_reload(void **state)
{
    struct pool_fn_ref ref, first;
    struct worker w = hire();
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    assert_int_equal(pool_fn_refer(&first, answer_of(object), text, sizeof text), 0);
    assert_int_equal(ask(&w, &first), 1);
    dlclose(object);
    copy(FN_PLUGIN_TWO, plugin);
    object = open_plugin(plugin);
    assert_int_equal(pool_fn_refer(&ref, answer_of(object), text, sizeof text), 0);
    assert_int_equal(ask(&w, &ref), 2);
    assert_int_equal(ask(&w, &first), 1);
    dlclose(object);
    dismiss(&w);
}

static void worker_of_another_program(void **state)
{
    struct pool_fn_ref ref;
    (void)state;
    assert_int_equal(pool_fn_refer(&ref, (any_fn *)forty, text, sizeof text), 0);
    assert_string_equal(ref.path, "");
    ref.raw = NULL;
    assert_ptr_equal(pool_fn_resolve(&ref, text, sizeof text), forty);
    ref.build_id[3] ^= 1;
    assert_null(pool_fn_resolve(&ref, text, sizeof text));
    has("not found: build-id differs");
}

static void garbled_reference(void **state)
{
    struct pool_fn_ref ref, bad;
    (void)state;
    assert_int_equal(pool_fn_refer(&ref, (any_fn *)forty, text, sizeof text), 0);
    memset(&bad, 0, sizeof bad);
    assert_null(pool_fn_resolve(&bad, text, sizeof text));
    has("not made by pool_fn_refer");
    memset(&bad, 'x', sizeof bad);
    assert_null(pool_fn_resolve(&bad, text, sizeof text));
    has("not made by pool_fn_refer");
    bad = ref;
    bad.offset = UINT64_MAX / 2;
    assert_null(pool_fn_resolve(&bad, text, sizeof text));
    bad.offset = ref.offset + ((uintptr_t)table - (uintptr_t)forty);
    assert_null(pool_fn_resolve(&bad, text, sizeof text)); /* data is never called */
    assert_null(pool_fn_resolve(&bad, NULL, 0));
}

/* ---- files that are no good ---- */

static unsigned char good[FILE_ROOM], bad[FILE_ROOM];

/* A reference to the plug-in, which is not open any more: resolving it needs the file. */
static void refer_to_closed(struct pool_fn_ref *ref)
{
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    assert_int_equal(pool_fn_refer(ref, answer_of(object), text, sizeof text), 0);
    dlclose(object);
    unlink(opened_log);
}

static void stays_shut(const struct pool_fn_ref *ref)
{
    text[0] = 0;
    assert_null(pool_fn_resolve(ref, text, sizeof text));
    assert_true(text[0] != 0);
    assert_int_equal(times_opened(), 0);
}

static void cut_files(void **state)
{
    struct pool_fn_ref ref;
    size_t needed = 0, size;
    (void)state;
    refer_to_closed(&ref);
    size = file_get(plugin, good);
    const ElfW(Ehdr) *head = (const void *)good;
    const ElfW(Phdr) *s = (const void *)(good + head->e_phoff);
    for (int i = 0; i < head->e_phnum; i++)
        if (s[i].p_type == PT_LOAD && s[i].p_offset + s[i].p_filesz > needed)
            needed = s[i].p_offset + s[i].p_filesz;
    assert_true(needed > 1000 && needed <= size);
    for (size_t n = 0; n < needed; n += n < 1200 ? 1 : 211) {
        file_put(plugin, good, n);
        stays_shut(&ref);
    }
    file_put(plugin, good, needed - 1);
    stays_shut(&ref);
    has("it is cut short or damaged");
}

static void garbage_files(void **state)
{
    struct pool_fn_ref ref;
    (void)state;
    refer_to_closed(&ref);
    srand(1);
    for (int round = 0; round < 200; round++) {
        size_t size = (size_t)rand() % 20000;
        for (size_t i = 0; i < size; i++)
            bad[i] = (unsigned char)rand();
        /* Half of them start like an object of this machine. */
        if (round % 2)
            memcpy(bad, good, sizeof(ElfW(Ehdr)) / (round % 4 == 1 ? 1 : 4));
        file_put(plugin, bad, size);
        stays_shut(&ref);
    }
}

/* Each byte of the headers and notes wrong, in files that are then not opened for their build-id.
 */
static void wrong_bytes(void **state)
{
    static const unsigned char wrong[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    struct pool_fn_ref ref;
    (void)state;
    refer_to_closed(&ref);
    ref.build_id[0] ^= 1; /* two bytes: one wrong byte in the file cannot make them equal */
    ref.build_id[1] ^= 1;
    size_t size = file_get(plugin, good);
    int fd = open(plugin, O_WRONLY);
    for (off_t at = 0; at < 0x400 && at < (off_t)size; at++) {
        for (size_t k = 0; k < sizeof wrong; k++) {
            assert_int_equal(pwrite(fd, &wrong[k], 1, at), 1);
            stays_shut(&ref);
        }
        assert_int_equal(pwrite(fd, good + at, 1, at), 1);
    }
    close(fd);
}

static void huge_offsets(void **state)
{
    static const uint64_t huge[] = { UINT64_MAX, UINT64_MAX - 4096, INT64_MAX, 1ull << 40,
                                     UINT32_MAX };
    struct pool_fn_ref ref;
    (void)state;
    refer_to_closed(&ref);
    size_t size = file_get(plugin, good);
    ElfW(Ehdr) *head = (void *)bad;
    for (size_t k = 0; k < sizeof huge / sizeof *huge; k++) {
        memcpy(bad, good, size);
        head->e_phoff = (ElfW(Off))huge[k];
        file_put(plugin, bad, size);
        stays_shut(&ref);
        memcpy(bad, good, size);
        for (int i = 0; i < head->e_phnum; i++) {
            ElfW(Phdr) *s = (void *)(bad + head->e_phoff + (size_t)i * sizeof *s), was = *s;
            if (s->p_type != PT_LOAD && s->p_type != PT_DYNAMIC)
                continue;
            s->p_offset = (ElfW(Off))huge[k];
            file_put(plugin, bad, size);
            stays_shut(&ref);
            has("it is cut short or damaged");
            *s = was;
            s->p_filesz = s->p_memsz = (ElfW(Off))huge[k];
            file_put(plugin, bad, size);
            stays_shut(&ref);
            *s = was;
        }
    }
}

static void no_files_at_all(void **state)
{
    static const char *const paths[] = { "/dev/null", "/", "/nowhere/at/all.so", "/proc/self/mem",
                                         "relative.so" };
    struct pool_fn_ref ref;
    (void)state;
    refer_to_closed(&ref);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        strcpy(ref.path, paths[i]);
        stays_shut(&ref);
        has("cannot open ");
        has(paths[i]);
    }
    assert_int_equal(mkfifo(other, 0600), 0); /* to open one for reading waits for a writer */
    strcpy(ref.path, other);
    stays_shut(&ref);
}

/* A file with the right build-id that lacks what it needs. */
static void loader_says_why(void **state)
{
    struct pool_fn_ref ref;
    (void)state;
    refer_to_closed(&ref);
    size_t size = file_get(plugin, good);
    ((ElfW(Ehdr) *)(void *)good)->e_machine = EM_NONE;
    file_put(plugin, good, size);
    stays_shut(&ref);
    has("cannot open ");
}

/* The symbol table is read for names: of a file that was changed but for its build-id. */
static void wrong_symbol_tables(void **state)
{
    char name[128];
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin);
    answer_fn **private = (answer_fn **)dlsym(object, "plugin_private");
    size_t size = file_get(plugin, good);
    ElfW(Ehdr) *head = (void *)bad;
    ElfW(Shdr) *s = (void *)(bad + ((ElfW(Ehdr) *)(void *)good)->e_shoff);
    srand(2);
    for (int round = 0; round < 3000; round++) {
        memcpy(bad, good, size);
        for (int i = 0; i < head->e_shnum; i++) {
            unsigned char *b = (unsigned char *)&s[i] + (size_t)rand() % sizeof *s;
            if (round % 3 == 0)
                memset((unsigned char *)&s[i] + 24, rand() % 3 ? 0xff : rand(), 16);
            else
                *b = (unsigned char)rand();
        }
        if (round % 7 == 0)
            head->e_shoff = (ElfW(Off))(rand() % 2 ? UINT64_MAX - (unsigned)rand() : size);
        if (round % 11 == 0)
            head->e_shnum = (ElfW(Half))rand();
        file_put(plugin, bad, size);
        fn_name((uintptr_t) * private, name, sizeof name);
        assert_int_equal(strncmp(name, "plugin.so+0x", 12), 0);
    }
    dlclose(object);
}

/* ---- names ---- */

static void names(void **state)
{
    char name[NAME_MAX], want[NAME_MAX + 20], tiny[8];
    (void)state;
    program(name);
    fn_name((uintptr_t)forty + 1, text, sizeof text);
    assert_int_equal(strncmp(text, name, strlen(name)), 0);
    has(" (forty)");
    fn_name((uintptr_t)table, text, sizeof text);
    has(" (table)");
    fn_name(0x10, text, sizeof text);
    assert_string_equal(text, "0x10");
    snprintf(want, sizeof want, "0x%lx", (unsigned long)(uintptr_t)want);
    fn_name((uintptr_t)want, text, sizeof text);
    assert_string_equal(text, want);
    fn_name((uintptr_t)forty, tiny, sizeof tiny);
    assert_true(strlen(tiny) < sizeof tiny);
    fn_name((uintptr_t)forty, NULL, 0);
}

/* ---- many threads ---- */

static void *refers(void *arg)
{
    any_fn *const fns[] = { (any_fn *)forty, (any_fn *)fn_test_global, (any_fn *)arg,
                            (any_fn *)getenv };
    struct pool_fn_ref ref;
    for (int i = 0; i < ROUNDS; i++) {
        any_fn *fn = fns[i % 4];
        if (pool_fn_refer(&ref, fn, NULL, 0) || ref.raw != fn ||
            pool_fn_resolve(&ref, NULL, 0) != fn)
            return arg;
    }
    return NULL;
}

static void many_threads(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    copy(FN_PLUGIN_ONE, plugin);
    void *object = open_plugin(plugin), *wrong = NULL;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, refers, (void *)answer_of(object)), 0);
    for (int i = 0; i < 200; i++) /* others come and go meanwhile */
        dlclose(open_plugin(FN_PLUGIN_TWO));
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong = result ? result : wrong;
    }
    assert_null(wrong);
    dlclose(object);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(own_functions),
        unit(library_functions),
        unit(plugin_functions),
        unit(plugin_of_relative_path),
        unit(nothing),
        unit(data),
        unit(memory),
        unit(memory_of_a_file),
        unit(code_made_at_run_time),
        unit(code_of_the_kernel),
#if defined __x86_64__
        unit(trampolines),
#endif
#if defined __GNUC__ && !defined __clang__
        unit(nested_without_captures),
#if defined __x86_64__ || defined __aarch64__
        unit(nested_with_captures),
        unit(nested_with_captures_of_a_thread),
#endif
#endif
        unit(rebuilt_since_opened),
        unit(file_gone),
        unit(no_build_id),
        unit(path_too_long),
        unit(worker_opens_the_plugin),
        unit(worker_opens_no_rebuilt_plugin),
        unit(worker_follows_a_reload),
        unit(worker_of_another_program),
        unit(garbled_reference),
        unit(cut_files),
        unit(garbage_files),
        unit(wrong_bytes),
        unit(huge_offsets),
        unit(no_files_at_all),
        unit(loader_says_why),
        unit(wrong_symbol_tables),
        unit(names),
        unit(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
