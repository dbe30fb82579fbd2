# Completion of cronrun for fish, as cronrun --print-options=fish prints it.

# Options that a value follows.
set -g __cronrun_valued --lock --name --on-busy --lock-ttl --lock-settle --deadline --grace --stop-signal --starting-deadline --scheduled-at --job-deadline --retries --retry-delay --ping --output --spool-dir --busy-status --late-status --child-status --database --redis --termination-log --tz --dialect --dst --listen --drain -n --count --from --log --log-level --print-options
set -g __cronrun_commands run daemon next check status copy version
# Commands that a command line follows.
set -g __cronrun_wrapping - run

# The command (- before one is named); then, when a command line of its own has begun, "wrapped" and its words.
function __cronrun_line
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
        else if contains -- $token $__cronrun_valued
            set value yes
        else if string match -q -- '-*' $token
        else if test $command = -; and contains -- $token $__cronrun_commands
            set command $token
        else if contains -- $command $__cronrun_wrapping
            printf '%s\n' $command wrapped $token $tokens
            return
        else if test $command = -
            return
        end
    end
    echo $command
end

# Whether the cursor is among the options and words of that command, or where its command line is or begins.
function __cronrun_at
    set -l line (__cronrun_line)
    test "$line[1]" = $argv[1]; or return 1
    set -q line[2]; or return 0
    set -q argv[2]
end

function __cronrun_wrapped
    set -l line (__cronrun_line)
    set -l word (commandline -ct)
    if not set -q line[2]; and string match -q -- '-*' $word
        return
    end
    complete -C (string join ' ' -- (string escape -- $line[3..]) "$word")
end

# The paths that the word goes on with behind what it begins with: "file:".
function __cronrun_paths
    set -l word (commandline -ct | string replace -r -- '^--[^=]*=' '')
    string match -q -- "$argv[1]*" $word; or return
    set -l path (string replace -- $argv[1] '' $word)
    complete -C "nosuchprogram $path" | string replace -r -- '^' $argv[1]
end

complete -c cronrun -f
complete -c cronrun -n '__cronrun_at -' -l lock -x -a 'file: (__cronrun_paths file:) postgres redis none' -d 'the lock: file:/path, postgres, redis, a URL of either, or none; required'
complete -c cronrun -n '__cronrun_at -' -l name -x -d 'name of the job; runs with the same name and lock store exclude each other'
complete -c cronrun -n '__cronrun_at -' -l on-busy -x -a 'skip fail wait=' -d 'what to do when another run holds the lock'
complete -c cronrun -n '__cronrun_at -' -l lock-ttl -x -d 'Redis: how long the lock lasts without being renewed'
complete -c cronrun -n '__cronrun_at -' -l lock-settle -x -d 'PostgreSQL: how long to hold the lock before starting if the previous holder never released it'
complete -c cronrun -n '__cronrun_at -' -l deadline -x -d 'how long the command may run; then it gets the stop signal and, after the grace, KILL'
complete -c cronrun -n '__cronrun_at -' -l grace -x -d 'time between the stop signal and KILL'
complete -c cronrun -n '__cronrun_at -' -l stop-signal -x -a 'TERM INT QUIT HUP USR1 USR2 KILL' -d 'signal that asks the command to end'
complete -c cronrun -n '__cronrun_at -' -l guard -d 'put a small process between cronrun and the command, which kills the process tree if cronrun itself is killed'
complete -c cronrun -n '__cronrun_at -' -l starting-deadline -x -d 'do not start the command later than this after its scheduled time'
complete -c cronrun -n '__cronrun_at -' -l scheduled-at -x -d 'time at which the run was scheduled (RFC 3339)'
complete -c cronrun -n '__cronrun_at -' -l job-deadline -x -d 'the Job\'s activeDeadlineSeconds; the command is stopped three seconds plus the grace before'
complete -c cronrun -n '__cronrun_at -' -l retries -x -d 'how often the command is started again if it fails'
complete -c cronrun -n '__cronrun_at -' -l retry-delay -x -d 'pause before the first retry; it doubles each time, up to five minutes'
complete -c cronrun -n '__cronrun_at -' -l ping -x -d 'report start and end of the run to a monitor that understands the pings of healthchecks.io'
complete -c cronrun -n '__cronrun_at -' -l output -x -a 'pass lines on-failure' -d 'what becomes of the command\'s output: passed on untouched, as a record per line, or shown only if the run fails'
complete -c cronrun -n '__cronrun_at -' -l spool-dir -x -a '(__fish_complete_directories)' -d 'directory of the file that holds the output for --output on-failure'
complete -c cronrun -n '__cronrun_at -' -l busy-status -x -d 'exit status of a run that is skipped because the lock is busy'
complete -c cronrun -n '__cronrun_at -' -l late-status -x -d 'exit status of a run that is too late to start'
complete -c cronrun -n '__cronrun_at -' -l child-status -x -d 'exit status for any failure of the command'
complete -c cronrun -n '__cronrun_at -' -l database -x -d 'where PostgreSQL is, for --lock postgres (default: DATABASE_URL and the like)'
complete -c cronrun -n '__cronrun_at -' -l redis -x -d 'where Redis is, for --lock redis (default: REDIS_URL and the like)'
complete -c cronrun -n '__cronrun_at -' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c cronrun -n '__cronrun_at -' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at -' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at -' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at -' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at -' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at -' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at -' -s V -l version -d 'print the version and exit'
complete -c cronrun -n '__cronrun_at - wrapped' -x -a '(__cronrun_wrapped)'

