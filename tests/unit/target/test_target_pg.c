/* PostgreSQL targets: one row per spelling. */
#include "tests/unit/fakes/target_pg_fixture.h"

struct good {
    const char *database;
    const char *env;
    const char *describe;
    const char *params; /* "keyword=value|…" of the first host */
};

static const struct good goods[] = {
    /* URLs */
    {"postgres://app@db/shop", "", "postgres://app@db:5432/shop",
     "host=db|port=5432|user=app|password="},
    {"postgresql://app:s3c%20t@db:6432/shop", "", "postgres://app@db:6432/shop", "password=s3c t"},
    {"postgresql+asyncpg://app@db/shop", "", "postgres://app@db:5432/shop", ""},
    {"postgresql+psycopg2://app@db/shop", "", "postgres://app@db:5432/shop", ""},
    {"POSTGRES://app@db/shop", "", "postgres://app@db:5432/shop", ""},
    {"jdbc:postgresql://db:5433/shop?user=app&password=x", "", "postgres://app@db:5433/shop",
     "password=x"},
    {"jdbc:postgresql:shop?user=app", "", "postgres://app@/shop", "host="},
    {"postgres://app@db", "", "postgres://app@db:5432/app", "dbname=app"},
    {"postgres://app@db/", "", "postgres://app@db:5432/app", ""},
    {"postgres://app@a:1,b,[::1]:3/shop", "", "postgres://app@a:1,b:5432,[::1]:3/shop",
     "host=a|port=1"},
    {"postgres://app@[fe80::1%25eth0]/shop", "", "postgres://app@[fe80::1%eth0]:5432/shop",
     "host=fe80::1%eth0"},
    {"postgres:///shop?host=/run/postgresql&user=app", "",
     "postgres://app@/shop?host=/run/postgresql", "host=/run/postgresql|hostaddr="},
    {"postgres://app@%2Frun%2Fpg:6000/shop", "", "postgres://app@:6000/shop?host=/run/pg",
     "host=/run/pg|port=6000"},
    {"postgresql+psycopg://app@/shop?host=h1:5433&host=h2:5434", "",
     "postgres://app@h1:5433,h2:5434/shop", "port=5433"},
    {"postgres://app@h/shop?host=other", "", "postgres://app@h:5432,other:5432/shop", ""},
    {"postgres://a%40b:p%23%3A@db/s%2Fx", "", "postgres://a%40b@db:5432/s%2Fx",
     "user=a@b|password=p#:|dbname=s/x"},
    {"postgres://app:a:b@db/shop", "", "postgres://app@db:5432/shop", "password=a:b"},
    {"postgres://app@db/shop?hostaddr=127.0.0.1", "", "postgres://app@db:5432/shop",
     "hostaddr=127.0.0.1|host=db"},
    {"postgres://app@/shop?hostaddr=127.0.0.1", "", "postgres://app@127.0.0.1:5432/shop",
     "host=127.0.0.1"},
    /* parameters of drivers and frameworks */
    {"postgres://app@db/shop?ssl=require", "", "postgres://app@db:5432/shop", "sslmode=require"},
    {"postgres://app@db/shop?ssl=true", "", "postgres://app@db:5432/shop", "sslmode=require"},
    {"postgres://app@db/shop?ssl=0", "", "postgres://app@db:5432/shop", "sslmode=disable"},
    {"postgres://app@db/shop?ssl=true&sslmode=verify-ca", "", "postgres://app@db:5432/shop",
     "sslmode=verify-ca"},
    {"postgres://app@db/shop?sslmode=verify-ca&ssl=true", "", "postgres://app@db:5432/shop",
     "sslmode=verify-ca"},
    {"postgres://app@db/shop?sslMode=require", "", "postgres://app@db:5432/shop",
     "sslmode=require"},
    {"postgres://app@db/shop?sslmode=no-verify", "", "postgres://app@db:5432/shop",
     "sslmode=require"},
    {"postgres://app@db/shop?sslaccept=strict&sslmode=require", "", "postgres://app@db:5432/shop",
     "sslmode=verify-full"},
    {"postgres://app@db/shop?pool=5&reaping_frequency=10&prepared_statements=false", "",
     "postgres://app@db:5432/shop", "sslmode=prefer|gssencmode=disable|client_encoding=UTF8"},
    {"postgres://app@db/shop?schema=public&connection_limit=1&pgbouncer=true", "",
     "postgres://app@db:5432/shop", "options="},
    {"postgres://app@db/shop?schema=My+App x", "", "postgres://app@db:5432/shop",
     "options=-c search_path=\"My+App\\ x\""},
    {"postgres://app@db/shop?currentSchema=a,b&options=-c%20x%3D1", "",
     "postgres://app@db:5432/shop", "options=-c x=1 -c search_path=a,b"},
    {"postgres://app@db/shop?serverVersion=16&charset=utf8", "", "postgres://app@db:5432/shop", ""},
    {"postgres://app@db/shop?x-migrations-table=m&pool_max_conns=4", "",
     "postgres://app@db:5432/shop", ""},
    {"postgres://app@a,b/shop?targetServerType=primary", "", "postgres://app@a:5432,b:5432/shop",
     "target_session_attrs=primary"},
    {"postgres://app@db/shop?application_name=mine&connect_timeout=3", "",
     "postgres://app@db:5432/shop", "application_name=test|connect_timeout="},
    {"postgres://app@db/shop?keepalives_idle=7", "", "postgres://app@db:5432/shop",
     "keepalives=1|keepalives_idle=7"},
    /* DSNs */
    {"host=db port=6432 dbname=shop user=app password='it\\'s a'", "",
     "postgres://app@db:6432/shop", "password=it's a"},
    {"host = db  dbname= 'my shop' user =app", "", "postgres://app@db:5432/my%20shop",
     "dbname=my shop"},
    {"user=app host=a,b port=1,2 dbname=x", "", "postgres://app@a:1,b:2/x", ""},
    {"user=app host=a,b port=7 dbname=x", "", "postgres://app@a:7,b:7/x", ""},
    {"user=app password=a\\ b\\\\ host=db", "", "postgres://app@db:5432/app", "password=a b\\"},
    {"pgsql:host=db;port=5433;dbname=shop;user=app;password=x y", "PGUSER=u", NULL, NULL},
    {"pgsql:host=db;port=5433;dbname=shop", "DATABASE_USER=app\nDATABASE_PASSWORD=pw",
     "postgres://app@db:5433/shop", "password=pw"},
    {"pgsql://app@db/shop", "", "postgres://app@db:5432/shop", ""},
    {"host='' user=app dbname=x", "", "postgres://app@/x", "host="},
    {"host=/cloudsql/p:r-1:i user=app dbname=x", "", "postgres://app@/x?host=/cloudsql/p:r-1:i",
     "host=/cloudsql/p:r-1:i"},
    {"host=fe80::1%eth0 user=app dbname=x", "", "postgres://app@[fe80::1%eth0]:5432/x", ""},
    {"host=db user=app@server dbname=x sslkey=pkcs11:id", "", "postgres://app%40server@db:5432/x",
     "user=app@server|sslkey=pkcs11:id"},
    /* sources */
    {NULL, "DATABASE_URL=postgres://app@db/shop", "postgres://app@db:5432/shop", ""},
    {NULL, "DATABASE_DSN=host=db user=app dbname=shop", "postgres://app@db:5432/shop", ""},
    {NULL,
     "DATABASE_HOST=db\nDATABASE_NAME=shop\nDATABASE_USER=app\nDATABASE_PASSWORD=p\nDATABASE_PORT=1",
     "postgres://app@db:1/shop", "password=p"},
    {NULL,
     "PGHOST=db\nPGUSER=app\nPGDATABASE=shop\nPGPASSWORD=p\nPGSSLMODE=require\nPGOPTIONS=-c a=b",
     "postgres://app@db:5432/shop", "password=p|sslmode=require|options=-c a=b"},
    {NULL, "PGDATABASE=shop\nPGUSER=app", "postgres://app@/shop", ""},
    {NULL, "PGHOSTADDR=127.0.0.1\nPGUSER=app", "postgres://app@127.0.0.1:5432/app", ""},
    {"postgres://one@flag/x", "DATABASE_URL=postgres://two:pw@url:7/y", "postgres://one@flag:7/x",
     "password=pw"},
    {NULL,
     "DATABASE_URL=postgres://u@url/x\nDATABASE_HOST=parts\nPGHOST=pg\nPGHOSTADDR=10.0.0.1\nPGPASSWORD=p",
     "postgres://u@url:5432/x", "host=url|hostaddr=|password=p"},
    {"postgres://u@flag:7/x", "DATABASE_HOST=db:5432\nDATABASE_PORT=x\nPGPORT=y",
     "postgres://u@flag:7/x", "host=flag"}, /* what is not asked is not judged */
    {NULL, "DATABASE_USER=app\nDATABASE_PASSWORD=p\nPGHOST=db\nPGUSER=other\nPGDATABASE=shop",
     "postgres://app@db:5432/shop", "password=p"},
    {"dbname=other", "DATABASE_URL=postgres://app@db/shop", "postgres://app@db:5432/other", ""},
    {"postgres://app@db/shop", "DATABASE_URL=mysql://u:p@h/x", "postgres://app@db:5432/shop",
     "password="},
    {NULL, "DATABASE_URL=\nPGHOST=db\nPGUSER=app", "postgres://app@db:5432/app", ""},
    {NULL, "DATABASE_PORT=tcp://10.0.0.7:5432\nDATABASE_HOST=db\nDATABASE_USER=app",
     "postgres://app@db:5432/app", ""},
    {NULL, "PGHOST=a,b\nPGUSER=app\nPGTARGETSESSIONATTRS=read-write",
     "postgres://app@a:5432,b:5432/app", "target_session_attrs=read-write"},
};

