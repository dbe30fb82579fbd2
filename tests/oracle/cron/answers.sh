#!/bin/sh
# What cronie's and robfig's own code make of N generated schedules.
#
#     tests/oracle/cron/answers.sh N SEED [CACHE] >tests/oracle/cron/answers.txt
#
# Fetches cronie's source package (scripts/debian-source) and the Go module; needs a C compiler and Go. Exit status 77 when they
# cannot be had. answers.py says what a line of the output is.
set -eu

here=$(dirname "$0")
cache=$(realpath -m "${3:-build/cache}")/cron
mkdir -p "$cache/cronie" "$cache/robfig"

command -v go >/dev/null || { echo "answers: Go is needed" >&2; exit 77; }
package=$(scripts/debian-source cronie) || exit 77
dsc=$(echo "$package" | cut -d' ' -f4)
for tarball in "${dsc%-*}".orig.tar.*; do
    tar -C "$cache/cronie" --strip-components=1 -xf "$tarball"
done

# cronie, as far as it reads a line.
cat >"$cache/config.h" <<'END'
#include <limits.h>
#define SYSCONFDIR "/etc"
#define HAVE_FCNTL_H 1
#define HAVE_PATHS_H 1
#define PACKAGE_STRING "cronie"
#define DEBUGGING 1
END
cat >"$cache/cron-paths.h" <<'END'
#define SPOOL_DIR "/nowhere"
END
cat >"$cache/main.c" <<'END'
#include <config.h>
#define MAIN_PROGRAM
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <bitstring.h>
#include <globals.h>
#include <structs.h>
#include <funcs.h>
int trylock_file(int fd) { (void)fd; return 0; }
static void silent(const char *message) { (void)message; }
static unsigned long long bits(bitstr_t *set, int n, int first)
{
    unsigned long long all = 0;
    for (int i = 0; i < n; i++)
        all |= (unsigned long long)!!bit_test(set, i) << (i + first);
    return all;
}
int main(void)
{
    char line[4096], text[4200];
    struct passwd *root = getpwuid(0);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        size_t len = (size_t)snprintf(text, sizeof(text), "%s cmd\n", line);
        FILE *file = fmemopen(text, len, "r");
        entry *e = load_entry(file, silent, root, env_init());
        fclose(file);
        if (!e || strcmp(e->cmd, "cmd") != 0)
            puts("E");
        else
            printf("%llx %llx %llx %llx %llx %d\n", bits(e->minute, 60, 0), bits(e->hour, 24, 0),
                   bits(e->dom, 31, 1), bits(e->month, 12, 1), bits(e->dow, 7, 0),
                   !(e->flags & (DOM_STAR | DOW_STAR)));
    }
}
END
src=$cache/cronie/src
${CC:-cc} -w -std=gnu11 -D_GNU_SOURCE -DLINUX -I"$cache" -I"$src" -I"$cache/cronie" -o "$cache/read-cronie" \
    "$cache/main.c" "$src/entry.c" "$src/env.c" "$src/misc.c" "$src/pw_dup.c" >&2

cp "$here/robfig.go" "$cache/robfig/main.go"
(
    cd "$cache/robfig"
    [ -e go.mod ] || go mod init conformance
    go get github.com/robfig/cron/v3@v3.0.1 && go build -o ../read-robfig .
) >&2 || exit 77

"$here/lines.py" "$1" "$2" >"$cache/lines"
"$cache/read-cronie" <"$cache/lines" >"$cache/cronie.answers" 2>/dev/null
"$cache/read-robfig" <"$cache/lines" >"$cache/robfig.answers"
"$here/answers.py" "$cache/lines" "$cache/cronie.answers" "$cache/robfig.answers"
