"""The configuration as a whole: every dangling name, missing key and doubled target is named."""

from pathlib import Path

import pytest

from pilothouse.app.config import load_config
from pilothouse.core.errors import InvalidInput

GOOD = """\
providers:
  openai: {kind: openai_compatible, base_url: "https://api.openai.com/v1", key_env: OPENAI_KEY}
  recorded: {kind: replay, recording: "builtin:gsm8k"}
targets:
  big: {provider: openai, model: gpt-4-1106-preview}
  small: {provider: recorded, model: mistralai/Mixtral-8x7B-Instruct-v0.1, catalog_model: mixtral-8x7b}
routes:
  support:
    targets: [big, small]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pilothouse.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_are_resolved_and_every_target_is_a_route_of_its_own(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), {"OPENAI_KEY": "sk-x"})
    assert [t.name for t in config.routes["support"].targets] == ["big", "small"]
    assert config.routes["small"].targets == (config.targets["small"],)
    assert config.store_at == tmp_path / "pilothouse.db"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[big, small]", "[big, smal]", ':9: routes.support.targets[1]: unknown target "smal". Did you mean "small"?'),
        ("[big, small]", "[big, big]", ':9: routes.support.targets[1]: "big" stands in this route twice'),
        ("[big, small]", "[]", ":9: routes.support.targets: "),
        ("{provider: openai,", "{provider: opnai,", 'targets.big.provider: unknown provider "opnai". Did you mean "openai"?'),
        ("kind: replay", "kind: reply", 'providers.recorded.kind: unknown provider "reply". Did you mean "replay"?'),
        (', base_url: "https://api.openai.com/v1"', "", 'providers.openai: a provider of kind openai_compatible needs the key "base_url"'),
        ("targets: [big, small]", "targets: [big, small]\n    policy: fallbak", 'unknown policie "fallbak"'),
        ("  support:", "  big:", "routes.big: this name is a target's too"),
        ("routes:", "rutes:", 'rutes: unknown key "rutes". Did you mean "routes"?'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert before in GOOD
    with pytest.raises(InvalidInput) as caught:
        load_config(written(tmp_path, GOOD.replace(before, after)), {"OPENAI_KEY": "sk-x"})
    assert message.replace("policie", "policy") in str(caught.value)


def test_a_key_variable_that_is_not_set_is_an_error_only_when_keys_are_asked_for(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(InvalidInput, match=":2: providers.openai.key_env: .*OPENAI_KEY is not set"):
        load_config(path, {})
    assert load_config(path).targets["big"].model == "gpt-4-1106-preview"


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("admin: {port: 8790}", "admin.port: 8790 is the gateway's port"),
        ("admin: {key_env: NOT_SET}", "admin.key_env: the environment variable NOT_SET is not set"),
        (
            "server: {key_env: OPENAI_KEY}\nadmin: {key_env: OPENAI_KEY}",
            "admin.key_env: OPENAI_KEY is the callers' key",
        ),
        ("admin: {prot: 1}", "prot"),
        ("server: {workers: 0}", "workers"),
    ],
)
def test_an_admin_port_or_workers_that_cannot_be_meant_are_refused(
    tmp_path: Path, more: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_config(written(tmp_path, f"{GOOD}{more}\n"), {"OPENAI_KEY": "sk-x"})
    assert message in str(caught.value)
