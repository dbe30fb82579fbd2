#compdef cronrun
# Completion of cronrun for zsh, as cronrun --print-options=zsh prints it.

# The words given; one that ends in = goes on, one that ends in : goes on with a path.
_cronrun_offer() {
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

_cronrun_run() {
    _arguments -S -s \
        '--lock=[the lock\: file\:/path, postgres, redis, a URL of either, or none; required]:LOCK: _cronrun_offer file\: postgres redis none' \
        '--name=[name of the job; runs with the same name and lock store exclude each other]:JOB: ' \
        '--on-busy=[what to do when another run holds the lock]:skip|fail|wait=DURATION: _cronrun_offer skip fail wait=' \
        '--lock-ttl=[Redis\: how long the lock lasts without being renewed]:DURATION: ' \
        '--lock-settle=[PostgreSQL\: how long to hold the lock before starting if the previous holder never released it]:DURATION: ' \
        '--deadline=[how long the command may run; then it gets the stop signal and, after the grace, KILL]:DURATION: ' \
        '--grace=[time between the stop signal and KILL]:DURATION: ' \
        '--stop-signal=[signal that asks the command to end]:SIGNAL: _cronrun_offer TERM INT QUIT HUP USR1 USR2 KILL' \
        '--guard[put a small process between cronrun and the command, which kills the process tree if cronrun itself is killed]' \
        '--starting-deadline=[do not start the command later than this after its scheduled time]:DURATION: ' \
        '--scheduled-at=[time at which the run was scheduled (RFC 3339)]:INSTANT: ' \
        '--job-deadline=[the Job'\''s activeDeadlineSeconds; the command is stopped three seconds plus the grace before]:DURATION: ' \
        '--retries=[how often the command is started again if it fails]:N: ' \
        '--retry-delay=[pause before the first retry; it doubles each time, up to five minutes]:DURATION: ' \
        '--ping=[report start and end of the run to a monitor that understands the pings of healthchecks.io]:URL: ' \
        '--output=[what becomes of the command'\''s output\: passed on untouched, as a record per line, or shown only if the run fails]:pass|lines|on-failure: _cronrun_offer pass lines on-failure' \
        '--spool-dir=[directory of the file that holds the output for --output on-failure]:DIR:_path_files -/' \
        '--busy-status=[exit status of a run that is skipped because the lock is busy]:STATUS: ' \
        '--late-status=[exit status of a run that is too late to start]:STATUS: ' \
        '--child-status=[exit status for any failure of the command]:STATUS: ' \
        '--database=[where PostgreSQL is, for --lock postgres (default\: DATABASE_URL and the like)]:URL: ' \
        '--redis=[where Redis is, for --lock redis (default\: REDIS_URL and the like)]:URL: ' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '(-)1:command:_command_names -e' \
        '*::argument: _normal'
}

_cronrun_daemon() {
    _arguments -S -s \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--tz=[time zone of schedules that name none, such as Europe/Berlin]:ZONE: ' \
        '--dialect=[how crontabs and expressions are read\: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob'\''s schedule)]:WORD: _cronrun_offer vixie k8s' \
        '--dst=[what happens to times that the clocks skip or repeat\: vixie, skip or k8s]:WORD: _cronrun_offer vixie skip k8s' \
        '*--listen=[daemon\: address of the page, the metrics and the health probes\: \[\:\:\]\:PORT, ADDRESS\:PORT, unix\:/path (may be repeated), or none]:ADDRESS: ' \
        '--drain=[daemon\: how long runs may go on after SIGTERM; then they are told to end, as on their deadline]:DURATION: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:CRONTAB:_files'
}

_cronrun_next() {
    _arguments -S -s \
        '--tz=[time zone of schedules that name none, such as Europe/Berlin]:ZONE: ' \
        '--dialect=[how crontabs and expressions are read\: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob'\''s schedule)]:WORD: _cronrun_offer vixie k8s' \
        '--dst=[what happens to times that the clocks skip or repeat\: vixie, skip or k8s]:WORD: _cronrun_offer vixie skip k8s' \
        '--json[one JSON object per line]' \
        '(-n --count)-n+[next\: how many times]:N: ' \
        '(-n --count)--count=[next\: how many times]:N: ' \
        '--from=[next\: only times after INSTANT (RFC 3339)]:INSTANT: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:EXPR|CRONTAB:_files'
}

_cronrun_check() {
    _arguments -S -s \
        '--dialect=[how crontabs and expressions are read\: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob'\''s schedule)]:WORD: _cronrun_offer vixie k8s' \
        '--json[one JSON object per line]' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:CRONTAB:_files'
}

