/* directory.c: what is odd about a directory, told once. */
#include "migrate/files/directory.h"

#include "common/base/log.h"
#include "migrate/events.h"

int
directory_open(const char *dir, const struct layout *layout, bool allow_empty, struct source *ret,
               struct err *e)
{
    if (source_open(dir, layout, allow_empty, ret, e) != 0)
        return -1;
    if (ret->missing)
        log_warn(&event_no_directory, LOG_FIELDS(LF_STR("dir", dir)),
                 "%s: there is no such directory: no migrations, as --allow-empty allows", dir);
    if (ret->folder)
        log_warn(&event_folder, LOG_FIELDS(LF_STR("dir", dir), LF_STR("folder", ret->folder)),
                 "%s: the .sql files in its folder %s are not looked at: migrations stand in the "
                 "directory itself",
                 dir, ret->folder);
    return 0;
}
