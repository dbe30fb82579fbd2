"""The images, as archives: what is in them, that they come out the same, that they need nothing but themselves.

None of this needs an engine. What an engine, a kubelet and a read-only root make of them the stories on a cluster show.
"""

import functools
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from rig.base import propagation, unmount

pytestmark = pytest.mark.release_build

ROOT = Path(__file__).resolve().parents[3]
RELEASE = ROOT / "build" / "release"
VERSION = (ROOT / "VERSION").read_text().strip()
PROGRAMS = ("healthd", "migrate", "cronrun")
LIMITS = {**dict.fromkeys(PROGRAMS, 8_000_000), "release-runtime": 9_000_000}
FILES = {"etc/ssl/certs/ca-certificates.crt", "etc/passwd", "etc/group"}


class Image:
    """An archive taken apart; every blob has been compared with its name."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.entries = tar.getmembers()
            self.files = {e.name: tar.extractfile(e).read() for e in self.entries if e.isfile()}
        for name, data in self.files.items():
            if name.startswith("blobs/"):
                assert name == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"
        self.docker = json.loads(self.files["manifest.json"])
        self.index = json.loads(self.files["index.json"])
        self.config = json.loads(self.files[self.docker[0]["Config"]])
        self.layer = self.files[self.docker[0]["Layers"][0]]
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            self.content = {e.name: e for e in tar.getmembers()}
            self.data = {e.name: tar.extractfile(e).read() for e in tar.getmembers() if e.isfile()}

    def blob(self, descriptor):
        data = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert len(data) == descriptor["size"]
        return data


def make(out, **env):
    """Runs scripts/images; its table as {program: (reference, bytes, digest)}."""
    command = [ROOT / "scripts" / "images", "--release", RELEASE, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    return {re.search(r"([\w-]+):", row[0])[1]: row for row in rows}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    assert (RELEASE / "healthd").exists(), "make release comes first"
    out = tmp_path_factory.mktemp("images")
    return out, make(out)


@pytest.fixture(params=[*PROGRAMS, "release-runtime"])
def image(request, made):
    opened = Image(made[0] / f"{request.param}.tar")
    opened.name, opened.row = request.param, made[1][request.param]
    return opened


def test_archive_is_whole(image):
    """Docker's manifest, the OCI index and the layer tell the same."""
    reference, size, digest = image.row
    assert reference == f"localhost/release-runtime/{image.name}:{VERSION}"
    assert [entry["RepoTags"] for entry in image.docker] == [[reference]]
    (descriptor,) = image.index["manifests"]
    assert descriptor["digest"] == digest
    assert descriptor["annotations"]["io.containerd.image.name"] == reference
    manifest = json.loads(image.blob(descriptor))
    assert json.loads(image.blob(manifest["config"])) == image.config
    (layer,) = manifest["layers"]
    assert image.blob(layer) == image.layer
    assert image.config["rootfs"] == {"type": "layers", "diff_ids": [layer["digest"]]}
    assert len(image.layer) == int(size)


def test_size(image):
    """OpenSSL 3.5, which Debian 13 has, is 3 MB more than 3.0: the figures wanted hold with Debian 12's."""
    openssl = re.search(r"^openssl +(\d+)\.(\d+)", (RELEASE / "VERSIONS").read_text(), re.M)
    larger = 3_000_000 if (int(openssl[1]), int(openssl[2])) >= (3, 5) else 0
    assert len(image.layer) <= LIMITS[image.name] + larger


def test_content(image):
    links = set(PROGRAMS) if image.name == "release-runtime" else set()
    assert {n for n, e in image.content.items() if not e.isdir()} == FILES | links | {image.name}
    assert {image.content[link].linkname for link in links} <= {"release-runtime"}
    assert image.data[image.name] == (RELEASE / image.name).read_bytes()
    assert b"\nnonroot:x:65532:65532:" in image.data["etc/passwd"]
    assert image.data["etc/ssl/certs/ca-certificates.crt"].count(b"BEGIN CERTIFICATE") > 100
    for entry in image.content.values():
        wanted = 0o755 if entry.isdir() or entry.name == image.name else 0o777 if entry.issym() else 0o644
        assert (entry.mode, entry.uid, entry.gid, entry.mtime) == (wanted, 0, 0, 0), entry.name


