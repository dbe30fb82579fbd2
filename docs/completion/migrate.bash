# shellcheck shell=bash
# Completion of migrate for bash; zsh reads it after `autoload bashcompinit && bashcompinit`.
_migrate() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' words='' word
    COMPREPLY=()
    case $prev in
    --dir)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --database)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --table)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --layout)
        mapfile -t COMPREPLY < <(compgen -W 'auto native' -- "$cur")
        return
        ;;
    --wait)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --lock-wait)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --lock-timeout)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --statement-timeout)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --deadline)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --out-of-order)
        mapfile -t COMPREPLY < <(compgen -W 'refuse apply' -- "$cur")
        return
        ;;
    --ahead)
        mapfile -t COMPREPLY < <(compgen -W 'allow refuse' -- "$cur")
        return
        ;;
    --phase)
        mapfile -t COMPREPLY < <(compgen -W 'expand contract all' -- "$cur")
        return
        ;;
    --to)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --steps)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --role)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --search-path)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --release)
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
        up | status | check | split | wait | copy | version) command=$word && break ;;
        --) return ;;
        esac
    done
    case $command in
    up) words='--dir --allow-empty --database --table --layout --wait --lock-wait --lock-timeout --statement-timeout --deadline --out-of-order --ahead --phase --to --steps --dry-run --role --search-path --release --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    status) words='--dir --allow-empty --database --table --wait --deadline --out-of-order --ahead --phase --role --json --exit-code --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    check) words='--dir --allow-empty --json --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    split) words='--json --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    wait) words='--database --wait --deadline --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    copy) words='--log --log-level --strict-env --print-options --print-formats --help --version' ;;
    version) words='--log --log-level --strict-env --print-options --print-formats --help --version' ;;
    *) words='up status check split wait copy version --dir --allow-empty --database --table --layout --wait --lock-wait --lock-timeout --statement-timeout --deadline --out-of-order --ahead --phase --to --steps --dry-run --role --search-path --release --json --exit-code --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    esac
    if [[ $cur == -* || -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
complete -F _migrate migrate
