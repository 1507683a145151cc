"""A PostgreSQL for tests, and a way to it that can be cut as a network is."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from pilothouse.stores._pg_address import PgAddress, address_from_url

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Server:
    """A server of our own, on a free port of this machine."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        data = str(Path(self._folder.name, "data"))
        subprocess.run(
            [_binary("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"],
            check=True,
            capture_output=True,
        )
        options = f"-p {port} -k {self._folder.name} -c listen_addresses=127.0.0.1"
        self._stop = [_binary("pg_ctl"), "-D", data, "-m", "immediate", "stop"]
        subprocess.run(
            [_binary("pg_ctl"), "-D", data, "-w", "-o", options, "-l", f"{data}.log", "start"],
            check=True,
            capture_output=True,
        )
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def close(self) -> None:
        subprocess.run(self._stop, check=False, capture_output=True)
        self._folder.cleanup()


def _binary(name: str) -> str:
    found = shutil.which(name) or next(
        (str(f) for f in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    if found is None:
        raise OSError(f"there is no {name} here")
    return found


def a_schema(url: str, folder: Path) -> PgAddress:
    """An address nobody else uses."""
    return address_from_url(url, schema=f"t_{uuid.uuid4().hex}", spill_folder=folder)


def dropped(address: PgAddress) -> None:
    with psycopg.connect(address.url.reveal()) as db:
        db.execute(f'DROP SCHEMA IF EXISTS "{address.schema}" CASCADE'.encode())
    db.close()


def run_sql(address: PgAddress, sql: str) -> None:
    """One statement as another program would run it."""
    with psycopg.connect(address.url.reveal()) as db:
        db.execute(f'SET search_path = "{address.schema}"'.encode())
        db.execute(sql.encode())
    db.close()


class Wire:
    """A port that leads to the server until it is cut; `lose` cuts it around the next COMMIT."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._open: list[socket.socket] = []
        self._lose: str | None = None
        self._is_cut = False
        self._door = socket.create_server(("127.0.0.1", 0))
        port = self._door.getsockname()[1]
        self.url = f"postgresql://{parts.username or 'postgres'}@127.0.0.1:{port}{parts.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection and take no new one."""
        self._is_cut = True
        for each in self._open:
            _shut(each)
        self._open.clear()

    def mend(self) -> None:
        self._is_cut = False

    def lose(self, when: str, *, then_cut: bool = False) -> None:
        """End the connection `before` the next COMMIT reaches the server, or `after` it was carried out."""
        self._lose = when
        self._then_cut = then_cut

    def close(self) -> None:
        _shut(self._door)
        self._door.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._door.accept()
            except OSError:
                return
            if self._is_cut:
                inner.close()
                continue
            outer = socket.create_connection(self._to)
            self._open += [inner, outer]
            for args in ((inner, outer, True), (outer, inner, False)):
                threading.Thread(target=self._carry, args=args, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_asking: bool) -> None:
        while True:
            try:
                data = source.recv(65536)
                if is_asking and self._lose is not None and data.endswith(COMMIT):
                    self._lost(sink, data)
                    data = b""
                if data:
                    sink.sendall(data)
                    continue
            except OSError:
                pass
            for each in (source, sink):
                _shut(each)
                each.close()
            return

    def _lost(self, server: socket.socket, data: bytes) -> None:
        when, self._lose = self._lose, None
        if self._then_cut:
            self._is_cut = True
        if when == "after":
            # Whatever the server answers, it answers into nothing; a Terminate makes it end first.
            server.sendall(data + b"X\x00\x00\x00\x04")


class Doorkeeper:
    """Speaks as much of the protocol as it takes to ask for a password and to refuse it."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.heard: list[bytes] = []
        threading.Thread(target=self._refuse, daemon=True).start()

    def close(self) -> None:
        _shut(self._door)
        self._door.close()

    def _refuse(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                with caller:
                    hello = caller.recv(4096)
                    if len(hello) == 8:  # it asks for encryption first
                        caller.sendall(b"N")
                        caller.recv(4096)
                    caller.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")
                    self.heard.append(caller.recv(4096))
                    said = b'SFATAL\x00C28P01\x00Mpassword authentication failed for user "ann"\x00\x00'
                    caller.sendall(b"E" + (len(said) + 4).to_bytes(4, "big") + said)


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was closed from the other side
        each.shutdown(socket.SHUT_RDWR)


def started(code: str, address: PgAddress, *args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, address.url.reveal(), address.schema, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
