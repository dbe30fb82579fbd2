# shellcheck shell=bash
# Completion of cronrun for bash; zsh reads it after `autoload bashcompinit && bashcompinit`.
_cronrun() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' words='' word
    COMPREPLY=()
    case $prev in
    --lock)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --name)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --on-busy)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --lock-ttl)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --lock-settle)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --deadline)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --grace)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --stop-signal)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --starting-deadline)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --scheduled-at)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --job-deadline)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --busy-status)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --late-status)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --child-status)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --database)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --redis)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --termination-log)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --log)
        mapfile -t COMPREPLY < <(compgen -W 'auto text kv json' -- "$cur")
        return
        ;;
    --log-level)
        mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$cur")
        return
        ;;
    --print-options)
        mapfile -t COMPREPLY < <(compgen -W 'man markdown completion' -- "$cur")
        return
        ;;
    esac
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
        run | copy | version) command=$word && break ;;
        --) return ;;
        esac
    done
    case $command in
    run) words='--lock --name --on-busy --lock-ttl --lock-settle --deadline --grace --stop-signal --starting-deadline --scheduled-at --job-deadline --busy-status --late-status --child-status --database --redis --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    copy) words='--log --log-level --strict-env --print-options --print-formats --help --version' ;;
    version) words='--log --log-level --strict-env --print-options --print-formats --help --version' ;;
    *) words='run copy version --lock --name --on-busy --lock-ttl --lock-settle --deadline --grace --stop-signal --starting-deadline --scheduled-at --job-deadline --busy-status --late-status --child-status --database --redis --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    esac
    if [[ $cur == -* || -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
complete -F _cronrun cronrun
