"""The release build: static files that need nothing of the system they run on, not even its folders.

Each program is run in a root that holds nothing but itself, /etc/resolv.conf and /etc/hosts, as an image FROM scratch
has it, with an identity that no passwd names.
"""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from rig.base import SLOW, wait_until
from rig.healthd import Healthd, slow
from rig.program import BIN_DIR

pytestmark = pytest.mark.release_build

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("healthd", "migrate", "cronrun")
MULTI = "release-runtime"
MIB = 1024 * 1024
NOBODYS_ID = 65532


def output(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=60, **more)
    return done.returncode, done.stdout, done.stderr


class Root:
    """A folder as a process' root; programs lie where they are outside, so that they are started by the same path."""

    def __init__(self, directory):
        self.path = Path(directory) / "root"
        self.etc = self.path / "etc"
        self.etc.mkdir(parents=True)
        self.inside(BIN_DIR).mkdir(parents=True)
        for name in (*PROGRAMS, MULTI):
            shutil.copy(BIN_DIR / name, self.inside(BIN_DIR / name))
        (self.path / "tmp").mkdir(exist_ok=True)  # where the checkout lies in one, too
        (self.path / "tmp").chmod(0o777)

    def inside(self, path):
        return self.path / str(path).lstrip("/")

    def names(self, hosts="", resolv_conf=""):
        (self.etc / "hosts").write_text(hosts)
        (self.etc / "resolv.conf").write_text(resolv_conf)

    @property
    def wrap(self):
        if os.geteuid() == 0:
            return ["chroot", f"--userspec={NOBODYS_ID}:{NOBODYS_ID}", self.path]
        return ["unshare", "--user", "--map-root-user", "chroot", self.path]


@pytest.fixture
def root(scratch):
    made = Root(scratch)
    status, _, complaint = output(*made.wrap, BIN_DIR / "healthd", "--version")
    if status != 0 and os.geteuid() != 0 and "unshare" in complaint:
        pytest.skip("an empty root needs root, or user namespaces, which this machine forbids")
    return made


# --- The files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PROGRAMS, MULTI])
def test_static(name):
    """No interpreter, no shared object; position independent, and bound before it starts."""
    status, said, _ = output("readelf", "-hldW", BIN_DIR / name)
    assert status == 0
    assert "INTERP" not in said and "(NEEDED)" not in said
    assert "DYN (" in said and "GNU_RELRO" in said and "NOW" in said
    status, said, _ = output("readelf", "-SW", BIN_DIR / name)
    assert ".symtab" not in said and ".debug_info" not in said


@pytest.mark.parametrize("name", [*PROGRAMS, MULTI])
def test_no_name_service_of_glibc(name):
    """What would load shared objects at run time is not in the file (its names stand in the file of debug information)."""
    status, said, _ = output("nm", BIN_DIR / f"{name}.debug")
    assert status == 0
    symbols = {line.split()[-1] for line in said.splitlines()}
    assert "__wrap_getaddrinfo" in symbols
    forbidden = {"getaddrinfo", "getpwuid_r", "getservbyname_r", "gethostbyname", "__nss_database_get", "__nss_module_load"}
    assert not symbols & forbidden


def recorded():
    """VERSIONS: name of a library -> [version, source package, its version, origin]"""
    return {line.split()[0]: line.split()[1:] for line in (BIN_DIR / "VERSIONS").read_text().splitlines()}


def test_small_and_quick(record_property):
    """Half of a file is OpenSSL; 3.5 (Debian 13) is 3 MB more of it than 3.0."""
    figures = []
    more = 0 if recorded()["openssl"][0].startswith("3.0.") else 3 * MIB
    for name, limit in [(p, 8 * MIB) for p in PROGRAMS] + [(MULTI, 9 * MIB)]:
        size = (BIN_DIR / name).stat().st_size
        assert size <= limit + more, name
        best = min(start_seconds(BIN_DIR / name) for _ in range(20))
        assert best < 0.005 * 10 * SLOW, name
        figures.append(f"{name} {size / MIB:.1f} MiB, {best * 1000:.1f} ms")
    record_property("measured", "; ".join(figures))


