"""Proofs of concept, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.core.call import Score
from pilothouse.core.grade import Given, ToolUse
from pilothouse.core.pico import usd
from pilothouse.core.proof_store import Before, KeptCase, PaidAnswer, RunRow
from pilothouse.stores._job_rows import Executes, Write
from pilothouse.stores._keys import Query
from pilothouse.stores._rows import CALL_COLUMNS, call_from_row
from pilothouse.stores._scores import SCORE_COLUMNS, scores_by_call

Keep = Callable[[Executes, Sequence[PaidAnswer]], None]
KeepScores = Callable[[Executes, Sequence[Score]], None]
_CALL = ", ".join(f"calls.{c}" for c in CALL_COLUMNS)
_ANSWER = "a.run_id, a.case_id, a.target, a.repeat, a.text, a.attempts, a.question_key, a.more_json"
_BETWEEN = (
    "FROM run_cases c JOIN answers a ON a.run_id = c.run_id AND a.case_id = c.case_id "
    "JOIN calls ON calls.id = a.call_id WHERE c.run_id = ? AND c.ordinal >= ? AND c.ordinal < ?"
)
_SCORE = ", ".join(f"s.{c}" for c in SCORE_COLUMNS)
_RUN = (
    "SELECT r.id, r.spec_json, r.at_us, "
    "(SELECT COUNT(*) FROM run_cases c WHERE c.run_id = r.id), "
    "(SELECT COUNT(*) FROM answers a WHERE a.run_id = r.id AND a.case_id >= ' ') FROM runs r"
)
_MANY = 400
"""Values bound in one statement; SQLite's least limit is 999."""


class _More(Struct, omit_defaults=True):
    """What of an answer is not its text."""

    tool_uses: tuple[ToolUse, ...] = ()
    finish_reason: str | None = None
    earlier: tuple[str, ...] = ()
    before: Before | None = None


_PLAIN = _More(finish_reason="stop")
_decode_more = msgspec.json.Decoder(_More).decode


