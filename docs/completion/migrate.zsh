#compdef migrate
# Completion of migrate for zsh, as migrate --print-options=zsh prints it.

# The words given; one that ends in = goes on, one that ends in : goes on with a path.
_migrate_offer() {
    local word ret=1
    for word; do
        if [[ $word == *: ]] && compset -P $word; then
            _files
            return
        fi
    done
    compadd -- ${@:#*[=:]} && ret=0
    compadd -S '' -- ${(M)@:#*[=:]} && ret=0
    return ret
}

_migrate_up() {
    _arguments -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--allow-empty[accept a directory that is missing or contains no migrations]' \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--lock-wait=[how long to wait while another runner holds migrate'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried]:DURATION: ' \
        '--statement-timeout=[statement_timeout for migrations]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version that is lower than an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[whether applied versions above the newest file (after reverting to an older release) are allowed]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files to apply\: those with phase=contract only with contract or all]:WORD: _migrate_offer expand contract all' \
        '--to=[stop after this version]:V: ' \
        '--steps=[apply at most N migrations]:N: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[show what would be applied, without changing anything]' \
        '--rehearse[the same as the command rehearse\: do it, show what it locks, and roll it back]' \
        '--max-blocking=[rehearse\: how long a file may keep reads of a table waiting; longer is exit 25]:DURATION: ' \
        '--role=[role to SET for each file; the history table is also created, read and written as this role]:ROLE: ' \
        '--search-path=[search_path for each file, written as after SET search_path =]:PATH: ' \
        '--release=[name of the release, stored in the history with each migration]:NAME: ' \
        '--json[print JSON]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_migrate_down() {
    _arguments -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--lock-wait=[how long to wait while another runner holds migrate'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried]:DURATION: ' \
        '--statement-timeout=[statement_timeout for migrations]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[show what would be applied, without changing anything]' \
        '--role=[role to SET for each file; the history table is also created, read and written as this role]:ROLE: ' \
        '--search-path=[search_path for each file, written as after SET search_path =]:PATH: ' \
        '--json[print JSON]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--to=[down\: revert to this version, which stays applied; 0\: revert all]:V: ' \
        '--steps=[down\: revert the N highest applied versions]:N: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_migrate_rehearse() {
    _arguments -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--allow-empty[accept a directory that is missing or contains no migrations]' \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--lock-wait=[how long to wait while another runner holds migrate'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried]:DURATION: ' \
        '--statement-timeout=[statement_timeout for migrations]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version that is lower than an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[whether applied versions above the newest file (after reverting to an older release) are allowed]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files to apply\: those with phase=contract only with contract or all]:WORD: _migrate_offer expand contract all' \
        '--to=[stop after this version]:V: ' \
        '--steps=[apply at most N migrations]:N: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[show what would be applied, without changing anything]' \
        '--max-blocking=[rehearse\: how long a file may keep reads of a table waiting; longer is exit 25]:DURATION: ' \
        '--role=[role to SET for each file; the history table is also created, read and written as this role]:ROLE: ' \
        '--search-path=[search_path for each file, written as after SET search_path =]:PATH: ' \
        '--release=[name of the release, stored in the history with each migration]:NAME: ' \
        '--json[print JSON]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_migrate_status() {
    _arguments -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--allow-empty[accept a directory that is missing or contains no migrations]' \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version that is lower than an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[whether applied versions above the newest file (after reverting to an older release) are allowed]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files to apply\: those with phase=contract only with contract or all]:WORD: _migrate_offer expand contract all' \
        '--role=[role to SET for each file; the history table is also created, read and written as this role]:ROLE: ' \
        '--json[print JSON]' \
        '--exit-code[exit with status 1 if a migration is pending]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_migrate_baseline() {
    _arguments -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--lock-wait=[how long to wait while another runner holds migrate'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[show what would be applied, without changing anything]' \
        '--role=[role to SET for each file; the history table is also created, read and written as this role]:ROLE: ' \
        '--release=[name of the release, stored in the history with each migration]:NAME: ' \
        '--json[print JSON]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:V: '
}

_migrate_repair() {
    _arguments -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--lock-wait=[how long to wait while another runner holds migrate'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[show what would be applied, without changing anything]' \
        '--role=[role to SET for each file; the history table is also created, read and written as this role]:ROLE: ' \
        '--json[print JSON]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--dirty=[what became of a version that another tool has marked as dirty or failed]:WORD: _migrate_offer leave applied reverted' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*:\[V...\]: '
}

_migrate_check() {
    _arguments -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--allow-empty[accept a directory that is missing or contains no migrations]' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--json[print JSON]' \
        '--since=[report lock hazards only in files above version V, which are assumed not to be applied yet]:V: ' \
        '--format=[output format; github prints annotations for a pull request, --json is short for json]:WORD: _migrate_offer text json github' \
        '--rules[print the rules for lock hazards as Markdown and exit]' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:\[DIR\]:_path_files -/'
}

_migrate_split() {
    _arguments -S -s \
        '--json[print JSON]' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:FILE:_files'
}

_migrate_wait() {
    _arguments -S -s \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--json[print JSON]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_migrate_run() {
    _arguments -S -s \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--lock-wait=[how long to wait while another runner holds migrate'\''s lock]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--ahead=[whether applied versions above the newest file (after reverting to an older release) are allowed]:WORD: _migrate_offer allow refuse' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--export-url=[set this variable for the command\: a URL that contains all connection settings]:VAR\[=SCHEME\]: ' \
        '--tool=[which migrator the command is; auto\: determined from the command line]:WORD: _migrate_offer auto none alembic django rails doctrine prisma knex' \
        '--grace=[time between TERM and KILL, after a signal or the deadline]:DURATION: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '(-)1:command:_command_names -e' \
        '*::argument: _normal'
}

_migrate_copy() {
    _arguments -S -s \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:DEST:_files'
}

_migrate_version() {
    _arguments -S -s \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_migrate_commands() {
    local ret=1
    local -a names=(
        'up:apply pending migrations'
        'down:revert applied migrations with their .down.sql files; --to or --steps says how far'
        'rehearse:do what up would do, show what it locks and for how long, and roll it back'
        'status:show applied, pending, ahead, drifted and late migrations, and who holds the lock'
        'baseline:record the files up to version V as applied, and run none of them'
        'repair:accept changes to applied files by updating their recorded digests'
        'check:check files without a database\: names, splitting, transactions, lock hazards'
        'split:print the statements of a file as they are sent to the server'
        'wait:wait until the database accepts connections and has the wanted role'
        'run:run another migrator under the same lock, with the same deadline and exit statuses'
        'copy:copy this program to DEST, atomically and with mode 755'
        'version:print the version'
    )
    (( given[(Ie)--] )) || _describe -t commands 'migrate command' names && ret=0
    return ret
}

_migrate() {
    local curcontext=$curcontext state line ret=1
    local -a given=($words)
    typeset -A opt_args
    _arguments -C -S -s \
        '--dir=[directory that contains the migrations]:DIR:_path_files -/' \
        '--allow-empty[accept a directory that is missing or contains no migrations]' \
        '--database=[where PostgreSQL is, as a URL or DSN (default\: DATABASE_URL and the like)]:URL: ' \
        '--table=[history table; created if it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history\: migrate'\''s own, or another tool'\''s]:WORD: _migrate_offer auto native golang dbmate goose flyway sqlx' \
        '--wait=[how long to wait for the database to accept connections; 0\: a single attempt]:DURATION: ' \
        '--lock-wait=[how long to wait while another runner holds migrate'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried]:DURATION: ' \
        '--statement-timeout=[statement_timeout for migrations]:DURATION: ' \
        '--deadline=[limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version that is lower than an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[whether applied versions above the newest file (after reverting to an older release) are allowed]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files to apply\: those with phase=contract only with contract or all]:WORD: _migrate_offer expand contract all' \
        '--to=[stop after this version]:V: ' \
        '--steps=[apply at most N migrations]:N: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[show what would be applied, without changing anything]' \
        '--rehearse[the same as the command rehearse\: do it, show what it locks, and roll it back]' \
        '--max-blocking=[rehearse\: how long a file may keep reads of a table waiting; longer is exit 25]:DURATION: ' \
        '--role=[role to SET for each file; the history table is also created, read and written as this role]:ROLE: ' \
        '--search-path=[search_path for each file, written as after SET search_path =]:PATH: ' \
        '--release=[name of the release, stored in the history with each migration]:NAME: ' \
        '--json[print JSON]' \
        '--exit-code[exit with status 1 if a migration is pending]' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--dirty=[what became of a version that another tool has marked as dirty or failed]:WORD: _migrate_offer leave applied reverted' \
        '--since=[report lock hazards only in files above version V, which are assumed not to be applied yet]:V: ' \
        '--format=[output format; github prints annotations for a pull request, --json is short for json]:WORD: _migrate_offer text json github' \
        '--rules[print the rules for lock hazards as Markdown and exit]' \
        '--export-url=[set this variable for the command\: a URL that contains all connection settings]:VAR\[=SCHEME\]: ' \
        '--tool=[which migrator the command is; auto\: determined from the command line]:WORD: _migrate_offer auto none alembic django rails doctrine prisma knex' \
        '--grace=[time between TERM and KILL, after a signal or the deadline]:DURATION: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _migrate_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _migrate_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _migrate_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '(-)1: :_migrate_commands' \
        '*:: :->rest' && ret=0
    [[ $state == rest ]] || return ret
    if [[ $words[1] == -- ]]; then # it stays when no option stands before it
        shift words
        (( CURRENT-- ))
    fi
    if (( ! given[(Ie)--] || given[(Ie)$words[1]] < given[(Ie)--] )); then
        case $words[1] in
        up | down | rehearse | status | baseline | repair | check | split | wait | run | copy | version)
            _migrate_$words[1]
            return
            ;;
        esac
    fi
}

if [[ $funcstack[1] == _migrate ]]; then
    _migrate "$@"
else
    compdef _migrate migrate
fi
