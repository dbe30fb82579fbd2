# Completion of healthd for fish, as healthd --print-options=fish prints it.

# Options that a value follows.
set -g __healthd_valued --listen --tls-cert --tls-key --check --config --database --redis --service-name --service-version --alias --body --details --drain --sandbox --termination-log --timeout --expect --probe --bound --log --log-level --print-options
set -g __healthd_commands probe check wait explain sleep copy version
# Commands that a command line follows.
set -g __healthd_wrapping

# The command (- before one is named); then, when a command line of its own has begun, "wrapped" and its words.
function __healthd_line
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
        else if contains -- $token $__healthd_valued
            set value yes
        else if string match -q -- '-*' $token
        else if test $command = -; and contains -- $token $__healthd_commands
            set command $token
        else if contains -- $command $__healthd_wrapping
            printf '%s\n' $command wrapped $token $tokens
            return
        else if test $command = -
            return
        end
    end
    echo $command
end

# Whether the cursor is among the options and words of that command, or where its command line is or begins.
function __healthd_at
    set -l line (__healthd_line)
    test "$line[1]" = $argv[1]; or return 1
    set -q line[2]; or return 0
    set -q argv[2]
end

function __healthd_wrapped
    set -l line (__healthd_line)
    set -l word (commandline -ct)
    if not set -q line[2]; and string match -q -- '-*' $word
        return
    end
    complete -C (string join ' ' -- (string escape -- $line[3..]) "$word")
end

# The paths that the word goes on with behind what it begins with: "file:".
function __healthd_paths
    set -l word (commandline -ct | string replace -r -- '^--[^=]*=' '')
    string match -q -- "$argv[1]*" $word; or return
    set -l path (string replace -- $argv[1] '' $word)
    complete -C "nosuchprogram $path" | string replace -r -- '^' $argv[1]
end

complete -c healthd -f
complete -c healthd -n '__healthd_at -' -l listen -x -d 'address to listen on: [::]:PORT, ADDRESS:PORT or unix:/path (may be repeated)'
complete -c healthd -n '__healthd_at -' -l tls-cert -r -F -d 'certificate (PEM, with its chain) with which TCP listeners speak TLS; needs --tls-key'
complete -c healthd -n '__healthd_at -' -l tls-key -r -F -d 'private key of that certificate (PEM, without a passphrase)'
complete -c healthd -n '__healthd_at -' -l check -x -d 'a check: NAME URL [key value]... (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at -' -l config -r -F -d 'read checks from FILE, one per line; lines that begin with # are comments'
complete -c healthd -n '__healthd_at -' -l database -x -d 'where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL'
complete -c healthd -n '__healthd_at -' -l redis -x -d 'where Redis is, as a URL; takes precedence over REDIS_URL'
complete -c healthd -n '__healthd_at -' -l service-name -x -d 'name of the service, shown by live and health'
complete -c healthd -n '__healthd_at -' -l service-version -x -d 'version of the service, shown by live and health'
complete -c healthd -n '__healthd_at -' -l health-strict -d 'make /health answer like ready: 503 while not ready, instead of always 200'
complete -c healthd -n '__healthd_at -' -l alias -x -d 'answer PATH as PAGE is answered (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at -' -l body -x -d 'answer PATH with 200 and TEXT (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at -' -l details -x -a 'never local always' -d 'who may see reasons, the history and /status: never (nobody), local or always'
complete -c healthd -n '__healthd_at -' -l drain -x -d 'how long to go on serving, not ready, after SIGTERM, SIGINT or SIGQUIT; a second signal ends it'
complete -c healthd -n '__healthd_at -' -l sandbox -x -a 'auto off require' -d 'give up what is not needed to serve: auto (what the kernel offers), off or require'
complete -c healthd -n '__healthd_at -' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c healthd -n '__healthd_at -' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at -' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at -' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at -' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at -' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at -' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at -' -s V -l version -d 'print the version and exit'

complete -c healthd -n '__healthd_at -' -a probe -d 'request URL once: for HEALTHCHECK and exec probes in images without curl or a shell'
complete -c healthd -n '__healthd_at probe' -l timeout -x -d 'probe: how long the whole request may take'
complete -c healthd -n '__healthd_at probe' -l expect -x -d 'HTTP status that counts as healthy'
complete -c healthd -n '__healthd_at probe' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at probe' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at probe' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at probe' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at probe' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at probe' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at probe' -s V -l version -d 'print the version and exit'