def start_seconds(path):
    began = time.monotonic()
    subprocess.run([path, "--version"], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def test_versions_are_recorded():
    lines = recorded()
    for library in ("libpq", "libcurl", "libevent", "hiredis", "c-ares", "openssl", "glibc"):
        version, source, source_version, origin = lines[library][:4]
        assert version in source_version and origin.startswith("Debian/"), library
        assert source
    for library in ("libpq", "libcurl"):  # what the mirror gives decides; another than Debian 13's has its reason
        origin, reason = lines[library][3], " ".join(lines[library][4:])
        assert origin.startswith("Debian/trixie") or reason.startswith("trixie"), library


DEB822 = "Types: deb\nURIs: {}\nSuites: {} {}-updates\nComponents: main\n"


@pytest.mark.parametrize("third", ["a.list", "z.list"])
@pytest.mark.parametrize("suite", ["{}", "stable", "oldstable"])
def test_mirror_is_the_one_of_debian(tmp_path, third, suite):
    """Whichever form the sources of apt have, and whoever else has a suite of that name."""
    codename = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)[1]
    suite = suite.format(codename)
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / third).write_text(f"deb file:/none/php {suite} main\n")
    (parts / "b.sources").write_text(DEB822.format("file:/none/debian", suite, suite))
    (tmp_path / "list").write_text(f"deb [arch=amd64] file:/none/debian-security {suite}-security main contrib\n")
    (tmp_path / "conf").write_text(
        f'Dir::Etc::SourceList "{tmp_path}/list";\nDir::Etc::SourceParts "{parts}";\nDir::State::Lists "{tmp_path}/lists";\n'
    )
    env = {**os.environ, "APT_CONFIG": str(tmp_path / "conf"), "RELEASE_LIBS_CACHE": str(tmp_path / "cache")}
    status, _, complaint = output(ROOT / "scripts" / "debian-source", "curl", "trixie", env=env)
    assert status == 77 and "trixie cannot be read" in complaint
    lines = (tmp_path / "cache" / "apt" / "trixie" / "sources.list").read_text().splitlines()
    assert [line.split()[2:] for line in lines] == [
        ["file:/none/debian", "trixie", "main"],
        ["file:/none/debian-security", "trixie-security", "main"],
    ]


def own_kib(healthd, record_property, what):
    """Memory that is this process' alone. How much of the file is resident beside it, the kernel decides (its page cache)."""
    status = Path(f"/proc/{healthd.process.pid}/status").read_text().splitlines()
    anon = next(int(line.split()[1]) for line in status if line.startswith("RssAnon:"))
    record_property("measured", f"healthd with {what}: {anon} KiB of its own, {healthd.process.rss_kib()} KiB resident")
    return anon


# --- In an empty root -------------------------------------------------------------------------------------------------


def test_healthd_by_name_in_an_empty_root(start, root, pg, redis_server, name_server, record_property):
    """PostgreSQL by /etc/hosts, Redis by a name server; in little memory."""
    redis = redis_server(password=True)
    dns = name_server({"redis.test": "127.0.0.1"})
    root.names("127.0.0.1 db.test\n", f"nameserver 127.0.0.1:{dns.port}\n")
    lines = {
        "database": pg.url.replace("@127.0.0.1:", "@db.test:"),
        "redis": redis.url().replace("@127.0.0.1:", "@redis.test:"),
    }
    assert all(".test:" in url for url in lines.values())
    words = [word for name, url in lines.items() for word in ("--check", f"{name} {url} every 100ms")]
    h = Healthd(start, *words, env={"HOME": None}, wrap=root.wrap)
    wait_until(lambda: h.ready() == 200, slow(1))
    assert h.verbose("database") == "[+]database ok" and h.verbose("redis") == "[+]redis ok"
    assert dns.queries
    assert own_kib(h, record_property, "PostgreSQL and Redis, without TLS") <= 1536
    probe = subprocess.run(
        [*root.wrap, BIN_DIR / "healthd", "probe", f"http://127.0.0.1:{h.port}/health/ready"],
        env={"PATH": os.environ["PATH"]},
        timeout=60,
    )
    assert probe.returncode == 0


def test_tls_in_an_empty_root(start, root, pg_server, ca, record_property):
    """Verified with the CA file that the root has; without one nothing is trusted."""
    server = pg_server(tls=True)
    root.names("127.0.0.1 localhost\n")
    shutil.copy(ca().cert, root.path / "ca.crt")
    url = server.url(host="localhost", sslmode="verify-full", sslrootcert="/ca.crt")
    stranger = server.url(host="localhost", sslmode="verify-full", sslrootcert="/none.crt")
    words = ["--check", f"database {url} every 100ms", "--check", f"stranger {stranger} every 100ms"]
    h = Healthd(start, *words, env={"HOME": None}, wrap=root.wrap)
    h.until("[+]database ok", slow(1))
    h.until("failed: tls", slow(1), "stranger")
    assert own_kib(h, record_property, "PostgreSQL over TLS") <= 3 * 1024
    assert h.process.rss_kib() <= 8 * 1024


