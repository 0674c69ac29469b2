/* SPDX-License-Identifier: MIT
 *
 * fn: a function as {object, offset}, so that a process that was born earlier, or has its objects
 * at other addresses, can find it.  An object is known by its build-id, whatever its file is
 * called. A file is compared before it is opened: what does not match is never executed.  Making a
 * reference takes no lock and allocates nothing; only a refusal looks into /proc/self/maps and
 * symbol tables.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fn.h"
#include "pool.h"

enum {
    ID_SIZE = sizeof((struct pool_fn_ref *)0)->build_id,
    PATH_SIZE = sizeof((struct pool_fn_ref *)0)->path,
    HEX_SIZE = 2 * ID_SIZE + 1,
    NAME_SIZE = 320,   /* of fn_name's text in messages */
    SYMBOL_SIZE = 128, /* longer symbols are cut */
    NOTES_SIZE = 8192, /* so much of a file's notes is looked at */
    SPELLINGS = 64,    /* of one path, see open_object */
    TRAMPOLINE_SIZE = 48
};

/* ELF says the same in both of its classes but for these. */
#define NATIVE_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define NATIVE_DATA  (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

/* A loaded object.  Valid while it stays loaded. */
struct object {
    uintptr_t base;
    const ElfW(Phdr) * segments;
    int count;
    int program; /* it is the main program, which is never unloaded */
    const char *name;
};

/* A file that was opened to be read, not to be executed. */
struct file {
    int fd;
    uint64_t size;
    ElfW(Ehdr) head;
};

struct mapping {
    uintptr_t end;
    char rights[5];
    char name[PATH_SIZE]; /* "", "[heap]", or a path */
};

/* Returns -ENOTSUP, what nearly all sentences are about. */
__attribute__((format(printf, 3, 4))) static int say(char *text, size_t size, const char *format,
                                                     ...)
{
    va_list list;
    va_start(list, format);
    if (text && size)
        vsnprintf(text, size, format, list);
    va_end(list);
    return -ENOTSUP;
}

/* ---- build-ids ---- */

/* A copy of the build-id in notes of SIZE bytes, 0 if there is none. */
static int notes_find(const unsigned char *notes, size_t size, size_t align,
                      unsigned char id[ID_SIZE])
{
    size_t at = 0;
    align = align == 8 ? 8 : 4;
    while (size - at >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, notes + at, sizeof note);
        /* 64 bits hold the sum of any two 32-bit sizes, however wrong. */
        uint64_t content = (sizeof note + (uint64_t)note.n_namesz + align - 1) & ~(align - 1);
        uint64_t length = (content + note.n_descsz + align - 1) & ~(uint64_t)(align - 1);
        if (content + note.n_descsz > size - at)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz &&
            !memcmp(notes + at + sizeof note, "GNU", 4)) {
            memset(id, 0, ID_SIZE);
            memcpy(id, notes + at + content, note.n_descsz < ID_SIZE ? note.n_descsz : ID_SIZE);
            return 1;
        }
        if (length > size - at)
            return 0;
        at += length;
    }
    return 0;
}

static void id_write(const unsigned char id[ID_SIZE], char hex[HEX_SIZE])
{
    int length = ID_SIZE;
    while (length && !id[length - 1])
        length--;
    hex[0] = 0;
    for (int i = 0; i < length; i++)
        snprintf(hex + (size_t)i * 2, 3, "%02x", id[i]);
}

/* ---- loaded objects ---- */

/* PF_R, PF_W, PF_X of the segment that has ADDRESS; 0: none has. */
static unsigned object_rights(const struct object *o, uintptr_t address)
{
    for (int i = 0; i < o->count; i++) {
        const ElfW(Phdr) *s = &o->segments[i];
        if (s->p_type == PT_LOAD && address - (o->base + s->p_vaddr) < s->p_memsz)
            return s->p_flags;
    }
    return 0;
}

static int object_id(const struct object *o, unsigned char id[ID_SIZE])
{
    for (int i = 0; i < o->count; i++) {
        const ElfW(Phdr) *s = &o->segments[i];
        uintptr_t start = o->base + s->p_vaddr;
        /* A linker script may leave notes out of what is loaded. */
        if (s->p_type == PT_NOTE && s->p_memsz && object_rights(o, start) & PF_R &&
            object_rights(o, start + s->p_memsz - 1) & PF_R &&
            notes_find((const void *)start, s->p_memsz, s->p_align, id))
            return 1;
    }
    return 0;
}

