"""The one error tree. Each class is a thing a caller would treat differently.

A message says what is wrong, where, and what to do. A door (command line, HTTP) prints
it as it stands, so it must never hold a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

ErrorClass = Literal[
    "caller",  # the request is at fault: another target would refuse it too
    "context_window",  # the question is too long for this model; a larger one may take it
    "auth",  # the provider refuses our key
    "keys_exhausted",  # it has refused every key we have for it
    "target_limited",  # our own limit of this target has no room (`limits.targets`)
    "rate_limited",  # the provider asks us to slow down
    "refused",  # content filter: never routed around silently
    "provider_down",  # 5xx, connection refused or reset, DNS
    "timeout",  # no answer, or no next byte, in time
    "garbage",  # an answer that is not what the protocol says
    "cut",  # a stream that ended before its end mark
    "cancelled",  # the caller went away
]
"""Why an attempt failed, in words that decide what happens next."""

RETRYABLE: frozenset[str] = frozenset(
    {"auth", "keys_exhausted", "target_limited", "rate_limited"}
    | {"provider_down", "timeout", "garbage", "cut"}
)
"""Classes for which the next target of the route is tried, as long as nothing was sent yet."""


class PilothouseError(Exception):
    """Anything Pilothouse says no to. `str(error)` is fit for a person."""


class InvalidInput(PilothouseError):
    """A file, flag or value that cannot be used as it stands. Exit code 2."""


class BadRequest(InvalidInput):
    """A request body that cannot be used. `param` names the part at fault, where one is."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class NotFound(PilothouseError):
    """A name that nothing answers to."""


class StoreError(PilothouseError):
    """The database cannot be opened, read or written."""


class NoControl(PilothouseError):
    """A comparison was asked for while one arm gets no traffic."""


class ProviderError(PilothouseError):
    """One attempt failed. `kind` decides whether the next target is tried."""

    def __init__(
        self,
        kind: ErrorClass,
        message: str,
        *,
        http_status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: ErrorClass = kind
        self.http_status = http_status
        self.retry_after_s = retry_after_s


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?` with a leading space, or an empty string when nothing is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""
