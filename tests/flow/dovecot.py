"""A real IMAP server of our own: Dovecot on a loopback port, with everything it needs in one folder."""

import grp
import imaplib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.flow.waiting import free_port, until

USER = "support"
PASSWORD = "inbox-password"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
instance_name = desk-{port}
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {group}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop_port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = user={user} password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Done {{
    auto = create
  }}
}}
"""


class Dovecot:
    """One account, user `support`. `deliver` puts a mail into its inbox as a mail server would."""

    host = "127.0.0.1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.pop_port = free_port()
        self.delivered = 0

    @property
    def binary(self) -> str:
        return shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin") or "dovecot"

    @contextmanager
    def running(self) -> Iterator["Dovecot"]:
        config = self._prepare()
        server = subprocess.Popen([self.binary, "-F", "-c", str(config)])
        try:
            until(self._answers, f"Dovecot answers (see {self.folder}/dovecot.log)")
            yield self
        finally:
            server.terminate()
            server.wait(20)

    def deliver(self, raw: bytes, at: datetime | None = None) -> None:
        """The given time becomes the internal date, which is the receipt time of the desk."""
        with self._session() as session:
            date = imaplib.Time2Internaldate(at or datetime.now(UTC))
            status, answer = session.append("INBOX", "", date, raw)
            assert status == "OK", answer
        self.delivered += 1

    def count(self, folder: str, *criteria: str) -> int:
        with self._session() as session:
            session.select(folder, readonly=True)
            return len(session.search(None, *(criteria or ("ALL",)))[1][0].split())

    @contextmanager
    def _session(self) -> Iterator[imaplib.IMAP4]:
        session = imaplib.IMAP4(self.host, self.port, timeout=10)
        try:
            session.login(USER, PASSWORD)
            yield session
        finally:
            session.logout()

    def _answers(self) -> bool:
        try:
            with self._session():
                return True
        except (OSError, imaplib.IMAP4.error):
            return False

    def _prepare(self) -> Path:
        (self.folder / "mail").mkdir()
        (self.folder / "run").mkdir()
        words = self._people()
        if os.geteuid() == 0:
            # Mail is never handled as root; the folder must be open to the one who does.
            self.folder.chmod(0o711)
            os.chown(self.folder / "mail", int(words["uid"]), int(words["gid"]))
        config = self.folder / "dovecot.conf"
        named = {
            "folder": self.folder,
            "port": self.port,
            "pop_port": self.pop_port,
            "user": USER,
            "password": PASSWORD,
        }
        config.write_text(CONFIG.format(**named, **words), encoding="utf-8")
        return config

    def _people(self) -> dict[str, str]:
        if os.geteuid() != 0:
            me, group = pwd.getpwuid(os.getuid()), grp.getgrgid(os.getgid())
            name = me.pw_name
            return {
                "login": name, "internal": name, "group": group.gr_name,
                "uid": str(me.pw_uid), "gid": str(me.pw_gid),
            }  # fmt: skip
        nobody = pwd.getpwnam("nobody")
        return {
            "login": "dovenull", "internal": "dovecot", "group": "dovecot",
            "uid": str(nobody.pw_uid), "gid": str(nobody.pw_gid),
        }  # fmt: skip
