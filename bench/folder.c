/* SPDX-License-Identifier: MIT */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mend.h"
#include "trace.h"

const char *const cell_status_words[] = { "ok", "skipped", "failed", "timeout" };

#define STATUS_HEADER "cell,block,seq,status,reason,wall_ms,line\n"

char *folder_file(const struct folder *f, const char *name, char *buffer, long room)
{
    snprintf(buffer, (size_t)room, "%s/%s", f->path, name);
    return buffer;
}

void folder_close(struct folder *f)
{
    if (f->samples >= 0)
        close(f->samples);
    if (f->status >= 0)
        close(f->status);
    if (f->trace >= 0)
        close(f->trace);
    f->samples = f->status = f->trace = -1;
}

/* Append all or nothing. */
static int append(struct folder *f, int fd, const char *name, const char *text, size_t length,
                  struct why *w)
{
    off_t before = lseek(fd, 0, SEEK_END);
    size_t done = 0;
    while (done < length) {
        ssize_t put = write(fd, text + done, length - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            int error = put < 0 ? -errno : -EIO;
            if (ftruncate(fd, before))
                error = -errno;
            return why(w, error, "%s/%s: cannot write: %s; what was measured before is safe",
                       f->path, name, strerror(-error));
        }
        done += (size_t)put;
    }
    return 0;
}

static int open_file(const struct folder *f, const char *name, int flags, int *fd, struct why *w)
{
    char file[4200];
    *fd = open(folder_file(f, name, file, sizeof file), flags | O_CLOEXEC, 0666);
    if (*fd < 0)
        return why(w, -errno, "%s: cannot write: %s%s", file, strerror(errno),
                   errno == EEXIST ? "; a run needs a folder of its own: another --out, or "
                                     "--resume to go on with a run"
                                   : "");
    return 0;
}

/* Text being built in memory. */
struct text {
    char *bytes;
    size_t length;
    FILE *f;
};

static int text_begin(struct text *t)
{
    *t = (struct text){ 0 };
    t->f = open_memstream(&t->bytes, &t->length);
    return t->f ? 0 : -ENOMEM;
}

static int text_append(struct text *t, struct folder *f, int fd, const char *name, struct why *w)
{
    int error = fclose(t->f) ? why(w, -ENOMEM, "no memory for %s", name)
                             : append(f, fd, name, t->bytes, t->length, w);
    free(t->bytes);
    return error;
}

/* ---- rows ---- */

/* A field as the runner gave it; what it left out of the cell's name is as the plan has it. */
static const char *sample_text(const struct csv *output, long row, const struct record *cell,
                               const struct field *field, char *buffer)
{
    const char *text = csv_cell(output, row, csv_column(output, field->name));
    if (*text || field->part != PART_CELL)
        return text;
    text = record_text(cell, field, 1, buffer);
    return strcmp(text, "auto") != 0 ? text : "";
}

int folder_add_samples(struct folder *f, const struct csv *output, const struct record *cell,
                       int64_t block, int64_t seq, int64_t suspended_ns, struct why *w)
{
    struct text t;
    if (text_begin(&t))
        return why(w, -ENOMEM, "no memory for the samples");
    for (long row = 0; row < output->rows; row++) {
        for (const struct field *field = record_fields; field->name; field++) {
            char buffer[32];
            if (field->part == PART_SETTING)
                continue;
            if (field != record_fields)
                fputc(',', t.f);
            if (!strcmp(field->name, "block"))
                fprintf(t.f, "%lld", (long long)block);
            else if (!strcmp(field->name, "seq"))
                fprintf(t.f, "%lld", (long long)seq);
            else if (!strcmp(field->name, "suspended_ns"))
                fprintf(t.f, "%lld", (long long)suspended_ns);
            else if (!strcmp(field->name, "sweep"))
                csv_put(t.f, cell->sweep);
            else
                csv_put(t.f, sample_text(output, row, cell, field, buffer));
        }
        fputc('\n', t.f);
    }
    return text_append(&t, f, f->samples, "samples.csv", w);
}

/* The file is made with its first rows: a run that traces nothing has none. */
int folder_add_trace(struct folder *f, const struct csv *trace, int number, int64_t block,
                     int64_t seq, struct why *w)
{
    char file[4200];
    struct text t;
    int error = f->trace < 0 ? open_file(f, "trace.csv", O_RDWR | O_CREAT, &f->trace, w) : 0;
    if (error)
        return error;
    if (text_begin(&t))
        return why(w, -ENOMEM, "no memory for the trace");
    int fresh = lseek(f->trace, 0, SEEK_END) == 0;
    if (fresh) {
        fputs("cell,block,seq", t.f);
        for (int i = 0; trace_columns[i]; i++)
            fprintf(t.f, ",%s", trace_columns[i]);
        fputc('\n', t.f);
    }
    for (long row = 0; row < trace->rows; row++) {
        fprintf(t.f, "%d,%lld,%lld", number, (long long)block, (long long)seq);
        for (int i = 0; trace_columns[i]; i++) {
            fputc(',', t.f);
            csv_put(t.f, csv_cell(trace, row, csv_column(trace, trace_columns[i])));
        }
        fputc('\n', t.f);
    }
    error = text_append(&t, f, f->trace, "trace.csv", w);
    if (error && fresh)
        unlink(folder_file(f, "trace.csv", file, sizeof file));
    return error;
}

