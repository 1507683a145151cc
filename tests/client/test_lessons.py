"""What upgrades taught: by kind, lately, and each call once."""

from __future__ import annotations

from pilothouse.client.lessons import KINDS, WINDOW, Lessons
from pilothouse.core.upgrade import Kind, Lesson, kind_read, size_of

SUMS = Kind("support", "better", "sums", "short")


def lessons(n: int, changed: bool = False, kind: Kind = SUMS, start: int = 0) -> list[Lesson]:
    return [Lesson(kind, f"{i:08d}", changed) for i in range(start, start + n)]


def test_a_kind_is_unneeded_once_enough_did_not_change_and_other_kinds_are_not() -> None:
    known = Lessons()
    known.add(lessons(80))
    assert not known.is_unneeded(SUMS, 0.05)
    known.add(lessons(1, start=80))
    assert known.is_unneeded(SUMS, 0.05)
    assert not known.is_unneeded(SUMS, 0.0), "0 never stops"
    for other in (
        Kind("other", "better", "sums", "short"),
        Kind("support", "another", "sums", "short"),
        Kind("support", "better", "", "short"),
        Kind("support", "better", "sums", "long"),
    ):
        assert not known.is_unneeded(other, 0.05)
        assert known.taught(other).most_changed == 1.0


def test_the_same_call_twice_is_one_lesson() -> None:
    known = Lessons()
    known.add(lessons(50))
    known.add(lessons(50))
    assert known.taught(SUMS).asked == 50


def test_only_the_last_ones_count_in_whatever_order_they_come() -> None:
    known = Lessons()
    known.add(lessons(WINDOW, start=1000))
    known.add(lessons(300, changed=True))
    assert known.taught(SUMS).asked == WINDOW
    assert known.taught(SUMS).changed == 0, "older ones do not push newer ones out"
    known.add(lessons(30, changed=True, start=5000))
    assert (known.taught(SUMS).asked, known.taught(SUMS).changed) == (WINDOW, 30)
    assert not known.is_unneeded(SUMS, 0.05)


def test_kinds_are_bounded_and_the_one_that_learned_longest_ago_goes() -> None:
    known = Lessons()
    known.add(lessons(100))
    for i in range(KINDS - 1):
        known.add(lessons(1, kind=Kind("support", "better", f"tag {i}", "short")))
    known.add(lessons(1, start=200))
    known.add(lessons(1, kind=Kind("support", "better", "one more", "short")))
    assert len(known.kinds()) == KINDS
    assert known.taught(SUMS).asked == 101
    assert known.taught(Kind("support", "better", "tag 0", "short")).asked == 0


def test_a_kind_is_read_back_from_its_score_and_its_call() -> None:
    for kind in (SUMS, Kind("r", "a name with spaces", "", "huge")):
        assert kind_read(kind.route, kind.tag or None, kind.detail) == kind
    assert [size_of(n) for n in (0, 249, 250, 2_000, 16_000)] == [
        *("short", "short", "medium", "long", "huge")
    ]