static void
test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        const struct good *g = &goods[i];
        struct err e;
        struct target_pg *t = load(g->database, g->env, &e);
        if (!g->describe) { /* a password cut by a space is an unknown keyword */
            assert_null(t);
            continue;
        }
        if (!t)
            fail_msg("row %zu (%s): %s", i, g->describe, e.msg);
        assert_string_equal(target_pg_describe(t), g->describe);
        char params[256];
        snprintf(params, sizeof(params), "%s", g->params);
        char *rest = NULL;
        for (char *p = strtok_r(params, "|", &rest); p; p = strtok_r(NULL, "|", &rest)) {
            char *equals = strchr(p, '=');
            *equals = '\0';
            if (strcmp(param(t, p), equals + 1) != 0) {
                fail_msg("row %zu (%s): %s is \"%s\", not \"%s\"", i, g->describe, p, param(t, p),
                         equals + 1);
            }
        }
        target_pg_free(t);
    }
}

/* A name is told where it can be no piece of a password. */
static void
test_unknown_names(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"postgres://u:p@h/x?sslmod=require",
         "unknown parameter sslmod at character 20; did you mean sslmode?"},
        {"postgres://h/x?wibble=1&password=y", "unknown parameter wibble at character 16"},
        {"host=h wibble=1 password=y", "unknown keyword wibble at character 8"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e;
        assert_null(load(rows[i][0], "", &e));
        if (!strstr(e.msg, rows[i][1]))
            fail_msg("row %zu: %s", i, e.msg);
    }
}

