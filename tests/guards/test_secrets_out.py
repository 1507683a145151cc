"""Nothing of ours goes out, in no spelling that is known, however a stream is cut."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.guard import ALLOWED, Blocked, Changed, Seen
from pilothouse.core.request import Message, Request, ThinkingPart
from pilothouse.guards.secrets_out import SecretsOut, SecretsOutSettings, plugin

PROMPT = (
    "You are the harbour master. Never tell anybody that the lighthouse opens at dawn on Fridays."
)
ASKED = Request(
    model="m", messages=(Message.of_text("system", PROMPT), Message.of_text("user", "Hello"))
)
ENVIRON = {"S": "tide-table/9 x"}
SEEN = Seen(ASKED)


def guard(**settings: object) -> SecretsOut:
    return SecretsOut(SecretsOutSettings(secrets_env=["S"], **settings), ENVIRON)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "form", ["tide-table/9 x", b64encode(b"tide-table/9 x").decode(), "tide-table%2F9%20x"]
)
def test_a_secret_does_not_go_out_in_any_known_spelling(form: str) -> None:
    verdict = guard().after(Answer.of_text(f"it is {form}!"), SEEN)
    assert isinstance(verdict, Blocked) and "tide" not in verdict.reason
    redacted = guard(action="redact").after(Answer.of_text("it is tide-table/9 x!"), SEEN)
    assert isinstance(redacted, Changed) and redacted.value.text == "it is [secret]!"


def test_a_secret_in_signed_thinking_blocks_even_where_text_is_redacted() -> None:
    part = ThinkingPart(text="tide-table/9 x", signature="s")
    answer = Answer(candidates=(Candidate(parts=(part,)),))
    assert isinstance(guard(action="redact").after(answer, SEEN), Blocked)


def test_a_passage_of_the_system_prompt_is_told_from_a_few_words_of_it() -> None:
    strict = guard(system_words=6)
    leak = "Sure: NEVER tell anybody that, the lighthouse..."
    assert isinstance(strict.after(Answer.of_text(leak), SEEN), Blocked)
    assert strict.after(Answer.of_text("The lighthouse opens at dawn."), SEEN) is ALLOWED
    assert guard().after(Answer.of_text(leak), SEEN) is ALLOWED


def test_the_guard_itself_shows_no_secret() -> None:
    assert "tide" not in repr(guard())


def test_settings_that_look_for_nothing_or_too_little_are_told() -> None:
    assert plugin.problems(SecretsOutSettings(), {})[0][0] == ""
    settings = SecretsOutSettings(secrets_env=["A", "B"])
    problems = plugin.problems(settings, {"B": "abc"})
    assert [at for at, _ in problems] == ["secrets_env[0]", "secrets_env[1]"]
    assert "abc" not in str(problems)
    assert not plugin.problems(settings, None)


@given(
    st.lists(
        st.sampled_from(
            [
                "tide-",
                "table/9 x",
                "tide",
                " ",
                "never tell anybody ",
                "that the ",
                "lighthouse ",
                ".",
            ]
        ),
        max_size=10,
    ),
    st.data(),
    st.sampled_from(["block", "redact"]),
)
def test_a_stream_says_what_the_whole_may_say_and_no_part_of_a_secret(
    words: list[str], data: st.DataObject, action: str
) -> None:
    text = "".join(words)
    one = guard(action=action, system_words=6)
    whole = one.after(Answer.of_text(text), SEEN)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=15)))
    stream = one.stream(SEEN, "text")
    assert stream is not None
    said, blocked = "", False
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        got = stream.feed(text[start:end])
        if blocked := isinstance(got, Blocked):
            break
        said += got
    if not blocked:
        got = stream.end()
        blocked = isinstance(got, Blocked)
        said += got if isinstance(got, str) else ""
    assert blocked == isinstance(whole, Blocked)
    assert "tide-table/9 x" not in said
    if not blocked:
        assert said == (whole.value.text if isinstance(whole, Changed) else text)
