# shellcheck shell=bash
# Completion of cronrun for bash, as cronrun --print-options=bash prints it.

# What an option's value can be: words, or a path. 1: it takes none.
_cronrun_value() {
    case $1 in
    --lock) path='' words='file: postgres redis none' && if [[ $cur == file:* ]]; then path=default; fi ;;
    --name) words='' path='' ;;
    --on-busy) path='' words='skip fail wait=' ;;
    --lock-ttl) words='' path='' ;;
    --lock-settle) words='' path='' ;;
    --deadline) words='' path='' ;;
    --grace) words='' path='' ;;
    --stop-signal) path='' words='TERM INT QUIT HUP USR1 USR2 KILL' ;;
    --starting-deadline) words='' path='' ;;
    --scheduled-at) words='' path='' ;;
    --job-deadline) words='' path='' ;;
    --retries) words='' path='' ;;
    --retry-delay) words='' path='' ;;
    --ping) words='' path='' ;;
    --output) path='' words='pass lines on-failure' ;;
    --spool-dir) words='' path=dirnames ;;
    --busy-status) words='' path='' ;;
    --late-status) words='' path='' ;;
    --child-status) words='' path='' ;;
    --database) words='' path='' ;;
    --redis) words='' path='' ;;
    --termination-log) words='' path=default ;;
    --tz) words='' path='' ;;
    --dialect) path='' words='vixie k8s' ;;
    --dst) path='' words='vixie skip k8s' ;;
    --listen) words='' path='' ;;
    --drain) words='' path='' ;;
    -n | --count) words='' path='' ;;
    --from) words='' path='' ;;
    --log) path='' words='auto text kv json' ;;
    --log-level) path='' words='debug info warn error' ;;
    --print-options) path='' words='man markdown bash zsh fish' ;;
    *) return 1 ;;
    esac
}

# What is known after a command: options, words, a path; whether a command line follows. 1: no command.
_cronrun_command() {
    case $1 in
    run) options='--lock --name --on-busy --lock-ttl --lock-settle --deadline --grace --stop-signal --guard --starting-deadline --scheduled-at --job-deadline --retries --retry-delay --ping --output --spool-dir --busy-status --late-status --child-status --database --redis --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps=1 ;;
    daemon) options='--termination-log --tz --dialect --dst --listen --drain --log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    next) options='--tz --dialect --dst --json --count --from --log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    check) options='--dialect --json --log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    status) options='--lock --name --database --redis --dialect --dst --json --log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    copy) options='--log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    version) options='--log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    '') options='--lock --name --on-busy --lock-ttl --lock-settle --deadline --grace --stop-signal --guard --starting-deadline --scheduled-at --job-deadline --retries --retry-delay --ping --output --spool-dir --busy-status --late-status --child-status --database --redis --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='run daemon next check status copy version' path='' wraps=1 ;;
    *) return 1 ;;
    esac
}

# A command line of its own begins at word $1.
_cronrun_wrapped() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
        return
    fi
    compopt -o default
    ((COMP_CWORD > $1)) || mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
}

_cronrun() {
    local -a given=() at=()
    local options='' words='' path='' wraps='' command='' option='' before='' line=$COMP_LINE cur own skip word i
    COMPREPLY=()
    for ((i = 0; i <= COMP_CWORD; i++)); do # bash parts words at = and :
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $line != [[:space:]]* ]]; then
            given[-1]+=$word
        else
            given+=("$word")
            at+=("$i")
            line=${line#"${line%%[![:space:]]*}"}
        fi
        line=${line#"$word"}
    done
    cur=${given[-1]}
    _cronrun_command ''
    for ((i = 1; i < ${#given[@]} - 1; i++)); do
        word=${given[i]}
        if [[ $option ]]; then
            option=''
        elif [[ $word == -- ]]; then
            [[ $wraps ]] && _cronrun_wrapped $((at[i] + 1))
            return
        elif [[ $word == -* ]]; then
            _cronrun_value "$word" && option=$word
        elif [[ -z $command ]] && _cronrun_command "$word"; then
            command=$word
        elif [[ $wraps ]]; then
            _cronrun_wrapped "${at[i]}"
            return
        elif [[ -z $command ]]; then
            return
        fi
    done
    own=${COMP_WORDS[COMP_CWORD]} # what the answers take the place of
    [[ $own == *[!=:]* ]] || own=''
    skip=${cur%"$own"}
    if [[ $option ]]; then
        _cronrun_value "$option"
        wraps=''
    elif [[ $cur == --*=* ]]; then
        before=${cur%%=*}=
        cur=${cur#*=}
        _cronrun_value "${before%=}" || return
        wraps=''
    else
        _cronrun_command "$command"
        if [[ $cur == -* ]]; then
            words=$options path='' wraps=''
        fi
    fi
    mapfile -t COMPREPLY < <(
        compgen -W "$words" -- "$cur"
        if [[ $wraps ]]; then compgen -c -- "$cur"; fi
    )
    COMPREPLY=("${COMPREPLY[@]/#/$before}")
    COMPREPLY=("${COMPREPLY[@]#"$skip"}")
    if [[ $path || $wraps ]]; then compopt -o "${path:-default}"; fi
    if [[ ${COMPREPLY[*]} == *[=:] ]]; then compopt -o nospace; fi
}
complete -F _cronrun cronrun
