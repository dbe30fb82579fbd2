# shellcheck shell=bash
# Completion of migrate for bash, as migrate --print-options=bash prints it.

# What an option's value can be: words, or a path. 1: it takes none.
_migrate_value() {
    case $1 in
    --dir) words='' path=dirnames ;;
    --database) words='' path='' ;;
    --table) words='' path='' ;;
    --layout) path='' words='auto native golang dbmate goose flyway sqlx' ;;
    --wait) words='' path='' ;;
    --lock-wait) words='' path='' ;;
    --lock-timeout) words='' path='' ;;
    --statement-timeout) words='' path='' ;;
    --deadline) words='' path='' ;;
    --out-of-order) path='' words='refuse apply' ;;
    --ahead) path='' words='allow refuse' ;;
    --phase) path='' words='expand contract all' ;;
    --to) words='' path='' ;;
    --steps) words='' path='' ;;
    --pooler) path='' words='auto session transaction refuse' ;;
    --max-blocking) words='' path='' ;;
    --role) words='' path='' ;;
    --search-path) words='' path='' ;;
    --release) words='' path='' ;;
    --termination-log) words='' path=default ;;
    --dirty) path='' words='leave applied reverted' ;;
    --since) words='' path='' ;;
    --format) path='' words='text json github' ;;
    --export-url) words='' path='' ;;
    --tool) path='' words='auto none alembic django rails doctrine prisma knex' ;;
    --grace) words='' path='' ;;
    --log) path='' words='auto text kv json' ;;
    --log-level) path='' words='debug info warn error' ;;
    --print-options) path='' words='man markdown bash zsh fish' ;;
    *) return 1 ;;
    esac
}

# What is known after a command: options, words, a path; whether a command line follows. 1: no command.
_migrate_command() {
    case $1 in
    up) options='--dir --allow-empty --database --table --layout --wait --lock-wait --lock-timeout --statement-timeout --deadline --out-of-order --ahead --phase --to --steps --pooler --dry-run --rehearse --max-blocking --role --search-path --release --json --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    down) options='--dir --database --table --layout --wait --lock-wait --lock-timeout --statement-timeout --deadline --pooler --dry-run --role --search-path --json --termination-log --to --steps --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    rehearse) options='--dir --allow-empty --database --table --layout --wait --lock-wait --lock-timeout --statement-timeout --deadline --out-of-order --ahead --phase --to --steps --pooler --dry-run --max-blocking --role --search-path --release --json --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    status) options='--dir --allow-empty --database --table --layout --wait --deadline --out-of-order --ahead --phase --role --json --exit-code --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    baseline) options='--dir --database --table --layout --wait --lock-wait --lock-timeout --deadline --pooler --dry-run --role --release --json --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    repair) options='--dir --database --table --layout --wait --lock-wait --lock-timeout --deadline --pooler --dry-run --role --json --termination-log --dirty --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    check) options='--dir --allow-empty --layout --json --since --format --rules --log --log-level --strict-env --print-options --print-formats --help --version' words='' path=dirnames wraps='' ;;
    split) options='--json --log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    wait) options='--database --wait --deadline --json --termination-log --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    run) options='--database --table --wait --lock-wait --deadline --ahead --termination-log --export-url --tool --grace --log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps=1 ;;
    copy) options='--log --log-level --strict-env --print-options --print-formats --help --version' words='' path=default wraps='' ;;
    version) options='--log --log-level --strict-env --print-options --print-formats --help --version' words='' path='' wraps='' ;;
    '') options='--dir --allow-empty --database --table --layout --wait --lock-wait --lock-timeout --statement-timeout --deadline --out-of-order --ahead --phase --to --steps --pooler --dry-run --rehearse --max-blocking --role --search-path --release --json --exit-code --termination-log --dirty --since --format --rules --export-url --tool --grace --log --log-level --strict-env --print-options --print-formats --help --version' words='up down rehearse status baseline repair check split wait run copy version' path='' wraps='' ;;
    *) return 1 ;;
    esac
}

# A command line of its own begins at word $1.
_migrate_wrapped() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
        return
    fi
    compopt -o default
    ((COMP_CWORD > $1)) || mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
}

_migrate() {
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
    _migrate_command ''
    for ((i = 1; i < ${#given[@]} - 1; i++)); do
        word=${given[i]}
        if [[ $option ]]; then
            option=''
        elif [[ $word == -- ]]; then
            [[ $wraps ]] && _migrate_wrapped $((at[i] + 1))
            return
        elif [[ $word == -* ]]; then
            _migrate_value "$word" && option=$word
        elif [[ -z $command ]] && _migrate_command "$word"; then
            command=$word
        elif [[ $wraps ]]; then
            _migrate_wrapped "${at[i]}"
            return
        elif [[ -z $command ]]; then
            return
        fi
    done
    own=${COMP_WORDS[COMP_CWORD]} # what the answers take the place of
    [[ $own == *[!=:]* ]] || own=''
    skip=${cur%"$own"}
    if [[ $option ]]; then
        _migrate_value "$option"
        wraps=''
    elif [[ $cur == --*=* ]]; then
        before=${cur%%=*}=
        cur=${cur#*=}
        _migrate_value "${before%=}" || return
        wraps=''
    else
        _migrate_command "$command"
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
complete -F _migrate migrate