complete -c healthd -n '__healthd_at -' -a check -d 'run every check once and print a table'
complete -c healthd -n '__healthd_at check' -l check -x -d 'a check: NAME URL [key value]... (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at check' -l config -r -F -d 'read checks from FILE, one per line; lines that begin with # are comments'
complete -c healthd -n '__healthd_at check' -l database -x -d 'where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL'
complete -c healthd -n '__healthd_at check' -l redis -x -d 'where Redis is, as a URL; takes precedence over REDIS_URL'
complete -c healthd -n '__healthd_at check' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at check' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at check' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at check' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at check' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at check' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at check' -s V -l version -d 'print the version and exit'

complete -c healthd -n '__healthd_at -' -a wait -d 'wait until every check is healthy: for init containers and scripts'
complete -c healthd -n '__healthd_at wait' -l check -x -d 'a check: NAME URL [key value]... (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at wait' -l config -r -F -d 'read checks from FILE, one per line; lines that begin with # are comments'
complete -c healthd -n '__healthd_at wait' -l database -x -d 'where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL'
complete -c healthd -n '__healthd_at wait' -l redis -x -d 'where Redis is, as a URL; takes precedence over REDIS_URL'
complete -c healthd -n '__healthd_at wait' -l timeout -x -d 'wait: how long to wait for all checks'
complete -c healthd -n '__healthd_at wait' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at wait' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at wait' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at wait' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at wait' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at wait' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at wait' -s V -l version -d 'print the version and exit'

complete -c healthd -n '__healthd_at -' -a explain -d 'print the settings in force and the worst time until the pod is unready and ready again'
complete -c healthd -n '__healthd_at explain' -l listen -x -d 'address to listen on: [::]:PORT, ADDRESS:PORT or unix:/path (may be repeated)'
complete -c healthd -n '__healthd_at explain' -l tls-cert -r -F -d 'certificate (PEM, with its chain) with which TCP listeners speak TLS; needs --tls-key'
complete -c healthd -n '__healthd_at explain' -l tls-key -r -F -d 'private key of that certificate (PEM, without a passphrase)'
complete -c healthd -n '__healthd_at explain' -l check -x -d 'a check: NAME URL [key value]... (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at explain' -l config -r -F -d 'read checks from FILE, one per line; lines that begin with # are comments'
complete -c healthd -n '__healthd_at explain' -l database -x -d 'where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL'
complete -c healthd -n '__healthd_at explain' -l redis -x -d 'where Redis is, as a URL; takes precedence over REDIS_URL'
complete -c healthd -n '__healthd_at explain' -l health-strict -d 'make /health answer like ready: 503 while not ready, instead of always 200'
complete -c healthd -n '__healthd_at explain' -l alias -x -d 'answer PATH as PAGE is answered (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at explain' -l body -x -d 'answer PATH with 200 and TEXT (may be repeated; in the variable, one per line)'
complete -c healthd -n '__healthd_at explain' -l details -x -a 'never local always' -d 'who may see reasons, the history and /status: never (nobody), local or always'
complete -c healthd -n '__healthd_at explain' -l drain -x -d 'how long to go on serving, not ready, after SIGTERM, SIGINT or SIGQUIT; a second signal ends it'
complete -c healthd -n '__healthd_at explain' -l probe -x -d 'explain: the readiness probe that the pod has'
complete -c healthd -n '__healthd_at explain' -l bound -x -d 'explain: exit with status 1 if a failure may take longer than this to make the pod unready'
complete -c healthd -n '__healthd_at explain' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at explain' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at explain' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at explain' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at explain' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at explain' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at explain' -s V -l version -d 'print the version and exit'

complete -c healthd -n '__healthd_at -' -a sleep -d 'sleep for DURATION: for a preStop hook in an image without a shell'
complete -c healthd -n '__healthd_at sleep' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at sleep' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at sleep' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at sleep' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at sleep' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at sleep' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at sleep' -s V -l version -d 'print the version and exit'

complete -c healthd -n '__healthd_at -' -a copy -d 'copy this program to DEST, atomically and with mode 755'
complete -c healthd -n '__healthd_at copy' -F
complete -c healthd -n '__healthd_at copy' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at copy' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at copy' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at copy' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at copy' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at copy' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at copy' -s V -l version -d 'print the version and exit'

complete -c healthd -n '__healthd_at -' -a version -d 'print the version'
complete -c healthd -n '__healthd_at version' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c healthd -n '__healthd_at version' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c healthd -n '__healthd_at version' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c healthd -n '__healthd_at version' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c healthd -n '__healthd_at version' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c healthd -n '__healthd_at version' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c healthd -n '__healthd_at version' -s V -l version -d 'print the version and exit'
