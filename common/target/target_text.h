/*
 * target_text.h: what target_pg and target_redis share: pieces of URLs, variables, secret files. Private to target*.c.
 *
 * Positions in errors count characters from 1. No error echoes what it was given: a malformed URL may show a piece
 * of its password where another part is expected.
 */
#ifndef RR_TARGET_TARGET_TEXT_H
#define RR_TARGET_TARGET_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "common/target/target.h"

/* Longest URL, DSN or secret that is accepted, from a variable or a file. */
#define TARGET_TEXT_MAX 65536

struct target_slice {
    const char *text; /* NULL: the part is absent */
    size_t len;
};

/* A URL in its parts, still percent-encoded; borrowed from the text. */
struct target_url {
    const char *whole;
    struct target_slice user, password, hosts, path, query; /* path without its first slash */
};

/* Overwrites and frees; NULL allowed. For every string that may hold a secret. */
void target_wipe(char *s);

/* The length of a URL's scheme when text begins with `scheme:`, else 0. */
size_t target_scheme_len(const char *text);
/* after: what follows "scheme:"; must begin with "//". ERR_USAGE with the position. */
MUST_CHECK int
target_url_split(const char *whole, const char *after, struct target_url *ret, struct err *e);
/* The position of a piece within the whole. */
size_t target_url_at(const struct target_url *u, const char *piece);

/* Takes the next host[:port] off a list separated by commas (false: none left). Brackets are taken off; both are
 * still encoded. */
bool target_next_host(struct target_slice *list, struct target_slice *ret_host,
                      struct target_slice *ret_port);
/* Takes the next name=value off a query (false: none left). */
bool target_next_param(struct target_slice *query, struct target_slice *ret_name,
                       struct target_slice *ret_value);

/* Whether a message may repeat a parameter's name, which begins at `name` in `whole`: it looks like one, and is no piece of a
 * password that was written without its escapes (before it, or up to an @ behind it). */
bool target_param_nameable(const char *whole, const char *name, const char *decoded);

/* Percent-decoded copy, owned. A broken escape or %00 is ERR_USAGE with its position (u NULL: without). */
MUST_CHECK int
target_decode(const struct target_url *u, struct target_slice s, char **ret, struct err *e);
/* Appends s, percent-encoding what a URL's parts must not hold. */
void target_encode(struct strbuf *b, const char *s);
/* 1 … 65535, digits only. False otherwise. */
bool target_port(const char *text, uint16_t *ret);

/* A host that can be asked for, or a socket: a name, an address, /path, @abstract. ERR_USAGE for what is none, above all a URL or
 * a piece of one, and a port of its own (port_place: where that belongs). Never repeats the host. */
MUST_CHECK int target_host_check(const char *host, const char *port_place, struct err *e);
/* An IPv4 or IPv6 address, with its zone if it has one (fe80::1%eth0). */
bool target_is_address(const char *text);

/* A variable's value, or its NAME_FILE's content, without its line end; *ret NULL when neither is set (empty or a service
 * variable counts as not set). Both set, an unreadable file, a control character: ERR_USAGE that names the variable. Owned:
 * target_wipe(). */
MUST_CHECK int
target_env_value(const struct target_env *env, const char *name, char **ret, struct err *e);
/* The variable alone; borrowed. */
const char *target_env_plain(const struct target_env *env, const char *name);
/* A file's content without its line end: one line, not empty. Errors name the path. */
MUST_CHECK int target_read_secret(const char *path, char **ret, struct err *e);
/* What a message may say of a path: the path, or words in its stead when it may be a secret that stands in the wrong place. */
const char *target_path_shown(const char *path);

/* From /etc/passwd alone: the release build has no name service switch. NULL when unknown; owned. */
char *target_os_user(void);
char *
target_home(const struct target_env *env); /* HOME, else of /etc/passwd; NULL when unknown; owned */

#endif
