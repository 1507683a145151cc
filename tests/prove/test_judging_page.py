"""What docs/judging.md shows is what comes out."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from pilothouse.cli.judge import command
from pilothouse.documents.strict import parse
from pilothouse.prove.judge_bias import pair_biases
from pilothouse.scorers._rubric import Rubric, builtin_names, checked_rubric
from pilothouse.scorers.judge import JudgeScorer

from .llmbar import judgments, published

PAGE = (Path(__file__).parents[2] / "docs" / "judging.md").read_text(encoding="utf-8")


def test_the_worked_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    found = re.search(
        r"<!-- judged.jsonl -->\n```json\n(.*?)```\n```\n\$ (.*?)\n(.*?)```", PAGE, re.S
    )
    assert found
    labels, line, shown = found.groups()
    (tmp_path / "judged.jsonl").write_text(labels, encoding="utf-8")
    assert line == "pilothouse judge calibrate judged.jsonl"
    args = ["calibrate", str(tmp_path / "judged.jsonl")]
    done = CliRunner().invoke(command, args, standalone_mode=False)
    assert done.output == shown
    assert done.return_value == 1


def test_the_table_of_real_judges_is_what_we_read() -> None:
    lines: list[str] = []
    for judge in sorted(published()):
        found = judgments(judge)
        figures = {f.name: f for f in pair_biases(found, {}, None)}
        first = figures["first position"]
        one = sum(j.a_first == j.human for j in found)
        two = sum(j.b_first == j.human for j in found)
        both = sum(j.winner == j.human for j in found)
        same = f"{figures['consistency'].value:.2f}"
        span = f"{first.value:.3f} ({first.interval.low:.3f} to {first.interval.high:.3f})"
        lines.append(f"| {judge} | {one} | {two} | {both} | {same} | {span} |")
    assert "\n".join(lines) in PAGE


def test_no_real_judge_is_shown_to_prefer_length_beside_people() -> None:
    for judge in published():
        figures = {f.name: f for f in pair_biases(judgments(judge), {}, None)}
        assert not figures["longer answer, beside people"].is_shown


def test_the_page_names_every_option_and_rubric() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE)) | {"judges", "calibration"}
    assert set(JudgeScorer.__struct_fields__) <= named
    assert set(builtin_names()) <= named


def test_the_rubric_on_the_page_can_be_read() -> None:
    found = re.search(r"```yaml\n(name: tone.*?)```", PAGE, re.S)
    assert found
    rubric = checked_rubric(parse(found[1], Rubric, name="page").value, "page")
    assert [item.weight for item in rubric.items] == [1.0, 2.0]