/* Drivers take settings of the session, too: migrate sends them, a check leaves them out. */
static void
test_settings(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"host=h user=g password=g dbname=g sslmode=disable TimeZone=Asia/Shanghai",
         "-c timezone=Asia/Shanghai"},
        {"postgres://u@h/x?TimeZone=UTC&DateStyle=ISO,%20DMY&readOnly=true&options=-c%20a%3Db",
         "-c a=b -c timezone=UTC -c datestyle=ISO,\\ DMY -c default_transaction_read_only=true"},
        {"postgres://u@h/x?statement_timeout=5000&lock_timeout=1s&search_path=a",
         "-c search_path=a"},
        {"postgres://u@h/x?options[search_path]=a,b&options%5BTimeZone%5D=UTC",
         "-c search_path=a,b -c timezone=UTC"},
    };
    static const char *const left_out[] = {"", "-c a=b", "-c search_path=a", "-c search_path=a,b"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e;
        struct target_pg *t = load(rows[i][0], "", &e);
        if (!t)
            fail_msg("row %zu: %s", i, e.msg);
        assert_string_equal(param(t, "options"), left_out[i]);
        target_pg_send_settings(t);
        assert_string_equal(param(t, "options"), rows[i][1]);
        assert_int_equal(target_pg_refresh(t, &e), 0);
        assert_string_equal(param(t, "options"), rows[i][1]);
        assert_string_equal(param(t, "timezone"), "");
        target_pg_free(t);
    }
    struct err e;
    struct target_pg *t = load(rows[2][0], "", &e);
    assert_string_equal(target_pg_get(t, "statement_timeout"), "5000");
    target_pg_free(t);
}

