"""What bench_cronrun measures with: commands spawned and timed one by one, busy loops, servers, goals."""

import contextlib
import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "scenarios"))

from rig import base, postgres, redis, tls  # noqa: E402
from rig.program import Programs  # noqa: E402

ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def median_of(values):
    return statistics.median(values)


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Lab:
    def __init__(self, top):
        self.top = top
        self.failed = False
        self.cronrun = str(Path(os.environ.get("RELEASE") or ROOT / "build/release/cronrun").resolve())
        if not Path(self.cronrun).exists():
            sys.exit(f"{self.cronrun}: not there: make release, or name a build as RELEASE")
        self.missing = set()
        self.count = 0
        self.servers = []
        self.template = None
        self.authority = None
        self.null = os.open("/dev/null", os.O_RDWR)
        self.shm = Path(tempfile.mkdtemp(prefix="rr-bench-", dir="/dev/shm"))

    def close(self):
        for server in self.servers:
            server.close()
        base.close_keeper()
        shutil.rmtree(self.shm, ignore_errors=True)

    def directory(self):
        self.count += 1
        path = self.top / str(self.count)
        path.mkdir()
        path.chmod(0o755)
        return path

    def build(self, name, *flags):
        out = self.top / name
        if not out.exists():
            source = HERE / f"{name}.c"
            if not source.exists():
                source = HERE.parent / "scenarios/rig" / f"{name}.c"
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-U_GNU_SOURCE", "-D_GNU_SOURCE", "-w", "-o", out, source, *flags], check=True)
        return str(out)

    def have(self, program):
        """Whether a peer is here; says once that it is not."""
        there = shutil.which(program) is not None
        if not there and program not in self.missing:
            self.missing.add(program)
            print(f"skipped: {program} is not on PATH")
        return there

    # --- Goals ---

    def goal(self, what, got, limit, least=False):
        """got is to be at most limit, or at least it."""
        reached = got >= limit if least else got <= limit
        self.failed |= not reached
        print(f"\n{'reached' if reached else 'NOT reached'}: {what}: {got:.4g}, wanted {'≥' if least else '≤'} {limit:g}", flush=True)

    # --- Commands ---

    @staticmethod
    def command(argv):
        """With the program's path, which is not searched for while the clock runs."""
        return [shutil.which(argv[0]) or argv[0], *argv[1:]]

    def spawn(self, argv, status=0):
        """Wall milliseconds from spawn to its end; nothing of it is shown."""
        redirect = [(os.POSIX_SPAWN_DUP2, self.null, fd) for fd in (0, 1, 2)]
        began = time.perf_counter_ns()
        pid = os.posix_spawn(argv[0], argv, ENV, file_actions=redirect)
        _, how = os.waitpid(pid, 0)
        took = (time.perf_counter_ns() - began) / 1e6
        if os.waitstatus_to_exitcode(how) != status:
            sys.exit(f"{argv}: status {os.waitstatus_to_exitcode(how)}")
        return took

    @contextlib.contextmanager
    def real_time(self):
        """Priority over everything else for us and all that we start meanwhile. False where that is not allowed."""
        before, allowed = (os.sched_getscheduler(0), os.sched_getparam(0)), True
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except OSError:
            allowed = False
        gc.disable()
        try:
            yield allowed
        finally:
            gc.enable()
            if allowed:
                os.sched_setscheduler(0, *before)

    @contextlib.contextmanager
    def busy(self, loops):
        """So many endless loops."""
        many = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(loops)]
        try:
            yield
        finally:
            for one in many:
                one.kill()
                one.wait()

    def programs(self):
        return Programs(self.directory(), uuid.uuid4().hex)

    # --- Servers ---

    def certificate_authority(self):
        self.authority = self.authority or tls.Authority(self.directory())
        return self.authority

    def postgres(self, with_tls=False):
        self.template = self.template or postgres.make_template(self.top / "template")
        server = postgres.Postgres(self.directory(), self.template)
        if with_tls:
            server.use_tls(self.certificate_authority().issue())
        self.servers.append(server.start().create_app())
        return server

    def redis(self, with_tls=False):
        authority = self.certificate_authority() if with_tls else None
        certificate = authority.issue() if with_tls else None
        server = redis.Redis(self.directory(), None, certificate, authority and authority.cert)
        self.servers.append(server.start())
        return server
