"""`learned:` of a route: what is wrong with it, by key; and a route that keeps its promise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parents[1] / "route"))

from learned_tables import skills

from pilothouse.app.config import load_config
from pilothouse.core.errors import InvalidInput
from pilothouse.core.facts import Facts
from pilothouse.learned.artefact import Artefact, sealed
from pilothouse.learned.chooser import LearnedChooser
from pilothouse.route.learn import learned

CONFIG = """\
providers:
  recorded: {{kind: replay, recording: "builtin:gsm8k"}}
targets:
  dear: {{provider: recorded, model: gpt-4-1106-preview}}
  small: {{provider: recorded, model: mistralai/Mixtral-8x7B-Instruct-v0.1}}
routes:
  support:
    policy: {policy}
    targets: [dear, small]
    {learned}
"""


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    return learned(skills(400))


def config(tmp_path: Path, artefact: Artefact, said: str, policy: str = "learned") -> Path:
    (tmp_path / "router.json").write_bytes(sealed(artefact))
    path = tmp_path / "pilothouse.yaml"
    path.write_text(CONFIG.format(learned=said, policy=policy))
    return path


def test_a_route_keeps_to_the_largest_promise_up_to_five_percent(
    tmp_path: Path, artefact: Artefact
) -> None:
    said = "learned: {file: router.json, models: {cheap: small}, explore: 0.02}"
    spec = load_config(config(tmp_path, artefact, said)).routes["support"]
    assert spec.reads_content
    chooser = spec.learned
    assert isinstance(chooser, LearnedChooser)
    five = next(c for c in artefact.certificates if c.epsilon == 0.05)
    assert (chooser.dial.tolerance, chooser.explore) == (five.tolerance, 0.02)
    facts = Facts(request_id="i", model="support", tag="sums", user_texts=("Please add 2 and 3",))
    assert chooser.choose(facts, spec.targets).targets[0].name in ("small", "dear")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("learned: {file: no.json}", "support.learned.file: .*no.json: cannot be read"),
        ("learned: {file: router.json}", 'support.learned.models: its model "cheap" is no target'),
        ("learned: {file: router.json, models: {cheep: small}}", 'models.cheep: .*Did you mean "cheap"'),
        ("learned: {file: router.json, models: {cheap: small}, promise: 0.03}", r"promise: 0.03 is not certified \(there are: .*0\.05"),
        ("learned: {file: router.json, models: {cheap: small}, promise: 0.05, tolerance: 0.1}", "stands in place of a promise"),
        ("learned: {file: router.json, models: {cheap: small}, quality_usd: 0.5}", "quality_usd: the promise was made for 0: learn again"),
        ("learned: {file: router.json, models: {cheap: small}, slowness_usd_per_s: 0.5}", "the promise was made without it"),
        ("learned: {file: router.json, models: {cheap: small}, exlore: 0.1}", 'exlore.*Did you mean "explore"'),
        ("learned: {file: router.json, models: {cheap: small}, explore: 0.5}", "explore"),
        ("{}", "the policy learned needs learned: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_key(
    tmp_path: Path, artefact: Artefact, said: str, message: str
) -> None:
    said = "sticky: subject" if said == "{}" else said
    with pytest.raises(InvalidInput, match=message):
        load_config(config(tmp_path, artefact, said))


def test_another_policy_does_not_read_it(tmp_path: Path, artefact: Artefact) -> None:
    said = "learned: {file: router.json, models: {cheap: small}}"
    with pytest.raises(InvalidInput, match="the policy fallback does not read learned"):
        load_config(config(tmp_path, artefact, said, "fallback"))


def test_advice_not_to_route_is_heeded_unless_a_tolerance_is_said(
    tmp_path: Path, artefact: Artefact
) -> None:
    against = replace(artefact, advice="do not route", why="it saves nothing")
    said = "learned: {file: router.json, models: {cheap: small}%s}"
    with pytest.raises(InvalidInput, match=r"says: do not route \(it saves nothing\)"):
        load_config(config(tmp_path, against, said % ""))
    spec = load_config(config(tmp_path, against, said % ", tolerance: 0.1")).routes["support"]
    assert isinstance(spec.learned, LearnedChooser) and spec.learned.dial.tolerance == 0.1
