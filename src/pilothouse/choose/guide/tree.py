"""A walk through the guide's nine questions. The first yes decides, as the guide says."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pilothouse.choose.guide.book import Advice, Guide, Node
from pilothouse.core.errors import InvalidInput, did_you_mean


class Step(Struct, frozen=True, kw_only=True):
    """One question asked, and what was answered."""

    node: int
    lines: tuple[int, int]
    question: str
    answer: str


class Walk(Struct, frozen=True, kw_only=True):
    """The path taken and the advice at its end."""

    path: tuple[Step, ...]
    node: str
    advice: Advice
    also: tuple[str, ...] = ()
    """Nodes that were answered yes as well, and that the tree never came to."""


def walk(guide: Guide, answers: Mapping[str, str | bool]) -> Walk:
    """`answers`: node id to whether it holds; `<id>.then` to the answer of its second question.

    What is not answered counts as no; a second question without an answer ends at the node's own advice.
    Raises `InvalidInput` for a node or an answer that the guide does not have.
    """
    _check(guide, answers)
    path: list[Step] = []
    for i, node in enumerate(guide.tree):
        is_last = i == len(guide.tree) - 1
        is_yes = is_last or bool(answers.get(node.id))
        path.append(_step(node, node.question, "yes" if is_yes else "no"))
        if not is_yes:
            continue
        also = tuple(n.id for n in guide.tree[i + 1 :] if answers.get(n.id))
        return _end(node, answers, path, also)
    raise AssertionError("the last node is the default")  # the guide has at least one node


def _end(
    node: Node, answers: Mapping[str, str | bool], path: list[Step], also: tuple[str, ...]
) -> Walk:
    given = answers.get(f"{node.id}.then")
    advice = node.yes
    if node.then is not None and given is not None:
        word = given if isinstance(given, str) else ("yes" if given else "no")
        path.append(_step(node, node.then.question, word))
        advice = node.then.answers[word]
    return Walk(path=tuple(path), node=node.id, advice=advice, also=also)


def _step(node: Node, question: str, answer: str) -> Step:
    return Step(
        node=node.number, lines=(node.lines[0], node.lines[1]), question=question, answer=answer
    )


def _check(guide: Guide, answers: Mapping[str, str | bool]) -> None:
    nodes = {node.id: node for node in guide.tree}
    for key, given in answers.items():
        name, _, then = key.partition(".")
        node = nodes.get(name)
        if node is None:
            raise InvalidInput(f'the tree has no question "{name}".{did_you_mean(name, nodes)}')
        if not then:
            continue
        if node.then is None:
            raise InvalidInput(f'the question "{name}" has no second question')
        word = given if isinstance(given, str) else ("yes" if given else "no")
        if word not in node.then.answers:
            known = ", ".join(node.then.answers)
            raise InvalidInput(f'{node.then.question} "{word}" is not an answer: {known}')