class ProofTable:
    """Implements `ProofStore` on the connections of a store."""

    def __init__(self, write: Write, query: Query, keep: Keep, keep_scores: KeepScores) -> None:
        self._write = write
        self._query = query
        self._keep = keep
        self._keep_scores = keep_scores

    def open_run(self, run_id: str, spec_json: bytes, at_us: int) -> bool:
        """False when it was there already: it then has this spec."""

        def work(db: Executes) -> bool:
            done = db.execute(
                "INSERT INTO runs (id, spec_json, at_us) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (run_id, spec_json, at_us),
            )
            if done.rowcount == 1:
                return True
            db.execute("UPDATE runs SET spec_json = ? WHERE id = ?", (spec_json, run_id))
            return False

        return self._write(work)

    def run(self, run_id: str) -> RunRow | None:
        """By id."""
        found = self._runs("WHERE r.id = ?", (run_id,))
        return found[0] if found else None

    def runs(self) -> list[RunRow]:
        """All, newest first."""
        return self._runs("ORDER BY r.at_us DESC, r.id", ())

    def keep_cases(self, run_id: str, cases: Iterable[KeptCase]) -> None:
        """Many rows a statement; those that are there stay."""
        rest = iter(cases)

        def work(db: Executes) -> None:
            while some := list(islice(rest, _MANY // 4)):
                rows = ", ".join(["(?, ?, ?, ?)"] * len(some))
                values = [v for c in some for v in (run_id, c.ordinal, c.case_id, c.case_json)]
                db.execute(
                    "INSERT INTO run_cases (run_id, ordinal, case_id, case_json) "
                    f"VALUES {rows} ON CONFLICT DO NOTHING",
                    values,
                )

        self._write(work)

    def cases(self, run_id: str, first: int, until: int) -> list[KeptCase]:
        """In order."""
        rows = self._query(
            "SELECT ordinal, case_id, case_json FROM run_cases "
            "WHERE run_id = ? AND ordinal >= ? AND ordinal < ? ORDER BY ordinal",
            (run_id, first, until),
        )
        return [KeptCase(ordinal, case_id, bytes(said)) for ordinal, case_id, said in rows]

    def cases_by_id(self, run_id: str, ids: Sequence[str]) -> list[KeptCase]:
        """Those that there are."""
        rows = self._by(
            "SELECT ordinal, case_id, case_json FROM run_cases WHERE run_id = ? AND case_id IN",
            (run_id,),
            ids,
        )
        return [KeptCase(ordinal, case_id, bytes(said)) for ordinal, case_id, said in rows]

    def keep_answers(self, answers: Sequence[PaidAnswer]) -> None:
        """One wait for the disk."""
        self._write(lambda db: self._keep(db, answers))

    def keep_scores(self, scores: Sequence[Score]) -> None:
        """Add or replace."""
        if scores:
            self._write(lambda db: self._keep_scores(db, scores))

    def answers(self, run_id: str, first: int, until: int) -> list[PaidAnswer]:
        """In the order of the cases."""
        rows = self._query(
            f"SELECT {_CALL}, {_ANSWER} {_BETWEEN} ORDER BY c.ordinal, a.repeat, a.target",
            (run_id, first, until),
        )
        scores = self._query(
            f"SELECT {_SCORE} FROM run_cases c "
            "JOIN answers a ON a.run_id = c.run_id AND a.case_id = c.case_id "
            "JOIN scores s ON s.call_id = a.call_id "
            "WHERE c.run_id = ? AND c.ordinal >= ? AND c.ordinal < ?",
            (run_id, first, until),
        )
        return _answers(rows, scores)

    def answered(
        self, run_id: str, first: int, until: int
    ) -> list[tuple[str, str, int, str | None]]:
        """The keys only."""
        rows = self._query(
            f"SELECT a.case_id, a.target, a.repeat, a.text IS NULL, calls.error_class {_BETWEEN}",
            (run_id, first, until),
        )
        return [
            (case_id, target, repeat, (error or "garbage") if has_failed else None)
            for case_id, target, repeat, has_failed, error in rows
        ]

    def answers_of(self, call_ids: Sequence[str], run_id: str) -> list[PaidAnswer]:
        """By their call."""
        rows = self._by(
            f"SELECT {_CALL}, {_ANSWER} FROM answers a JOIN calls ON calls.id = a.call_id "
            "WHERE a.run_id = ? AND a.call_id IN",
            (run_id,),
            call_ids,
        )
        return _answers(rows, self._scores_of(call_ids))

    def found(self, question_keys: Sequence[str]) -> dict[str, PaidAnswer]:
        """No failures; of several the one whose call came first."""
        rows = self._by(
            f"SELECT {_CALL}, {_ANSWER} FROM answers a JOIN calls ON calls.id = a.call_id "
            "WHERE a.text IS NOT NULL AND a.question_key IN",
            (),
            question_keys,
        )
        kept = sorted(_answers(rows, []), key=lambda a: a.call.at_us, reverse=True)
        return {a.question_key: a for a in kept if a.question_key is not None}

    def has_others(self, run_id: str) -> bool:
        """Whether any other run has answers."""
        return bool(self._query("SELECT 1 FROM answers WHERE run_id <> ? LIMIT 1", (run_id,)))

    def spent_usd(self, run_id: str) -> Decimal:
        """Judges included."""
        sql = "SELECT CAST(COALESCE(SUM(cost_pico_usd), 0) AS BIGINT) FROM calls WHERE run_id = ?"
        return usd(int(self._query(sql, (run_id,))[0][0]))

    def take(
        self, run_id: str, parts: Sequence[int], owner: str, until_us: int, now_us: int
    ) -> list[int]:
        """Atomic: two owners never hold one part at a time."""

        def work(db: Executes) -> list[int]:
            sql = (
                "INSERT INTO run_parts (run_id, part, owner, until_us) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (run_id, part) DO UPDATE SET owner = excluded.owner, until_us = excluded.until_us "
                "WHERE run_parts.until_us < ?"
            )
            return [
                part
                for part in parts
                if db.execute(sql, (run_id, part, owner, until_us, now_us)).rowcount == 1
            ]

        return self._write(work)

    def holders(self, run_id: str) -> dict[str, int]:
        """Owners to the end of their lease."""
        sql = "SELECT owner, MAX(until_us) FROM run_parts WHERE run_id = ? GROUP BY owner"
        return dict(self._query(sql, (run_id,)))

    def renew(self, run_id: str, owner: str, until_us: int) -> None:
        """All that it holds."""
        sql = "UPDATE run_parts SET until_us = ? WHERE run_id = ? AND owner = ?"
        self._write(lambda db: db.execute(sql, (until_us, run_id, owner)))

    def give_back(self, run_id: str, owner: str, parts: Sequence[int] | None = None) -> None:
        """Free for others."""

        def work(db: Executes) -> None:
            if parts is None:
                sql = "DELETE FROM run_parts WHERE run_id = ? AND owner = ?"
                db.execute(sql, (run_id, owner))
                return
            for part in parts:
                sql = "DELETE FROM run_parts WHERE run_id = ? AND part = ? AND owner = ?"
                db.execute(sql, (run_id, part, owner))

        self._write(work)

    def output_tokens(self, run_id: str, provider: str, model: str, limit: int) -> list[int]:
        """Newest first."""
        rows = self._query(
            "SELECT output_tokens FROM calls WHERE run_id = ? AND source = 'prove' "
            "AND provider = ? AND model = ? AND output_tokens IS NOT NULL "
            "ORDER BY at_us DESC LIMIT ?",
            (run_id, provider, model, limit),
        )
        return [int(tokens) for (tokens,) in rows]

    def _runs(self, clause: str, values: Sequence[Any]) -> list[RunRow]:
        return [
            RunRow(id=i, spec_json=bytes(spec), at_us=at_us, cases=cases, answers=answers)
            for i, spec, at_us, cases, answers in self._query(f"{_RUN} {clause}", values)
        ]

    def _scores_of(self, call_ids: Sequence[str]) -> list[tuple[Any, ...]]:
        sql = f"SELECT {_SCORE} FROM scores s WHERE s.call_id IN"
        return self._by(sql, (), call_ids)

    def _by(self, sql: str, values: Sequence[Any], wanted: Sequence[str]) -> list[tuple[Any, ...]]:
        """Rows of `sql (?, ?, ...)`, some hundred values at a time."""
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(wanted), _MANY):
            some = wanted[start : start + _MANY]
            found += self._query(f"{sql} ({', '.join('?' * len(some))})", (*values, *some))
        return found


def answer_row(answer: PaidAnswer) -> tuple[Any, ...]:
    """Run, case, target, repeat, call, text, attempts, question key, more."""
    given = answer.given
    more = None
    if given is not None and (given.tool_uses or given.earlier or given.finish_reason != "stop"):
        said = _More(given.tool_uses, given.finish_reason, given.earlier, answer.before)
        more = msgspec.json.encode(said).decode()
    return (
        *(answer.run_id, answer.case_id, answer.target, answer.repeat, answer.call.id),
        *(None if given is None else given.text, answer.attempts, answer.question_key, more),
    )


def _answers(
    rows: Sequence[tuple[Any, ...]], score_rows: Sequence[tuple[Any, ...]]
) -> list[PaidAnswer]:
    scores = scores_by_call(score_rows)
    width = len(CALL_COLUMNS)
    found: list[PaidAnswer] = []
    for row in rows:
        call = call_from_row(row[:width])
        run_id, case_id, target, repeat, text, attempts, key, more_json = row[width:]
        more = _PLAIN if more_json is None else _decode_more(more_json)
        found.append(
            PaidAnswer(
                run_id=run_id,
                case_id=case_id,
                target=target,
                repeat=repeat,
                call=call,
                given=None if text is None else _given(text, more),
                attempts=attempts,
                question_key=key,
                before=more.before,
                scores=tuple(scores.get(call.id, ())),
            )
        )
    return found


def _given(text: str, more: _More) -> Given:
    return Given(
        text=text,
        tool_uses=more.tool_uses,
        finish_reason=more.finish_reason,
        earlier=more.earlier,
    )
