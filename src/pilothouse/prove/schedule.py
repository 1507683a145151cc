"""Repeats at different hours of the day, because a vendor at night is not the one of the morning. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hours: [9, 15, 21]`: repeats take turns at these hours; each is asked only within its hour."""

    hours: Annotated[list[Annotated[int, Meta(ge=0, le=23)]], Meta(min_length=1, max_length=24)]
    time_zone: str = "UTC"
    window_minutes: Annotated[int, Meta(ge=1, le=720)] = 60
    """How long after the hour questions may still be asked."""


def schedule_problem(schedule: Schedule, repeats: int) -> str | None:
    """What is wrong with it, for a person."""
    if len(set(schedule.hours)) != len(schedule.hours):
        return "an hour is named twice"
    if repeats < len(schedule.hours):
        return (
            f"{len(schedule.hours)} hours need at least as many repeats, one for each; "
            f"repeats is {repeats}"
        )
    try:
        ZoneInfo(schedule.time_zone)
    except (KeyError, ValueError, OSError):
        return f'no time zone "{schedule.time_zone}": write for example Europe/Berlin or UTC'
    return None


def due_in_s(schedule: Schedule | None, repeat: int, now_us: int) -> float:
    """Seconds until `repeat` may be asked; 0 = now."""
    if schedule is None:
        return 0.0
    hour = schedule.hours[repeat % len(schedule.hours)]
    now = datetime.fromtimestamp(now_us / 1e6, tz=UTC)
    local = now.astimezone(ZoneInfo(schedule.time_zone))
    opens = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    window = timedelta(minutes=schedule.window_minutes)
    for start in (opens - timedelta(days=1), opens, opens + timedelta(days=1)):
        if start <= local < start + window:
            return 0.0
        if start > local:
            return (start.astimezone(UTC) - now).total_seconds()
    return (opens + timedelta(days=2) - local).total_seconds()
