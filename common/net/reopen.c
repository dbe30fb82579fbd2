/* reopen.c: which directories hold what is read again. */
#include "common/net/reopen.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"

static char *places[REOPEN_MAX];
static size_t n_places;

/* The file itself where its directory holds too much else. */
static char *
place_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *home = getenv("HOME");
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (!slash)
        return strdup(".");
    if (len == 0 || (home && strlen(home) == len && strncmp(home, path, len) == 0))
        return strdup(path);
    return strndup(path, len);
}

static void
keep(const char *path)
{
    cleanup_free char *place = place_of(path);
    for (size_t i = 0; place && i < n_places; i++)
        if (strcmp(places[i], place) == 0)
            return;
    if (place && n_places < REOPEN_MAX)
        places[n_places++] = steal_ptr(&place);
}

/* "..data/secret", or ..data's own "..2026_11_29": names that only the kubelet gives. */
static bool
leads_through_a_volume(const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof(target));
    return n > 2 && strncmp(target, "..", 2) == 0 && target[2] != '/';
}

/* A folder of a Kubernetes volume is a link through ..data, which later leads to another directory beside it. */
static void
keep_links_above(const char *path)
{
    cleanup_free char *dir = strdup(path);
    for (char *slash; dir && (slash = strrchr(dir, '/')) && slash > dir;) {
        *slash = '\0';
        if (leads_through_a_volume(dir))
            keep(dir);
    }
}

void
reopen_note(const char *path)
{
    if (!path || !*path)
        return;
    keep(path);
    keep_links_above(path);
    cleanup_free char *behind = realpath(path, NULL); /* where a symbolic link leads */
    if (behind)
        keep(behind);
}

const char *
reopen_place(size_t i)
{
    return i < n_places ? places[i] : NULL;
}

void
reopen_forget(void)
{
    while (n_places > 0)
        free(places[--n_places]);
}
