"""No password is ever shown: not in output, arguments, pages, metrics, files, tables or keys, whatever goes wrong.

Every password here contains CANARY; it is searched for in all that the programs say, and in what they leave where others
read (rig/ear.py). Programs' outputs are searched after every other scenario, too (rig/program.py).
"""

import signal

import pytest
from rig.base import CANARY, SLOW, free_port, wait_until
from rig.program import http_get

HARD = f"{CANARY}:/?#@%{CANARY}"  # needs escaping in a URL

# A URL's password with what people forget to escape, and every other way to get a connection string wrong. {port} is closed.
POSTGRES = [
    "postgres://app:{s}@127.0.0.1:{port}/app",
    "postgres://app:{s}@127.0.0.1:port/app",
    "postgres://app:{s}@127.0.0.1:99999/app",
    "postgres://app:{s}@127.0.0.1:{port}/app?sslmode=bogus",
    "postgres://app:{s}@127.0.0.1:{port}/app?pasword={s}",
    "postgres://app@127.0.0.1:{port}/app?password={s}&{s}=1",
    "postgres://app@127.0.0.1:{port}/app?sslpassword={s}&sslkey=/nonexistent&sslmode=require",
    "postgres://app:{s}@[::1/app",
    "postgres://app:{s}@/app",
    "postgres://app:{s}",
    "postgres://app:{s}@",
    "postgres://:{s}@127.0.0.1:{port}",
    "postgres://app:%zz{s}@127.0.0.1:{port}/app",
    "postgres://app:{s}%00@127.0.0.1:{port}/app",
    "postgres://app:{s}/{s}@127.0.0.1:{port}/app",
    "postgres://app:{s}@{s}@127.0.0.1:{port}/app",
    "postgres://app:{s}?{s}@127.0.0.1:{port}/app",
    "postgres://app:{s}#{s}@127.0.0.1:{port}/app",
    "postgres://app:{s}:{s}@127.0.0.1:{port}/app",
    "postgres://app:{s} {s}@127.0.0.1:{port}/app",
    "postgres:/app:{s}@127.0.0.1/app",
    "postgres//app:{s}@127.0.0.1/app",
    "postgress://app:{s}@127.0.0.1/app",
    "mysql://app:{s}@127.0.0.1/app",
    "postgresql+asyncpg://app:{s}@127.0.0.1:{port}/app?ssl={s}",
    "app:{s}@127.0.0.1/app",
    "{s}",
    "host=127.0.0.1 port={port} user=app password={s}",
    "host=127.0.0.1 port={port} user=app pasword={s}",
    "host=127.0.0.1 port={port} user=app password='{s}",
    "host=127.0.0.1 port={port} user=app password={s} {s}",
    "host=127.0.0.1 port=x user=app password={s}",
    "host=127.0.0.1 password= {s} user=app {s}=",
    "pgsql:host=127.0.0.1;port={port};password={s};bogus=1",
    "pgsql:host=127.0.0.1;port={port};pasword={s}",
    "pgsql:host=127.0.0.1;port={port};password={s};{s}",
]
REDIS = [
    "redis://:{s}@127.0.0.1:{port}",
    "redis://{s}@127.0.0.1:{port}",
    "redis://:{s}",
    "redis://:{s}@127.0.0.1:port",
    "redis://:{s}@127.0.0.1:99999/0",
    "redis://:{s}@127.0.0.1:{port}/db",
    "redis://:{s}@127.0.0.1:{port}/0/{s}",
    "redis://:{s}@127.0.0.1:{port}/0?{s}=1",
    "redis://:{s}/{s}@127.0.0.1:{port}/0",
    "redis://:{s}@{s}@127.0.0.1:{port}/0",
    "redis://:{s}#{s}@127.0.0.1:{port}/0",
    "redis://:%{s}@127.0.0.1:{port}/0",
    "redis://[:{s}@127.0.0.1:{port}/0",
    "rediss:/:{s}@127.0.0.1:{port}/0",
    "rediz://:{s}@127.0.0.1:{port}/0",
    "unix://{s}@/nonexistent/redis.sock?db={s}",
    "unix:///nonexistent/redis.sock?pasword={s}",
    "http://:{s}@127.0.0.1:{port}/",
    "{s}",
]


