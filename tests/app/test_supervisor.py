"""When a worker is started again, and in what words its end is told. As processes: tests/cli."""

from __future__ import annotations

from pilothouse.app.supervisor import FIRST_BACKOFF_S, MOST_BACKOFF_S, backoff_s, why_ended


def test_each_death_in_a_row_doubles_the_wait_up_to_a_most() -> None:
    waits = [backoff_s(n) for n in range(1, 40)]
    assert waits[0] == FIRST_BACKOFF_S
    assert waits[1] == 2 * FIRST_BACKOFF_S
    assert waits == sorted(waits)
    assert waits[-1] == MOST_BACKOFF_S
    assert backoff_s(10**9) == MOST_BACKOFF_S


def test_an_end_is_told_as_people_know_it() -> None:
    assert why_ended(3) == "exit code 3"
    assert why_ended(-9) == "SIGKILL"
    assert why_ended(-200) == "signal 200"
