"""Other harnesses for bench/prove.py: the same cases, 100 at a time, scored, with the records that each keeps. Run by it."""

from __future__ import annotations

import json
import os
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

INSPECT = """\
from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset, FieldSpec
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def speed():
    fields = FieldSpec(input="prompt", target="expected", id="id")
    return Task(dataset=json_dataset("cases.jsonl", fields), solver=generate(), scorer=includes())
"""
LM_EVAL = """\
task: speed
dataset_path: json
dataset_kwargs: {data_files: {test: cases.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: "{{expected}}"
generation_kwargs: {until: [], max_gen_toks: 100}
filter_list:
  - name: last
    filter: [{function: regex, regex_pattern: "(-?[0-9]+)", group_select: -1}, {function: take_first}]
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
PROMPTFOO = """\
prompts: ["{{{{prompt}}}}"]
providers: [{{id: "openai:chat:gpt-4o-mini", config: {{apiBaseUrl: "{url}/v1", apiKey: x}}}}]
defaultTest: {{assert: [{{type: contains, value: "{{{{expected}}}}"}}]}}
tests: file://tests.jsonl
"""


class Peer(NamedTuple):
    name: str
    """With its version."""
    command: list[str]
    environ: dict[str, str]


def peers(folder: Path, installed: Path, url: str) -> list[Peer]:
    """Those that are installed, each with its files written; what they keep at home goes to `folder`."""
    home = {"HOME": str(folder), "PYTHONPATH": ""}
    found: list[Peer] = []
    if version := _of_python(installed / "inspect", "inspect-ai"):
        (folder / "speed.py").write_text(INSPECT)
        command = [
            *(str(installed / "inspect/bin/inspect"), "eval", "speed.py"),
            *("--model", "openai-api/mock/gpt-4o-mini", "--display", "none"),
            *("--max-connections", "100", "--max-samples", "100"),
        ]
        own = {"MOCK_API_KEY": "x", "MOCK_BASE_URL": f"{url}/v1"}
        found.append(Peer(f"Inspect AI {version}", command, home | own))
    if version := _of_python(installed / "lm-eval", "lm-eval"):
        (folder / "tasks").mkdir()
        (folder / "tasks/speed.yaml").write_text(LM_EVAL)
        model = f"model=gpt-4o-mini,base_url={url}/v1/chat/completions,num_concurrent=100"
        command = [
            *(str(installed / "lm-eval/bin/lm_eval"), "--model", "local-chat-completions"),
            *("--model_args", model, "--apply_chat_template", "--include_path", "tasks"),
            *("--tasks", "speed", "--output_path", "lm-eval", "--log_samples"),
        ]
        own = {"OPENAI_API_KEY": "x", "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
        found.append(Peer(f"lm-eval {version}", command, home | own))
    if version := _of_node(installed, "promptfoo"):
        with (folder / "tests.jsonl").open("w") as file:
            for line in (folder / "cases.jsonl").open():
                file.write(json.dumps({"vars": json.loads(line)}) + "\n")
        (folder / "promptfoo.yaml").write_text(PROMPTFOO.format(url=url))
        command = [
            *(str(installed / "node_modules/.bin/promptfoo"), "eval", "-c", "promptfoo.yaml"),
            *("--no-cache", "-j", "100", "--no-progress-bar"),
        ]
        own = {
            "PATH": f"{installed / 'node_modules/.bin'}:{os.environ['PATH']}",  # a Node that it supports
            "PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo"),
            "PROMPTFOO_DISABLE_TELEMETRY": "1",
            "PROMPTFOO_DISABLE_UPDATE": "1",
        }
        found.append(Peer(f"promptfoo {version}", command, home | own))
    return found


def _of_python(venv: Path, name: str) -> str | None:
    where = [str(path) for path in venv.glob("lib/python*/site-packages")]
    return next((one.version for one in distributions(name=name, path=where)), None)


def _of_node(folder: Path, name: str) -> str | None:
    said = folder / "node_modules" / name / "package.json"
    return json.loads(said.read_text())["version"] if said.exists() else None
