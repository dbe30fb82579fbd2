/* others.c: looks at what is no migration. */
#include "migrate/files/others.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/base/cleanup.h"

/* How deep folders are searched for .sql files. */
#define FOLDER_DEPTH 4u
/* How much of a file is searched for a word. */
#define TEXT_BYTES 65536
#define NAME_BYTES 520

bool
others_is_candidate(const char *file)
{
    size_t len = strlen(file);
    return file[0] != '.' && len > 4 && strcasecmp(file + len - 4, ".sql") == 0;
}

/* ---- folders ---- */

/* A folder, not reached through a link; NULL: it is none, or cannot be read. */
static DIR *
open_folder(int dir_fd, const char *name)
{
    cleanup_close int fd =
        openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

    if (d)
        (void)steal_fd(&fd);
    return d;
}

static bool
may_be_folder(const struct dirent *de)
{
    return de->d_name[0] != '.' && (de->d_type == DT_DIR || de->d_type == DT_UNKNOWN);
}

static bool
holds_sql(int dir_fd, const char *name, unsigned depth)
{
    cleanup_dir DIR *d = open_folder(dir_fd, name);
    const struct dirent *de;

    while (d && (de = readdir(d)) != NULL)
        if (others_is_candidate(de->d_name) ||
            (depth > 1 && may_be_folder(de) && holds_sql(dirfd(d), de->d_name, depth - 1)))
            return true;
    return false;
}

/* The first by name, so that messages do not depend on the directory's order. */
int
others_note_folder(struct source *s, const struct dirent *de, struct err *e)
{
    if (!may_be_folder(de) || (s->folder && strcmp(s->folder, de->d_name) < 0) ||
        !holds_sql(s->dir_fd, de->d_name, FOLDER_DEPTH))
        return 0;
    free(s->folder);
    s->folder = strdup(de->d_name);
    return s->folder ? 0 : err_set(e, ERR_NOMEM, "%s: out of memory", s->dir);
}

/* ---- other tools' files ---- */

struct search {
    const struct foreign *found;
    char name[NAME_BYTES];
    char *text; /* TEXT_BYTES; owned */
};

static void
note(struct search *f, const struct foreign *tool, const char *folder, const char *file)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%s%s%s", folder ? folder : "", folder ? "/" : "", file);
    if (!tool || (f->found && strcmp(f->name, name) <= 0))
        return;
    f->found = tool;
    memcpy(f->name, name, sizeof(name));
}

static const struct foreign *
of_text(struct search *f, int dir_fd, const char *file)
{
    cleanup_close int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    f->text = f->text ? f->text : malloc(TEXT_BYTES);
    ssize_t n = fd >= 0 && f->text ? read(fd, f->text, TEXT_BYTES) : -1;
    return n > 0 ? foreign_of_text(file, f->text, (size_t)n) : NULL;
}

static void
look_into(struct search *f, int dir_fd, const char *folder)
{
    cleanup_dir DIR *d = open_folder(dir_fd, folder);
    const struct dirent *de;

    while (d && (de = readdir(d)) != NULL)
        note(f, foreign_of_name(folder, de->d_name), folder, de->d_name);
}

static void
look_at(struct search *f, const struct source *s, const struct dirent *de)
{
    const struct foreign *tool = foreign_of_name(NULL, de->d_name);
    if (!tool && de->d_name[0] != '.' && foreign_wants_text(de->d_name))
        tool = of_text(f, s->dir_fd, de->d_name);
    note(f, tool, NULL, de->d_name);
    if (may_be_folder(de))
        look_into(f, s->dir_fd, de->d_name);
}

const struct foreign *
others_find(const struct source *s, char *ret_file, size_t size)
{
    cleanup_close int fd = openat(s->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup_dir DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    struct search f = {.found = NULL};
    const struct dirent *de;

    if (d)
        (void)steal_fd(&fd);
    while (d && (de = readdir(d)) != NULL)
        look_at(&f, s, de);
    free(f.text);
    snprintf(ret_file, size, "%s", f.name);
    return f.found;
}

int
others_none(const struct source *s, struct err *e)
{
    char file[NAME_BYTES];
    const struct foreign *tool = others_find(s, file, sizeof(file));

    if (tool)
        return err_set(
            e, ERR_INPUT,
            "%s: no migrations (%s) in this directory; %s is a file of %s, whose layout is not handled: %s",
            s->dir, s->layout->names, file, tool->tool, tool->remedy);
    if (s->folder)
        return err_set(e, ERR_INPUT,
                       "%s: no migrations (%s) in this directory; the .sql files in "
                       "its folder %s are not looked at",
                       s->dir, s->layout->names, s->folder);
    return err_set(e, ERR_INPUT, "%s: no migrations (%s) in this directory", s->dir,
                   s->layout->names);
}