def test_config(image):
    config = image.config["config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == [f"/{image.name}"]
    labels = {key.rpartition(".")[2]: value for key, value in config["Labels"].items()}
    assert (labels["title"], labels["version"], labels["licenses"]) == (image.name, VERSION, "Apache-2.0")
    assert len(labels["description"]) > 20
    assert ("Healthcheck" in config) == (image.name == "healthd")
    if image.name == "healthd":
        test = config["Healthcheck"]["Test"]
        assert test[:3] == ["CMD", "/healthd", "probe"]
        assert config["Healthcheck"]["Timeout"] == 2_000_000_000


def test_same_digest_twice(made, tmp_path):
    """On another day, under another umask, into another folder."""
    before = os.umask(0o077)
    try:
        again = make(tmp_path / "again", TZ="Asia/Tokyo", LC_ALL="C")
    finally:
        os.umask(before)
    assert again == made[1]
    for name in LIMITS:
        assert (tmp_path / "again" / f"{name}.tar").read_bytes() == (made[0] / f"{name}.tar").read_bytes()


def test_date_is_the_sources(made, tmp_path):
    """SOURCE_DATE_EPOCH dates everything, and so changes the digest."""
    dated = make(tmp_path / "dated", SOURCE_DATE_EPOCH="1700000000")
    image = Image(tmp_path / "dated" / "healthd.tar")
    assert {entry.mtime for entry in image.content.values()} == {1700000000}
    assert image.config["created"] == "2023-11-14T22:13:20Z"
    assert dated["healthd"][2] != made[1]["healthd"][2]


def test_nothing_of_the_machine_is_in_it(made, tmp_path):
    """Neither what the environment holds nor where it was built."""
    make(tmp_path / "canary", DATABASE_URL="postgres://app:c4nary-9f2b@db/app", REDIS_PASSWORD="c4nary-9f2b")
    for name in LIMITS:
        data = (tmp_path / "canary" / f"{name}.tar").read_bytes()
        assert b"c4nary-9f2b" not in data
        assert os.fsencode(ROOT) not in data
        assert data == (made[0] / f"{name}.tar").read_bytes()


def test_dynamic_program_is_refused(tmp_path):
    """FROM scratch has no loader: better said here than by a kubelet."""
    for name in LIMITS:
        shutil.copy("/bin/true", tmp_path / name)
    command = [ROOT / "scripts" / "images", "--release", tmp_path, "--out", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"images: {tmp_path}/healthd is not static\n"
    assert not (tmp_path / "out" / "healthd.tar").exists()


def test_links_modes_and_order_of_a_folder(tmp_path):
    """scripts/image on a folder made in two orders, with hard links, symbolic links and modes."""
    digests = set()
    for turn in (1, -1):
        folder = tmp_path / f"folder{turn}"
        (folder / "deep").mkdir(parents=True)
        for name in ("a", "b", "deep/c")[::turn]:
            (folder / name).write_text(name)
            (folder / name).chmod(0o640)
        os.link(folder / "a", folder / "hard")
        (folder / "soft").symlink_to("deep/c")
        (folder / "deep").chmod(0o1777)
        out = tmp_path / "one.tar"
        command = [ROOT / "scripts" / "image", folder, "localhost/test/one:2", out]
        digests.add(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert len(digests) == 1
    content = Image(out).content
    assert list(content) == ["a", "b", "deep", "deep/c", "hard", "soft"]
    assert (content["hard"].linkname, content["soft"].linkname) == ("a", "deep/c")
    assert (content["deep"].mode, content["deep/c"].mode) == (0o1777, 0o640)


@functools.cache
@pytest.fixture(autouse=True)
def nothing_stays_mounted(tmp_path):
    yield
    unmount(tmp_path)


def run_as(uid, root, *command, network=False):
    """A program in its image's root, read-only, as uid, without any capability, in namespaces of its own."""
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec chroot --userspec="$1" --groups= "$0" "${@:2}"'
    unshare = ["unshare", "--mount", *([] if network else ["--net"]), "--propagation", propagation(), "bash", "-c", script]
    return subprocess.run([*unshare, root, f"{uid}:{uid}", *command], capture_output=True, text=True, env={}, timeout=20)


@pytest.mark.skipif(os.getuid() != 0, reason="a root directory of its own needs root")
def test_runs_on_a_read_only_root(image, tmp_path):
    with tarfile.open(fileobj=io.BytesIO(image.layer)) as tar:
        tar.extractall(tmp_path)
    tmp_path.chmod(0o755)
    names = PROGRAMS if image.name == "release-runtime" else (image.name,)
    for name in names:
        done = run_as(1000, tmp_path, f"/{name}", "version")
        assert (done.returncode, done.stdout) == (0, f"{name} {VERSION}\n"), done.stderr
    if image.name == "release-runtime":
        assert run_as(65532, tmp_path, "/release-runtime", "migrate", "version").stdout == f"migrate {VERSION}\n"


@pytest.mark.skipif(os.getuid() != 0, reason="a root directory of its own needs root")
def test_certificates_are_looked_up(made, tmp_path, redis_server, ca):
    """A server is trusted for what the image's own bundle holds, and only for that."""
    image = Image(made[0] / "healthd.tar")
    with tarfile.open(fileobj=io.BytesIO(image.layer)) as tar:
        tar.extractall(tmp_path)
    tmp_path.chmod(0o755)
    server = redis_server(tls=True)
    check = ("/healthd", "check", "--check", f"cache rediss://127.0.0.1:{server.port}")
    done = run_as(1000, tmp_path, *check, network=True)
    assert (done.returncode, done.stdout.split()[5:7]) == (1, ["down", "tls"]), done.stdout
    shutil.copy(ca().cert, tmp_path / "etc/ssl/certs/ca-certificates.crt")
    done = run_as(1000, tmp_path, *check, network=True)
    assert (done.returncode, done.stdout.split()[5]) == (0, "up"), done.stdout


HEALTH = """
root=$1; shift
mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && ip link set lo up
inside() { exec env -i DATABASE_URL=postgresql://app@127.0.0.1:1/app /usr/sbin/chroot --userspec=65532:65532 "$root" "$@"; }
(inside "$@") && echo "healthy without healthd"
inside /healthd 2>/dev/null & healthd=$!
for n in {1..50}; do (inside "$@") 2>/dev/null && break; sleep 0.1; done
(inside "$@") && echo well
kill -STOP $healthd
(inside "$@") || echo ill
kill -KILL $healthd
"""


@pytest.mark.skipif(os.getuid() != 0, reason="a root directory of its own needs root")
def test_health_check_tells_the_truth(made, tmp_path):
    """The image's own HEALTHCHECK, run as an engine does: well while healthd answers, ill before it runs and when it hangs."""
    image = Image(made[0] / "healthd.tar")
    with tarfile.open(fileobj=io.BytesIO(image.layer)) as tar:
        tar.extractall(tmp_path)
    tmp_path.chmod(0o755)
    check = image.config["config"]["Healthcheck"]["Test"][1:]
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", propagation()]
    done = subprocess.run([*unshare, "bash", "-c", HEALTH, "bash", tmp_path, *check], capture_output=True, text=True, timeout=40)
    assert [line for line in done.stdout.splitlines() if line in ("well", "ill", "healthy without healthd")] == ["well", "ill"]
