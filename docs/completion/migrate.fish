# Completion of migrate for fish, as migrate --print-options=fish prints it.

# Options that a value follows.
set -g __migrate_valued --dir --database --table --layout --wait --lock-wait --lock-timeout --statement-timeout --deadline --out-of-order --ahead --phase --to --steps --pooler --max-blocking --role --search-path --release --termination-log --dirty --since --format --export-url --tool --grace --log --log-level --print-options
set -g __migrate_commands up down rehearse status baseline repair check split wait run copy version
# Commands that a command line follows.
set -g __migrate_wrapping run

# The command (- before one is named); then, when a command line of its own has begun, "wrapped" and its words.
function __migrate_line
    set -l tokens (commandline -opc)
    set -l command -
    set -l value no
    set -e tokens[1]
    while set -q tokens[1]
        set -l token $tokens[1]
        set -e tokens[1]
        if test $value = yes
            set value no
        else if test "$token" = --
            printf '%s\n' $command wrapped $tokens
            return
        else if contains -- $token $__migrate_valued
            set value yes
        else if string match -q -- '-*' $token
        else if test $command = -; and contains -- $token $__migrate_commands
            set command $token
        else if contains -- $command $__migrate_wrapping
            printf '%s\n' $command wrapped $token $tokens
            return
        else if test $command = -
            return
        end
    end
    echo $command
end

# Whether the cursor is among the options and words of that command, or where its command line is or begins.
function __migrate_at
    set -l line (__migrate_line)
    test "$line[1]" = $argv[1]; or return 1
    set -q line[2]; or return 0
    set -q argv[2]
end

function __migrate_wrapped
    set -l line (__migrate_line)
    set -l word (commandline -ct)
    if not set -q line[2]; and string match -q -- '-*' $word
        return
    end
    complete -C (string join ' ' -- (string escape -- $line[3..]) "$word")
end

# The paths that the word goes on with behind what it begins with: "file:".
function __migrate_paths
    set -l word (commandline -ct | string replace -r -- '^--[^=]*=' '')
    string match -q -- "$argv[1]*" $word; or return
    set -l path (string replace -- $argv[1] '' $word)
    complete -C "nosuchprogram $path" | string replace -r -- '^' $argv[1]
end