complete -c cronrun -n '__cronrun_at -' -a run -d 'run a command under a lock and with a deadline, and leave nothing of it behind'
complete -c cronrun -n '__cronrun_at run wrapped' -x -a '(__cronrun_wrapped)'
complete -c cronrun -n '__cronrun_at run' -l lock -x -a 'file: (__cronrun_paths file:) postgres redis none' -d 'the lock: file:/path, postgres, redis, a URL of either, or none; required'
complete -c cronrun -n '__cronrun_at run' -l name -x -d 'name of the job; runs with the same name and lock store exclude each other'
complete -c cronrun -n '__cronrun_at run' -l on-busy -x -a 'skip fail wait=' -d 'what to do when another run holds the lock'
complete -c cronrun -n '__cronrun_at run' -l lock-ttl -x -d 'Redis: how long the lock lasts without being renewed'
complete -c cronrun -n '__cronrun_at run' -l lock-settle -x -d 'PostgreSQL: how long to hold the lock before starting if the previous holder never released it'
complete -c cronrun -n '__cronrun_at run' -l deadline -x -d 'how long the command may run; then it gets the stop signal and, after the grace, KILL'
complete -c cronrun -n '__cronrun_at run' -l grace -x -d 'time between the stop signal and KILL'
complete -c cronrun -n '__cronrun_at run' -l stop-signal -x -a 'TERM INT QUIT HUP USR1 USR2 KILL' -d 'signal that asks the command to end'
complete -c cronrun -n '__cronrun_at run' -l guard -d 'put a small process between cronrun and the command, which kills the process tree if cronrun itself is killed'
complete -c cronrun -n '__cronrun_at run' -l starting-deadline -x -d 'do not start the command later than this after its scheduled time'
complete -c cronrun -n '__cronrun_at run' -l scheduled-at -x -d 'time at which the run was scheduled (RFC 3339)'
complete -c cronrun -n '__cronrun_at run' -l job-deadline -x -d 'the Job\'s activeDeadlineSeconds; the command is stopped three seconds plus the grace before'
complete -c cronrun -n '__cronrun_at run' -l retries -x -d 'how often the command is started again if it fails'
complete -c cronrun -n '__cronrun_at run' -l retry-delay -x -d 'pause before the first retry; it doubles each time, up to five minutes'
complete -c cronrun -n '__cronrun_at run' -l ping -x -d 'report start and end of the run to a monitor that understands the pings of healthchecks.io'
complete -c cronrun -n '__cronrun_at run' -l output -x -a 'pass lines on-failure' -d 'what becomes of the command\'s output: passed on untouched, as a record per line, or shown only if the run fails'
complete -c cronrun -n '__cronrun_at run' -l spool-dir -x -a '(__fish_complete_directories)' -d 'directory of the file that holds the output for --output on-failure'
complete -c cronrun -n '__cronrun_at run' -l busy-status -x -d 'exit status of a run that is skipped because the lock is busy'
complete -c cronrun -n '__cronrun_at run' -l late-status -x -d 'exit status of a run that is too late to start'
complete -c cronrun -n '__cronrun_at run' -l child-status -x -d 'exit status for any failure of the command'
complete -c cronrun -n '__cronrun_at run' -l database -x -d 'where PostgreSQL is, for --lock postgres (default: DATABASE_URL and the like)'
complete -c cronrun -n '__cronrun_at run' -l redis -x -d 'where Redis is, for --lock redis (default: REDIS_URL and the like)'
complete -c cronrun -n '__cronrun_at run' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c cronrun -n '__cronrun_at run' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at run' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at run' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at run' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at run' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at run' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at run' -s V -l version -d 'print the version and exit'

complete -c cronrun -n '__cronrun_at -' -a daemon -d 'start the jobs of a crontab, in time, until it is told to stop'
complete -c cronrun -n '__cronrun_at daemon' -F
complete -c cronrun -n '__cronrun_at daemon' -l termination-log -r -F -d 'where to write the termination message, if that file exists'
complete -c cronrun -n '__cronrun_at daemon' -l tz -x -d 'time zone of schedules that name none, such as Europe/Berlin'
complete -c cronrun -n '__cronrun_at daemon' -l dialect -x -a 'vixie k8s' -d 'how crontabs and expressions are read: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob\'s schedule)'
complete -c cronrun -n '__cronrun_at daemon' -l dst -x -a 'vixie skip k8s' -d 'what happens to times that the clocks skip or repeat: vixie, skip or k8s'
complete -c cronrun -n '__cronrun_at daemon' -l listen -x -d 'daemon: address of the page, the metrics and the health probes: [::]:PORT, ADDRESS:PORT, unix:/path (may be repeated), or none'
complete -c cronrun -n '__cronrun_at daemon' -l drain -x -d 'daemon: how long runs may go on after SIGTERM; then they are told to end, as on their deadline'
complete -c cronrun -n '__cronrun_at daemon' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at daemon' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at daemon' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at daemon' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at daemon' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at daemon' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at daemon' -s V -l version -d 'print the version and exit'

