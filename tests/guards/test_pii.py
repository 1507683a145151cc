"""The guard over whole requests and answers, and over streams however they are cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from pii_examples import LABELLED, NOTHING

from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.guard import ALLOWED, Blocked, Changed, Note, Seen, Where
from pilothouse.core.request import Message, Request, TextPart, ThinkingPart, ToolCallPart
from pilothouse.guards._pii_find import KINDS, find
from pilothouse.guards._pii_stream import MOST_HELD, PiiScan, replaced
from pilothouse.guards.pii import Pii, PiiSettings, masked, plugin

ALL = frozenset(KINDS)


def asked(*texts: str) -> Request:
    messages = tuple(Message.of_text("user", text) for text in texts)
    return Request(model="m", messages=messages)


def changed(guard: Pii, request: Request) -> Changed[Request]:
    verdict = guard.before(request)
    assert isinstance(verdict, Changed)
    return verdict


def run(guard: Pii, seen: Seen, pieces: list[str], where: Where = "text") -> str | Blocked:
    stream = guard.stream(seen, where)
    if stream is None:
        return "".join(pieces)
    said = ""
    for got in [stream.feed(piece) for piece in pieces] + [stream.end()]:
        if isinstance(got, Blocked):
            return got
        said += got
    return said


def test_the_same_value_has_the_same_placeholder_in_all_messages() -> None:
    request = asked("ann@example.com and bob@example.com", "again ann@example.com")
    verdict = changed(Pii(PiiSettings()), request)
    assert [m.text for m in verdict.value.messages] == [
        "<EMAIL_1> and <EMAIL_2>",
        "again <EMAIL_1>",
    ]
    assert verdict.notes == (Note("redact", 3, "an e-mail address"),)
    assert verdict.kept == {}  # nothing is to be restored, so nothing is remembered


def test_a_placeholder_that_the_caller_wrote_stays_the_callers() -> None:
    guard = Pii(PiiSettings(restore=True))
    verdict = changed(guard, asked("What does <EMAIL_1> mean? ann@example.com"))
    assert verdict.value.messages[0].text == "What does <EMAIL_1> mean? <EMAIL_2>"
    back = guard.after(Answer.of_text("<EMAIL_1>, <EMAIL_2>"), Seen(verdict.value, verdict.kept))
    assert isinstance(back, Changed) and back.value.text == "<EMAIL_1>, ann@example.com"


def test_placeholders_get_their_values_back_but_new_findings_do_not_pass() -> None:
    guard = Pii(PiiSettings(restore=True))
    verdict = changed(guard, asked("I am ann@example.com"))
    answer = Answer.of_text("Dear <EMAIL_1>, ask eve@example.com")
    back = guard.after(answer, Seen(verdict.value, verdict.kept))
    assert isinstance(back, Changed) and back.value.text == "Dear ann@example.com, ask <EMAIL_2>"


def test_arguments_of_tools_stay_json_when_they_are_redacted_and_restored() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----"
    arguments = json.dumps({"to": "x\nann@example.com", "é": "\u00e9bob@example.com"})
    call = ToolCallPart(id="1", name="f", arguments=arguments)
    request = Request(
        model="m",
        messages=(
            Message(role="assistant", parts=(call,)),
            Message.of_text("user", key),
        ),
    )
    guard = Pii(PiiSettings(restore=True))
    verdict = changed(guard, request)
    part = verdict.value.messages[0].parts[0]
    assert isinstance(part, ToolCallPart)
    assert json.loads(part.arguments) == {"to": "x\n<EMAIL_1>", "é": "é<EMAIL_2>"}
    said = run(guard, Seen(verdict.value, verdict.kept), ['{"k": "<SEC', 'RET_1>"}'], "arguments")
    assert isinstance(said, str) and json.loads(said) == {"k": key}


def test_signed_thinking_and_log_probabilities_are_not_left_to_disagree() -> None:
    thinking = ThinkingPart(text="ann@example.com", signature="s")
    parts = (thinking, TextPart("ann@example.com"))
    answer = Answer(candidates=(Candidate(parts=parts, logprobs=Raw(b"[]")),))
    verdict = Pii(PiiSettings()).after(answer, Seen(asked("")))
    assert isinstance(verdict, Changed)
    candidate = verdict.value.candidates[0]
    assert candidate.parts == (thinking, TextPart("<EMAIL_1>"))
    assert candidate.logprobs is None
    blocked = Pii(PiiSettings(action="block")).after(
        Answer(candidates=(Candidate(parts=(thinking,)),)), Seen(asked(""))
    )
    assert isinstance(blocked, Blocked)


def test_a_refusal_names_the_kind_and_not_the_value() -> None:
    verdict = Pii(PiiSettings(action="block")).before(asked("4111111111111111"))
    assert isinstance(verdict, Blocked) and verdict.code == "pii_detected"
    assert "a card number" in verdict.reason and "4111" not in verdict.reason


def test_what_is_clean_passes_as_it_is() -> None:
    guard = Pii(PiiSettings())
    assert guard.before(asked("2 + 2 = 4")) is ALLOWED
    assert guard.after(Answer.of_text("four"), Seen(asked(""))) is ALLOWED


def test_each_side_can_be_left_alone() -> None:
    text = "ann@example.com"
    only_answer = Pii(PiiSettings(applies_to="answer"))
    assert only_answer.before(asked(text)) is ALLOWED
    only_request = Pii(PiiSettings(applies_to="request"))
    assert only_request.after(Answer.of_text(text), Seen(asked(""))) is ALLOWED
    assert only_request.stream(Seen(asked("")), "text") is None


def test_masks_keep_the_last_four_of_cards_and_accounts_alone() -> None:
    assert masked("4111 1111 1111 1234", "card") == "**** **** **** 1234"
    assert masked("ann@example.com", "email") == "***@*******.***"
    assert masked("219-09-9999", "ssn") == "***-**-****"


def test_settings_that_contradict_each_other_are_told() -> None:
    assert plugin.problems(PiiSettings(action="mask", restore=True), None)[0][0] == "restore"
    assert plugin.problems(PiiSettings(applies_to="answer", restore=True), None)
    assert not plugin.problems(PiiSettings(restore=True), None)


_TEXTS = [text for text, _ in LABELLED] + NOTHING
_PIECES = st.lists(
    st.one_of(
        st.sampled_from(_TEXTS),
        st.sampled_from(
            ["\n", " ", "a", "1", "-", ".", "4111 ", "+49 ", "-----BEGIN", "@x.io", "::"]
        ),
        st.text("ab1 4.-@:", max_size=6),
    ),
    max_size=6,
)


@given(_PIECES, st.data())
def test_a_stream_gives_what_the_whole_text_gives_however_it_is_cut(
    pieces: list[str], data: st.DataObject
) -> None:
    whole = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    scan = PiiScan(ALL, lambda value, kind: f"<{kind}>")
    said = ""
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        said += scan.put(whole[start:end])
    said += scan.end()
    assert said == replaced(whole, find(whole, ALL), 0, len(whole), lambda value, kind: f"<{kind}>")


@given(st.text(max_size=60), st.data())
def test_restoring_does_not_depend_on_where_a_placeholder_is_cut(
    text: str, data: st.DataObject
) -> None:
    whole = f"{text}<EMAIL_1>{text}<EMAIL_1 <EMAIL_2> <{text}"
    kept = {"<EMAIL_1>": "ann@example.com"}
    guard = Pii(PiiSettings(restore=True, applies_to="request"))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    wanted = whole.replace("<EMAIL_1>", "ann@example.com")
    assert run(guard, Seen(asked(""), kept), pieces) == wanted


@pytest.mark.parametrize(
    "piece", ["x", "1", "1 ", "A1", "<", "-----BEGIN EC PRIVATE KEY-----\n", "@"]
)
def test_no_stream_is_held_without_bound(piece: str) -> None:
    scan = PiiScan(ALL, lambda value, kind: "*")
    for _ in range(100):
        scan.put(piece * (200 // len(piece)))
        held = scan._held  # pyright: ignore[reportPrivateUsage]
        assert len(held) <= MOST_HELD + 200
