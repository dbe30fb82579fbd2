# shellcheck shell=bash
# Completion of healthd for bash; zsh reads it after `autoload bashcompinit && bashcompinit`.
_healthd() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' words='' word
    COMPREPLY=()
    case $prev in
    --listen)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --check)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --config)
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
    --service-name)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --service-version)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --details)
        mapfile -t COMPREPLY < <(compgen -W 'never local always' -- "$cur")
        return
        ;;
    --drain)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --termination-log)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --timeout)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --expect)
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
        probe | check | wait | sleep | copy | version) command=$word && break ;;
        --) return ;;
        esac
    done
    case $command in
    probe) words='--timeout --expect --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    check) words='--check --config --database --redis --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    wait) words='--check --config --database --redis --timeout --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    sleep) words='--log --log-level --strict-env --print-options --print-formats --help --version' ;;
    copy) words='--log --log-level --strict-env --print-options --print-formats --help --version' ;;
    version) words='--log --log-level --strict-env --print-options --print-formats --help --version' ;;
    *) words='probe check wait sleep copy version --listen --check --config --database --redis --service-name --service-version --health-strict --details --drain --termination-log --timeout --expect --timeout --log --log-level --strict-env --print-options --print-formats --help --version' ;;
    esac
    if [[ $cur == -* || -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
complete -F _healthd healthd
