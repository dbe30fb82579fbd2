#compdef healthd
# Completion of healthd for zsh, as healthd --print-options=zsh prints it.

# The words given; one that ends in = goes on, one that ends in : goes on with a path.
_healthd_offer() {
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

_healthd_probe() {
    _arguments -S -s \
        '--timeout=[probe\: for the whole exchange]:DURATION: ' \
        '--expect=[the status that counts as healthy]:STATUS: ' \
        '--log=[form of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[least level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[an unknown variable with the program'\''s prefix is an error]' \
        '--print-options=[print the manual page (man), the table of options (markdown) or a shell'\''s completion, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help, after a command the help of that command, and exit]' \
        '(-h --help)--help[print help, after a command the help of that command, and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:URL: '
}

_healthd_check() {
    _arguments -S -s \
        '*--check=[a check\: NAME URL \[key value\]... (may be repeated; in the variable one a line)]:LINE: ' \
        '--config=[read check lines from FILE, one a line; # begins a comment line]:FILE:_files' \
        '--database=[PostgreSQL, as URL or DSN; comes before DATABASE_URL]:URL: ' \
        '--redis=[Redis; comes before REDIS_URL]:URL: ' \
        '--log=[form of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[least level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[an unknown variable with the program'\''s prefix is an error]' \
        '--print-options=[print the manual page (man), the table of options (markdown) or a shell'\''s completion, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help, after a command the help of that command, and exit]' \
        '(-h --help)--help[print help, after a command the help of that command, and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_healthd_wait() {
    _arguments -S -s \
        '*--check=[a check\: NAME URL \[key value\]... (may be repeated; in the variable one a line)]:LINE: ' \
        '--config=[read check lines from FILE, one a line; # begins a comment line]:FILE:_files' \
        '--database=[PostgreSQL, as URL or DSN; comes before DATABASE_URL]:URL: ' \
        '--redis=[Redis; comes before REDIS_URL]:URL: ' \
        '--timeout=[wait\: for all checks together]:DURATION: ' \
        '--log=[form of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[least level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[an unknown variable with the program'\''s prefix is an error]' \
        '--print-options=[print the manual page (man), the table of options (markdown) or a shell'\''s completion, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help, after a command the help of that command, and exit]' \
        '(-h --help)--help[print help, after a command the help of that command, and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_healthd_sleep() {
    _arguments -S -s \
        '--log=[form of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[least level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[an unknown variable with the program'\''s prefix is an error]' \
        '--print-options=[print the manual page (man), the table of options (markdown) or a shell'\''s completion, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help, after a command the help of that command, and exit]' \
        '(-h --help)--help[print help, after a command the help of that command, and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:DURATION: '
}

_healthd_copy() {
    _arguments -S -s \
        '--log=[form of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[least level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[an unknown variable with the program'\''s prefix is an error]' \
        '--print-options=[print the manual page (man), the table of options (markdown) or a shell'\''s completion, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help, after a command the help of that command, and exit]' \
        '(-h --help)--help[print help, after a command the help of that command, and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:DEST:_files'
}

_healthd_version() {
    _arguments -S -s \
        '--log=[form of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[least level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[an unknown variable with the program'\''s prefix is an error]' \
        '--print-options=[print the manual page (man), the table of options (markdown) or a shell'\''s completion, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help, after a command the help of that command, and exit]' \
        '(-h --help)--help[print help, after a command the help of that command, and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_healthd_commands() {
    local ret=1
    local -a names=(
        'probe:ask URL once\: for HEALTHCHECK and exec probes in images without curl or shell'
        'check:run every check once and print a table'
        'wait:wait until every check is well\: init containers, scripts'
        'sleep:sleep, for a preStop hook in an image without a shell'
        'copy:put this program at DEST, atomically and mode 755'
        'version:print the version'
    )
    (( given[(Ie)--] )) || _describe -t commands 'healthd command' names && ret=0
    return ret
}

_healthd() {
    local curcontext=$curcontext state line ret=1
    local -a given=($words)
    typeset -A opt_args
    _arguments -C -S -s \
        '*--listen=[where to answer\: \[\:\:\]\:PORT, ADDRESS\:PORT, unix\:/path (may be repeated)]:ADDRESS: ' \
        '*--check=[a check\: NAME URL \[key value\]... (may be repeated; in the variable one a line)]:LINE: ' \
        '--config=[read check lines from FILE, one a line; # begins a comment line]:FILE:_files' \
        '--database=[PostgreSQL, as URL or DSN; comes before DATABASE_URL]:URL: ' \
        '--redis=[Redis; comes before REDIS_URL]:URL: ' \
        '--service-name=[service in the answers of live and health; left out without it]:NAME: ' \
        '--service-version=[version in the answers of live and health; left out without it]:VERSION: ' \
        '--health-strict[/health follows ready\: 503 while not ready, instead of 200 while the process answers]' \
        '--details=[who sees reasons in ?verbose\: never, local or always]:WORD: _healthd_offer never local always' \
        '--drain=[how long to serve on after SIGTERM (or SIGINT, SIGQUIT) with ready at 503; a second signal ends it]:DURATION: ' \
        '--termination-log=[write the termination message there, if it exists]:FILE:_files' \
        '--log=[form of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[least level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[an unknown variable with the program'\''s prefix is an error]' \
        '--print-options=[print the manual page (man), the table of options (markdown) or a shell'\''s completion, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help, after a command the help of that command, and exit]' \
        '(-h --help)--help[print help, after a command the help of that command, and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '(-)1: :_healthd_commands' \
        '*:: :->rest' && ret=0
    [[ $state == rest ]] || return ret
    if [[ $words[1] == -- ]]; then # it stays when no option stands before it
        shift words
        (( CURRENT-- ))
    fi
    if (( ! given[(Ie)--] || given[(Ie)$words[1]] < given[(Ie)--] )); then
        case $words[1] in
        probe | check | wait | sleep | copy | version)
            _healthd_$words[1]
            return
            ;;
        esac
    fi
}

if [[ $funcstack[1] == _healthd ]]; then
    _healthd "$@"
else
    compdef _healthd healthd
fi