complete -c migrate -f
complete -c migrate -n '__migrate_at -' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at -' -l allow-empty -d 'accept a directory that is missing or contains no migrations'
complete -c migrate -n '__migrate_at -' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at -' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at -' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at -' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at -' -l lock-wait -x -d 'how long to wait while another runner holds migrate\'s lock'
complete -c migrate -n '__migrate_at -' -l lock-timeout -x -d 'lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried'
complete -c migrate -n '__migrate_at -' -l statement-timeout -x -d 'statement_timeout for migrations'
complete -c migrate -n '__migrate_at -' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at -' -l out-of-order -x -a 'refuse apply' -d 'what to do with a pending version that is lower than an applied one'
complete -c migrate -n '__migrate_at -' -l ahead -x -a 'allow refuse' -d 'whether applied versions above the newest file (after reverting to an older release) are allowed'
complete -c migrate -n '__migrate_at -' -l phase -x -a 'expand contract all' -d 'which files to apply: those with phase=contract only with contract or all'
complete -c migrate -n '__migrate_at -' -l to -x -d 'stop after this version'
complete -c migrate -n '__migrate_at -' -l steps -x -d 'apply at most N migrations'
complete -c migrate -n '__migrate_at -' -l pooler -x -a 'auto session transaction refuse' -d 'what to do behind a connection pooler such as PgBouncer'
complete -c migrate -n '__migrate_at -' -l dry-run -d 'show what would be applied, without changing anything'
complete -c migrate -n '__migrate_at -' -l rehearse -d 'the same as the command rehearse: do it, show what it locks, and roll it back'
complete -c migrate -n '__migrate_at -' -l max-blocking -x -d 'rehearse: how long a file may keep reads of a table waiting; longer is exit 25'
complete -c migrate -n '__migrate_at -' -l role -x -d 'role to SET for each file; the history table is also created, read and written as this role'
complete -c migrate -n '__migrate_at -' -l search-path -x -d 'search_path for each file, written as after SET search_path ='
complete -c migrate -n '__migrate_at -' -l release -x -d 'name of the release, stored in the history with each migration'
complete -c migrate -n '__migrate_at -' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at -' -l exit-code -d 'exit with status 1 if a migration is pending'
complete -c migrate -n '__migrate_at -' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at -' -l dirty -x -a 'leave applied reverted' -d 'what became of a version that another tool has marked as dirty or failed'
complete -c migrate -n '__migrate_at -' -l since -x -d 'report lock hazards only in files above version V, which are assumed not to be applied yet'
complete -c migrate -n '__migrate_at -' -l format -x -a 'text json github' -d 'output format; github prints annotations for a pull request, --json is short for json'
complete -c migrate -n '__migrate_at -' -l rules -d 'print the rules for lock hazards as Markdown and exit'
complete -c migrate -n '__migrate_at -' -l export-url -x -d 'set this variable for the command: a URL that contains all connection settings'
complete -c migrate -n '__migrate_at -' -l tool -x -a 'auto none alembic django rails doctrine prisma knex' -d 'which migrator the command is; auto: determined from the command line'
complete -c migrate -n '__migrate_at -' -l grace -x -d 'time between TERM and KILL, after a signal or the deadline'
complete -c migrate -n '__migrate_at -' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at -' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at -' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at -' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at -' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at -' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at -' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a up -d 'apply pending migrations'
complete -c migrate -n '__migrate_at up' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at up' -l allow-empty -d 'accept a directory that is missing or contains no migrations'
complete -c migrate -n '__migrate_at up' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at up' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at up' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at up' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at up' -l lock-wait -x -d 'how long to wait while another runner holds migrate\'s lock'
complete -c migrate -n '__migrate_at up' -l lock-timeout -x -d 'lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried'
complete -c migrate -n '__migrate_at up' -l statement-timeout -x -d 'statement_timeout for migrations'
complete -c migrate -n '__migrate_at up' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at up' -l out-of-order -x -a 'refuse apply' -d 'what to do with a pending version that is lower than an applied one'
complete -c migrate -n '__migrate_at up' -l ahead -x -a 'allow refuse' -d 'whether applied versions above the newest file (after reverting to an older release) are allowed'
complete -c migrate -n '__migrate_at up' -l phase -x -a 'expand contract all' -d 'which files to apply: those with phase=contract only with contract or all'
complete -c migrate -n '__migrate_at up' -l to -x -d 'stop after this version'
complete -c migrate -n '__migrate_at up' -l steps -x -d 'apply at most N migrations'
complete -c migrate -n '__migrate_at up' -l pooler -x -a 'auto session transaction refuse' -d 'what to do behind a connection pooler such as PgBouncer'
complete -c migrate -n '__migrate_at up' -l dry-run -d 'show what would be applied, without changing anything'
complete -c migrate -n '__migrate_at up' -l rehearse -d 'the same as the command rehearse: do it, show what it locks, and roll it back'
complete -c migrate -n '__migrate_at up' -l max-blocking -x -d 'rehearse: how long a file may keep reads of a table waiting; longer is exit 25'
complete -c migrate -n '__migrate_at up' -l role -x -d 'role to SET for each file; the history table is also created, read and written as this role'
complete -c migrate -n '__migrate_at up' -l search-path -x -d 'search_path for each file, written as after SET search_path ='
complete -c migrate -n '__migrate_at up' -l release -x -d 'name of the release, stored in the history with each migration'
complete -c migrate -n '__migrate_at up' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at up' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at up' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at up' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at up' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at up' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at up' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at up' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at up' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a down -d 'revert applied migrations with their .down.sql files; --to or --steps says how far'
complete -c migrate -n '__migrate_at down' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at down' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at down' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at down' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at down' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at down' -l lock-wait -x -d 'how long to wait while another runner holds migrate\'s lock'
complete -c migrate -n '__migrate_at down' -l lock-timeout -x -d 'lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried'
complete -c migrate -n '__migrate_at down' -l statement-timeout -x -d 'statement_timeout for migrations'
complete -c migrate -n '__migrate_at down' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at down' -l pooler -x -a 'auto session transaction refuse' -d 'what to do behind a connection pooler such as PgBouncer'
complete -c migrate -n '__migrate_at down' -l dry-run -d 'show what would be applied, without changing anything'
complete -c migrate -n '__migrate_at down' -l role -x -d 'role to SET for each file; the history table is also created, read and written as this role'
complete -c migrate -n '__migrate_at down' -l search-path -x -d 'search_path for each file, written as after SET search_path ='
complete -c migrate -n '__migrate_at down' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at down' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at down' -l to -x -d 'down: revert to this version, which stays applied; 0: revert all'
complete -c migrate -n '__migrate_at down' -l steps -x -d 'down: revert the N highest applied versions'
complete -c migrate -n '__migrate_at down' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at down' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at down' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at down' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at down' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at down' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at down' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a rehearse -d 'do what up would do, show what it locks and for how long, and roll it back'
complete -c migrate -n '__migrate_at rehearse' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at rehearse' -l allow-empty -d 'accept a directory that is missing or contains no migrations'
complete -c migrate -n '__migrate_at rehearse' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at rehearse' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at rehearse' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at rehearse' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at rehearse' -l lock-wait -x -d 'how long to wait while another runner holds migrate\'s lock'
complete -c migrate -n '__migrate_at rehearse' -l lock-timeout -x -d 'lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried'
complete -c migrate -n '__migrate_at rehearse' -l statement-timeout -x -d 'statement_timeout for migrations'
complete -c migrate -n '__migrate_at rehearse' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at rehearse' -l out-of-order -x -a 'refuse apply' -d 'what to do with a pending version that is lower than an applied one'
complete -c migrate -n '__migrate_at rehearse' -l ahead -x -a 'allow refuse' -d 'whether applied versions above the newest file (after reverting to an older release) are allowed'
complete -c migrate -n '__migrate_at rehearse' -l phase -x -a 'expand contract all' -d 'which files to apply: those with phase=contract only with contract or all'
complete -c migrate -n '__migrate_at rehearse' -l to -x -d 'stop after this version'
complete -c migrate -n '__migrate_at rehearse' -l steps -x -d 'apply at most N migrations'
complete -c migrate -n '__migrate_at rehearse' -l pooler -x -a 'auto session transaction refuse' -d 'what to do behind a connection pooler such as PgBouncer'
complete -c migrate -n '__migrate_at rehearse' -l dry-run -d 'show what would be applied, without changing anything'
complete -c migrate -n '__migrate_at rehearse' -l max-blocking -x -d 'rehearse: how long a file may keep reads of a table waiting; longer is exit 25'
complete -c migrate -n '__migrate_at rehearse' -l role -x -d 'role to SET for each file; the history table is also created, read and written as this role'
complete -c migrate -n '__migrate_at rehearse' -l search-path -x -d 'search_path for each file, written as after SET search_path ='
complete -c migrate -n '__migrate_at rehearse' -l release -x -d 'name of the release, stored in the history with each migration'
complete -c migrate -n '__migrate_at rehearse' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at rehearse' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at rehearse' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at rehearse' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at rehearse' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at rehearse' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at rehearse' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at rehearse' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at rehearse' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a status -d 'show applied, pending, ahead, drifted and late migrations, and who holds the lock'
complete -c migrate -n '__migrate_at status' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at status' -l allow-empty -d 'accept a directory that is missing or contains no migrations'
complete -c migrate -n '__migrate_at status' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at status' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at status' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at status' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at status' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at status' -l out-of-order -x -a 'refuse apply' -d 'what to do with a pending version that is lower than an applied one'
complete -c migrate -n '__migrate_at status' -l ahead -x -a 'allow refuse' -d 'whether applied versions above the newest file (after reverting to an older release) are allowed'
complete -c migrate -n '__migrate_at status' -l phase -x -a 'expand contract all' -d 'which files to apply: those with phase=contract only with contract or all'
complete -c migrate -n '__migrate_at status' -l role -x -d 'role to SET for each file; the history table is also created, read and written as this role'
complete -c migrate -n '__migrate_at status' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at status' -l exit-code -d 'exit with status 1 if a migration is pending'
complete -c migrate -n '__migrate_at status' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at status' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at status' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at status' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at status' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at status' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at status' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at status' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a baseline -d 'record the files up to version V as applied, and run none of them'
complete -c migrate -n '__migrate_at baseline' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at baseline' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at baseline' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at baseline' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at baseline' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at baseline' -l lock-wait -x -d 'how long to wait while another runner holds migrate\'s lock'
complete -c migrate -n '__migrate_at baseline' -l lock-timeout -x -d 'lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried'
complete -c migrate -n '__migrate_at baseline' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at baseline' -l pooler -x -a 'auto session transaction refuse' -d 'what to do behind a connection pooler such as PgBouncer'
complete -c migrate -n '__migrate_at baseline' -l dry-run -d 'show what would be applied, without changing anything'
complete -c migrate -n '__migrate_at baseline' -l role -x -d 'role to SET for each file; the history table is also created, read and written as this role'
complete -c migrate -n '__migrate_at baseline' -l release -x -d 'name of the release, stored in the history with each migration'
complete -c migrate -n '__migrate_at baseline' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at baseline' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at baseline' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at baseline' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at baseline' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at baseline' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at baseline' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at baseline' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at baseline' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a repair -d 'accept changes to applied files by updating their recorded digests'
complete -c migrate -n '__migrate_at repair' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at repair' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at repair' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at repair' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at repair' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at repair' -l lock-wait -x -d 'how long to wait while another runner holds migrate\'s lock'
complete -c migrate -n '__migrate_at repair' -l lock-timeout -x -d 'lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried'
complete -c migrate -n '__migrate_at repair' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at repair' -l pooler -x -a 'auto session transaction refuse' -d 'what to do behind a connection pooler such as PgBouncer'
complete -c migrate -n '__migrate_at repair' -l dry-run -d 'show what would be applied, without changing anything'
complete -c migrate -n '__migrate_at repair' -l role -x -d 'role to SET for each file; the history table is also created, read and written as this role'
complete -c migrate -n '__migrate_at repair' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at repair' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at repair' -l dirty -x -a 'leave applied reverted' -d 'what became of a version that another tool has marked as dirty or failed'
complete -c migrate -n '__migrate_at repair' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at repair' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at repair' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at repair' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at repair' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at repair' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at repair' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a check -d 'check files without a database: names, splitting, transactions, lock hazards'
complete -c migrate -n '__migrate_at check' -x -a '(__fish_complete_directories)'
complete -c migrate -n '__migrate_at check' -l dir -x -a '(__fish_complete_directories)' -d 'directory that contains the migrations'
complete -c migrate -n '__migrate_at check' -l allow-empty -d 'accept a directory that is missing or contains no migrations'
complete -c migrate -n '__migrate_at check' -l layout -x -a 'auto native golang dbmate goose flyway sqlx' -d 'layout of files and history: migrate\'s own, or another tool\'s'
complete -c migrate -n '__migrate_at check' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at check' -l since -x -d 'report lock hazards only in files above version V, which are assumed not to be applied yet'
complete -c migrate -n '__migrate_at check' -l format -x -a 'text json github' -d 'output format; github prints annotations for a pull request, --json is short for json'
complete -c migrate -n '__migrate_at check' -l rules -d 'print the rules for lock hazards as Markdown and exit'
complete -c migrate -n '__migrate_at check' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at check' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at check' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at check' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at check' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at check' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at check' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a split -d 'print the statements of a file as they are sent to the server'
complete -c migrate -n '__migrate_at split' -F
complete -c migrate -n '__migrate_at split' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at split' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at split' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at split' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at split' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at split' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at split' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at split' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a wait -d 'wait until the database accepts connections and has the wanted role'
complete -c migrate -n '__migrate_at wait' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at wait' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at wait' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at wait' -l json -d 'print JSON'
complete -c migrate -n '__migrate_at wait' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at wait' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at wait' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at wait' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at wait' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at wait' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at wait' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at wait' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a run -d 'run another migrator under the same lock, with the same deadline and exit statuses'
complete -c migrate -n '__migrate_at run wrapped' -x -a '(__migrate_wrapped)'
complete -c migrate -n '__migrate_at run' -l database -x -d 'where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)'
complete -c migrate -n '__migrate_at run' -l table -x -d 'history table; created if it is missing'
complete -c migrate -n '__migrate_at run' -l wait -x -d 'how long to wait for the database to accept connections; 0: a single attempt'
complete -c migrate -n '__migrate_at run' -l lock-wait -x -d 'how long to wait while another runner holds migrate\'s lock'
complete -c migrate -n '__migrate_at run' -l deadline -x -d 'limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back'
complete -c migrate -n '__migrate_at run' -l ahead -x -a 'allow refuse' -d 'whether applied versions above the newest file (after reverting to an older release) are allowed'
complete -c migrate -n '__migrate_at run' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c migrate -n '__migrate_at run' -l export-url -x -d 'set this variable for the command: a URL that contains all connection settings'
complete -c migrate -n '__migrate_at run' -l tool -x -a 'auto none alembic django rails doctrine prisma knex' -d 'which migrator the command is; auto: determined from the command line'
complete -c migrate -n '__migrate_at run' -l grace -x -d 'time between TERM and KILL, after a signal or the deadline'
complete -c migrate -n '__migrate_at run' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at run' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at run' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at run' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at run' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at run' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at run' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a copy -d 'copy this program to DEST, atomically and with mode 755'
complete -c migrate -n '__migrate_at copy' -F
complete -c migrate -n '__migrate_at copy' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at copy' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at copy' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at copy' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at copy' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at copy' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at copy' -s V -l version -d 'print the version and exit'

complete -c migrate -n '__migrate_at -' -a version -d 'print the version'
complete -c migrate -n '__migrate_at version' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c migrate -n '__migrate_at version' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c migrate -n '__migrate_at version' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c migrate -n '__migrate_at version' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c migrate -n '__migrate_at version' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c migrate -n '__migrate_at version' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c migrate -n '__migrate_at version' -s V -l version -d 'print the version and exit'