struct bad {
    const char *database;
    const char *env;
    const char *error; /* a piece of the message */
};

static const struct bad bads[] = {
    {"postgres://u@h/x?options[password]=SECRET", "", "--database: unknown parameter"},
    {"postgres://u@h/x?options[search_path=a", "", "--database: unknown parameter"},
    {"postgres://u@h/x?options[]=SECRET", "", "--database: unknown parameter"},
    {"postgres://u@h/x?options[a123456789b123456789c123456789d12345678]=SECRET", "",
     "--database: unknown parameter"},
    {"postgres://u@h/x?options[a123456789b123456789c123456789d123456789]=SECRET", "",
     "--database: unknown parameter"},
    {"postgres://u@h/x?password_file=/nonexistent/pw", "", "/nonexistent/pw"},
    {"host=h user=u password_file=/nonexistent/pw", "", "/nonexistent/pw"},
    {NULL, "", "nothing named"},
    {NULL, "DATABASE_USER=app\nPGUSER=x\nPGPASSWORD=y", "nothing named"},
    {NULL, "PG_SERVICE_HOST=1\nDATABASE_SERVICE_HOST=2\nDATABASE_PORT=tcp://1.2.3.4:5",
     "nothing named"},
    {"mysql://u:SECRET@h/x", "", "--database: mysql is not a scheme of PostgreSQL"},
    {"jdbc:mysql://u:SECRET@h/x", "", "jdbc:mysql is not"},
    {NULL, "DATABASE_URL=sqlite:///SECRET", "DATABASE_URL: sqlite is not"},
    {"postgres://u:SEC/RET@h/x", "", "the database name contains \"@\" at character 21"},
    {"postgres://u:SEC?RET=@h", "", "port at character 14"},
    {"postgres://u:SEC@RET@h/x", "", "more than one @"},
    {"postgres://u:SECRET%4@h/x", "", "invalid %-escape at character 20"},
    {"postgres://u:SECRET%00@h/x", "", "invalid %-escape"},
    {"postgres://u:SECRET@h:99999/x", "", "port at character 23"},
    {"postgres://u:SECRET@h:0/x", "", "port"},
    {"postgres://u:SECRET@[::1]5432/x", "", "port"},
    {"postgres://u:SECRET@h/x/y", "", "contains \"/\""},
    {"postgres:SECRET", "", "expected //"},
    {"postgres://h/x?SECRET", "", "has no \"=\""},
    {"postgres://h/x?sslmod=SECRET", "", "did you mean sslmode?"},
    {"postgres://h/x?password=x&SECRETSECRET=1", "", "unknown parameter at character 27"},
    {"postgres://u:1?SECRET=x@h/x", "", "unknown parameter at character 16"},
    {"postgres://h/x?S3CRET=1", "", "unknown parameter at character 16"},
    {"host=h password=a SECRET=b", "", "unknown keyword at character 19"},
    {"postgres://h/x?socketFactory=SECRET", "", "socketfactory is not supported"},
    {"postgres://h/x?sslmode=SECRET", "",
     "sslmode is not one of disable, allow, prefer, require, verify-ca, verify-full"},
    {"postgres://h/x?target_session_attrs=SECRET", "",
     "target_session_attrs is not one of any, read-write"},
    {"host=h pasword=SECRET", "", "did you mean password?"},
    {"host=h password=a SECRET", "", "expected keyword=value at character 19"},
    {"host=h password='SECRET", "", "is unterminated"},
    {"host=h ssl=true", "", "unknown keyword ssl at character 8"},
    {"SECRET", "", "neither a URL"},
    {"host=a,b port=1,2,3 user=u", "", "3 ports, but 2 hosts"},
    {"host=a,b hostaddr=127.0.0.1 user=u", "", "2 hosts, but 1 host addresses"},
    {NULL, "DATABASE_HOST=h\nDATABASE_PORT=SECRET", "DATABASE_PORT: port is not a number"},
    {NULL, "DATABASE_URL=postgres://h/x\nDATABASE_URL_FILE=/x",
     "DATABASE_URL and DATABASE_URL_FILE are both set"},
    {NULL, "PGPASSWORD_FILE=/nonexistent/pw\nPGHOST=h",
     "PGPASSWORD_FILE: cannot read /nonexistent/pw"},
    {NULL, "PGPASSWORD_FILE=/\nPGHOST=h", "not a regular file"},
    {"postgres:///x?host=/run/pg&user=u", "PGHOSTADDR=127.0.0.1", "unset PGHOSTADDR"},
    {NULL, "PGSERVICE=nosuch\nPGSERVICEFILE=/nonexistent/f\nPGSYSCONFDIR=/nonexistent",
     "service nosuch was found neither in"},
    {"postgres://h/x?sslrootcert=system&sslmode=require&user=u", "", "sslmode=verify-full"},
    {"postgres://h/x?user=u", "PGSSLMODE=SECRET", "PGSSLMODE: sslmode is not one of"},
    /* in the wrong place */
    {NULL, "DATABASE_HOST=postgres://app:SECRET@127.0.0.1:1/x",
     "DATABASE_HOST: the host is a URL or part of one"},
    {NULL, "PGHOST=app:SECRET@h", "PGHOST: the host is a URL"},
    {NULL, "PGHOST=SECRET@h", "PGHOST: the host is a URL"},
    {NULL, "DATABASE_HOST=a,//u:SECRET@h/x", "DATABASE_HOST: the host is a URL"},
    {NULL, "DATABASE_HOST=h/SECRET", "DATABASE_HOST: the host is neither a name"},
    {NULL, "DATABASE_HOST=db:5432\nDATABASE_USER=u",
     "DATABASE_HOST: the host is followed by a port, which belongs in DATABASE_PORT"},
    {NULL, "DATABASE_HOST=[::1]",
     "DATABASE_HOST: the host is in brackets, which are used for IPv6"},
    {NULL, "PGHOST=[::1]:5432", "PGHOST: the host is in brackets"},
    {NULL, "PGHOST=a,db:5432", "PGHOST: the host is followed by a port"},
    {NULL, "DATABASE_HOST=host=h password=SECRET", "DATABASE_HOST: the host is neither"},
    {NULL, "DATABASE_HOST=h\nDATABASE_NAME=postgres://app:SECRET@h/x",
     "DATABASE_NAME: dbname is a connection string, or part of one"},
    {NULL, "DATABASE_HOST=h\nDATABASE_USER=app:SECRET@h", "DATABASE_USER: user is a connection"},
    {NULL, "PGHOSTADDR=SECRET", "PGHOSTADDR: hostaddr is not an IP address"},
    {NULL, "PGHOST=h\nPGOPTIONS=host=x password=SECRET", "PGOPTIONS: options is a connection"},
    {NULL, "PGHOST=h\nPGUSER=u\nPGTZ=app:SECRET@h", "PGTZ is a connection string"},
    {NULL, "PGSERVICE=postgres://app:SECRET@h/x", "PGSERVICE: service is a connection"},
    {NULL, "PGHOST=h\nPGUSER=u\nPGSSLROOTCERT=SECRET", "sslrootcert is neither an absolute path"},
    {NULL, "PGHOST=h\nPGUSER=u\nPGPASSFILE=SECRET", "passfile is neither an absolute path"},
    {NULL, "PGHOST=h\nPGSSLMINPROTOCOLVERSION=SECRET", "ssl_min_protocol_version is not one of"},
    {NULL, "PGHOST=h\nPGREQUIREAUTH=!SECRET", "PGREQUIREAUTH: require_auth contains an unknown"},
    {NULL, "PGSERVICE=s\nPGSERVICEFILE=//u:SECRET@h",
     "service s was found neither in the named file"},
    {"postgres://h/x?sslrootcert=redis://:SECRET@h", "", "sslrootcert is a connection string"},
    {"postgres://u%2F:SECRET%40h/x", "", "port"},
    {"postgres://h%2F%2Fu:1/x", "", "the host is neither"},
    {"postgres://h/x?user=app:SECRET@h", "", "user is a connection string"},
    {"host=app:SECRET@db user=u", "", "the host is a URL"},
    {"host=db keepalives_idle=SECRET", "", "keepalives_idle is not a whole number"},
};