static int object_program(struct object *o)
{
    const ElfW(Phdr) *segments = (const void *)getauxval(AT_PHDR);
    int count = (int)getauxval(AT_PHNUM);
    for (int i = 0; segments && i < count; i++) {
        if (segments[i].p_type == PT_PHDR) {
            *o = (struct object){ (uintptr_t)segments - segments[i].p_vaddr, segments, count, 1,
                                  "" };
            return 1;
        }
    }
    return 0;
}

static struct object object_at(uintptr_t base, const ElfW(Phdr) * segments, int count,
                               const char *name)
{
    int program = (uintptr_t)segments == getauxval(AT_PHDR);
    return (struct object){ base, segments, count, program, program ? "" : name };
}

static struct object object_of(const struct dl_phdr_info *l)
{
    return object_at(l->dlpi_addr, l->dlpi_phdr, l->dlpi_phnum, l->dlpi_name);
}

struct owner {
    uintptr_t address;
    struct object *o;
};

static int owns(struct dl_phdr_info *l, size_t size, void *arg)
{
    struct owner *w = arg;
    (void)size;
    *w->o = object_of(l);
    return object_rights(w->o, w->address) != 0;
}

/* Where the C library has it: dl_iterate_phdr without its lock.  A child forked while another
 * thread held that lock would wait for it for ever. */
static int object_quick(uintptr_t address, struct object *o)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    struct dl_find_object found;
    if (_dl_find_object((void *)address, &found))
        return 0;
    const ElfW(Ehdr) *head = found.dlfo_map_start;
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_phentsize != sizeof(ElfW(Phdr)) ||
        head->e_phnum > 64 || head->e_phoff % sizeof(void *) ||
        head->e_phoff > 4096 - head->e_phnum * sizeof(ElfW(Phdr)))
        return 0;
    *o = object_at(found.dlfo_link_map->l_addr, (const void *)((const char *)head + head->e_phoff),
                   head->e_phnum, found.dlfo_link_map->l_name);
    return object_rights(o, address) != 0;
#else
    (void)address;
    (void)o;
    return 0;
#endif
}

/* The object that has ADDRESS in one of its segments. */
static int object_find(uintptr_t address, struct object *o)
{
    if (object_program(o) && object_rights(o, address))
        return 1;
    return object_quick(address, o) || dl_iterate_phdr(owns, &(struct owner){ address, o });
}

/* ---- files ---- */

/* 1: all N bytes are there.  Reading, unlike a mapping, survives a file that is cut meanwhile. */
static int file_read(const struct file *f, uint64_t at, void *to, size_t n)
{
    return at <= f->size && n <= f->size - at && pread(f->fd, to, n, (off_t)at) == (ssize_t)n;
}

/* Returns 0; -errno; -ENOEXEC: not an ELF file of this machine's kind. */
static int file_open(struct file *f, const char *path)
{
    struct stat status;
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO shall not hold us up */
    if (f->fd < 0)
        return -errno;
    f->size = !fstat(f->fd, &status) && S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    if (file_read(f, 0, &f->head, sizeof f->head) && !memcmp(f->head.e_ident, ELFMAG, SELFMAG) &&
        f->head.e_ident[EI_CLASS] == NATIVE_CLASS && f->head.e_ident[EI_DATA] == NATIVE_DATA &&
        f->head.e_phentsize == sizeof(ElfW(Phdr)))
        return 0;
    close(f->fd);
    return -ENOEXEC;
}

static int file_segment(const struct file *f, int i, ElfW(Phdr) * s)
{
    return f->head.e_phoff <= f->size &&
           file_read(f, f->head.e_phoff + (uint64_t)i * sizeof *s, s, sizeof *s);
}

static int file_id(const struct file *f, unsigned char id[ID_SIZE])
{
    unsigned char notes[NOTES_SIZE] = { 0 };
    ElfW(Phdr) s = { 0 };
    for (int i = 0; i < f->head.e_phnum && file_segment(f, i, &s); i++) {
        size_t size = s.p_filesz < sizeof notes ? s.p_filesz : sizeof notes;
        if (s.p_type == PT_NOTE && file_read(f, s.p_offset, notes, size) &&
            notes_find(notes, size, s.p_align, id))
            return 1;
    }
    return 0;
}

