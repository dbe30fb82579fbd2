#include "tests/unit/fakes/opt_fixture.h"

static void
help_wins_and_is_per_command(void **state)
{
    (void)state;
    PARSE(a, "migrate --help");
    assert_int_equal(a.status, 0);
    assert_non_null(strstr(strbuf_str(&a.said.out), "migrate - apply SQL migrations\n"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "  migrate run -- CMD [ARG…]\n"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "--lock-wait DURATION"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "(default: 60s)"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "23                      bad input"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "how many (only for up)\n"));
    assert_null(strstr(strbuf_str(&a.said.out), "--empty"));
    PARSE(b, "migrate status --help --lock-wait 1s");
    assert_int_equal(b.status, 0);
    assert_non_null(strstr(strbuf_str(&b.said.out), "migrate status - what is applied"));
    assert_null(strstr(strbuf_str(&b.said.out), "--lock-wait"));
    assert_null(strstr(strbuf_str(&b.said.out), "(only"));
    PARSE(c, "migrate help status");
    assert_string_equal(strbuf_str(&c.said.out), strbuf_str(&b.said.out));
    PARSE(d, "migrate -h");
    assert_string_equal(strbuf_str(&d.said.out), strbuf_str(&a.said.out));
    PARSE(f, "migrate run x --help"); /* the wrapped command's */
    ASSERT_GO(f);
}

static void
help_fits_a_terminal(void **state)
{
    (void)state;
    PARSE(a, "migrate --help");
    size_t wide = 0;
    for (const char *s = strbuf_str(&a.said.out); *s; s++) {
        wide = *s == '\n' ? 0 : wide + (((unsigned char)*s & 0xC0) != 0x80);
        if (wide > 80)
            fail_msg("a line of help is longer than 80 columns");
    }
}

static void
the_version(void **state)
{
    (void)state;
    PARSE(a, "migrate --version");
    assert_int_equal(a.status, 0);
    assert_string_equal(strbuf_str(&a.said.out), "migrate " RR_VERSION "\n");
    PARSE(b, "migrate version");
    assert_string_equal(strbuf_str(&b.said.out), "migrate " RR_VERSION "\n");
    PARSE(c, "migrate -V");
    assert_string_equal(strbuf_str(&c.said.out), "migrate " RR_VERSION "\n");
}

static void
the_manual(void **state)
{
    (void)state;
    PARSE(a, "migrate --print-options=man");
    assert_int_equal(a.status, 0);
    static const char *const sections[] = {"NAME",        "SYNOPSIS", "DESCRIPTION",
                                           "COMMANDS",    "OPTIONS",  "ENVIRONMENT",
                                           "EXIT STATUS", "EXAMPLES", "SEE ALSO"};
    const char *at = strbuf_str(&a.said.out);
    assert_memory_equal(at, ".TH MIGRATE 1 ", 14);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        char heading[64];
        snprintf(heading, sizeof(heading), "\n.SH %s\n", sections[i]);
        at = strstr(at, heading);
        assert_non_null(at);
    }
    assert_non_null(strstr(strbuf_str(&a.said.out), "\\&.dots and \\-dashes \\e too."));
    assert_non_null(strstr(strbuf_str(&a.said.out), "Second \\fBbold\\fR."));
    assert_non_null(strstr(strbuf_str(&a.said.out), "Variable: \\fBMIGRATE_LOCK_WAIT\\fR"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "[\\fIARG\\fR\\[u2026]]"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "can be seen by every user"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "DATABASE_URL"));
    assert_null(strstr(strbuf_str(&a.said.out), "REDIS_URL"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "\nWhere the files are."));
    assert_non_null(strstr(strbuf_str(&a.said.out), "\nkind:LABEL, as typed.")); /* syntax */
}

static void
markdown_and_completion(void **state)
{
    (void)state;
    PARSE(a, "migrate --print-options markdown");
    assert_non_null(strstr(
        strbuf_str(&a.said.out),
        "| `--lock-wait DURATION` | `MIGRATE_LOCK_WAIT` | 60s | how long to wait for the lock "
        "(up, run) |\n"));
    for (size_t i = 0; i < opt_row_count(&program); i++) { /* each option has its row */
        const struct opt_row *row = opt_row_at(&program, i);
        char cell[80];
        char letter[8] = "";
        if (row->letter)
            snprintf(letter, sizeof(letter), "-%c, ", row->letter);
        snprintf(cell, sizeof(cell), "\n| `%s--%s%s", letter, row->name,
                 row->kind == OPT_BOOL ? "`" : " ");
        assert_int_equal(strstr(strbuf_str(&a.said.out), cell) != NULL, !(row->flags & OPT_HIDDEN));
    }
    PARSE(b, "migrate --print-options=bash");
    assert_non_null(strstr(strbuf_str(&b.said.out), "complete -F _migrate migrate\n"));
    assert_non_null(strstr(strbuf_str(&b.said.out), "up) options='--dir --lock-wait"));
    assert_non_null(
        strstr(strbuf_str(&b.said.out), "--out-of-order) path='' words='refuse apply' ;;"));
    assert_non_null(strstr(strbuf_str(&b.said.out), "-n | --steps) words='' path='' ;;"));
    assert_non_null(strstr(strbuf_str(&b.said.out), "words='' path='' wraps=1 ;;"));
    PARSE(zsh, "migrate --print-options=zsh");
    assert_memory_equal(strbuf_str(&zsh.said.out), "#compdef migrate\n", 17);
    assert_non_null(strstr(strbuf_str(&zsh.said.out), "'(-n --steps)-n+[how many]:N: ' \\\n"));
    assert_non_null(
        strstr(strbuf_str(&zsh.said.out), "'*--label=[kind\\:LABEL, as typed]:TEXT: '"));
    PARSE(fish, "migrate --print-options=fish");
    assert_non_null(
        strstr(strbuf_str(&fish.said.out),
               "complete -c migrate -n '__migrate_at up' -s n -l steps -x -d 'how many'\n"));
    assert_non_null(strstr(strbuf_str(&fish.said.out), "__migrate_at run wrapped"));
    PARSE(c, "migrate --print-options=mna");
    ASSERT_REFUSED(
        c,
        "--print-options: 'mna' is not one of man, markdown, bash, zsh, fish; did you mean man?");
    PARSE(d, "migrate --print-formats");
    assert_non_null(strstr(strbuf_str(&d.said.out), "| `time` |"));
    assert_non_null(strstr(strbuf_str(&d.said.out), "| `log_dropped` | dropped | "));
    assert_non_null(
        strstr(strbuf_str(&d.said.out), "| `applied` | version, name | each migration |\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_wins_and_is_per_command),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(the_version),
        cmocka_unit_test(the_manual),
        cmocka_unit_test(markdown_and_completion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