static void
test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        struct err e;
        struct target_pg *t = load(bads[i].database, bads[i].env, &e);
        if (t || !strstr(e.msg, bads[i].error) || strstr(e.msg, "SEC") || strstr(e.msg, "RET"))
            fail_msg("row %zu (%s): got \"%s\"", i, bads[i].error, e.msg);
    }
}

/* ---- line ends and control characters, of variables and of files ---- */

static const char *
one_variable(const char *name, void *arg)
{
    const char *const *pair = arg;
    return strcmp(name, pair[0]) == 0 ? pair[1] : strcmp(name, "PGUSER") == 0 ? "u" : NULL;
}

static void
test_line_ends(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *describe, *error;
    } rows[] = {
        {"DATABASE_HOST", "db\n", "postgres://u@db:5432/u", NULL},
        {"DATABASE_HOST", "db\r\n", "postgres://u@db:5432/u", NULL},
        {"DATABASE_URL", "postgres://a@db/x\n", "postgres://a@db:5432/x", NULL},
        {"DATABASE_DSN", "host=db dbname=x\n", "postgres://u@db:5432/x", NULL},
        {"PGHOST", "\n", NULL, "nothing named"},
        {"PGHOST", "db\n\n", NULL, "PGHOST contains more than one line of text"},
        {"PGHOST", "d\tb", NULL, "PGHOST holds a control character (U+0009) at byte 2"},
        {"DATABASE_URL", "postgres://a:SECRET\x7f@db/x", NULL, "DATABASE_URL holds a control"},
        {"DATABASE_URL", "\xEF\xBB\xBFpostgres://a:SECRET@db/x", NULL,
         "DATABASE_URL begins with a byte order mark"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *pair[2] = {rows[i].name, rows[i].value};
        struct target_env env = {one_variable, pair};
        struct target_pg *t = NULL;
        struct err e = {0};
        int rc = target_pg_load(NULL, &env, &t, &e);
        if (rc == 0 && !t)
            snprintf(e.msg, sizeof(e.msg), "nothing named");
        if (rows[i].describe ? !t || strcmp(target_pg_describe(t), rows[i].describe) != 0
                             : t || !strstr(e.msg, rows[i].error) || strstr(e.msg, "SECRET"))
            fail_msg("row %zu: got \"%s\"", i, t ? target_pg_describe(t) : e.msg);
        target_pg_free(t);
    }
}