complete -c cronrun -n '__cronrun_at -' -a next -d 'print when a cron expression, or the jobs of a crontab, come next'
complete -c cronrun -n '__cronrun_at next' -F
complete -c cronrun -n '__cronrun_at next' -l tz -x -d 'time zone of schedules that name none, such as Europe/Berlin'
complete -c cronrun -n '__cronrun_at next' -l dialect -x -a 'vixie k8s' -d 'how crontabs and expressions are read: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob\'s schedule)'
complete -c cronrun -n '__cronrun_at next' -l dst -x -a 'vixie skip k8s' -d 'what happens to times that the clocks skip or repeat: vixie, skip or k8s'
complete -c cronrun -n '__cronrun_at next' -l json -d 'one JSON object per line'
complete -c cronrun -n '__cronrun_at next' -s n -l count -x -d 'next: how many times'
complete -c cronrun -n '__cronrun_at next' -l from -x -d 'next: only times after INSTANT (RFC 3339)'
complete -c cronrun -n '__cronrun_at next' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at next' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at next' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at next' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at next' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at next' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at next' -s V -l version -d 'print the version and exit'

complete -c cronrun -n '__cronrun_at -' -a check -d 'tell every fault of a crontab, with line and column'
complete -c cronrun -n '__cronrun_at check' -F
complete -c cronrun -n '__cronrun_at check' -l dialect -x -a 'vixie k8s' -d 'how crontabs and expressions are read: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob\'s schedule)'
complete -c cronrun -n '__cronrun_at check' -l json -d 'one JSON object per line'
complete -c cronrun -n '__cronrun_at check' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at check' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at check' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at check' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at check' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at check' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at check' -s V -l version -d 'print the version and exit'

complete -c cronrun -n '__cronrun_at -' -a status -d 'show who holds the locks of jobs, since when, and how the last runs ended'
complete -c cronrun -n '__cronrun_at status' -F
complete -c cronrun -n '__cronrun_at status' -l lock -x -a 'file: (__cronrun_paths file:) postgres redis none' -d 'the lock: file:/path, postgres, redis, a URL of either, or none; required'
complete -c cronrun -n '__cronrun_at status' -l name -x -d 'name of the job; runs with the same name and lock store exclude each other'
complete -c cronrun -n '__cronrun_at status' -l database -x -d 'where PostgreSQL is, for --lock postgres (default: DATABASE_URL and the like)'
complete -c cronrun -n '__cronrun_at status' -l redis -x -d 'where Redis is, for --lock redis (default: REDIS_URL and the like)'
complete -c cronrun -n '__cronrun_at status' -l dialect -x -a 'vixie k8s' -d 'how crontabs and expressions are read: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob\'s schedule)'
complete -c cronrun -n '__cronrun_at status' -l dst -x -a 'vixie skip k8s' -d 'what happens to times that the clocks skip or repeat: vixie, skip or k8s'
complete -c cronrun -n '__cronrun_at status' -l json -d 'one JSON object per line'
complete -c cronrun -n '__cronrun_at status' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at status' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at status' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at status' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at status' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at status' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at status' -s V -l version -d 'print the version and exit'

complete -c cronrun -n '__cronrun_at -' -a copy -d 'copy this program to DEST, atomically and with mode 755'
complete -c cronrun -n '__cronrun_at copy' -F
complete -c cronrun -n '__cronrun_at copy' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at copy' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at copy' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at copy' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at copy' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at copy' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at copy' -s V -l version -d 'print the version and exit'

complete -c cronrun -n '__cronrun_at -' -a version -d 'print the version'
complete -c cronrun -n '__cronrun_at version' -l log -x -a 'auto text kv json' -d 'format of the log on stderr: auto, text, kv or json'
complete -c cronrun -n '__cronrun_at version' -l log-level -x -a 'debug info warn error' -d 'lowest level that is logged: debug, info, warn or error'
complete -c cronrun -n '__cronrun_at version' -l strict-env -d 'treat an unknown variable with the program\'s prefix as an error'
complete -c cronrun -n '__cronrun_at version' -l print-options -x -a 'man markdown bash zsh fish' -d 'print the manual page (man), the option tables (markdown) or a shell\'s completion script, and exit'
complete -c cronrun -n '__cronrun_at version' -l print-formats -d 'print the fields of log records and reports, and exit'
complete -c cronrun -n '__cronrun_at version' -s h -l help -d 'print help (after a command: the help of that command) and exit'
complete -c cronrun -n '__cronrun_at version' -s V -l version -d 'print the version and exit'