/* Is all that the loader would map there?  Else it dies of SIGBUS. */
static int file_whole(const struct file *f)
{
    ElfW(Phdr) s = { 0 };
    int dynamic = 0;
    for (int i = 0; i < f->head.e_phnum; i++) {
        if (!file_segment(f, i, &s))
            return 0;
        if ((s.p_type == PT_LOAD || s.p_type == PT_DYNAMIC) &&
            (s.p_offset > f->size || s.p_filesz > f->size - s.p_offset || s.p_filesz > s.p_memsz))
            return 0;
        dynamic |= s.p_type == PT_DYNAMIC;
    }
    return dynamic;
}

/* The symbols, and the section with their names. */
static int file_symbols(const struct file *f, ElfW(Word) type, ElfW(Shdr) * symbols,
                        ElfW(Shdr) * names)
{
    const uint64_t at = f->head.e_shoff;
    if (f->head.e_shentsize != sizeof *symbols || at > f->size)
        return 0;
    for (int i = 0; i < f->head.e_shnum; i++) {
        if (!file_read(f, at + (uint64_t)i * sizeof *symbols, symbols, sizeof *symbols))
            return 0;
        if (symbols->sh_type == type)
            return symbols->sh_link < f->head.e_shnum && symbols->sh_offset <= f->size &&
                   symbols->sh_size <= f->size - symbols->sh_offset &&
                   file_read(f, at + (uint64_t)symbols->sh_link * sizeof *names, names,
                             sizeof *names) &&
                   names->sh_offset <= f->size && names->sh_size <= f->size - names->sh_offset;
    }
    return 0;
}

static int symbol_covers(const ElfW(Sym) * s, uint64_t offset)
{
    const int type = s->st_info & 15; /* ELF64_ST_TYPE, and ELF32_ST_TYPE */
    return s->st_shndx != SHN_UNDEF && offset >= s->st_value &&
           (offset == s->st_value || offset - s->st_value < s->st_size) &&
           (type == STT_FUNC || type == STT_OBJECT || type == STT_GNU_IFUNC);
}

/* The name of the symbol at OFFSET; "" if there is none. */
static void file_symbol(const struct file *f, uint64_t offset, char name[SYMBOL_SIZE])
{
    ElfW(Shdr) symbols, names;
    ElfW(Sym) some[64];
    name[0] = 0;
    if (!file_symbols(f, SHT_SYMTAB, &symbols, &names) &&
        !file_symbols(f, SHT_DYNSYM, &symbols, &names))
        return;
    uint64_t left = symbols.sh_size / sizeof *some, at = symbols.sh_offset;
    while (left && !name[0]) {
        size_t n = left < 64 ? left : 64;
        if (!file_read(f, at, some, n * sizeof *some))
            return;
        for (size_t i = 0; i < n && !name[0]; i++) {
            uint64_t length = names.sh_size - some[i].st_name;
            if (!symbol_covers(&some[i], offset) || some[i].st_name >= names.sh_size)
                continue;
            length = length < SYMBOL_SIZE - 1 ? length : SYMBOL_SIZE - 1;
            if (file_read(f, names.sh_offset + some[i].st_name, name, length))
                name[length] = 0;
            else
                name[0] = 0;
        }
        at += n * sizeof *some;
        left -= n;
    }
}

/* ---- names ---- */

