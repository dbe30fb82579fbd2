/*
 * source.h: a directory of migrations.
 *
 * The directory is opened once and read through that descriptor, so that a ConfigMap that is
 * exchanged (its ..data link moves) never mixes two states. Entries that begin with a dot, and
 * those that do not end in .sql, are not looked at, but for programs that the layout's tool would apply: they are refused; folders only for whether they hold .sql files. Every file is checked when the directory is
 * opened: UTF-8, no NUL bytes, header lines, digest.
 *
 * All errors are one line: ERR_INPUT, or ERR_NOMEM. The file and the line stand beside the message, not in it.
 */
#ifndef RR_MIGRATE_SOURCE_H
#define RR_MIGRATE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "migrate/sql/lexer.h"
#include "migrate/layout/layout.h"

/* What shows that a file was not changed since: its times cannot all be put back. */
struct source_stamp {
    uint64_t dev, ino, size;
    int64_t mtime_s, mtime_ns;
    int64_t ctime_s, ctime_ns;
};

struct source_migration {
    struct migration id; /* owned */
    char *file;          /* name in the directory */
    char *down_file;     /* what holds the way back: another file, or file itself; or NULL */
    struct layout_header header; /* of file */
    uint64_t bytes;              /* of file */
    uint8_t
        sha256[DIGEST_BYTES];    /* of file, all bytes: what it was when the directory was opened */
    uint8_t sum[LAYOUT_SUM_MAX]; /* what the history keeps of it: sum_bytes of the layout's */
    struct source_stamp stamp;
};

struct source {
    const struct layout *layout;
    int dir_fd;
    char *dir;    /* as given, for messages */
    bool missing; /* there is no such directory, which was allowed */
    char *folder; /* a folder in it that holds .sql files, which are not looked at; or NULL */
    struct source_migration *migrations; /* by version, lowest first */
    size_t n;
    char fault_file[256]; /* after an error: the file, "" when there is none to name … */
    size_t fault_line;    /* … and its line, 0 when there is none */
};

/* clang-format off */
#define SOURCE_INIT { .dir_fd = -1 }
/* clang-format on */

/*
 * Opens and reads all of it. allow_empty: a directory without migrations, or none at all, is no
 * error. Two files of one version, a down file without its up file, and versions that
 * have no order (9, 10 and 9a) are errors. On error *ret is as SOURCE_INIT but for fault_file and
 * fault_line.
 */
MUST_CHECK int source_open(const char *dir, const struct layout *layout, bool allow_empty,
                           struct source *ret, struct err *e);
void source_done(struct source *s);

/* The layout that the files of a directory show by their names or by an annotation that no other has; NULL: none, or
 * there is no such directory. One file is looked at, for the header of each is checked later. */
const struct layout *source_layout(const char *dir);

/* The migration of that version (compared as versions are), or NULL. Borrowed. */
const struct source_migration *source_find(const struct source *s, const char *version);

/* The file that goes in that direction; NULL: there is no way back. Borrowed. */
const char *source_file(const struct source_migration *m, enum migration_direction direction);

/*
 * The text of a file. Small ones are read; large ones are mapped, and then follow what others write
 * into the file. So whoever acts on a text asks source_text_same, before and behind. A file that is
 * cut short reads as NUL bytes from there on.
 */
struct source_text {
    const char *data;
    size_t len;
    size_t released; /* bytes whose pages were given back */
    bool mapped;
    int fd;                    /* mapped: the file … */
    struct source_stamp stamp; /* … and what it was */
    size_t from;               /* what is to be run is data[from, to) … */
    size_t to;
    size_t from_line;  /* … and begins in that line */
    size_t error_line; /* after an error: the line that is no text, or cannot be split; 0: none */
};

/* clang-format off */
#define SOURCE_TEXT_INIT { 0 }
/* clang-format on */

/*
 * The text of a migration: its up file, checked to be what source_open read (ERR_INPUT "… changed
 * while migrate was running"), or its down file, checked as source_open checks, but for its header lines:
 * source_text_header. Of an up file's text what is to be run is the section that its header names. On error *ret is as
 * SOURCE_TEXT_INIT but for error_line.
 */
MUST_CHECK int
source_text_open(const struct source *s, const struct source_migration *m,
                 enum migration_direction direction, struct source_text *ret, struct err *e);
/* The text is still what it was when it was opened; ERR_INPUT "was changed while migrate was running". */
MUST_CHECK int source_text_same(const struct source_text *t, struct err *e);
/* Reads the header of a text that goes in that direction, and narrows it to the section that is to be run. file: its
 * name. ERR_INPUT, with the place in *ret. */
MUST_CHECK int
source_text_header(const struct source *s, struct source_text *t, const char *file,
                   enum migration_direction direction, struct layout_header *ret, struct err *e);
/* The section that such a header names. */
void source_text_narrow(struct source_text *t, const struct layout_header *h);
/* A file anywhere, checked to be UTF-8 without NUL bytes. On error as source_text_open. */
MUST_CHECK int source_text_open_path(const char *path, struct source_text *ret, struct err *e);
/* lexer_init on what is to be run; places stay those of the file. */
void source_text_look(const struct source_text *t, struct lexer *ret);
/* The same, and pages behind the lexer are given back as it goes. */
void source_text_lexer(struct source_text *t, struct lexer *ret);
/*
 * Gives back the pages before `upto`; they are read again when they are looked at. Cheap when
 * little is gained.
 */
void source_text_release(struct source_text *t, size_t upto);
/* What stands from `offset` on is read once more: the next releases count from there. */
void source_text_rewind(struct source_text *t, size_t offset);
void source_text_done(struct source_text *t);

#endif