int folder_add_status(struct folder *f, const struct record *cell, int number, int64_t block,
                      int64_t seq, enum cell_status status, const char *reason, double wall_ms,
                      struct why *w)
{
    struct text t, line;
    if (text_begin(&line))
        return why(w, -ENOMEM, "no memory for the status");
    record_print_line(cell, line.f);
    fclose(line.f);
    if (!line.bytes || text_begin(&t)) {
        free(line.bytes);
        return why(w, -ENOMEM, "no memory for the status");
    }
    line.bytes[strcspn(line.bytes, "\n")] = 0;
    if (number)
        fprintf(t.f, "%d", number);
    fputc(',', t.f);
    if (block)
        fprintf(t.f, "%lld,%lld,", (long long)block, (long long)seq);
    else
        fputs(",,", t.f);
    fprintf(t.f, "%s,", cell_status_words[status]);
    csv_put(t.f, reason);
    fputc(',', t.f);
    if (wall_ms >= 0)
        fprintf(t.f, "%.1f", wall_ms);
    fputc(',', t.f);
    csv_put(t.f, line.bytes);
    fputc('\n', t.f);
    free(line.bytes);
    return text_append(&t, f, f->status, "status.csv", w);
}

/* ---- a new folder ---- */

static int make_folders(const char *path, struct why *w)
{
    char part[4096];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return why(w, -errno, "%s: cannot make the folder: %s; choose another with --out", part,
                       strerror(errno));
        if (!slash)
            return 0;
        *slash = '/';
    }
}

/* A host's name as part of a file's: what a shell or a path could take amiss becomes '_'. */
static void clean_name(const char *host, char *out, size_t room)
{
    size_t used = 0;
    for (; *host && used + 1 < room && used < 64; host++)
        out[used++] =
            strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *host)
                ? *host
                : '_';
    if (!used || out[0] == '.' || out[0] == '-')
        out[0] = '_';
    out[used ? used : 1] = 0;
}

static int write_plan(struct folder *f, const struct plan *p, struct why *w)
{
    int fd;
    struct text t;
    int error = open_file(f, "plan.txt", O_WRONLY | O_CREAT | O_EXCL, &fd, w);
    if (error)
        return error;
    f->made_plan = 1;
    error = text_begin(&t);
    if (!error) {
        plan_print(p, t.f);
        error = text_append(&t, f, fd, "plan.txt", w);
    }
    close(fd);
    return error;
}

static int write_headers(struct folder *f, struct why *w)
{
    struct text t;
    int error = text_begin(&t);
    if (error)
        return error;
    record_csv_header(t.f);
    if ((error = text_append(&t, f, f->samples, "samples.csv", w)))
        return error;
    return append(f, f->status, "status.csv", STATUS_HEADER, strlen(STATUS_HEADER), w);
}

void folder_take_back(struct folder *f)
{
    static const char *const others[] = { "topology.xml", "topology.csv", "doctor.csv" };
    char file[4200];
    if (f->samples >= 0)
        unlink(folder_file(f, "samples.csv", file, sizeof file));
    if (f->status >= 0)
        unlink(folder_file(f, "status.csv", file, sizeof file));
    if (f->made_plan)
        unlink(folder_file(f, "plan.txt", file, sizeof file));
    for (size_t i = 0; f->made_plan && i < sizeof others / sizeof *others; i++)
        unlink(folder_file(f, others[i], file, sizeof file));
    folder_close(f);
}

int folder_create(struct folder *f, const char *path, const char *host, const struct plan *p,
                  struct why *w)
{
    const int fresh = O_RDWR | O_CREAT | O_EXCL;
    int error;
    *f = (struct folder){ .samples = -1, .status = -1, .trace = -1 };
    if (path) {
        snprintf(f->path, sizeof f->path - 64, "%s", path);
    } else {
        char name[80], stamp[32];
        time_t now = time(NULL);
        struct tm utc;
        clean_name(host, name, sizeof name);
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
        snprintf(f->path, sizeof f->path, "results/%s-%s", name, stamp);
    }
    if ((error = make_folders(f->path, w)) ||
        (error = open_file(f, "samples.csv", fresh, &f->samples, w)) ||
        (error = open_file(f, "status.csv", fresh, &f->status, w)) ||
        (error = write_plan(f, p, w)) || (error = write_headers(f, w)))
        folder_take_back(f);
    return error;
}

/* ---- an old folder ---- */

/* Was it stopped before its beginning was complete?  machine.csv is written last. */
static int is_unbegun(const struct folder *f)
{
    char samples[4200], machine[4200];
    return !access(folder_file(f, "samples.csv", samples, sizeof samples), F_OK) &&
           access(folder_file(f, "machine.csv", machine, sizeof machine), F_OK);
}

int folder_reopen(struct folder *f, const char *path, struct why *w)
{
    char file[4200];
    struct csv *samples = NULL, *status = NULL;
    int error;
    *f = (struct folder){ .samples = -1, .status = -1, .trace = -1 };
    snprintf(f->path, sizeof f->path - 64, "%s", path);
    if (is_unbegun(f))
        return why(
            w, -ENODATA,
            "it was stopped before it measured anything; remove the folder, and begin again");
    if ((error = csv_read(&samples, folder_file(f, "samples.csv", file, sizeof file), w)) ||
        (error = csv_read(&status, folder_file(f, "status.csv", file, sizeof file), w)))
        goto done;
    if (csv_column(samples, "seq") < 0 || csv_column(status, "line") < 0) {
        error = why(w, -EBADMSG, "%s: not a run of this program", path);
        goto done;
    }
    if ((error = mend_tables(path, status, samples, w)) ||
        (error = open_file(f, "samples.csv", O_RDWR, &f->samples, w)) ||
        (error = open_file(f, "status.csv", O_RDWR, &f->status, w)))
        folder_close(f);
done:
    csv_free(samples);
    csv_free(status);
    return error;
}