static void program_name(char name[PATH_SIZE])
{
    static const char gone[] = " (deleted)";
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) {
        snprintf(name, PATH_SIZE, "%s", program_invocation_short_name);
        return;
    }
    path[n] = 0;
    if (n > (ssize_t)sizeof gone && !strcmp(path + n - (sizeof gone - 1), gone))
        path[n - (ssize_t)(sizeof gone - 1)] = 0;
    snprintf(name, PATH_SIZE, "%.*s", PATH_SIZE - 1,
             strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static void symbol_name(const struct object *o, uintptr_t address, char name[SYMBOL_SIZE])
{
    unsigned char loaded[ID_SIZE], stored[ID_SIZE];
    const char *path = o->program ? "/proc/self/exe" : o->name;
    struct file f;
    Dl_info l;
    name[0] = 0;
    if (!file_open(&f, path)) {
        int same = object_id(o, loaded) && file_id(&f, stored) && !memcmp(loaded, stored, ID_SIZE);
        if (same)
            file_symbol(&f, address - o->base, name);
        close(f.fd);
        if (same)
            return;
    }
    if (dladdr((void *)address, &l) && l.dli_sname)
        snprintf(name, SYMBOL_SIZE, "%s", l.dli_sname);
}

void fn_name(uintptr_t address, char *text, size_t size)
{
    char object[PATH_SIZE], symbol[SYMBOL_SIZE];
    struct object o;
    if (!object_find(address, &o)) {
        snprintf(text, size, "0x%lx", (unsigned long)address);
        return;
    }
    if (o.program)
        program_name(object);
    else
        snprintf(object, sizeof object, "%s",
                 strrchr(o.name, '/') ? strrchr(o.name, '/') + 1 : o.name);
    symbol_name(&o, address, symbol);
    snprintf(text, size, symbol[0] ? "%s+0x%lx (%s)" : "%s+0x%lx", object,
             (unsigned long)(address - o.base), symbol);
}

/* ---- what it is instead of a function ---- */

static int mapping_parse(const char *line, uintptr_t address, struct mapping *m)
{
    unsigned long start, end;
    int name = 0;
    if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &start, &end, m->rights, &name) < 3 ||
        address < start || address >= end)
        return 0;
    m->end = end;
    snprintf(m->name, sizeof m->name, "%s", line + name);
    return 1;
}

/* Not with stdio: its buffer comes from an allocator, which may be what is broken. */
static int mapping_find(uintptr_t address, struct mapping *m)
{
    char text[2 * PATH_MAX];
    size_t have = 0;
    ssize_t n;
    int found = 0, fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && !found && (n = read(fd, text + have, sizeof text - 1 - have)) > 0) {
        char *line = text, *end;
        have += (size_t)n;
        text[have] = 0;
        while (!found && (end = strchr(line, '\n'))) {
            *end = 0;
            found = mapping_parse(line, address, m);
            line = end + 1;
        }
        have -= (size_t)(line - text);
        memmove(text, line, have);
    }
    if (fd >= 0)
        close(fd);
    return found;
}

/* Where GCC's trampoline in CODE leads; 0: it is not one. */
#if defined __x86_64__
static uintptr_t trampoline_target(const unsigned char code[TRAMPOLINE_SIZE])
{
    static const unsigned char landing[] = { 0xf3, 0x0f, 0x1e, 0xfa }; /* endbr64 */
    const unsigned char *c = code;
    uint64_t target = 0;
    if (!memcmp(c, landing, sizeof landing))
        c += sizeof landing;
    if (c[0] == 0x49 && c[1] == 0xbb) { /* movabs $target, %r11 */
        memcpy(&target, c + 2, 8);
        c += 10;
    } else if (c[0] == 0x41 && c[1] == 0xbb) { /* mov $target, %r11d */
        memcpy(&target, c + 2, 4);
        c += 6;
    } else {
        return 0;
    }
    if (c[0] != 0x49 || c[1] != 0xba) /* movabs $chain, %r10 */
        return 0;
    c += 10;
    return (c[0] == 0x49 || c[0] == 0x41) && c[1] == 0xff && c[2] == 0xe3 ? target : 0; /* jmp */
}
#elif defined __aarch64__
static uintptr_t trampoline_target(const unsigned char code[TRAMPOLINE_SIZE])
{
    uint32_t w[TRAMPOLINE_SIZE / 4];
    uint64_t target = 0;
    memcpy(w, code, sizeof w);
    size_t i = w[0] == 0xd503245f; /* bti c */
    /* ldr x17, target; ldr the chain; br x17.  The literals follow the code. */
    size_t literal = 4 * i + 4 * (size_t)(w[i] >> 5 & 0x7ffff);
    if ((w[i] & 0xff00001f) != 0x58000011 || (w[i + 1] & 0xff000000) != 0x58000000 ||
        w[i + 2] != 0xd61f0220 || literal > TRAMPOLINE_SIZE - sizeof target)
        return 0;
    memcpy(&target, code + literal, sizeof target);
    return target;
}
#else
static uintptr_t trampoline_target(const unsigned char code[TRAMPOLINE_SIZE])
{
    (void)code;
    return 0;
}
#endif

