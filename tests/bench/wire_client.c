/*
 * wire_client.c: the least that a client of PostgreSQL is, to measure migrate with nothing pending beside it: static, the
 * wire protocol by hand, over a unix socket with trust. It reads every file of the directory and the history table.
 *
 *     wire_client SOCKET USER DATABASE DIR TABLE
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

static void
send_all(int fd, const void *data, size_t n)
{
    if (write(fd, data, n) != (ssize_t)n)
        fail("write");
}

static void
read_all(int fd, void *to, size_t n)
{
    for (char *at = to; n > 0;) {
        ssize_t got = read(fd, at, n);
        if (got <= 0)
            fail("read");
        at += got;
        n -= (size_t)got;
    }
}

/* Messages until ReadyForQuery; returns the number of rows. */
static size_t
until_ready(int fd)
{
    static char body[1 << 16];
    size_t rows = 0;
    for (;;) {
        unsigned char head[5];
        uint32_t bytes;
        read_all(fd, head, sizeof(head));
        memcpy(&bytes, head + 1, sizeof(bytes));
        bytes = ntohl(bytes) - 4;
        if (head[0] == 'E' || bytes > sizeof(body)) {
            fprintf(stderr, "wire_client: the server refused\n");
            exit(1);
        }
        read_all(fd, body, bytes);
        rows += head[0] == 'D';
        if (head[0] == 'Z')
            return rows;
    }
}

static size_t
add(char *to, size_t at, const char *text)
{
    size_t n = strlen(text) + 1;
    memcpy(to + at, text, n);
    return at + n;
}

static void
set_length(char *at, size_t n)
{
    uint32_t bytes = htonl((uint32_t)n);
    memcpy(at, &bytes, sizeof(bytes));
}

static int
log_in(const char *path, const char *user, const char *database)
{
    char message[512];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const uint32_t version = htonl(196608);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(path);
    memcpy(message + 4, &version, sizeof(version));
    size_t n = add(message, 8, "user");
    n = add(message, n, user);
    n = add(message, n, "database");
    n = add(message, n, database);
    message[n++] = '\0';
    set_length(message, n);
    send_all(fd, message, n);
    until_ready(fd);
    return fd;
}

static size_t
read_files(const char *dir)
{
    static char block[1 << 16];
    size_t files = 0;
    DIR *d = opendir(dir);
    if (!d)
        fail(dir);
    for (struct dirent *entry; (entry = readdir(d));) {
        int fd = entry->d_name[0] == '.' ? -1 : openat(dirfd(d), entry->d_name, O_RDONLY);
        if (fd < 0)
            continue;
        while (read(fd, block, sizeof(block)) > 0)
            continue;
        close(fd);
        files++;
    }
    closedir(d);
    return files;
}

int
main(int argc, char **argv)
{
    char message[512];
    if (argc != 6)
        return 2;
    int fd = log_in(argv[1], argv[2], argv[3]);
    message[0] = 'Q';
    snprintf(message + 5, sizeof(message) - 5, "SELECT version, sha256 FROM %s", argv[5]);
    size_t bytes = strlen(message + 5) + 5;
    set_length(message + 1, bytes);
    send_all(fd, message, bytes + 1);
    size_t rows = until_ready(fd);
    size_t files = read_files(argv[4]);
    if (rows != files)
        fprintf(stderr, "wire_client: %zu rows, %zu files\n", rows, files);
    return rows != files;
}
