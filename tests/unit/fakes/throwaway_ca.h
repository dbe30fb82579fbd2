/*
 * throwaway_ca.h: certificates for one test run, made with the openssl command: two authorities (one.ca, two.ca), a leaf of each for
 * db.test and 127.0.0.1 (one.crt, one.key …). `make` is the script itself: a file without certificates.
 */
#ifndef RR_TESTS_THROWAWAY_CA_H
#define RR_TESTS_THROWAWAY_CA_H

#include <stdio.h>
#include <stdlib.h>

static char ca_dir[] = "/tmp/rr-tls-XXXXXX";

static const char ca_script[] =
    "set -e; cd \"$1\"; exec >/dev/null 2>&1; new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'\n"
    "for ca in one two; do\n"
    "openssl req -x509 $new -keyout $ca.ca.key -out $ca.ca -subj /CN=$ca -days 2\n"
    "openssl req $new -keyout $ca.key -out $ca.csr -subj /CN=leaf\n"
    "printf 'subjectAltName=DNS:db.test,IP:127.0.0.1' >ext\n"
    "openssl x509 -req -in $ca.csr -CA $ca.ca -CAkey $ca.ca.key -CAcreateserial -extfile ext -days 1 -out $ca.crt\n"
    "done\n";

static inline const char *
ca_path(const char *name)
{
    static char buf[4][64];
    static unsigned next;
    char *p = buf[next++ % 4];
    snprintf(p, sizeof(buf[0]), "%s/%s", ca_dir, name);
    return p;
}

static inline int
ca_make(void)
{
    char command[256];
    FILE *f = mkdtemp(ca_dir) ? fopen(ca_path("make"), "w") : NULL;
    if (!f)
        return -1;
    fputs(ca_script, f);
    fclose(f);
    snprintf(command, sizeof(command), "sh %s %s", ca_path("make"), ca_dir);
    return system(command);
}

static inline int
ca_remove(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", ca_dir);
    return system(command);
}

#endif
