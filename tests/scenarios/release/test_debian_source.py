"""scripts/debian-source, on a signed toy archive of Debian's form that lists what it does not give."""

import datetime
import hashlib
import http.server
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.plain_build

ROOT = Path(__file__).resolve().parents[3]
CODENAME = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)[1]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        del self.headers["If-Modified-Since"]  # knows seconds; a suite changes twice within one
        super().do_GET()

    def log_message(self, *_):
        pass


class Archive:
    """Suites with versions of one source package; a version's files may be missing, or be others than the list says."""

    def __init__(self, top, port, gpg, keyring):
        self.top, self.port, self.gpg, self.keyring = top, port, gpg, keyring

    def package(self, name, version, given=True, spoilt=False):
        """Its entry in the list of sources."""
        pool = self.top / "www" / "debian" / "pool"
        pool.mkdir(parents=True, exist_ok=True)
        upstream = version.split("-")[0]
        files = {f"{name}_{upstream}.orig.tar.gz": b"sources of " + version.encode()}
        sums = {file: (hashlib.sha256(data).hexdigest(), len(data)) for file, data in files.items()}
        lines = "".join(f"\n {digest} {size} {file}" for file, (digest, size) in sums.items())
        dsc = f"Format: 1.0\nSource: {name}\nVersion: {version}\nChecksums-Sha256:{lines}\n".encode()
        files[f"{name}_{version}.dsc"] = dsc
        sums[f"{name}_{version}.dsc"] = (hashlib.sha256(dsc).hexdigest(), len(dsc))
        for file, data in files.items() if given else ():
            (pool / file).write_bytes(data[::-1] if spoilt else data)
        lines = "".join(f"\n {digest} {size} {file}" for file, (digest, size) in sums.items())
        return f"Package: {name}\nFormat: 1.0\nVersion: {version}\nDirectory: pool\nChecksums-Sha256:{lines}\n\n"

    def suite(self, name, *entries, signed_by="archive", days_old=0, days_valid=7):
        folder = self.top / "www" / "debian" / "dists" / name
        (folder / "main" / "source").mkdir(parents=True, exist_ok=True)
        sources = "".join(entries).encode()
        (folder / "main" / "source" / "Sources").write_bytes(sources)
        made = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days_old)
        stamp = "%a, %d %b %Y %H:%M:%S UTC"
        release = (
            f"Origin: Debian\nSuite: {name}\nCodename: {name}\nComponents: main\nArchitectures: amd64 arm64\n"
            f"Date: {made.strftime(stamp)}\nValid-Until: {(made + datetime.timedelta(days=days_valid)).strftime(stamp)}\n"
            f"SHA256:\n {hashlib.sha256(sources).hexdigest()} {len(sources)} main/source/Sources\n"
        )
        command = [*self.gpg, "--yes", "--local-user", f"{signed_by}@localhost", "--clearsign", "-o", folder / "InRelease"]
        subprocess.run(command, input=release.encode(), check=True)

    def ask(self, *words, script="debian-source"):
        """(status, the line printed, the complaints)"""
        (self.top / "list").write_text(f"deb http://127.0.0.1:{self.port}/debian {CODENAME} main\n")
        (self.top / "conf").write_text(
            f'Dir::Etc::SourceList "{self.top}/list";\nDir::Etc::SourceParts "/dev/null";\nDir::Etc::Parts "/dev/null";\n'
            f'Dir::State::Lists "{self.top}/lists";\nAcquire::http::Proxy "DIRECT";\nAcquire::Retries "0";\n'
        )
        env = {
            **os.environ,
            "APT_CONFIG": str(self.top / "conf"),
            "RELEASE_LIBS_CACHE": str(self.top / "cache"),
            "DEBIAN_KEYRING": str(self.keyring),
        }
        command = [ROOT / "scripts" / script, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def forget_choices(self):
        """A choice and the lists hold for six hours."""
        for file in [*(self.top / "cache" / "apt" / "chosen").iterdir(), *(self.top / "cache" / "apt").glob("*/updated")]:
            file.unlink()


@pytest.fixture(scope="module")
def gpg(tmp_path_factory):
    """How gpg is called, with the keys of two people."""
    home = tmp_path_factory.mktemp("gpg", numbered=False)
    home.chmod(0o700)
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]
    for name in ("archive", "stranger"):
        subprocess.run([*command, "--quick-gen-key", f"{name}@localhost", "ed25519", "sign"], check=True)
    yield command
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=False)


@pytest.fixture
def archive(tmp_path, gpg):
    exported = subprocess.run([*gpg, "--export", "archive@localhost"], check=True, capture_output=True)
    (tmp_path / "keyring.gpg").write_bytes(exported.stdout)
    (tmp_path / "www").mkdir()
    handler = lambda *a: Quiet(*a, directory=str(tmp_path / "www"))  # noqa: E731
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Archive(tmp_path, server.server_port, gpg, tmp_path / "keyring.gpg")
    server.shutdown()
    server.server_close()