/* "db.ns.svc.cluster.local." saves the search list; a certificate's names have no final dot. */
static void
test_final_dot(void **state)
{
    (void)state;
    struct err e;
    struct target_pg *t = NULL;
    assert_int_equal(target_pg_parse("postgres://u:p@db.test./d?sslmode=verify-full", &t, &e), 0);
    assert_string_equal(param(t, "host"), "db.test");
    target_pg_free(t);
    assert_int_equal(target_pg_parse("postgres://u:p@db.test./d?sslmode=require", &t, &e), 0);
    assert_string_equal(param(t, "host"), "db.test.");
    target_pg_free(t);
    assert_int_equal(target_pg_parse("postgres://u:p@./d?sslmode=verify-full", &t, &e), 0);
    assert_string_equal(param(t, "host"), "."); /* all that there is */
    target_pg_free(t);
    for (int len = 254; len <= 256; len++) { /* 255 bytes are more than any name has */
        char name[300] = "";
        char url[400];
        memset(name, 'a', (size_t)len);
        name[len - 1] = '.';
        snprintf(url, sizeof(url), "postgres://u:p@%s/d?sslmode=verify-full", name);
        assert_int_equal(target_pg_parse(url, &t, &e), 0);
        assert_int_equal(strlen(param(t, "host")), len <= 255 ? len - 1 : len);
        target_pg_free(t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_bad),
        cmocka_unit_test(test_unknown_names), cmocka_unit_test(test_settings),
        cmocka_unit_test(test_line_ends),     cmocka_unit_test(test_final_dot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
