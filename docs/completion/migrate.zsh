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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--allow-empty[a directory without migrations, or none at all, is no error]' \
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history; native is the only one that this version handles]:WORD: _migrate_offer auto native' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--lock-wait=[how long to wait for another runner'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout of a migration'\''s transaction; then it rolls back and tries again]:DURATION: ' \
        '--statement-timeout=[statement_timeout of the migrations]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version below an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[applied versions above the newest file (a rollback by git)\: allowed or an error]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files are wanted\: those with phase=contract wait for contract or all]:WORD: _migrate_offer expand contract all' \
        '--to=[up to this version, and no further]:V: ' \
        '--steps=[at most so many migrations]:N: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[say what would be applied; change nothing]' \
        '--rehearse[the same as the command rehearse\: do it, show what it locks, and roll it back]' \
        '--max-blocking=[rehearse\: how long a file may keep reads of a table waiting; longer is exit 25]:DURATION: ' \
        '--role=[SET ROLE for each file; the history is made, read and written as that role, too]:ROLE: ' \
        '--search-path=[search_path for each file, as one would write it after SET search_path =]:PATH: ' \
        '--release=[stored with each row\: which release brought it]:NAME: ' \
        '--json[print JSON]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history; native is the only one that this version handles]:WORD: _migrate_offer auto native' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--lock-wait=[how long to wait for another runner'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout of a migration'\''s transaction; then it rolls back and tries again]:DURATION: ' \
        '--statement-timeout=[statement_timeout of the migrations]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[say what would be applied; change nothing]' \
        '--role=[SET ROLE for each file; the history is made, read and written as that role, too]:ROLE: ' \
        '--search-path=[search_path for each file, as one would write it after SET search_path =]:PATH: ' \
        '--json[print JSON]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
        '--to=[down\: back to this version, which stays; 0 is before the first]:V: ' \
        '--steps=[down\: undo the highest N that are applied]:N: ' \
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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--allow-empty[a directory without migrations, or none at all, is no error]' \
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history; native is the only one that this version handles]:WORD: _migrate_offer auto native' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--lock-wait=[how long to wait for another runner'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout of a migration'\''s transaction; then it rolls back and tries again]:DURATION: ' \
        '--statement-timeout=[statement_timeout of the migrations]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version below an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[applied versions above the newest file (a rollback by git)\: allowed or an error]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files are wanted\: those with phase=contract wait for contract or all]:WORD: _migrate_offer expand contract all' \
        '--to=[up to this version, and no further]:V: ' \
        '--steps=[at most so many migrations]:N: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[say what would be applied; change nothing]' \
        '--max-blocking=[rehearse\: how long a file may keep reads of a table waiting; longer is exit 25]:DURATION: ' \
        '--role=[SET ROLE for each file; the history is made, read and written as that role, too]:ROLE: ' \
        '--search-path=[search_path for each file, as one would write it after SET search_path =]:PATH: ' \
        '--release=[stored with each row\: which release brought it]:NAME: ' \
        '--json[print JSON]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--allow-empty[a directory without migrations, or none at all, is no error]' \
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version below an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[applied versions above the newest file (a rollback by git)\: allowed or an error]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files are wanted\: those with phase=contract wait for contract or all]:WORD: _migrate_offer expand contract all' \
        '--role=[SET ROLE for each file; the history is made, read and written as that role, too]:ROLE: ' \
        '--json[print JSON]' \
        '--exit-code[exit 1 when something is pending]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history; native is the only one that this version handles]:WORD: _migrate_offer auto native' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--lock-wait=[how long to wait for another runner'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout of a migration'\''s transaction; then it rolls back and tries again]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[say what would be applied; change nothing]' \
        '--role=[SET ROLE for each file; the history is made, read and written as that role, too]:ROLE: ' \
        '--release=[stored with each row\: which release brought it]:NAME: ' \
        '--json[print JSON]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history; native is the only one that this version handles]:WORD: _migrate_offer auto native' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--lock-wait=[how long to wait for another runner'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout of a migration'\''s transaction; then it rolls back and tries again]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[say what would be applied; change nothing]' \
        '--role=[SET ROLE for each file; the history is made, read and written as that role, too]:ROLE: ' \
        '--json[print JSON]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--allow-empty[a directory without migrations, or none at all, is no error]' \
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
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--json[print JSON]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
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
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--lock-wait=[how long to wait for another runner'\''s lock]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--ahead=[applied versions above the newest file (a rollback by git)\: allowed or an error]:WORD: _migrate_offer allow refuse' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
        '--export-url=[give the command this variable\: one URL of all that says where the database is]:VAR\[=SCHEME\]: ' \
        '--tool=[which migrator the command is; auto\: by its command line]:WORD: _migrate_offer auto none alembic django rails doctrine prisma knex' \
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
        'up:apply what is pending'
        'down:undo what is applied, by the .down.sql files; never by itself\: --to or --steps says how far'
        'rehearse:do what up would do, show what it locks and for how long, and roll it back'
        'status:show applied, pending, ahead, drifted and late migrations, and who holds the lock'
        'baseline:record the files up to version V as applied, and run none of them'
        'repair:accept applied files that were edited\: their digests, as the files are now'
        'check:check files without a database\: names, splitting, what runs outside a transaction, lock hazards'
        'split:print a file'\''s statements as the server will get them'
        'wait:wait until the database accepts connections and has the wanted role'
        'run:run another migrator under the same lock, with the same deadline and exit statuses'
        'copy:put this program at DEST, atomically and mode 755'
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
        '--dir=[directory of the migrations]:DIR:_path_files -/' \
        '--allow-empty[a directory without migrations, or none at all, is no error]' \
        '--database=[where PostgreSQL is\: URL or keywords; otherwise DATABASE_URL and its kin]:URL: ' \
        '--table=[history table; made when it is missing]:\[SCHEMA.\]TABLE: ' \
        '--layout=[layout of files and history; native is the only one that this version handles]:WORD: _migrate_offer auto native' \
        '--wait=[how long to wait for the database to accept; 0\: one attempt]:DURATION: ' \
        '--lock-wait=[how long to wait for another runner'\''s lock]:DURATION: ' \
        '--lock-timeout=[lock_timeout of a migration'\''s transaction; then it rolls back and tries again]:DURATION: ' \
        '--statement-timeout=[statement_timeout of the migrations]:DURATION: ' \
        '--deadline=[how long all of it may take; then the statement is cancelled and rolled back]:DURATION: ' \
        '--out-of-order=[what to do with a pending version below an applied one]:WORD: _migrate_offer refuse apply' \
        '--ahead=[applied versions above the newest file (a rollback by git)\: allowed or an error]:WORD: _migrate_offer allow refuse' \
        '--phase=[which files are wanted\: those with phase=contract wait for contract or all]:WORD: _migrate_offer expand contract all' \
        '--to=[up to this version, and no further]:V: ' \
        '--steps=[at most so many migrations]:N: ' \
        '--pooler=[what to do behind a connection pooler such as PgBouncer]:WORD: _migrate_offer auto session transaction refuse' \
        '--dry-run[say what would be applied; change nothing]' \
        '--rehearse[the same as the command rehearse\: do it, show what it locks, and roll it back]' \
        '--max-blocking=[rehearse\: how long a file may keep reads of a table waiting; longer is exit 25]:DURATION: ' \
        '--role=[SET ROLE for each file; the history is made, read and written as that role, too]:ROLE: ' \
        '--search-path=[search_path for each file, as one would write it after SET search_path =]:PATH: ' \
        '--release=[stored with each row\: which release brought it]:NAME: ' \
        '--json[print JSON]' \
        '--exit-code[exit 1 when something is pending]' \
        '--termination-log=[where Kubernetes looks for the last words; written only when it exists]:FILE:_files' \
        '--since=[report lock hazards only in files above version V, which are assumed not to be applied yet]:V: ' \
        '--format=[output format; github prints annotations for a pull request, --json is short for json]:WORD: _migrate_offer text json github' \
        '--rules[print the rules for lock hazards as Markdown and exit]' \
        '--export-url=[give the command this variable\: one URL of all that says where the database is]:VAR\[=SCHEME\]: ' \
        '--tool=[which migrator the command is; auto\: by its command line]:WORD: _migrate_offer auto none alembic django rails doctrine prisma knex' \
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
