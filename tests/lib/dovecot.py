"""A real Dovecot over a Maildir, on a free port, with a certificate of its own authority."""

from __future__ import annotations

import datetime
import ipaddress
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "accueil@foyer.mssante.fr", "mot de passe é"

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
ssl = required
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
auth_mechanisms = plain
mail_location = maildir:{mail}
mail_fsync = never
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = .
  mailbox Sent {{
    special_use = \\Sent
  }}
}}
"""


@dataclass(frozen=True)
class Server:
    """Where a server listens, whom to trust, and the Maildir that it serves."""

    port: int
    ca: Path
    mail: Path
    log: Path
    process: subprocess.Popen[bytes]

    def deliver(self, name: str, data: bytes) -> Path:
        """Put a mail in the Maildir, as whoever serves it."""
        path = self.mail / name
        for folder in [path.parent, *path.parent.parents][::-1]:
            if not folder.exists():
                folder.mkdir()
                _own(folder)
        path.write_bytes(data)
        _own(path)
        return path

    def options(self, **others: object) -> dict[str, object]:
        """The settings of a source that reads it."""
        return {
            "nom": "Messagerie",
            "type": "imap",
            "serveur": "localhost",
            "port": self.port,
            "utilisateur": USER,
            "mot_de_passe": "env:MSS_TEST_PASSWORD",
            "ca_bundle": self.ca,
        } | others


@contextmanager
def dovecot(home: Path, mail: Path) -> Iterator[Server]:
    """Serve a Maildir; `home` takes the settings, keys and logs of the server."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "dovecot is missing: apt-get install dovecot-imapd"
    home.mkdir(parents=True)
    port = _free_port()
    ca = _certificates(home)
    owner = _owner(home, mail)
    (home / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
    (home / "dovecot.conf").write_text(_CONFIG.format(home=home, mail=mail, port=port, **owner), encoding="utf-8")
    process = subprocess.Popen([program, "-F", "-c", str(home / "dovecot.conf")], stdout=subprocess.DEVNULL)
    try:
        _wait(port, process, home / "log")
        yield Server(port, ca, mail, home / "log", process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _owner(home: Path, mail: Path) -> dict[str, object]:
    """Who serves: the users of the package when started by root, else whoever runs the tests."""
    if os.geteuid():
        name = pwd.getpwuid(os.geteuid()).pw_name
        return {"internal": name, "login": name, "group": os.getegid(), "uid": os.geteuid(), "gid": os.getegid()}
    nobody = pwd.getpwnam("nobody")
    (home / "home").mkdir()
    for place in (home / "home", mail, *mail.rglob("*")):
        _own(place)
    for parent in (home, *home.parents, *mail.parents):
        if not parent.stat().st_mode & 0o001:  # the temporary folders of pytest, closed to others
            parent.chmod(parent.stat().st_mode | 0o011)
    return {"internal": "dovecot", "login": "dovenull", "group": "dovecot", "uid": nobody.pw_uid, "gid": nobody.pw_gid}


def _own(path: Path) -> None:
    if not os.geteuid():
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        said = log.read_text("utf-8", "replace") if log.exists() else ""
        assert process.poll() is None, said
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"dovecot does not listen: {said}")


def _certificates(home: Path) -> Path:
    """An authority, and the certificate of « localhost » that it signs."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Autorité de test")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        dated = x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name).public_key(public)
        dated = dated.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        return dated.not_valid_after(now + datetime.timedelta(days=2))

    authority = builder(ca_name, ca_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = builder(name, key.public_key()).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    (home / "ca.pem").write_bytes(authority.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    (home / "cert.pem").write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    plain = serialization.NoEncryption()
    (home / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return home / "ca.pem"