@pytest.mark.parametrize("program", ["migrate", MULTI])
def test_migrate_in_an_empty_root(run, root, pg, program):
    """From the first word of the file with all three, too."""
    root.names("127.0.0.1 db.test\n")
    files = root.path / "migrations"
    files.mkdir()
    (files / "0001_a.sql").write_text("CREATE TABLE a (i int);\n")
    (files / "0002_b.sql").write_text("COPY a FROM STDIN;\n1\n\\.\n")
    env = {"DATABASE_URL": pg.url.replace("@127.0.0.1:", "@db.test:"), "HOME": None}
    words = [program, *(["migrate"] if program == MULTI else [])]
    result = run(*words, "up", "--dir", "/migrations", env=env, wrap=root.wrap)
    assert result.status == 0, result.output
    assert pg.psql("SELECT i FROM a") == "1"
    (files / "0003_c.sql").write_text("SELECT 1;\nSELECT nix;\n")
    result = run(*words, "up", "--dir", "/migrations", env=env, wrap=root.wrap)
    assert result.status == 20 and "0003_c.sql:2" in result.output and "42703" in result.output, result.output


def test_cronrun_in_an_empty_root(run, root, pg):
    root.names("127.0.0.1 db.test\n")
    env = {"DATABASE_URL": pg.url.replace("@127.0.0.1:", "@db.test:"), "HOME": None}
    words = ["--lock", "postgres", "--name", "mail", "--deadline", "300ms"]
    done = run("cronrun", *words, BIN_DIR / "healthd", "version", env=env, wrap=root.wrap)
    assert done.status == 0 and done.stdout.startswith("healthd "), done.output
    late = run("cronrun", *words, BIN_DIR / "healthd", "sleep", "60s", env=env, wrap=root.wrap)
    assert late.status == 124, late.output


# --- The file with all three ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS)
def test_multi_call(scratch, program):
    """By the name that it is called by, with and without a folder, and by its first word."""
    wanted = output(BIN_DIR / program, "--help")
    assert wanted[0] == 0
    link = scratch / program
    link.symlink_to(BIN_DIR / MULTI)
    assert output(link, "--help") == wanted
    assert output(program, "--help", env={"PATH": str(scratch)}) == wanted
    assert output(BIN_DIR / MULTI, program, "--help") == wanted
    assert output(BIN_DIR / MULTI, program, "--no-such-option")[0] == output(BIN_DIR / program, "--no-such-option")[0] != 0


def test_multi_call_without_a_name(scratch):
    status, said, complaint = output(BIN_DIR / MULTI)
    assert (status, said) == (2, "") and all(program in complaint for program in PROGRAMS)
    status, said, complaint = output(BIN_DIR / MULTI, "nginx")
    assert (status, said) == (2, "") and '"nginx"' in complaint
    # a path is no name of a program
    assert output(BIN_DIR / MULTI, "/usr/bin/healthd", "--version")[0] == 2
    status, said, complaint = output(BIN_DIR / MULTI, "--help")
    assert (status, complaint) == (0, "") and "copy" in said
    version = output(BIN_DIR / "healthd", "version")[1].split()[-1]
    assert output(BIN_DIR / MULTI, "version") == (0, f"{MULTI} {version}\n", "")
    other = scratch / "sidecar"
    other.symlink_to(BIN_DIR / MULTI)
    assert output(other, "healthd", "version") == (0, f"healthd {version}\n", "")


def test_multi_call_copies_itself(scratch):
    assert output(BIN_DIR / MULTI, "copy", scratch) == (0, "", "")
    copied = scratch / MULTI
    assert copied.read_bytes() == (BIN_DIR / MULTI).read_bytes() and copied.stat().st_mode & 0o777 == 0o755
    # a program's own copy carries the program's name
    assert output(copied, "healthd", "copy", scratch)[0] == 0
    assert output(scratch / "healthd", "version")[1].startswith("healthd ")
    status, _, complaint = output(BIN_DIR / MULTI, "copy", scratch / "none" / "there")
    assert status == 1 and "none/there" in complaint
    assert output(BIN_DIR / MULTI, "copy")[0] == 2
    assert output(BIN_DIR / MULTI, "copy", "")[0] == 2
