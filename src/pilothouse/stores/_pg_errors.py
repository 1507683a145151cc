"""PostgreSQL's failures in words a person can act on. Never a password in them."""

from __future__ import annotations

import psycopg

from pilothouse.core.errors import StoreError
from pilothouse.stores._pg_address import PgAddress

_BY_TEXT = (
    ("password authentication failed", "the user or its password is wrong: look at PGPASSWORD, ~/.pgpass or the URL"),
    ("no password supplied", "it asks for a password: give it in PGPASSWORD, ~/.pgpass or the URL"),
    ('role "', "there is no such user, or it may not log in"),
    ("too many", "the server has no connection left: raise max_connections, or run fewer processes"),
    ("remaining connection slots", "the server has no connection left: raise max_connections, or run fewer processes"),
    ("starting up", "the server is starting or stopping: try again"),
    ("recovery mode", "the server is starting or stopping: try again"),
    ("not yet accepting", "the server is starting or stopping: try again"),
    ("shutting down", "the server is starting or stopping: try again"),
    ("no pg_hba.conf entry", "the server does not let this machine or user in: see its pg_hba.conf"),
    ("does not exist", "there is no such database: make it first (createdb)"),
    ("refused", "nothing listens there: is the server running, and is the port right?"),
    ("resolve host", "there is no such host: check its name"),
    ("translate host", "there is no such host: check its name"),
    ("timeout", "the server does not answer: check the host, the port and the network"),
    ("closed the connection", "the server or the network ended the connection; the next use opens a new one"),
    ("certificate", "the encrypted connection was refused: see sslmode and sslrootcert"),
)  # fmt: skip
_BY_STATE = {
    "42501": "its user lacks a right: GRANT it, or let the owner start Pilothouse once",
    "53100": "the disk of the server is full: make room",
    "53200": "the server has no memory left",
    "55P03": "another process holds it: try again",
    "57014": "the server stopped the statement: see its statement_timeout",
    "25006": "it is read-only (a standby?): name the primary",
}
_UNSTORABLE = ("22", "54")
"""Classes of SQLSTATE that speak of the values: no later try will help."""


def explained(address: PgAddress, error: psycopg.Error) -> Exception:
    """A `StoreError` that says what, where, what now; a `ValueError` when a value cannot be stored at all."""
    state = error.sqlstate or ""
    text = _said(address, error)
    if state[:2] in _UNSTORABLE:
        return ValueError(f"{address}: PostgreSQL cannot hold this: {text}")
    advice = _BY_STATE.get(state)
    if advice is None and isinstance(error, psycopg.OperationalError):
        advice = next((say for piece, say in _BY_TEXT if piece in text), None)
    return StoreError(f"{address}: {advice or 'PostgreSQL refused'} ({text})")


def _said(address: PgAddress, error: psycopg.Error) -> str:
    text = error.diag.message_primary or str(error) or type(error).__name__
    # Of several lines (one an address tried) the first says it.
    return address.password.scrub(text.strip().splitlines()[0])
