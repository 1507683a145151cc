"""Scripts on their way to Redis: everything that waits goes out in one pipeline, in order, on one connection.

While one pipeline is under way the next one gathers, so the cost of a round trip is shared by all that
arrive together. Knows nothing of limits; `redis_limiter.py` does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from hashlib import sha1
from importlib import import_module, resources
from typing import Any, Protocol

from pilothouse.core.errors import InvalidInput, PilothouseError


class RedisGone(PilothouseError):
    """Redis did not answer, or not sensibly. Whether a script ran is not known."""


class _Pipeline(Protocol):
    def evalsha(self, sha: str, numkeys: int, *keys_and_args: str | bytes) -> object: ...
    async def execute(self, raise_on_error: bool = True) -> list[Any]: ...


class RedisClient(Protocol):
    """What is used of `redis.asyncio.Redis` (redis-py)."""

    def pipeline(self, transaction: bool = True) -> _Pipeline: ...
    async def script_load(self, script: str) -> object: ...
    async def aclose(self) -> None: ...


def connect(url: str, *, timeout_s: float, at: str = "limits.redis") -> RedisClient:
    """A client with one deadline for everything and no retries of its own. Connects when first used.

    Raises `InvalidInput` when redis-py is missing or the URL is none, naming the key path `at`; the URL is
    not shown, it may hold a password.
    """
    try:
        # By name, because it is an extra: who does not use it neither has nor loads it.
        redis: Any = import_module("redis.asyncio")
        never_again = import_module("redis.asyncio.retry").Retry(
            import_module("redis.backoff").NoBackoff(), 0
        )
    except ImportError:
        raise InvalidInput(
            f"{at}: redis-py is not installed. Install it: pip install 'pilothouse[redis]'"
        ) from None
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=never_again,
            client_name="pilothouse",
        )
    except ValueError:
        raise InvalidInput(
            f"{at}: not a Redis URL. It reads redis://host:6379/0, rediss:// with TLS, or unix://"
        ) from None


class Script:
    """A Lua file of this folder."""

    def __init__(self, name: str) -> None:
        self.text = (
            resources.files("pilothouse.client.limits").joinpath(name).read_text(encoding="utf-8")
        )
        # SHA-1 is how Redis names scripts; nothing is protected by it.
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class _Sent:
    __slots__ = ("args", "reply", "script")

    def __init__(
        self, script: Script, args: Sequence[str | bytes], reply: asyncio.Future[Any]
    ) -> None:
        self.script = script
        self.args = args
        self.reply = reply


class RedisWire:
    """Sends scripts with one key, the prefix. `scripts` are all that will be used."""

    def __init__(self, client: RedisClient, prefix: str, scripts: Sequence[Script]) -> None:
        self._client = client
        self._prefix = prefix
        self._scripts = scripts
        self._waiting: deque[_Sent] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_loaded = False

    def send(self, script: Script, args: Sequence[str | bytes]) -> asyncio.Future[Any]:
        """The script's reply to come, or `RedisGone`. Runs in the order of sending."""
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Sent(script, args, reply))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return reply

    async def close(self) -> None:
        """Wait for what was sent, then let the connection go."""
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._client.aclose()

    async def _drain(self) -> None:
        # Everything that is ready to run gets its word in before the first pipeline leaves.
        await asyncio.sleep(0)
        while self._waiting:
            batch = list(self._waiting)
            self._waiting.clear()
            try:
                replies = await self._executed(batch)
            except Exception as error:
                gone = RedisGone(f"{type(error).__name__}: {error}")
                replies: list[Any] = [gone] * len(batch)
                self._is_loaded = False
            for sent, reply in zip(batch, replies, strict=True):
                if sent.reply.done():
                    continue
                if isinstance(reply, Exception):
                    sent.reply.set_exception(_gone(reply))
                else:
                    sent.reply.set_result(reply)

    async def _executed(self, batch: list[_Sent]) -> list[Any]:
        if not self._is_loaded:
            await self._load()
        replies = await self._pipelined(batch)
        # Redis was restarted, or its scripts flushed: these did not run, so they may be sent again.
        missing = [i for i, reply in enumerate(replies) if _is_unknown_script(reply)]
        if missing:
            await self._load()
            again = await self._pipelined([batch[i] for i in missing])
            for i, reply in zip(missing, again, strict=True):
                replies[i] = reply
        return replies

    async def _load(self) -> None:
        for script in self._scripts:
            await self._client.script_load(script.text)
        self._is_loaded = True

    async def _pipelined(self, batch: list[_Sent]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for sent in batch:
            pipeline.evalsha(sent.script.sha, 1, self._prefix, *sent.args)
        return await pipeline.execute(raise_on_error=False)


def _is_unknown_script(reply: object) -> bool:
    return type(reply).__name__ == "NoScriptError" or (
        isinstance(reply, Exception) and str(reply).startswith("NOSCRIPT")
    )


def _gone(error: Exception) -> RedisGone:
    return error if isinstance(error, RedisGone) else RedisGone(f"{type(error).__name__}: {error}")
