/* lockmode.c: lock modes and who waits for them. Pure. */
#include "migrate/rehearse/lockmode.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    enum lockmode_waits waits;
} modes[] = {
    [LOCKMODE_NONE] = {"none", WAITS_NOBODY},
    [LOCKMODE_ACCESS_SHARE] = {"AccessShareLock", WAITS_NOBODY},
    [LOCKMODE_ROW_SHARE] = {"RowShareLock", WAITS_NOBODY},
    [LOCKMODE_ROW_EXCLUSIVE] = {"RowExclusiveLock", WAITS_NOBODY},
    [LOCKMODE_SHARE_UPDATE_EXCLUSIVE] = {"ShareUpdateExclusiveLock", WAITS_NOBODY},
    [LOCKMODE_SHARE] = {"ShareLock", WAITS_WRITES},
    [LOCKMODE_SHARE_ROW_EXCLUSIVE] = {"ShareRowExclusiveLock", WAITS_WRITES},
    [LOCKMODE_EXCLUSIVE] = {"ExclusiveLock", WAITS_WRITES},
    [LOCKMODE_ACCESS_EXCLUSIVE] = {"AccessExclusiveLock", WAITS_READS},
};
#define MODES (sizeof(modes) / sizeof(*modes))

enum lockmode
lockmode_parse(const char *name)
{
    for (size_t i = 1; i < MODES; i++)
        if (strcmp(modes[i].name, name) == 0)
            return (enum lockmode)i;
    return LOCKMODE_NONE;
}

const char *
lockmode_name(enum lockmode mode)
{
    return modes[mode].name;
}

enum lockmode_waits
lockmode_waits(enum lockmode mode)
{
    return modes[mode].waits;
}

const char *
lockmode_waits_text(enum lockmode_waits waits)
{
    static const char *const texts[] = {"ok", "BLOCKS WRITES", "BLOCKS READS"};
    return texts[waits];
}

unsigned
lockmode_bit(enum lockmode mode)
{
    return mode == LOCKMODE_NONE ? 0 : 1u << mode;
}

enum lockmode
lockmode_strongest(unsigned set)
{
    size_t i = MODES - 1;
    while (i > 0 && !(set & 1u << i))
        i--;
    return (enum lockmode)i;
}

unsigned
lockmode_up_to(unsigned set, enum lockmode mode)
{
    return set & ((2u << mode) - 1);
}