APPLICATION = [
    "http://app:{s}@127.0.0.1:{port}/",
    "http://{s}@127.0.0.1:{port}/healthz?token={s}",
    "https://app:{s}@127.0.0.1:{port}/",
    "http://app:{s}@127.0.0.1:port/",
    "http://app:{s}@127.0.0.1:99999/",
    "http://app:{s}@127.0.0.1:{port}/#{s}",
    "http://app:{s}#@127.0.0.1:{port}/",
    "http://app:{s}/{s}@127.0.0.1:{port}/",
    "http://app:{s}?{s}@127.0.0.1:{port}/",
    "http://app:{s}@{s}@127.0.0.1:{port}/",
    "http://app:%zz{s}@127.0.0.1:{port}/",
    "http://app:{s}%00@127.0.0.1:{port}/",
    "http://app:{s}\\@127.0.0.1:{port}/",
    "http://app:{s}",
    "http://app:{s}@",
    "http://[{s}@::1/",
    "http:/app:{s}@127.0.0.1/",
    "htp://app:{s}@127.0.0.1/",
    "tls://app:{s}@127.0.0.1:{port}",
    "tcp://app:{s}@127.0.0.1:{port}",
    "tcp://127.0.0.1:{port}/{s}",
    "tcp://{s}",
    "fcgi://app:{s}@127.0.0.1:{port}/ping",
    "fcgi://127.0.0.1:{port}/ping?{s}",
    "fcgi://{s}@unix:/run/php.sock",
    "fcgi://unix:/run/php.sock:/ping?{s}",
    "fcgi://127.0.0.1:{port} status-page fcgi://app:{s}@127.0.0.1/",
    "fcgi://127.0.0.1:{port} status-page {s}",
]


def texts(forms):
    port = free_port()
    return [form.format(s=CANARY, port=port) for form in forms]


@pytest.fixture
def no_names(name_server):
    """Names of hosts are not found, at once."""
    return name_server().env


# --- What is malformed, or in the wrong place ------------------------------------------------------------------------------

NOT_WAITING = {"migrate": ["wait", "--wait", "0s"], "healthd": ["check"]}


def test_malformed_connection_strings(run, ear, no_names, scratch, record_property):
    """From the variable, from a file, as an option, as a check, as a lock: nothing of it is repeated."""
    secret_file = scratch / "secret"
    migrate = [*NOT_WAITING["migrate"], "--log-level", "debug"]
    locked = ["cronrun", "run", "--log-level", "debug", "--name", "job"]
    for text in texts(POSTGRES):
        ear.hear_result(f"migrate, {text}", run("migrate", *migrate, env={**no_names, "DATABASE_URL": text}))
        line = f"db {text} timeout 200ms"
        ear.hear_result(f"healthd --check, {text}", run("healthd", "check", "--check", line, env=no_names))
        ear.hear_result(f"cronrun --lock, {text}", run(*locked, "--lock", text, "--", "true", env=no_names))
        if SLOW > 1:
            continue  # the ways below lead to the same parsers
        secret_file.write_text(text + "\n")
        by_file = {**no_names, "DATABASE_URL_FILE": str(secret_file)}
        ear.hear_result(f"migrate, file, {text}", run("migrate", *migrate, env=by_file))
        ear.hear_result(f"migrate --database, {text}", run("migrate", *migrate, f"--database={text}", env=no_names))
        ear.hear_result(f"healthd check, {text}", run("healthd", "check", env={**no_names, "DATABASE_URL": text}))
        by_lock = {**no_names, "DATABASE_URL": text, "CRONRUN_LOCK": "postgres"}
        ear.hear_result(f"cronrun, {text}", run(*locked, "--", "true", env=by_lock))
    for text in texts(REDIS):
        ear.hear_result(f"healthd check, {text}", run("healthd", "check", env={**no_names, "REDIS_URL": text}))
        line = f"cache {text} timeout 200ms"
        ear.hear_result(f"healthd --check, {text}", run("healthd", "check", "--check", line, env=no_names))
        by_lock = {**no_names, "REDIS_URL": text, "CRONRUN_LOCK": "redis"}
        ear.hear_result(f"cronrun, {text}", run(*locked, "--", "true", env=by_lock))
        ear.hear_result(f"cronrun --lock, {text}", run(*locked, "--lock", text, "--", "true", env=no_names))
    for text in texts(APPLICATION):
        for more in ("timeout 200ms", "timeout 200ms groups live", "status 2xx"):
            words = ["check", "--log-level", "debug", "--check", f"app {text} {more}"]
            ear.hear_result(f"healthd --check, {text} {more}", run("healthd", *words, env=no_names))
    ear.judge(record_property)