_cronrun_status() {
    _arguments -S -s \
        '--lock=[the lock\: file\:/path, postgres, redis, a URL of either, or none; required]:LOCK: _cronrun_offer file\: postgres redis none' \
        '--name=[name of the job; runs with the same name and lock store exclude each other]:JOB: ' \
        '--database=[where PostgreSQL is, for --lock postgres (default\: DATABASE_URL and the like)]:URL: ' \
        '--redis=[where Redis is, for --lock redis (default\: REDIS_URL and the like)]:URL: ' \
        '--dialect=[how crontabs and expressions are read\: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob'\''s schedule)]:WORD: _cronrun_offer vixie k8s' \
        '--dst=[what happens to times that the clocks skip or repeat\: vixie, skip or k8s]:WORD: _cronrun_offer vixie skip k8s' \
        '--json[one JSON object per line]' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:\[CRONTAB\]:_files'
}

_cronrun_copy() {
    _arguments -S -s \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:DEST:_files'
}

_cronrun_version() {
    _arguments -S -s \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_cronrun_commands() {
    local ret=1
    local -a names=(
        'run:run a command under a lock and with a deadline, and leave nothing of it behind'
        'daemon:start the jobs of a crontab, in time, until it is told to stop'
        'next:print when a cron expression, or the jobs of a crontab, come next'
        'check:tell every fault of a crontab, with line and column'
        'status:show who holds the locks of jobs, since when, and how the last runs ended'
        'copy:copy this program to DEST, atomically and with mode 755'
        'version:print the version'
    )
    (( given[(Ie)--] )) || _describe -t commands 'cronrun command' names && ret=0
    _command_names -e && ret=0
    return ret
}

_cronrun() {
    local curcontext=$curcontext state line ret=1
    local -a given=($words)
    typeset -A opt_args
    _arguments -C -S -s \
        '--lock=[the lock\: file\:/path, postgres, redis, a URL of either, or none; required]:LOCK: _cronrun_offer file\: postgres redis none' \
        '--name=[name of the job; runs with the same name and lock store exclude each other]:JOB: ' \
        '--on-busy=[what to do when another run holds the lock]:skip|fail|wait=DURATION: _cronrun_offer skip fail wait=' \
        '--lock-ttl=[Redis\: how long the lock lasts without being renewed]:DURATION: ' \
        '--lock-settle=[PostgreSQL\: how long to hold the lock before starting if the previous holder never released it]:DURATION: ' \
        '--deadline=[how long the command may run; then it gets the stop signal and, after the grace, KILL]:DURATION: ' \
        '--grace=[time between the stop signal and KILL]:DURATION: ' \
        '--stop-signal=[signal that asks the command to end]:SIGNAL: _cronrun_offer TERM INT QUIT HUP USR1 USR2 KILL' \
        '--guard[put a small process between cronrun and the command, which kills the process tree if cronrun itself is killed]' \
        '--starting-deadline=[do not start the command later than this after its scheduled time]:DURATION: ' \
        '--scheduled-at=[time at which the run was scheduled (RFC 3339)]:INSTANT: ' \
        '--job-deadline=[the Job'\''s activeDeadlineSeconds; the command is stopped three seconds plus the grace before]:DURATION: ' \
        '--retries=[how often the command is started again if it fails]:N: ' \
        '--retry-delay=[pause before the first retry; it doubles each time, up to five minutes]:DURATION: ' \
        '--ping=[report start and end of the run to a monitor that understands the pings of healthchecks.io]:URL: ' \
        '--output=[what becomes of the command'\''s output\: passed on untouched, as a record per line, or shown only if the run fails]:pass|lines|on-failure: _cronrun_offer pass lines on-failure' \
        '--spool-dir=[directory of the file that holds the output for --output on-failure]:DIR:_path_files -/' \
        '--busy-status=[exit status of a run that is skipped because the lock is busy]:STATUS: ' \
        '--late-status=[exit status of a run that is too late to start]:STATUS: ' \
        '--child-status=[exit status for any failure of the command]:STATUS: ' \
        '--database=[where PostgreSQL is, for --lock postgres (default\: DATABASE_URL and the like)]:URL: ' \
        '--redis=[where Redis is, for --lock redis (default\: REDIS_URL and the like)]:URL: ' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _cronrun_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _cronrun_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _cronrun_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '(-)1: :_cronrun_commands' \
        '*:: :->rest' && ret=0
    [[ $state == rest ]] || return ret
    if [[ $words[1] == -- ]]; then # it stays when no option stands before it
        shift words
        (( CURRENT-- ))
    fi
    if (( ! given[(Ie)--] || given[(Ie)$words[1]] < given[(Ie)--] )); then
        case $words[1] in
        run | daemon | next | check | status | copy | version)
            _cronrun_$words[1]
            return
            ;;
        esac
    fi
    _normal
}

if [[ $funcstack[1] == _cronrun ]]; then
    _cronrun "$@"
else
    compdef _cronrun cronrun
fi
