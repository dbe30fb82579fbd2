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
        '--timeout=[probe\: how long the whole request may take]:DURATION: ' \
        '--expect=[HTTP status that counts as healthy]:STATUS: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:URL: '
}

_healthd_check() {
    _arguments -S -s \
        '*--check=[a check\: NAME URL \[key value\]... (may be repeated; in the variable, one per line)]:LINE: ' \
        '--config=[read checks from FILE, one per line; lines that begin with # are comments]:FILE:_files' \
        '--database=[where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL]:URL: ' \
        '--redis=[where Redis is, as a URL; takes precedence over REDIS_URL]:URL: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_healthd_wait() {
    _arguments -S -s \
        '*--check=[a check\: NAME URL \[key value\]... (may be repeated; in the variable, one per line)]:LINE: ' \
        '--config=[read checks from FILE, one per line; lines that begin with # are comments]:FILE:_files' \
        '--database=[where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL]:URL: ' \
        '--redis=[where Redis is, as a URL; takes precedence over REDIS_URL]:URL: ' \
        '--timeout=[wait\: how long to wait for all checks]:DURATION: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_healthd_explain() {
    _arguments -S -s \
        '*--listen=[address to listen on\: \[\:\:\]\:PORT, ADDRESS\:PORT or unix\:/path (may be repeated)]:ADDRESS: ' \
        '--tls-cert=[certificate (PEM, with its chain) with which TCP listeners speak TLS; needs --tls-key]:FILE:_files' \
        '--tls-key=[private key of that certificate (PEM, without a passphrase)]:FILE:_files' \
        '*--check=[a check\: NAME URL \[key value\]... (may be repeated; in the variable, one per line)]:LINE: ' \
        '--config=[read checks from FILE, one per line; lines that begin with # are comments]:FILE:_files' \
        '--database=[where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL]:URL: ' \
        '--redis=[where Redis is, as a URL; takes precedence over REDIS_URL]:URL: ' \
        '--health-strict[make /health answer like ready\: 503 while not ready, instead of always 200]' \
        '*--alias=[answer PATH as PAGE is answered (may be repeated; in the variable, one per line)]:PATH=PAGE: ' \
        '*--body=[answer PATH with 200 and TEXT (may be repeated; in the variable, one per line)]:PATH=TEXT: ' \
        '--details=[who may see reasons, the history and /status\: never (nobody), local or always]:WORD: _healthd_offer never local always' \
        '--drain=[how long to go on serving, not ready, after SIGTERM, SIGINT or SIGQUIT; a second signal ends it]:DURATION: ' \
        '--probe=[explain\: the readiness probe that the pod has]:FIELD=VALUE,...: ' \
        '--bound=[explain\: exit with status 1 if a failure may take longer than this to make the pod unready]:DURATION: ' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_healthd_sleep() {
    _arguments -S -s \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:DURATION: '
}

_healthd_copy() {
    _arguments -S -s \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '1:DEST:_files'
}

_healthd_version() {
    _arguments -S -s \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
        '(-V --version)-V[print the version and exit]' \
        '(-V --version)--version[print the version and exit]' \
        '*: : '
}

_healthd_commands() {
    local ret=1
    local -a names=(
        'probe:request URL once\: for HEALTHCHECK and exec probes in images without curl or a shell'
        'check:run every check once and print a table'
        'wait:wait until every check is healthy\: for init containers and scripts'
        'explain:print the settings in force and the worst time until the pod is unready and ready again'
        'sleep:sleep for DURATION\: for a preStop hook in an image without a shell'
        'copy:copy this program to DEST, atomically and with mode 755'
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
        '*--listen=[address to listen on\: \[\:\:\]\:PORT, ADDRESS\:PORT or unix\:/path (may be repeated)]:ADDRESS: ' \
        '--tls-cert=[certificate (PEM, with its chain) with which TCP listeners speak TLS; needs --tls-key]:FILE:_files' \
        '--tls-key=[private key of that certificate (PEM, without a passphrase)]:FILE:_files' \
        '*--check=[a check\: NAME URL \[key value\]... (may be repeated; in the variable, one per line)]:LINE: ' \
        '--config=[read checks from FILE, one per line; lines that begin with # are comments]:FILE:_files' \
        '--database=[where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL]:URL: ' \
        '--redis=[where Redis is, as a URL; takes precedence over REDIS_URL]:URL: ' \
        '--service-name=[name of the service, shown by live and health]:NAME: ' \
        '--service-version=[version of the service, shown by live and health]:VERSION: ' \
        '--health-strict[make /health answer like ready\: 503 while not ready, instead of always 200]' \
        '*--alias=[answer PATH as PAGE is answered (may be repeated; in the variable, one per line)]:PATH=PAGE: ' \
        '*--body=[answer PATH with 200 and TEXT (may be repeated; in the variable, one per line)]:PATH=TEXT: ' \
        '--details=[who may see reasons, the history and /status\: never (nobody), local or always]:WORD: _healthd_offer never local always' \
        '--drain=[how long to go on serving, not ready, after SIGTERM, SIGINT or SIGQUIT; a second signal ends it]:DURATION: ' \
        '--sandbox=[give up what is not needed to serve\: auto (what the kernel offers), off or require]:WORD: _healthd_offer auto off require' \
        '--termination-log=[where to write the termination message, if that file exists]:FILE:_files' \
        '--log=[format of the log on stderr\: auto, text, kv or json]:FORMAT: _healthd_offer auto text kv json' \
        '--log-level=[lowest level that is logged\: debug, info, warn or error]:LEVEL: _healthd_offer debug info warn error' \
        '--strict-env[treat an unknown variable with the program'\''s prefix as an error]' \
        '--print-options=[print the manual page (man), the option tables (markdown) or a shell'\''s completion script, and exit]:FORM: _healthd_offer man markdown bash zsh fish' \
        '--print-formats[print the fields of log records and reports, and exit]' \
        '(-h --help)-h[print help (after a command\: the help of that command) and exit]' \
        '(-h --help)--help[print help (after a command\: the help of that command) and exit]' \
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
        probe | check | wait | explain | sleep | copy | version)
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
