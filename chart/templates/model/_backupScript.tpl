{{- /*
What backups, rehearsals and restores run: POSIX sh, with the programs of PostgreSQL's image. Nothing in it is filled in.
*/ -}}
{{- define "release-runtime.backupScript" -}}
#!/bin/sh
# dump      the database into BACKUP_DIR, then deletes dumps beyond BACKUP_KEEP_COUNT, or older than BACKUP_KEEP_DAYS (0: no limit).
# rehearse  restores the newest dump into a PostgreSQL of its own in REHEARSAL_DIR; REHEARSAL_QUERY has to return t there.
# restore   BACKUP_FILE (newest, or a name) into the database, all of it or nothing.
# list      the dumps and whether they match their checksums.
# Where the database is, DATABASE_* or PG* say. A dump, BACKUP_NAME-TIME.dump, is there only when it is complete and has its checksum.
set -eu
umask 077
export LC_ALL=C
work=$(mktemp -d)
part=
server=

die() {
    printf 'backup: %s\n' "$1" >&2
    exit 1
}

clean() {
    if [ -n "$server" ]; then
        pg_ctl --pgdata="$server" --mode=immediate --silent stop || true
        rm -rf "$server"
    fi
    if [ -n "$part" ]; then rm -f "$part" "$part.sha256"; fi
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 143' HUP INT TERM

# A URL as lines of a connection service file; what is not PostgreSQL's is left out.
url_settings() {
    awk '
    function hex(c) { return index("0123456789abcdef", tolower(c)) - 1 }
    function plain(s,   out, i) {
        while (i = index(s, "%")) {
            out = out substr(s, 1, i - 1) sprintf("%c", hex(substr(s, i + 1, 1)) * 16 + hex(substr(s, i + 2, 1)))
            s = substr(s, i + 3)
        }
        return out s
    }
    function say(key, value) { if (value != "") print key "=" plain(value) }
    function after(mark,   i, rest) {
        if (!(i = index($0, mark))) return ""
        rest = substr($0, i + 1)
        $0 = substr($0, 1, i - 1)
        return rest
    }
    {
        sub(/^[a-z0-9+]*:\/\//, "")
        query = after("?")
        say("dbname", after("/"))
        if (match($0, /.*@/)) {
            who = substr($0, 1, RLENGTH - 1)
            $0 = substr($0, RLENGTH + 1)
            if (i = index(who, ":")) say("password", substr(who, i + 1))
            say("user", i ? substr(who, 1, i - 1) : who)
        }
        for (n = split($0, all, ","); n; n--) {
            port = match(all[n], /:[0-9]+$/) ? substr(all[n], RSTART + 1) : ""
            sub(/:[0-9]*$/, "", all[n])
            gsub(/[][]/, "", all[n])
            hosts = all[n] comma hosts
            ports = port comma ports
            comma = ","
        }
        say("host", hosts)
        if (ports ~ /[0-9]/) say("port", ports)
        for (n = split(query, all, "&"); n; n--) {
            key = substr(all[n], 1, index(all[n], "=") - 1)
            value = substr(all[n], length(key) + 2)
            if (key == "ssl") { key = "sslmode"; if (value == "true") value = "require" }
            if (key ~ /^(host|port|user|password|dbname|ssl(mode|rootcert)|options|target_session_attrs|connect_timeout)$/) say(key, value)
        }
    }'
}

# Passwords go into files, which nobody else can read, never into arguments.
connect() {
    export PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-10}" PGAPPNAME=backup
    [ -z "${DATABASE_HOST-}" ] || export PGHOST="$DATABASE_HOST"
    [ -z "${DATABASE_PORT-}" ] || export PGPORT="$DATABASE_PORT"
    [ -z "${DATABASE_NAME-}" ] || export PGDATABASE="$DATABASE_NAME"
    [ -z "${DATABASE_USER-}" ] || export PGUSER="$DATABASE_USER"
    password=${DATABASE_PASSWORD:-${PGPASSWORD-}}
    if [ -n "$password" ]; then
        export PGPASSFILE="$work/passwords"
        printf '*:*:*:*:%s\n' "$(printf '%s' "$password" | sed 's/[:\\]/\\&/g')" >"$PGPASSFILE"
    fi
    {
        echo '[backup]'
        case ${DATABASE_URL:+url}${DATABASE_DSN:+dsn} in
        url*) printf '%s\n' "$DATABASE_URL" | url_settings ;;
        dsn) printf '%s\n' "${DATABASE_DSN#pgsql:}" | tr ';' '\n' | tr ' ' '\n' ;;
        esac
    } >"$work/services"
    unset password PGPASSWORD DATABASE_PASSWORD DATABASE_URL DATABASE_DSN
    export PGSERVICEFILE="$work/services" PGSERVICE=backup
}

# Sets file to the newest dump, and its checksum is right.
newest() {
    file=
    for found in "$BACKUP_DIR/$BACKUP_NAME"-????????T??????Z.dump; do file=$found; done
    [ -f "$file" ] || die "there is no dump of $BACKUP_NAME in $BACKUP_DIR"
    check "$file"
}

