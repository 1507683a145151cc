"""Virtual keys over HTTP: the functions of `app/admin_keys.py` as operations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from pilothouse.app import admin_keys as keys
from pilothouse.app.compose import now_us
from pilothouse.app.stores import Store
from pilothouse.core.keys import SECRET_BYTES
from pilothouse.server.admin.operation import Asked, Operation

T = TypeVar("T")


class KeysQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which keys."""

    closed: bool = False
    """Expired and revoked ones too."""


class KeyList(Struct, frozen=True):
    """Oldest first."""

    keys: list[keys.KeyView]


class Rotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a secret is replaced."""

    overlap_s: Annotated[float, Meta(ge=0, le=366 * 86_400)] = 0.0
    """So long the present secret stays good beside the new one."""


class _Desk:
    """What is asked of keys, done in a thread: the database may take its time."""

    def __init__(self, store: Store, refresh: Callable[[], Awaitable[None]]) -> None:
        self._table = store.keys
        self._budgets = store.budgets
        self._refresh = refresh

    async def listed(self, asked: Asked) -> KeyList:
        closed = asked.query.closed
        found = await asyncio.to_thread(keys.listed, self._table, now_us(), with_closed=closed)
        return KeyList(found)

    async def created(self, asked: Asked) -> keys.Created:
        bits, randomness = int.from_bytes(os.urandom(10)), os.urandom(SECRET_BYTES)
        return await self._changing(
            lambda: keys.create(
                self._table, asked.body, now_us(), id_bits=bits, randomness=randomness
            )
        )

    async def shown(self, asked: Asked) -> keys.KeyView:
        return await asyncio.to_thread(keys.shown, self._table, asked.at["key"], now_us())

    async def changed(self, asked: Asked) -> keys.KeyView:
        return await self._changing(
            lambda: keys.changed(self._table, asked.at["key"], asked.body, now_us())
        )

    async def rotated(self, asked: Asked) -> keys.Created:
        overlap_us, randomness = round(asked.body.overlap_s * 1e6), os.urandom(SECRET_BYTES)
        key = asked.at["key"]
        return await self._changing(
            lambda: keys.rotate(
                self._table, key, now_us(), overlap_us=overlap_us, randomness=randomness
            )
        )

    async def revoked(self, asked: Asked) -> keys.KeyView:
        return await self._changing(lambda: keys.revoke(self._table, asked.at["key"], now_us()))

    async def spend(self, asked: Asked) -> keys.Spend:
        return await asyncio.to_thread(
            keys.spend, self._table, self._budgets, asked.at["key"], now_us()
        )

    async def _changing(self, do: Callable[[], T]) -> T:
        found = await asyncio.to_thread(do)
        await self._refresh()
        return found


def key_operations(store: Store, refresh: Callable[[], Awaitable[None]]) -> Sequence[Operation]:
    """`refresh` makes changes count in this process at once; others follow within a second."""
    desk = _Desk(store, refresh)
    new, one = "/admin/keys", "/admin/keys/{key}"
    make = "Make a key. Its secret is in this answer and nowhere else."
    rotate = "Give it a new secret."
    return (
        Operation("GET", new, "List keys.", desk.listed, KeyList, query=KeysQuery),
        Operation("POST", new, make, desk.created, keys.Created, body=keys.NewKey, status=201),
        Operation("GET", one, "Show a key, by id or name.", desk.shown, keys.KeyView),
        Operation(
            "PATCH",
            one,
            "Change what is given; null takes away.",
            desk.changed,
            keys.KeyView,
            body=keys.KeyChange,
        ),
        Operation("POST", f"{one}/rotate", rotate, desk.rotated, keys.Created, body=Rotation),
        Operation("POST", f"{one}/revoke", "Close it for good.", desk.revoked, keys.KeyView),
        Operation("GET", f"{one}/spend", "Its spending by period.", desk.spend, keys.Spend),
    )
