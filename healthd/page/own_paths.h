/*
 * own_paths.h: paths that the configuration adds: other names of pages, and bodies that are always the same but for the time.
 */
#ifndef RR_HEALTHD_OWN_PATHS_H
#define RR_HEALTHD_OWN_PATHS_H

#include "common/base/err.h"
#include "common/http/pages.h"
#include "common/opt/opt.h"

struct own_paths;

struct own_paths_lines {
    const struct opt_list *aliases; /* "/api/health=/health": --alias; NULL: none */
    const struct opt_list *bodies;  /* "/api/health={…}": --body; NULL: none */
};

/*
 * Adds them to pages, which holds all other pages already. An alias may lead to a body, or to another alias wherever that
 * stands. The lines are borrowed for as long as the pages are asked. ERR_USAGE names the line and what is wrong with it: a
 * path that is none or is taken, a target that is no page (and the nearest one), aliases that lead to each other; ERR_NOMEM.
 */
struct own_paths *
own_paths_new(const struct own_paths_lines *lines, struct pages *pages, struct err *e);
void own_paths_free(struct own_paths *o); /* NULL allowed; after the pages were asked last */

#endif