/* The kernel reads it: memory that may not be read, or lies behind its file's end, is no crash. */
static int memory_read(uintptr_t address, void *to, size_t n)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return 0;
    /* Not write(): sanitizers look at what that is given before the kernel does. */
    ssize_t got = syscall(SYS_write, ends[1], address, n);
    if (got > 0)
        got = read(ends[0], to, (size_t)got);
    close(ends[0]);
    close(ends[1]);
    return got > 0;
}

/* The nested function that the code at ADDRESS leads to, 0 if there is none. */
static uintptr_t nested_function(uintptr_t address, const struct mapping *m)
{
    unsigned char code[TRAMPOLINE_SIZE] = { 0 };
    const size_t rest = m->end - address;
    struct object o;
    if (!memory_read(address, code, rest < sizeof code ? rest : sizeof code))
        return 0;
    uintptr_t target = trampoline_target(code);
    return target && object_find(target, &o) && object_rights(&o, target) & PF_X ? target : 0;
}

static int refuse_memory(uintptr_t address, const struct mapping *m, char *text, size_t size)
{
    const unsigned long a = address;
    const char *what = "";
    if (!strcmp(m->name, "[heap]"))
        what = " on the heap";
    else if (!strcmp(m->name, "[stack]")) /* executable, too, where trampolines are in use */
        what = " on the stack";
    else if (!strcmp(m->name, "[vsyscall]"))
        return say(text, size,
                   "0x%lx is code of the kernel, in no file: call it from a function of the "
                   "program",
                   a);
    else if (m->rights[2] == 'x')
        return say(text, size,
                   "0x%lx is code made at run time, which no worker born before has: use "
                   "pool_map_snapshot",
                   a);
    else if (m->name[0] == '/')
        return say(text, size,
                   "0x%lx is memory mapped from %s, not a function: open plug-ins with dlopen", a,
                   m->name);
    return say(text, size,
               "0x%lx is memory%s, not a function: set `fn` to a function and hand the memory "
               "over as `arg`",
               a, what);
}

/* Why what is at ADDRESS, no code of an object, is no function to send. */
static int refuse_pointer(uintptr_t address, char *text, size_t size)
{
    char name[NAME_SIZE];
    struct object o;
    struct mapping m;
    if (!address)
        return say(text, size, "NULL is not a function: set `fn` to one that does a task");
    if (object_find(address, &o)) {
        fn_name(address, name, sizeof name);
        return say(text, size,
                   "%s is data, not a function: set `fn` to a function and hand the data over "
                   "as `arg`",
                   name);
    }
    if (!mapping_find(address, &m))
        return say(text, size,
                   "0x%lx is not a function, and no memory at all: was the pointer never set, "
                   "or its plug-in closed?",
                   (unsigned long)address);
    uintptr_t nested = nested_function(address, &m);
    if (!nested)
        return refuse_memory(address, &m, text, size);
    fn_name(nested, name, sizeof name);
    return say(text, size,
               "%s is a nested function that captures variables (to GCC every one does, unless it "
               "optimizes), which only this thread's stack has: pass the captured values in a "
               "struct as `arg`, or use pool_map_snapshot",
               name);
}

/* ---- making a reference ---- */

/* What was read from a file, so that it is read once and not at every call.  A file that is changed
 * twice within one tick of the clock may pass for the old one here; whoever opens it reads it anew.
 */
static _Thread_local struct {
    struct stat of;
    unsigned char id[ID_SIZE];
} read_last;

static int unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Does the file still have what is loaded?  0: yes; -errno; -ESTALE: no. */
static int check_file(const struct pool_fn_ref *ref)
{
    unsigned char id[ID_SIZE];
    struct stat now;
    struct file f;
    if (stat(ref->path, &now))
        return -errno;
    if (!unchanged(&now, &read_last.of) || !now.st_ino) {
        int rc = file_open(&f, ref->path);
        if (rc)
            return rc == -ENOEXEC ? -ESTALE : rc;
        int known = file_id(&f, id) && !fstat(f.fd, &now);
        close(f.fd);
        if (!known)
            return -ESTALE;
        read_last.of = now;
        memcpy(read_last.id, id, ID_SIZE);
    }
    return memcmp(read_last.id, ref->build_id, ID_SIZE) ? -ESTALE : 0;
}