def test_secrets_in_the_wrong_place(run, ear, scratch, record_property):
    """Misspelt options and variables, words too many, check lines that are wrong elsewhere, variables that contradict."""
    url, cache = texts(["postgres://app:{s}@127.0.0.1:{port}/app", "redis://:{s}@127.0.0.1:{port}"])
    config = scratch / "checks"
    lines = [
        f"Database {url}",
        url,
        f"db {url} evry 2s",
        f"db {url} every {url}",
        f"{url} every 2s",
        f"db every {url}",
        f"db every 2s {url}",
        f"db '{url}",
        f"db {url} timeout",
        f"db {url} words {url}",
        f"live {url}",
        f"db {url} groups live,{url}",
        f"db {url} query \"SELECT '{CANARY}",
        f"db {cache} query 'SELECT 1'",
        f"db {url} every 2s every 2s",
    ]
    for line in lines:
        config.write_text(f"# checks\n{line}\n")
        ear.hear_result(f"--check {line}", run("healthd", "check", "--check", line))
        ear.hear_result(f"HEALTHD_CHECKS {line}", run("healthd", "check", env={"HEALTHD_CHECKS": line}))
        ear.hear_result(f"--config {line}", run("healthd", "check", "--config", config))
    for program, words in (("migrate", ["up"]), ("healthd", []), ("cronrun", ["run"])):
        for wrong in ([f"--databse={url}"], ["--databse", url], [url], [f"--{url}"], [f"-{url}"], [f"--log={url}"]):
            ear.hear_result(f"{program} {wrong}", run(program, *words, *wrong))
        for wrong in ([url], [f"--help={url}"], ["version", url]):
            ear.hear_result(f"{program} {wrong}", run(program, *wrong))
        prefix = program.upper()
        for name in (f"{prefix}_LOCKK", f"{prefix}_DATABSE", f"{prefix}_LOG", f"{prefix}_CHEKS", f"{prefix}_X"):
            ear.hear_result(f"{program} {name}", run(program, *words, "--strict-env", env={name: url}))
    secret_file = scratch / "secret"
    secret_file.write_text(CANARY)
    at = {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(free_port()), "DATABASE_USER": "app"}
    again = {"DATABASE_PASSWORD": CANARY, "DATABASE_PASSWORD_FILE": str(secret_file)}
    twice = {"DATABASE_URL": url, "DATABASE_URL_FILE": str(secret_file)}
    odd = {"DATABASE_PORT": CANARY, "DATABASE_HOST": "h", "REDIS_PORT": CANARY, "REDIS_HOST": "h", "REDIS_DB": CANARY}
    misplaced = ({**at, "DATABASE_PASSWORD_FILE": text} for text in (CANARY, url))
    for env in ({**at, **again}, twice, odd, {**at, "PGPASSWORD": CANARY}, *misplaced):
        ear.hear_result(f"migrate {env}", run("migrate", "wait", "--wait", "0s", env=env))
        ear.hear_result(f"healthd {env}", run("healthd", "check", env=env))
        for lock in ("postgres", "redis"):
            words = ["cronrun", "run", "--lock", lock, "--name", "job", "--", "true"]
            ear.hear_result(f"cronrun {env}", run(*words, env=env))
    ear.judge(record_property)


@pytest.mark.parametrize("program", ["healthd", "migrate", "cronrun"])
def test_printed_documents(run, ear, program, record_property):
    """Help, manual and tables show defaults, never what the environment holds."""
    url = f"postgres://app:{CANARY}@127.0.0.1/app"
    env = {"DATABASE_URL": url, "REDIS_URL": f"redis://:{CANARY}@127.0.0.1", "PGPASSWORD": CANARY}
    env |= {"HEALTHD_CHECKS": f"db {url}", "MIGRATE_DATABASE": url, "CRONRUN_LOCK": url}
    wanted = (["--help"], ["version"], ["--print-options=man"], ["--print-options=markdown"], ["--print-formats"])
    for words in wanted:
        assert ear.hear_result(f"{program} {words}", run(program, *words, env=env)).status == 0
    ear.judge(record_property)


# --- Real servers, all that can happen ---------------------------------------------------------------------------------------

PAGES = ["/health", "/health/live", "/health/ready", "/health/startup", "/metrics", "/status", "/nothing"]
PAGES += ["/health/check/database", "/health/check/redis", "/health/check/app", "/health/database"]
FORMS = ["", "?verbose", "?format=text", "?format=json", "?history", "?exclude=redis", f"?exclude={CANARY[:3]}&verbose"]


