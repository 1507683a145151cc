"""A regression check as JUnit XML: a test case for each guard and for each case of each candidate.

A lost case is a failure only when accuracy or failures have *regressed*: models change a few answers in
every run, and a build that says *not worse* must not be shown red. The format is Ant's, as Jenkins, GitLab and GitHub
actions read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from pilothouse.prove.diff import CandidateDiff, CaseChange
from pilothouse.prove.regress import Guarded, Regression

_ABOUT_CASES = ("accuracy", "failure_rate")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(regression: Regression, name: str = "pilothouse regress") -> str:
    """The whole document."""
    failed = {(candidate, case): kind for candidate, case, kind in regression.failed_cases}
    guards = [_guard(g) for g in regression.guards]
    suites = [_suite(f"{name}: guards", guards)]
    for candidate in regression.changes.candidates:
        lost = {c.case_id: c for c in candidate.regressions}
        is_failure = any(
            g.verdict == "regressed"
            for g in regression.guards
            if g.candidate == candidate.after_name and g.guard in _ABOUT_CASES
        )
        tests = [
            _case(
                candidate,
                case,
                lost.get(case),
                failed.get((candidate.after_name, case)),
                is_failure,
            )
            for case in regression.case_ids
        ]
        suites.append(_suite(f"{name}: {candidate.after_name}", tests))
    body = "\n".join(line for suite in suites for line in suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={_quoted(name)}>\n{body}\n</testsuites>\n'


def _suite(name: str, tests: Sequence[str]) -> Iterator[str]:
    failures = sum("<failure" in test for test in tests)
    skipped = sum("<skipped" in test for test in tests)
    yield (
        f'<testsuite name={_quoted(name)} tests="{len(tests)}" failures="{failures}" errors="0" '
        f'skipped="{skipped}">'
    )
    yield from tests
    yield "</testsuite>"


def _guard(guard: Guarded) -> str:
    said = guard_words(guard)
    inner = {
        "regressed": f"<failure message={_quoted(said)}/>",
        "not yet proven": f"<skipped message={_quoted('not yet proven: ' + said)}/>",
        "not worse": f"<system-out>{_text(said)}</system-out>",
    }[guard.verdict]
    return _test(f"{guard.candidate}.guards", guard.guard, inner)


def guard_words(guard: Guarded) -> str:
    """The guard in one line."""
    if guard.value is None:
        return guard.why
    interval = (
        "no finite interval"
        if guard.interval is None
        else f"{guard.interval.low:.4g} to {guard.interval.high:.4g}"
    )
    return (
        f"{guard.guard} {guard.value:.4g} ({interval}), margin {guard.limit:g}; "
        f"baseline {guard.baseline:.4g}, current {guard.current:.4g}; {guard.why}"
    )


def _case(
    candidate: CandidateDiff,
    case: str,
    lost: CaseChange | None,
    error_class: str | None,
    is_failure: bool,
) -> str:
    inner = ""
    if lost is not None:
        said = f"{lost.before:g} in the baseline, {lost.after:g} now"
        if error_class:
            said += f" (failed: {error_class})"
        inner = (
            f"<failure message={_quoted(said)}/>"
            if is_failure
            else f"<system-out>{_text(said)}, within the margin or not yet proven</system-out>"
        )
    elif error_class:
        inner = f"<system-out>failed as before: {_text(error_class)}</system-out>"
    return _test(f"{candidate.after_name}.cases", case, inner)


def _test(group: str, name: str, inner: str) -> str:
    return f"<testcase classname={_quoted(group)} name={_quoted(name)}>{inner}</testcase>"


def _quoted(text: str) -> str:
    return quoteattr(_NO_XML.sub("�", text))


def _text(text: str) -> str:
    return escape(_NO_XML.sub("�", text))