check() {
    (cd "$BACKUP_DIR" && sha256sum -c "${1##*/}.sha256" >/dev/null) || die "${1##*/} does not match its checksum"
}

dump() {
    rm -f "$BACKUP_DIR/.$BACKUP_NAME"-*.part* # of a run that was killed
    connect
    number=$(psql -XAtwc 'SHOW server_version_num') || die 'the server cannot be asked for its version'
    version=$(pg_dump --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
    [ "$version" -ge $((number / 10000)) ] ||
        die "pg_dump $version is older than the server ($((number / 10000))) and would miss what it does not know: give a newer image"
    name=$BACKUP_NAME-$(date -u +%Y%m%dT%H%M%SZ).dump
    part=$BACKUP_DIR/.$name.part
    pg_dump --format=custom --no-password --file="$part" || die 'pg_dump has failed; nothing of this dump is kept'
    pg_restore --file=/dev/null "$part" || die 'the dump cannot be read back; nothing of it is kept'
    sum=$(sha256sum <"$part")
    printf '%s  %s\n' "${sum%% *}" "$name" >"$part.sha256" || die 'the checksum cannot be written; nothing of this dump is kept'
    chmod 640 "$part" "$part.sha256" # for a container with another user that takes them elsewhere
    sync "$part" "$part.sha256"
    mv "$part.sha256" "$BACKUP_DIR/$name.sha256"
    mv "$part" "$BACKUP_DIR/$name"
    sync "$BACKUP_DIR"
    part=
    printf 'backup: %s, %d bytes\n' "$name" "$(wc -c <"$BACKUP_DIR/$name")"
    forget
}

# Oldest first. The newest has just been made, and so stays.
forget() {
    left=0
    limit=$(date -u -d "@$(($(date +%s) - ${BACKUP_KEEP_DAYS:-0} * 86400))" +%Y%m%d%H%M%S)
    for file in "$BACKUP_DIR/$BACKUP_NAME"-????????T??????Z.dump; do left=$((left + 1)); done
    for file in "$BACKUP_DIR/$BACKUP_NAME"-????????T??????Z.dump; do
        time=$(printf '%s' "${file##*-}" | tr -cd 0-9)
        if { [ "${BACKUP_KEEP_COUNT:-0}" -gt 0 ] && [ "$left" -gt "$BACKUP_KEEP_COUNT" ]; } ||
            { [ "${BACKUP_KEEP_DAYS:-0}" -gt 0 ] && [ "$time" -lt "$limit" ]; }; then
            rm -f "$file" "$file.sha256"
            printf 'backup: %s is deleted\n' "${file##*/}"
            left=$((left - 1))
        fi
    done
}

rehearse() {
    newest
    unset PGHOSTADDR PGSERVICE PGOPTIONS PGDATABASE
    server=$REHEARSAL_DIR/data
    rm -rf "$server"
    export PGHOST="$REHEARSAL_DIR" PGPORT=5432 PGUSER=postgres
    initdb --pgdata="$server" --username=postgres --auth=trust --encoding=UTF8 --no-locale --no-sync >"$work/log" 2>&1 ||
        die "initdb: $(tail -n 3 "$work/log")"
    settings="-c listen_addresses= -c unix_socket_directories=$REHEARSAL_DIR -c fsync=off -c full_page_writes=off -c autovacuum=off"
    pg_ctl --pgdata="$server" --log="$work/log" --options="$settings" --wait --timeout=120 --silent start ||
        die "the server of the rehearsal does not start: $(tail -n 3 "$work/log")"
    createdb rehearsal
    pg_restore --dbname=rehearsal --exit-on-error --no-owner --no-privileges "$file" || die "${file##*/} cannot be restored"
    answer=$(psql -XAt --dbname=rehearsal --command="$REHEARSAL_QUERY") || die "${file##*/}: the query has failed"
    [ "$answer" = t ] || die "${file##*/}: the query returned '$answer' instead of t"
    printf 'backup: %s was restored, and the query returned t\n' "${file##*/}"
}

restore() {
    if [ "${BACKUP_FILE:-newest}" = newest ]; then newest; else
        file=$BACKUP_DIR/$BACKUP_FILE
        check "$file"
    fi
    connect
    pg_restore --dbname=service=backup --clean --if-exists --no-owner --no-privileges --single-transaction --no-password "$file" ||
        die "${file##*/} was not restored, and the database is as it was"
    printf 'backup: %s is restored\n' "${file##*/}"
}

list() {
    for file in "$BACKUP_DIR/$BACKUP_NAME"-????????T??????Z.dump; do
        if [ -f "$file" ]; then (check "$file" && printf '%s, %d bytes\n' "${file##*/}" "$(wc -c <"$file")") || true; fi
    done
}

case ${1-} in
dump | rehearse | restore | list) "$1" ;;
*) die 'say dump, rehearse, restore or list' ;;
esac
{{- end }}
