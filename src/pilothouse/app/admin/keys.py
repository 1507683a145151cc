"""Virtual keys over HTTP: the functions of `app/admin_keys.py` as operations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from pilothouse.app import admin_keys as keys
from pilothouse.app.compose import now_us
from pilothouse.core.keys import SECRET_BYTES
from pilothouse.server.admin.operation import Asked, Operation
from pilothouse.stores.sqlite import SqliteStore

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


def key_operations(
    store: SqliteStore, refresh: Callable[[], Awaitable[None]]
) -> Sequence[Operation]:
    """`refresh` makes changes count in this process at once; others follow within a second."""
    table = store.keys

    async def changing(do: Callable[[], T]) -> T:
        found = await asyncio.to_thread(do)
        await refresh()
        return found

    async def listed(asked: Asked) -> object:
        closed = asked.query.closed
        return KeyList(await asyncio.to_thread(keys.listed, table, now_us(), with_closed=closed))

    async def created(asked: Asked) -> object:
        bits, randomness = int.from_bytes(os.urandom(10)), os.urandom(SECRET_BYTES)
        return await changing(
            lambda: keys.create(table, asked.body, now_us(), id_bits=bits, randomness=randomness)
        )

    async def shown(asked: Asked) -> object:
        return await asyncio.to_thread(keys.shown, table, asked.at["key"], now_us())

    async def changed(asked: Asked) -> object:
        return await changing(lambda: keys.changed(table, asked.at["key"], asked.body, now_us()))

    async def rotated(asked: Asked) -> object:
        overlap_us = round(asked.body.overlap_s * 1e6)
        randomness = os.urandom(SECRET_BYTES)
        return await changing(
            lambda: keys.rotate(
                table, asked.at["key"], now_us(), overlap_us=overlap_us, randomness=randomness
            )
        )

    async def revoked(asked: Asked) -> object:
        return await changing(lambda: keys.revoke(table, asked.at["key"], now_us()))

    async def spend(asked: Asked) -> object:
        return await asyncio.to_thread(keys.spend, table, store.budgets, asked.at["key"], now_us())

    one = "/admin/keys/{key}"
    return (
        Operation(
            method="GET",
            path="/admin/keys",
            summary="List keys; never their secrets.",
            answer=listed,
            query=KeysQuery,
            returns=KeyList,
        ),
        Operation(
            method="POST",
            path="/admin/keys",
            summary="Make a key. Its secret is in this answer and nowhere else.",
            answer=created,
            body=keys.NewKey,
            returns=keys.Created,
            status=201,
        ),
        Operation(
            method="GET",
            path=one,
            summary="Show a key, by id or name.",
            answer=shown,
            returns=keys.KeyView,
        ),
        Operation(
            method="PATCH",
            path=one,
            summary="Change what is given; null takes away.",
            answer=changed,
            body=keys.KeyChange,
            returns=keys.KeyView,
        ),
        Operation(
            method="POST",
            path=one + "/rotate",
            summary="Give it a new secret.",
            answer=rotated,
            body=Rotation,
            returns=keys.Created,
        ),
        Operation(
            method="POST",
            path=one + "/revoke",
            summary="Close it for good.",
            answer=revoked,
            returns=keys.KeyView,
        ),
        Operation(
            method="GET",
            path=one + "/spend",
            summary="What it has spent, by period.",
            answer=spend,
            returns=keys.Spend,
        ),
    )
