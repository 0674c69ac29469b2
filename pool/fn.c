/* SPDX-License-Identifier: MIT
 *
 * fn: functions across process borders.  A worker born before some code was there can only be told
 * where the code is: in which object (by build-id, which names its content) and at which offset.
 * What is in no file, or in a file that has changed, is refused where the call is made, with a
 * sentence that says what it is and what to do instead.
 */
#include "fn.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool.h"

enum { ID = 32, NOTES = 4096, HEADERS = 128 };

/* What contains an address. */
struct found {
    uintptr_t address;
    const unsigned char *want; /* or: the object with this build-id */
    int objects;               /* looked at; 1: it was the program itself */
    int there, is_program, is_code, has_id;
    uintptr_t base;
    unsigned char id[ID];
    char path[200];
};

/* The build-id among NOTES.  Returns 1 if there is one. */
static int take_id(const char *notes, size_t size, unsigned char id[ID])
{
    for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
        ElfW(Nhdr) note;
        memcpy(&note, notes + at, sizeof note);
        size_t name = at + sizeof note, value = name + ((size_t)note.n_namesz + 3) / 4 * 4;
        size_t end = value + ((size_t)note.n_descsz + 3) / 4 * 4;
        if (note.n_namesz > size || note.n_descsz > size || end > size)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            !memcmp(notes + name, "GNU", 4) && note.n_descsz) {
            size_t length = note.n_descsz < ID ? note.n_descsz : ID;
            memset(id, 0, ID);
            memcpy(id, notes + value, length);
            return 1;
        }
        at = end;
    }
    return 0;
}

static int look(struct dl_phdr_info *o, size_t size, void *to)
{
    struct found *f = to, here = { .base = o->dlpi_addr };
    int inside = 0;
    (void)size;
    f->objects++;
    for (int i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &o->dlpi_phdr[i];
        uintptr_t from = o->dlpi_addr + h->p_vaddr;
        if (h->p_type == PT_LOAD && f->address >= from && f->address - from < h->p_memsz) {
            inside = 1;
            here.is_code = (h->p_flags & PF_X) != 0;
        }
    }
    if (!f->want && !inside)
        return 0;
    for (int i = 0; i < o->dlpi_phnum && !here.has_id; i++)
        if (o->dlpi_phdr[i].p_type == PT_NOTE)
            here.has_id = take_id((const char *)(o->dlpi_addr + o->dlpi_phdr[i].p_vaddr),
                                  o->dlpi_phdr[i].p_memsz, here.id);
    if (f->want && (!here.has_id || memcmp(here.id, f->want, ID) != 0))
        return 0;
    here.there = 1;
    here.is_program = f->objects == 1;
    here.address = f->address;
    snprintf(here.path, sizeof here.path, "%s", here.is_program ? "" : o->dlpi_name);
    *f = here;
    return 1;
}

static struct found find(uintptr_t address)
{
    struct found f = { .address = address };
    dl_iterate_phdr(look, &f);
    return f;
}

/* ---- files ---- */

/* The build-id of the file FD.  Returns 1 if it is an object that has one. */
static int file_id(int fd, unsigned char id[ID])
{
    ElfW(Ehdr) head;
    ElfW(Phdr) h[HEADERS];
    char notes[NOTES];
    if (pread(fd, &head, sizeof head, 0) != sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof h[0] ||
        head.e_phnum > HEADERS)
        return 0;
    ssize_t all = (ssize_t)(head.e_phnum * sizeof h[0]);
    if (pread(fd, h, (size_t)all, (off_t)head.e_phoff) != all)
        return 0;
    for (int i = 0; i < head.e_phnum; i++) {
        size_t size = h[i].p_filesz < NOTES ? h[i].p_filesz : NOTES;
        if (h[i].p_type == PT_NOTE &&
            pread(fd, notes, size, (off_t)h[i].p_offset) == (ssize_t)size &&
            take_id(notes, size, id))
            return 1;
    }
    return 0;
}

enum file_state { FILE_SAME, FILE_OTHER, FILE_NONE };

static enum file_state compare_file(const char *path, const unsigned char id[ID])
{
    unsigned char other[ID];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FILE_NONE;
    int has = file_id(fd, other);
    close(fd);
    return has && !memcmp(id, other, ID) ? FILE_SAME : FILE_OTHER;
}

/* ---- words ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void fn_name(uintptr_t address, char *text, size_t size)
{
    struct found f = find(address);
    Dl_info info;
    if (!f.there) {
        snprintf(text, size, "%#lx", (unsigned long)address);
        return;
    }
    int named = dladdr((void *)address, &info) && info.dli_sname;
    snprintf(text, size, "%s+%#lx%s%s%s",
             *f.path ? last_part(f.path) : program_invocation_short_name,
             (unsigned long)(address - f.base), named ? " (" : "", named ? info.dli_sname : "",
             named ? ")" : "");
}

/* A trampoline that the compiler writes on the stack for a nested function: whom does it call? */
static uintptr_t trampoline_target(uintptr_t address)
{
#if defined __x86_64__
    const unsigned char *code = (const unsigned char *)address;
    uint64_t target = 0;
    if (!memcmp(code, "\xf3\x0f\x1e\xfa", 4))
        code += 4;
    if (code[0] == 0x49 && code[1] == 0xbb)
        memcpy(&target, code + 2, 8);
    else if (code[0] == 0x41 && code[1] == 0xbb)
        memcpy(&target, code + 2, 4);
    return (uintptr_t)target;
#else
    (void)address;
    return 0;
#endif
}

