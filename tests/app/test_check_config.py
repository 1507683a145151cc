"""`check:` of a route: what it means, and what is refused with file, line, key and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pilothouse.app.config import load_config
from pilothouse.cli.main import cli as main
from pilothouse.core.errors import InvalidInput

GOOD = """\
providers:
  vendor: {kind: openai_compatible, base_url: "http://127.0.0.1:1/v1"}
targets:
  mini: {provider: vendor, model: mini}
  large: {provider: vendor, model: large}
  other: {provider: vendor, model: other}
routes:
  support:
    policy: cascade
    targets: [mini, large]
    check: {scorers: {judge: {judges: [other], rubric: helpfulness}, format: {json: true}}, at_least: 0.75}
"""
CHECK = GOOD.splitlines()[-1].strip()


def config(folder: Path, text: str) -> Path:
    path = folder / "pilothouse.yaml"
    path.write_text(text)
    return path


def test_scorers_that_only_look_come_before_judges_who_are_targets(tmp_path: Path) -> None:
    loaded = load_config(config(tmp_path, GOOD))
    check = loaded.routes["support"].check
    assert check is not None
    assert [name for name, _ in check.scorers] == ["format", "judge"]
    assert check.judges == check.asks == (loaded.targets["other"],)
    assert (check.at_least, check.timeout_s, check.agree_with) == (0.75, 30.0, None)
    assert not loaded.routes["support"].reads_content
    agreeing = GOOD.replace(CHECK, "check: {agree_with: other}")
    check = load_config(config(tmp_path, agreeing)).routes["support"].check
    assert check is not None and check.asks == (loaded.targets["other"],)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("check: {}", ":11: routes.support.check: nothing is checked: name scorers, or agree_with"),
        ("check: {scorers: {exact: {}}}", ":11: routes.support.check.scorers.exact: exact needs more than a question and"),
        ("check: {scorers: {regex: {pattern: '#### (.*)'}}}", "and its answer (the pattern's group has nothing expected"),
        ("check: {scorers: {refusal: {}}}", "refusal needs more than a question and its answer (give the option expected"),
        ("check: {scorers: {groundedness: {}}}", "Checks that need none: regex, json_schema"),
        ("check: {scorers: {regx: {pattern: a}}}", 'routes.support.check.scorers.regx: unknown scorer "regx". Did you mean "regex"?'),
        ("check: {scorers: {regex: {patern: a}}}", 'routes.support.check.scorers.regex: unknown option "patern". Did you mean "pattern"?'),
        ("check: {scorers: {judge: {judges: [othr], rubric: helpfulness}}}", 'no target "othr" to judge with. Did you mean "other"?'),
        ("check: {agree_with: othr}", 'routes.support.check.agree_with: unknown target "othr". Did you mean "other"?'),
        ("check: {agree_with: large}", 'routes.support.check.agree_with: "large" is asked by this route itself'),
        ("check: {agree_with: other, at_least: 0}", "routes.support.check.at_least: "),
        ("check: {agree_with: other, after: 2}", 'routes.support.check.after: unknown key "after"'),
        ("check: {agree_with: other}\n    hedge_after_s: 1", ":12: routes.support.hedge_after_s: a check asks targets one after the other"),
        ("check: {agree_with: other}\n    continuation: true", ":12: routes.support.continuation: a checked stream is held back"),
        ("expected_output_tokens: 5", ":9: routes.support.policy: the policy cascade needs a check, e.g. check: "),
    ],
)  # fmt: skip
def test_a_check_that_cannot_be_is_refused_at_the_start(
    tmp_path: Path, check: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_config(config(tmp_path, GOOD.replace(CHECK, check)))
    assert message in str(refused.value)


def test_a_check_on_a_single_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="a check needs a second target"):
        load_config(config(tmp_path, GOOD.replace("[mini, large]", "[mini]")))


def test_explain_shows_the_check(tmp_path: Path) -> None:
    path = str(config(tmp_path, GOOD))
    said = CliRunner().invoke(main, ["route", "explain", path, "support"]).output
    assert "because: a cascade: each further target only when the check does not take" in said
    assert (
        "takes its answer: judge (judges: ['other'], rubric: helpfulness) and format (json: True) at least 0.75"
        in said
    )
