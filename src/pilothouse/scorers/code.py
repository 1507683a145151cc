"""Does the answer's program do what its tests ask? It is run, in a sandbox (docs/code-execution.md).

A case brings one of, in `details`:

- `tests`: statements, as a text or a list, that use the program's names; with `entry_point`, the name that must be
  there, and `setup`, code that tests and program rely on (imports, helpers);
- `io`: pairs `{input, output}`: the program reads the one and prints the other, trailing blanks aside.

Besides: `code_prompt`, the code that a completion continues (default: the case's prompt), `stop`, texts at which a
completion ends, `completion_end`, what it lacks then, and `language`, which goes before the option.

    scorers:
      tests: {code: {timeout_s: 3}}
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import PilothouseError, did_you_mean
from pilothouse.core.grade import Given, Grade
from pilothouse.sandbox.container import run_in_container
from pilothouse.sandbox.language import ALIASES, BUILT_IN, Language
from pilothouse.sandbox.limits import Limits
from pilothouse.sandbox.ran import Ran
from pilothouse.sandbox.run import run_program, run_tests
from pilothouse.sandbox.sandbox import Sandbox, shared_sandbox
from pilothouse.scorers._code_text import Assembly, assembled

_IN_CONTAINER = Language(
    argv=("python3", "-I", "{box}/answer.py"),
    file="answer.py",
    ending='print("\\n{token}")',
)


class _Wanted(Struct, frozen=True, kw_only=True):
    """What `code` reads of a case's `details`; other keys are other scorers'."""

    tests: str | tuple[str, ...] = ()
    entry_point: str | None = None
    setup: str = ""
    io: tuple[_Pair, ...] = ()
    code_prompt: str | None = None
    stop: tuple[str, ...] = ()
    completion_end: str = ""
    language: str | None = None

    @property
    def test_code(self) -> str:
        """The tests as one text."""
        return self.tests if isinstance(self.tests, str) else "\n".join(self.tests)


class _Pair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    input: str
    output: str


class CodeScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """1.0 when every test passes. Repeats of a case are its samples for pass@k."""

    is_slow: ClassVar[bool] = True

    language: str = "python"
    assemble: Assembly = "auto"
    """What the answer is a part of: see `assembled` in `_code_text.py`. `program` for `io` unless said otherwise."""
    timeout_s: float = 10.0
    memory_mb: int = 512
    allow_weak: bool = False
    """Run programs where they cannot be kept from the network."""
    container: Literal["docker", "podman"] | None = None
    image: str = "python:3.12-slim"
    languages: dict[str, Language] = {}
    """More of them: `{ruby: {argv: [ruby, "{box}/a.rb"], file: a.rb, ending: 'puts "\\n{token}"'}}`."""

    def __post_init__(self) -> None:
        self._limits()
        self._known(self.language)

    def check(self, case: Case) -> None:
        """Raises `ValueError` for a case without tests, with tests that are no code, or in a language that is not here."""
        try:
            wanted = _wanted(case)
            if bool(wanted.io) == bool(wanted.test_code.strip()):
                raise ValueError('give either "tests" or "io" in its details')
            name = self._known(wanted.language or self.language)
            language = self._language(name)
            if language and not self.container and language.missing:
                raise ValueError(
                    f'{name} needs the program "{language.missing}", which is not on this machine'
                )
            if name == "python":
                for part in ("setup", "test_code"):
                    compile(getattr(wanted, part), part, "exec")
            if not self.container:
                self._sandbox(language)
        except SyntaxError as error:
            raise ValueError(
                f"case {case.id}: line {error.lineno} of its {error.filename}: {error.msg}"
            ) from None
        except (ValueError, PilothouseError) as error:
            raise ValueError(f"case {case.id}: {error}") from None

    def score(self, given: Given, case: Case) -> Grade:
        """1.0 or 0.0, and which test failed or what was printed. Raises `SandboxError` when it could not be run."""
        wanted = _wanted(case)
        name = self._known(wanted.language or self.language)
        how: Assembly = "program" if wanted.io and self.assemble == "auto" else self.assemble
        program = assembled(
            given.text,
            how=how,
            prompt=case.prompt if wanted.code_prompt is None else wanted.code_prompt,
            setup=wanted.setup,
            entry_point=wanted.entry_point,
            stops=wanted.stop,
            end=wanted.completion_end,
        )
        if wanted.io:
            return self._printed(program, wanted.io, name)
        if name == "python" and not self.container:
            return self._judged(program, wanted)
        return self._finished(program, wanted, name)

    def _judged(self, program: str, wanted: _Wanted) -> Grade:
        ran = run_tests(
            program,
            wanted.test_code,
            setup=wanted.setup,
            entry_point=wanted.entry_point,
            limits=self._limits(),
            sandbox=self._sandbox(None),
        )
        if ran.verdict is None:
            return _wrong(ran.words)
        said = ran.verdict.detail
        if not ran.is_ok and said.startswith("the program ended before") and ran.stderr.strip():
            said = ran.stderr.strip().splitlines()[-1]
        return Grade(value=float(ran.is_ok), detail=said[:300])

    def _finished(self, program: str, wanted: _Wanted, name: str) -> Grade:
        """Tests inside the program: it must come to its end, which prints a token that nobody knows before."""
        language = self._language(name) or _IN_CONTAINER
        token = secrets.token_hex(16)
        ending = language.ending.replace("{token}", token)
        ran = self._run("\n".join([program, wanted.test_code, ending, ""]), "", name)
        is_ok = ran.is_ok and (not ending or token in ran.stdout.split())
        if is_ok:
            return Grade(value=1.0, detail="all tests passed")
        if ran.is_ok:
            return _wrong("the program ended before its tests did")
        return _wrong(f"{ran.words}: {_telling(ran.stderr)}".rstrip(": "))

    def _printed(self, program: str, pairs: tuple[_Pair, ...], name: str) -> Grade:
        for number, pair in enumerate(pairs, 1):
            ran = self._run(program, pair.input, name)
            at = f"input {number} of {len(pairs)}"
            if ran.why is not None or not ran.is_ok:
                return _wrong(
                    f"{at}: {ran.words} {_telling(ran.stderr)}".rstrip(), (number - 1) / len(pairs)
                )
            if _lines(ran.stdout) != _lines(pair.output):
                said = f"{at}: printed {ran.stdout[:100]!r}, expected {pair.output[:100]!r}"
                return _wrong(said, (number - 1) / len(pairs))
        return Grade(value=1.0, detail=f"all {len(pairs)} outputs as expected")

    def _run(self, source: str, stdin: str, name: str) -> Ran:
        language = self._language(name)
        if self.container:
            language = language or _IN_CONTAINER
            return run_in_container(
                source,
                engine=self.container,
                image=self.image,
                argv=language.argv,
                file=language.file,
                stdin=stdin,
                limits=self._limits(),
            )
        return run_program(
            source,
            limits=self._limits(),
            stdin=stdin,
            argv=language.argv if language else (),
            file=language.file if language else "answer.py",
            is_address_space_bound=language is None,
            sandbox=self._sandbox(language),
        )

    def _limits(self) -> Limits:
        return Limits(timeout_s=self.timeout_s, memory_mb=self.memory_mb)

    def _sandbox(self, language: Language | None) -> Sandbox:
        return shared_sandbox(_folders(language) if language else (), self.allow_weak)

    def _language(self, name: str) -> Language | None:
        """None = Python."""
        return self.languages.get(name) or BUILT_IN.get(name)

    def _known(self, name: str) -> str:
        known = ("python", *BUILT_IN, *self.languages)
        name = name if name in self.languages else ALIASES.get(name, name)
        if name not in known:
            hint = did_you_mean(name, known)
            raise ValueError(
                f'unknown language "{name}".{hint} Known: {", ".join(known)}; others are given in `languages`'
            )
        return name


def _wanted(case: Case) -> _Wanted:
    try:
        return msgspec.convert(case.details, _Wanted)
    except msgspec.ValidationError as error:
        raise ValueError(f"details: {error}") from None


def _folders(language: Language) -> tuple[str, ...]:
    """Where the language's program is installed, as far as that is no system folder."""
    found = shutil.which(language.argv[0])
    real = Path(os.path.realpath(found)) if found else None
    home = (
        (str(real.parent.parent),) if real and real.parts[1] not in ("usr", "bin", "sbin") else ()
    )
    return (*home, *language.readable)


def _wrong(said: str, share: float | None = None) -> Grade:
    parts = None if share is None else {"outputs_right": share}
    return Grade(value=0.0, detail=said[:300], parts=parts)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _telling(stderr: str) -> str:
    """The line of an error message that says what was wrong."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line]
    return (errors or lines or [""])[-1 if not errors else 0][:200]


plugin = CodeScorer