/* Where ADDRESS is that no object has. */
static int refuse_stranger(uintptr_t address, char *text, size_t size)
{
    char line[400], rights[8] = "", name[300] = "";
    unsigned long from = 0, to = 0;
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !found && fgets(line, sizeof line, maps)) {
        name[0] = 0;
        found = sscanf(line, "%lx-%lx %7s %*s %*s %*s %299s", &from, &to, rights, name) >= 3 &&
                address >= from && address < to;
    }
    if (maps)
        fclose(maps);
    if (!found) {
        snprintf(text, size, "%#lx is no function: there is no memory at that address",
                 (unsigned long)address);
        return -ENOTSUP;
    }
    uintptr_t target = rights[0] == 'r' && address + 24 <= to ? trampoline_target(address) : 0;
    char called[160] = "";
    if (target && find(target).is_code)
        fn_name(target, called, sizeof called);
    if (*called)
        snprintf(text, size,
                 "a nested function that captures variables (%s) exists on this stack only: pass "
                 "what it "
                 "captures as a struct in `arg`, or use pool_map_snapshot",
                 called);
    else if (rights[2] == 'x')
        snprintf(text, size,
                 "code made at run time (at %#lx) is in no file that a worker could open: use "
                 "pool_map_snapshot",
                 (unsigned long)address);
    else
        snprintf(text, size, "%#lx is data (%s), not a function", (unsigned long)address,
                 *name ? name : "memory without a name");
    return -ENOTSUP;
}

int pool_fn_refer(struct pool_fn_ref *ref, void (*fn)(void), char *text, size_t size)
{
    char name[200], none[1];
    if (!text || !size) {
        text = none;
        size = sizeof none;
    }
    if (!fn) {
        snprintf(text, size, "the function is NULL: there is nothing to run");
        return -ENOTSUP;
    }
    struct found f = find((uintptr_t)fn);
    if (!f.there)
        return refuse_stranger((uintptr_t)fn, text, size);
    if (!f.is_code) {
        fn_name((uintptr_t)fn, name, sizeof name);
        snprintf(text, size, "%s is data, not a function", name);
        return -ENOTSUP;
    }
    if (!f.has_id) {
        fn_name((uintptr_t)fn, name, sizeof name);
        snprintf(text, size, "%s is in an object without build-id: link it with -Wl,--build-id",
                 name);
        return -ENOTSUP;
    }
    if (!f.is_program && compare_file(f.path, f.id) == FILE_OTHER) {
        snprintf(
            text, size,
            "%s was rebuilt on disk since it was opened (its build-id differs): close and open it "
            "again",
            f.path);
        return -ENOTSUP;
    }
    *ref = (struct pool_fn_ref){ .raw = fn, .offset = (uintptr_t)fn - f.base };
    memcpy(ref->build_id, f.id, ID);
    memcpy(ref->path, f.path, sizeof ref->path);
    return 0;
}

/* The object of REF is not here yet.  Checked and opened through one descriptor, so that no other
 * file can take its place in between. */
static int open_object(const struct pool_fn_ref *ref, char *text, size_t size)
{
    unsigned char id[ID];
    char path[64];
    int fd = open(ref->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(text, size, "cannot open %s: %s", ref->path, strerror(errno));
        return 0;
    }
    if (!file_id(fd, id) || memcmp(id, ref->build_id, ID) != 0) {
        snprintf(text, size,
                 "build-id differs: %s is not the file it was when the function was named",
                 ref->path);
        close(fd);
        return 0;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int opened = dlopen(path, RTLD_NOW | RTLD_LOCAL) != NULL;
    if (!opened)
        snprintf(text, size, "cannot load %s: %s", ref->path, dlerror());
    close(fd);
    return opened;
}

void (*pool_fn_resolve(const struct pool_fn_ref *ref, char *text, size_t size))(void)
{
    char none[1];
    if (!text || !size) {
        text = none;
        size = sizeof none;
    }
    for (int tries = 0; tries < 2; tries++) {
        struct found f = { .want = ref->build_id };
        dl_iterate_phdr(look, &f);
        if (f.there)
            return (void (*)(void))(f.base + ref->offset);
        if (!*ref->path) {
            snprintf(text, size, "the function is in another program");
            return NULL;
        }
        if (tries == 0 && !open_object(ref, text, size))
            return NULL;
    }
    snprintf(text, size, "%s was loaded, but without its build-id", ref->path);
    return NULL;
}

int pool_fn_explain(void (*fn)(void), char *text, size_t size)
{
    struct pool_fn_ref ref;
    int error = pool_fn_refer(&ref, fn, text, size), last = ID;
    if (error || !size)
        return error;
    fn_name((uintptr_t)fn, text, size);
    size_t length = strlen(text);
    while (last > 1 && !ref.build_id[last - 1])
        last--;
    length += (size_t)snprintf(text + length, size - length, ", build-id ");
    for (int i = 0; i < last && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%02x", ref.build_id[i]);
    return 0;
}