@pytest.fixture
def servers(pg_server, redis_server):
    """PostgreSQL that logs every statement and wants a password with all that URLs escape, and Redis with one."""
    postgres = pg_server()
    postgres.psql(f"ALTER ROLE app PASSWORD '{HARD}'")
    postgres.set(log_statement="all", log_min_messages="info")
    return postgres, redis_server(password=True)


def both(postgres, cache):
    return {"DATABASE_URL": postgres.url(password=HARD), "REDIS_URL": cache.url()}


def test_healthd_shows_no_password(start, servers, web, ear, watched, scratch, record_property):
    """Up, refused, wrong password, silent, restarted; each page in each form; log at debug; termination message."""
    postgres, cache = servers
    application = web()
    message = scratch / "termination"
    message.touch()
    words = ["--listen", "127.0.0.1:0", "--log", "json", "--log-level", "debug", "--details", "always", "--drain", "0s"]
    pace = "every 400ms timeout 400ms"
    env = {**both(postgres, cache), "HEALTHD_CHECKS": f"database postgres:// {pace}\nredis redis:// {pace}"}
    url = f"http://{CANARY}:{CANARY}@127.0.0.1:{application.port}/healthz?token={CANARY}"
    env["HEALTHD_CHECKS"] += f"\napp {url} {pace}"
    process = start("healthd", *words, "--termination-log", message, env=env)
    port = int(process.wait_for(r'"address":"127\.0\.0\.1:(\d+)"').group(1))

    def line(name):
        return http_get(port, f"/health/check/{name}?verbose").body

    def see(what, name, wanted):
        wait_until(lambda: wanted in line(name), 30, f"{wanted} in {name}")
        for page in PAGES:
            for form in FORMS:
                answer = http_get(port, page + form)
                ear.hear(f"{what}: {page}{form}", f"{answer.headers} {answer.body}")

    see("up", "database", "[+]")
    see("up", "redis", "[+]")
    see("up", "app", "[+]")
    application.say(401)
    see("wrong password", "app", "status")
    application.sigstop()
    see("silent", "app", "timeout")
    application.sigkill()
    see("down", "app", "refused")
    cache.cli("CONFIG", "SET", "requirepass", "another")
    cache.password = "another"
    cache.cli("CLIENT", "KILL", "TYPE", "normal")
    see("wrong password", "redis", "auth")
    postgres.psql("ALTER ROLE app PASSWORD 'another'")
    postgres.terminate()
    see("wrong password", "database", "auth")
    postgres.sigstop_all()
    see("silent", "database", "timeout")
    cache.sigstop_all()
    see("silent", "redis", "timeout")
    postgres.sigcont()
    cache.sigcont()
    postgres.stop("immediate")
    cache.stop()
    see("down", "database", "refused")
    see("down", "redis", "refused")
    process.terminate()
    assert process.wait().status == 0
    ear.hear("log", process.output)
    ear.hear_file(message)
    ear.hear("PostgreSQL's log", postgres.log_text())
    assert message.read_text()
    ear.judge(record_property)


