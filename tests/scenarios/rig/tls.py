"""A throwaway certificate authority (openssl's command line)."""

import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

# openssl ca alone takes dates of the past in every version; its database has no other use here.
CONFIG = """
[ca]
default_ca = throwaway
[throwaway]
database = {0}/index
new_certs_dir = {0}
unique_subject = no
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


@dataclass
class Certificate:
    cert: str
    key: str


class Authority:
    """Signs certificates for the tests; self.cert is what a client has to trust."""

    def __init__(self, directory, name="throwaway CA"):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.cert = str(self.directory / "ca.crt")
        self.key = str(self.directory / "ca.key")
        self._n = 0
        (self.directory / "index").touch()
        (self.directory / "ca.cnf").write_text(CONFIG.format(self.directory))
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out", self.cert,
        )  # fmt: skip

    def issue(self, name="localhost", san="DNS:localhost,IP:127.0.0.1,IP:::1", days=10, client=False):
        """A certificate for a server (or client). days may be negative: expired."""
        self._n += 1
        base = str(self.directory / f"{self._n}")
        usage = "clientAuth" if client else "serverAuth"
        ext = Path(base + ".ext")
        ext.write_text(f"subjectAltName={san}\nextendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", base + ".key", "-out", base + ".csr",
        )  # fmt: skip
        end = datetime.now(timezone.utc) + timedelta(days=days)
        start = min(end, datetime.now(timezone.utc)) - timedelta(days=1)
        self._openssl(
            "ca", "-batch", "-notext", "-config", str(self.directory / "ca.cnf"), "-cert", self.cert, "-keyfile", self.key,
            "-startdate", f"{start:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}",
            "-extfile", str(ext), "-in", base + ".csr", "-out", base + ".crt",
        )  # fmt: skip
        return Certificate(base + ".crt", base + ".key")

    @staticmethod
    def _openssl(*words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