/* Workers may be in another folder. */
static int absolute_path(const char *name, char path[PATH_SIZE])
{
    size_t length = 0, more = strlen(name);
    if (name[0] != '/') {
        if (!getcwd(path, PATH_SIZE))
            return 0;
        length = strlen(path);
        path[length++] = '/';
    }
    if (more >= PATH_SIZE - length)
        return 0;
    memcpy(path + length, name, more + 1);
    return 1;
}

static int refuse_file(const struct pool_fn_ref *ref, int error, char *text, size_t size)
{
    char name[NAME_SIZE];
    fn_name((uintptr_t)ref->raw, name, sizeof name);
    if (error == -ESTALE)
        return say(text, size,
                   "%s cannot be sent: %s was rebuilt on disk since it was opened: build-id "
                   "differs; close it and open it anew",
                   name, ref->path);
    if (error == -ENOENT)
        return say(text, size,
                   "%s cannot be sent: its file %s is not there any more, so that no worker can "
                   "open it; put it back, or use pool_map_snapshot",
                   name, ref->path);
    return say(text, size, "%s cannot be sent: cannot read %s: %s", name, ref->path,
               strerror(-error));
}

static int refer_file(struct pool_fn_ref *ref, const struct object *o, char *text, size_t size)
{
    char name[NAME_SIZE];
    if (strchr(o->name, '/') && absolute_path(o->name, ref->path)) {
        int error = check_file(ref);
        return error ? refuse_file(ref, error, text, size) : 0;
    }
    fn_name((uintptr_t)ref->raw, name, sizeof name);
    if (strchr(o->name, '/'))
        return say(text, size,
                   "%s cannot be sent: the path of its file is longer than %d bytes; move it or "
                   "link to it",
                   name, PATH_SIZE - 1);
    return say(text, size,
               "%s is code of the kernel, in no file: call it from a function of the program",
               name);
}

int pool_fn_refer(struct pool_fn_ref *ref, void (*fn)(void), char *text, size_t text_size)
{
    const uintptr_t address = (uintptr_t)fn;
    char name[NAME_SIZE];
    struct object o;
    memset(ref, 0, sizeof *ref);
    if (!fn || !object_find(address, &o) || !(object_rights(&o, address) & PF_X))
        return refuse_pointer(address, text, text_size);
    ref->raw = fn;
    ref->offset = address - o.base;
    if (!object_id(&o, ref->build_id)) {
        fn_name(address, name, sizeof name);
        return say(text, text_size,
                   "%s cannot be sent: its file has no build-id; link it with -Wl,--build-id",
                   name);
    }
    return o.program ? 0 : refer_file(ref, &o, text, text_size);
}

int pool_fn_explain(void (*fn)(void), char *text, size_t text_size)
{
    struct pool_fn_ref ref;
    char name[NAME_SIZE], hex[HEX_SIZE];
    int rc = pool_fn_refer(&ref, fn, text, text_size);
    if (rc)
        return rc;
    fn_name((uintptr_t)fn, name, sizeof name);
    id_write(ref.build_id, hex);
    say(text, text_size, "%s, build-id %s", name, hex);
    return 0;
}

/* ---- finding the function ---- */

/* Where REF is if O is its object, else 0.  Only code is found, whatever the reference says. */
static uintptr_t place_in(const struct object *o, const struct pool_fn_ref *ref)
{
    unsigned char id[ID_SIZE];
    uintptr_t address = o->base + (uintptr_t)ref->offset;
    return object_id(o, id) && !memcmp(id, ref->build_id, ID_SIZE) &&
                   object_rights(o, address) & PF_X
               ? address
               : 0;
}

struct look {
    const struct pool_fn_ref *ref;
    uintptr_t found;
};

static int looks(struct dl_phdr_info *l, size_t size, void *arg)
{
    struct look *k = arg;
    struct object o = object_of(l);
    uintptr_t place = place_in(&o, k->ref);
    (void)size;
    if (place && !k->found)
        k->found = place;
    if (!place || strcmp(o.name, k->ref->path))
        return 0;
    k->found = place; /* of two copies of one file, that of the same path */
    return 1;
}

