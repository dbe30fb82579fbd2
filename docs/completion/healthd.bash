# shellcheck shell=bash
# Completion of healthd for bash, as healthd --print-options=bash prints it.

# What an option's value can be: words, or a path. 1: it takes none.
_healthd_value() {
    case $1 in
    --listen) words='' path='' ;;
    --tls-cert) words='' path=default ;;
    --tls-key) words='' path=default ;;
    --check) words='' path='' ;;
    --config) words='' path=default ;;
    --database) words='' path='' ;;
    --redis) words='' path='' ;;
    --service-name) words='' path='' ;;
    --service-version) words='' path='' ;;
    --alias) words='' path='' ;;
    --body) words='' path='' ;;
    --details) path='' words='never local always' ;;
    --drain) words='' path='' ;;
    --sandbox) path='' words='auto off require' ;;
    --termination-log) words='' path=default ;;
    --timeout) words='' path='' ;;
    --expect) words='' path='' ;;
    --probe) words='' path='' ;;
    --bound) words='' path='' ;;
    --log) path='' words='auto text kv json' ;;
    --log-level) path='' words='debug info warn error' ;;
    --print-options) path='' words='man markdown bash zsh fish' ;;
    *) return 1 ;;
    esac
}

# What is known after a command: options, words, a path; whether a command line follows. 1: no command.
_healthd_command() {
    case $1 in
    probe) options='--timeout --expect --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    check) options='--check --config --database --redis --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    wait) options='--check --config --database --redis --timeout --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    explain) options='--listen --tls-cert --tls-key --check --config --database --redis --health-strict --alias --body --details --drain --probe --bound --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    sleep) options='--log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    copy) options='--log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    version) options='--log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    '') options='--listen --tls-cert --tls-key --check --config --database --redis --service-name --service-version --health-strict --alias --body --details --drain --sandbox --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='probe check wait explain sleep copy version' path='' wraps='' ;;
    *) return 1 ;;
    esac
}

# A command line of its own begins at word $1.
_healthd_wrapped() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
        return
    fi
    compopt -o default
    ((COMP_CWORD > $1)) || mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
}

_healthd() {
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
    _healthd_command ''
    for ((i = 1; i < ${#given[@]} - 1; i++)); do
        word=${given[i]}
        if [[ $option ]]; then
            option=''
        elif [[ $word == -- ]]; then
            [[ $wraps ]] && _healthd_wrapped $((at[i] + 1))
            return
        elif [[ $word == -* ]]; then
            _healthd_value "$word" && option=$word
        elif [[ -z $command ]] && _healthd_command "$word"; then
            command=$word
        elif [[ $wraps ]]; then
            _healthd_wrapped "${at[i]}"
            return
        elif [[ -z $command ]]; then
            return
        fi
    done
    own=${COMP_WORDS[COMP_CWORD]} # what the answers take the place of
    [[ $own == *[!=:]* ]] || own=''
    skip=${cur%"$own"}
    if [[ $option ]]; then
        _healthd_value "$option"
        wraps=''
    elif [[ $cur == --*=* ]]; then
        before=${cur%%=*}=
        cur=${cur#*=}
        _healthd_value "${before%=}" || return
        wraps=''
    else
        _healthd_command "$command"
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
complete -F _healthd healthd