def test_migrate_shows_no_password(run, start, servers, ear, watched, scratch, record_property):
    """Applied, nothing to do, refused by the server, stopped by a signal, deadline, wrong password, server gone."""
    postgres, _ = servers
    message = scratch / "termination"
    message.touch()
    files = scratch / "migrations"
    files.mkdir()
    (files / "0001_item.sql").write_text("CREATE TABLE item (n int);\n")
    secret_file = scratch / "secret"
    secret_file.write_text(HARD + "\n")
    common = ["--log", "json", "--log-level", "debug", "--termination-log", message]
    parts = {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": postgres.port, "DATABASE_USER": "app", "DATABASE_NAME": "app"}

    def try_it(what, *words, status=0, env=None):
        message.write_text("")
        result = run("migrate", *words, *common, env=env or {"DATABASE_URL": postgres.url(password=HARD)})
        ear.hear_result(what, result)
        ear.hear_file(message)
        assert result.status == status, f"{what}: {result}"

    by_directory = ["--dir", files, "--wait", "0s"]
    try_it("applied", "up", *by_directory)
    try_it("nothing to do", "up", *by_directory, env={**parts, "DATABASE_PASSWORD_FILE": str(secret_file)})
    try_it("parts", "status", *by_directory, env={**parts, "DATABASE_PASSWORD": HARD})
    try_it("status", "status", "--json", *by_directory)
    try_it("wait", "wait")
    (files / "0002_bad.sql").write_text("SELECT no_such_column FROM item;\n")
    try_it("refused", "up", *by_directory, status=20)
    (files / "0002_bad.sql").write_text("SELECT pg_sleep(60);\n")
    try_it("deadline", "up", "--deadline", "300ms", *by_directory, status=12)
    process = start("migrate", "up", *by_directory, *common, env={"DATABASE_URL": postgres.url(password=HARD)})
    wait_until(lambda: postgres.sessions("query LIKE '%pg_sleep%'") == 1, 15, "statement runs")
    process.send_signal(signal.SIGTERM)
    result = ear.hear_result("stopped", process.wait())
    assert result.status == 13
    ear.hear("history", postgres.psql("SELECT * FROM schema_history", database="app"))
    try_it("wrong password", "up", *by_directory, status=10, env={"DATABASE_URL": postgres.url(password=CANARY)})
    try_it("no database", "up", *by_directory, status=10, env={"DATABASE_URL": postgres.url("nothing", password=HARD)})
    postgres.sigstop_all()
    try_it("silent", "up", "--deadline", "500ms", *by_directory, status=12)
    postgres.sigcont()
    postgres.stop("immediate")
    try_it("down", "up", *by_directory, status=10)
    ear.hear("PostgreSQL's log", postgres.log_text())
    ear.judge(record_property)


def test_cronrun_shows_no_password(run, start, servers, ear, watched, scratch, record_property):
    """Locks of each kind got, busy, lost and out of reach; the command's environment keeps the application's variables only."""
    postgres, cache = servers
    message = scratch / "termination"
    message.touch()
    seen = scratch / "seen"
    tell = ["sh", "-c", f"env >{seen}; tr '\\0' ' ' <\"/proc/$PPID/cmdline\" >{seen}.cmdline"]
    common = ["cronrun", "run", "--log", "json", "--log-level", "debug", "--termination-log", message, "--name", "job"]
    url, cache_url = postgres.url(password=HARD), cache.url()
    locks = [
        {"CRONRUN_LOCK": "postgres", "DATABASE_URL": url},
        {"CRONRUN_LOCK": url},
        {"CRONRUN_LOCK": "redis", "REDIS_URL": cache_url},
        {"CRONRUN_LOCK": cache_url},
        {"CRONRUN_LOCK": f"file:{scratch}/lock", "DATABASE_URL": url, "REDIS_URL": cache_url},
    ]

    def try_it(what, env, command, *words, status=0):
        message.write_text("")
        result = run(*common, *words, "--", *command, env=env)
        ear.hear_result(what, result)
        ear.hear_file(message)
        assert result.status == status, f"{what}: {result}"

    for env in locks:
        try_it("command tells", env, tell)
        given = dict(line.split("=", 1) for line in seen.read_text().splitlines())
        assert not {"CRONRUN_LOCK", "CRONRUN_LOG_LEVEL"} & given.keys()
        assert {k: given.get(k) for k in env if k != "CRONRUN_LOCK"} == {k: v for k, v in env.items() if k != "CRONRUN_LOCK"}
        ear.hear("CRONRUN_* of the command", str({k: v for k, v in given.items() if k.startswith("CRONRUN")}))
        ear.hear_file(f"{seen}.cmdline")
        try_it("fails", env, ["sh", "-c", "exit 3"], status=3)
        try_it("deadline", env, ["sleep", "60"], "--deadline", "300ms", "--grace", "200ms", status=124)
        holder = start(*common, "--", "sleep", "60", env=env)
        holder.wait_for("run_start")
        try_it("busy", env, ["true"])
        try_it("busy, waiting", env, ["true"], "--on-busy", "wait=300ms", status=74)
        if "postgres" in env["CRONRUN_LOCK"]:
            ear.hear("cronrun_job", postgres.psql("SELECT * FROM cronrun_job", database="app"))
            postgres.terminate()
            assert ear.hear_result("lost", holder.wait()).status == 76
        else:
            if "redis" in env["CRONRUN_LOCK"]:
                ear.hear("keys", "".join(cache.cli("GET", key) for key in cache.cli("KEYS", "*").split()))
            holder.terminate()
            ear.hear_result("stopped", holder.wait())
    ear.hear_file(scratch / "lock")
    wrong = [postgres.url(password=CANARY), cache.url(password=f"not-{CANARY}")]
    for lock in wrong:
        try_it("wrong password", {"CRONRUN_LOCK": lock}, ["true"], status=75)
    cache.stop()
    postgres.stop("immediate")
    for lock in (url, cache_url):
        try_it("down", {"CRONRUN_LOCK": lock}, ["true"], status=75)
    ear.hear("PostgreSQL's log", postgres.log_text())
    ear.hear("Redis' log", cache.log_text())
    ear.judge(record_property)