static uintptr_t place_loaded(const struct pool_fn_ref *ref)
{
    struct look k = { ref, 0 };
    dl_iterate_phdr(looks, &k);
    return k.found;
}

/* Most workers have everything where their caller has it; this takes no lock of the loader's, which
 * another thread may have held when this process was forked. */
static uintptr_t place_known(const struct pool_fn_ref *ref)
{
    const uintptr_t raw = (uintptr_t)ref->raw;
    struct object o;
    if (object_program(&o)) {
        uintptr_t place = place_in(&o, ref);
        if (place)
            return place;
    }
    return object_quick(raw, &o) && place_in(&o, ref) == raw ? raw : 0;
}

/* May the file be opened?  Returns 0, or -ENOTSUP with a sentence. */
static int admit_file(const struct pool_fn_ref *ref, char *text, size_t size)
{
    unsigned char id[ID_SIZE];
    char want[HEX_SIZE], have[HEX_SIZE] = "none";
    struct file f;
    int rc = file_open(&f, ref->path);
    if (rc == -ENOEXEC)
        return say(text, size, "cannot open %s: it is not an ELF file of this machine's kind",
                   ref->path);
    if (rc)
        return say(text, size, "cannot open %s: %s", ref->path, strerror(-rc));
    int known = file_id(&f, id), whole = file_whole(&f);
    close(f.fd);
    if (known && !memcmp(id, ref->build_id, ID_SIZE))
        return whole ? 0 : say(text, size, "cannot open %s: it is cut short or damaged", ref->path);
    if (known)
        id_write(id, have);
    id_write(ref->build_id, want);
    return say(text, size,
               "build-id differs: the file %s was rebuilt; it has %.12s, the caller's has %.12s; "
               "let the caller close it and open it anew",
               ref->path, have, want);
}

/* dlopen takes a path that it knows for the object that it knows, even if the file is another by
 * now; with one more slash it is a path it does not know.  (Opening /proc/self/fd/N instead would
 * close the moment between check and dlopen, but the object would be called so for ever: $ORIGIN,
 * debuggers and references made from it would be wrong.  A file replaced in that moment may run its
 * constructors; no task is ever run from it, for we look again.) */
static uintptr_t open_object(const struct pool_fn_ref *ref, char *text, size_t size)
{
    char path[PATH_SIZE + SPELLINGS];
    const char *slash = strrchr(ref->path, '/');
    size_t folder = slash ? (size_t)(slash - ref->path) : 0;
    for (int more = 0; more < (slash ? SPELLINGS : 1); more++) {
        memcpy(path, ref->path, folder);
        memset(path + folder, '/', (size_t)more);
        snprintf(path + folder + more, sizeof path - folder - (size_t)more, "%s",
                 ref->path + folder);
        void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!object) {
            const char *why = dlerror();
            say(text, size, "cannot open %s: %s", ref->path, why ? why : "no reason given");
            return 0;
        }
        uintptr_t place = place_loaded(ref);
        if (place)
            return place; /* stays open: later tasks, and pointers into it, need it */
        dlclose(object);
    }
    say(text, size,
        "build-id differs: this process has another build of %s open, or no function at the "
        "caller's offset 0x%lx in it; open a new pool",
        ref->path, (unsigned long)ref->offset);
    return 0;
}

void (*pool_fn_resolve(const struct pool_fn_ref *ref, char *text, size_t text_size))(void)
{
    static const unsigned char none[ID_SIZE];
    if (!memcmp(ref->build_id, none, ID_SIZE) || !memchr(ref->path, 0, PATH_SIZE)) {
        say(text, text_size, "not found: the reference was not made by pool_fn_refer");
        return 0;
    }
    uintptr_t place = place_known(ref);
    if (!place)
        place = place_loaded(ref);
    if (!place && !ref->path[0])
        say(text, text_size,
            "not found: build-id differs: the caller's program is not the one that this worker "
            "runs, or was rebuilt; start it anew");
    else if (!place && !admit_file(ref, text, text_size))
        place = open_object(ref, text, text_size);
    return (void (*)(void))place;
}
