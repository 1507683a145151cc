from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.providers._signers.aws_keys import FileKeys, aws_keys, keys_from_file

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FILE = """
[default]
aws_access_key_id = AKIDEFAULT
aws_secret_access_key = planted-secret%1
# temporary
[team]
aws_access_key_id=AKITEAM
aws_secret_access_key=planted-team
aws_session_token=planted-token==

[half]
aws_access_key_id = planted-half
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_the_environment_goes_before_the_file(home: Path) -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIENV",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
    }
    found = aws_keys(environ, home)(NOW)
    assert (found.id, found.secret.reveal()) == ("AKIENV", "s")
    assert found.token is not None and found.token.reveal() == "t"


def test_the_file_has_profiles(home: Path) -> None:
    found = aws_keys({}, home)(NOW)
    assert (found.id, found.secret.reveal(), found.token) == (
        "AKIDEFAULT",
        "planted-secret%1",
        None,
    )
    team = aws_keys({"AWS_PROFILE": "team"}, home)(NOW)
    assert team.token is not None and team.token.reveal() == "planted-token=="


def test_a_profile_that_is_asked_for_goes_before_the_environment(home: Path) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "AKIENV", "AWS_SECRET_ACCESS_KEY": "s"}
    assert aws_keys(environ, home, profile="team")(NOW).id == "AKITEAM"


def test_the_file_may_be_elsewhere(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "keys"
    elsewhere.write_text("[default]\naws_access_key_id=A\naws_secret_access_key=B\n")
    assert aws_keys({"AWS_SHARED_CREDENTIALS_FILE": str(elsewhere)}, home)(NOW).id == "A"


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKI"}, "AWS_SECRET_ACCESS_KEY is not set"),
        ({"AWS_SECRET_ACCESS_KEY": "s"}, "AWS_ACCESS_KEY_ID is not set"),
        ({"AWS_PROFILE": "nobody"}, 'no profile "nobody"'),
        ({"AWS_PROFILE": "half"}, "has no aws_access_key_id with"),
        ({"AWS_SHARED_CREDENTIALS_FILE": "/no/such/file"}, "set AWS_ACCESS_KEY_ID"),
    ],
)
def test_keys_that_are_missing_are_named_without_showing_any(
    home: Path, environ: dict[str, str], says: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        aws_keys(environ, home)
    assert says in str(refused.value)
    assert "planted" not in str(refused.value)


def test_a_broken_file_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "broken"
    file.write_text("planted-secret without a section\n")
    with pytest.raises(InvalidInput) as refused:
        keys_from_file(file, "default")
    assert "planted" not in str(refused.value)


def _write(path: Path, id_: str, at_ns: int) -> None:
    path.write_text(f"[default]\naws_access_key_id={id_}\naws_secret_access_key=s\n")
    os.utime(path, ns=(at_ns, at_ns))


def test_a_file_that_changes_is_read_again_within_half_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    _write(path, "OLD", 1_000)
    keys = FileKeys(path, "default")
    assert keys(NOW).id == "OLD"
    _write(path, "NEW", 2_000)
    assert keys(NOW + timedelta(seconds=29)).id == "OLD"
    assert keys(NOW + timedelta(seconds=30)).id == "NEW"


def test_a_half_written_file_leaves_the_old_keys_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    _write(path, "OLD", 1_000)
    keys = FileKeys(path, "default")
    path.write_text("[default]\n")
    assert keys(NOW).id == "OLD"
    path.unlink()
    assert keys(NOW + timedelta(seconds=60)).id == "OLD"
    _write(path, "NEW", 3_000)
    assert keys(NOW + timedelta(seconds=120)).id == "NEW"