def test_the_newest_that_is_given(archive):
    archive.suite("one", archive.package("toy-17", "17.12-1", given=False), archive.package("toy-17", "17.9-1"))
    status, line, complaint = archive.ask("toy-[0-9]+", "one")
    assert status == 0, complaint
    name, version, suite, dsc, why = line.split(" ", 4)
    assert (name, version, suite) == ("toy-17", "17.9-1", "one")
    assert Path(dsc).read_text().startswith("Format:")
    assert why == "one lists 17.12-1 but its files cannot be fetched"
    assert "toy-17 17.12-1 is listed by one, but the mirror does not give it" in complaint


def test_versions_are_versions(archive):
    """17.10 is newer than 17.9, and what is not released yet is not taken."""
    names = [("toy-17", "17.9-1"), ("toy-17", "17.10-1"), ("toy-18", "18~beta2-1"), ("other-18", "18.1-1")]
    archive.suite("one", *[archive.package(*name) for name in names])
    status, line, complaint = archive.ask("toy-[0-9]+", "one")
    assert status == 0, complaint
    assert line.split(" ")[1] == "17.10-1" and line.endswith(" -")


@pytest.mark.parametrize("fault", ["not given", "other bytes", "another's signature", "too old", "no such suite"])
def test_the_next_suite(archive, fault):
    package = archive.package("toy-17", "17.1-1", given=fault != "not given", spoilt=fault == "other bytes")
    if fault != "no such suite":
        signer = "stranger" if fault == "another's signature" else "archive"
        archive.suite("one", package, signed_by=signer, days_old=90 if fault == "too old" else 0)
    archive.suite("two", archive.package("toy-18", "18.3-1"), days_old=30)  # a mirror may lag a little
    status, line, complaint = archive.ask("toy-[0-9]+", "one", "two")
    assert status == 0, complaint
    assert line.startswith("toy-18 18.3-1 two ")
    listed = fault in ("not given", "other bytes")
    assert line.endswith("one lists 17.1-1 but its files cannot be fetched" if listed else "one cannot be read")
    assert archive.ask("toy-[0-9]+", "one", "two")[1] == line, "for six hours"


def test_nothing(archive):
    archive.suite("one", archive.package("toy-17", "17.1-1", given=False))
    archive.suite("two", archive.package("other", "1-1"))
    status, line, complaint = archive.ask("toy-[0-9]+", "one", "two")
    assert (status, line) == (77, "")
    assert complaint.splitlines()[-1] == (
        "debian-source: no source package toy-[0-9]+ can be fetched: "
        "one lists 17.1-1 but its files cannot be fetched, two lists none"
    )


def test_what_the_cache_holds(archive):
    archive.suite("one", archive.package("toy-17", "17.1-1"))
    dsc = Path(archive.ask("toy-[0-9]+", "one")[1].split(" ")[3])
    archive.suite("one", archive.package("toy-17", "17.2-1", given=False))
    archive.forget_choices()
    status, line, complaint = archive.ask("toy-[0-9]+", "one")
    assert status == 0, complaint
    assert line.startswith(f"toy-17 17.1-1 one {dsc} one lists 17.2-1 but ")
    assert line.endswith("the cache holds this one")
    dsc.write_text("something else")
    assert archive.ask("toy-[0-9]+", "one")[0] == 77, "a file that was changed is not what was verified"


def kept_in(**env):
    """What --cache says: (status, folder, complaint)."""
    given = {"PATH": os.environ["PATH"], **{name: str(value) for name, value in env.items()}}
    done = subprocess.run([ROOT / "scripts/debian-source", "--cache"], capture_output=True, text=True, timeout=60, env=given)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def test_where_things_are_kept(tmp_path):
    """A new folder is ours alone; one that was there stays as it is; blanks, which end a field of what is printed, are refused."""
    made = tmp_path / "home" / ".cache" / "release-runtime"
    assert kept_in(HOME=tmp_path / "home") == (0, str(made), "") and made.stat().st_mode & 0o777 == 0o700
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    assert kept_in(RELEASE_LIBS_CACHE=shared) == (0, str(shared), "") and shared.stat().st_mode & 0o777 == 0o755
    status, folder, complaint = kept_in(RELEASE_LIBS_CACHE=tmp_path / "a b")
    assert (status, folder) == (1, "") and "a b" in complaint and "RELEASE_LIBS_CACHE" in complaint
    (tmp_path / "my home").mkdir()
    assert kept_in(HOME=tmp_path / "my home")[1] == str(ROOT / "build" / "release-cache")


@pytest.mark.parametrize("given", ["nothing", "libpq alone"])
def test_no_release_build_without_its_sources(archive, given, tmp_path):
    """It ends there, with the reason as the last line, and leaves no half of it."""
    archive.suite("trixie", archive.package("postgresql-17", "17.12-1", given=given != "nothing"))
    status, said, complaint = archive.ask(tmp_path / "libs", script="release-libs")
    assert status == 77
    name = "postgresql-[0-9]+" if given == "nothing" else "curl"
    assert complaint.splitlines()[-1].startswith(f"debian-source: no source package {name} can be fetched: trixie lists ")
    assert "LIBS" not in said and not (tmp_path / "libs").exists()
