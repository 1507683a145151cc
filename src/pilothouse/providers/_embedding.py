"""One embedding format at one provider: what is sent, and what came back.

Within the caller's own format no vector is read; across two, all are, and an answer that does not hold a
vector for each input is the provider's fault.
"""

from __future__ import annotations

from pilothouse.core.answer import Usage
from pilothouse.core.content import text_tokens
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingDialect, floats
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import BadRequest, PilothouseError, ProviderError
from pilothouse.core.ports import Vectors
from pilothouse.providers._endpoint import Line, at_fault
from pilothouse.providers._fit import fitted
from pilothouse.providers._rows import DialectName, ProviderRow

_A_VECTOR = b'"embedding'
"""In every answer of every format that holds one."""
_BYTES_A_TOKEN = 4


def embedding_formats(row: ProviderRow, only: str | None) -> list[DialectName]:
    """Those that the provider speaks, the preferred one first; of the vendor whose format is `only`, if any."""
    found: list[DialectName] = [n for n in row.endpoints if n.endswith("_embeddings")]
    if only is None:
        return found
    vendor = only.partition("_")[0] + "_"
    own: list[DialectName] = [name for name in found if name.startswith(vendor)]
    return own or found


class EmbeddingLine(Line):
    """An address for embeddings."""

    def __init__(self, dialect: EmbeddingDialect, line: Line) -> None:
        super().__init__(line.row, line.endpoint, line.address, line.signers, line.pool)
        self.dialect = dialect

    def path(self, ask: EmbeddingAsk, model: str) -> str:
        """Below the base URL. Raises `ProviderError` (caller)."""
        model = self.row.model_id(model)
        try:
            if ask.is_single(self.dialect):
                return self.address.single_path_for(model)
            return self.address.path_for(model)
        except PilothouseError as error:
            raise at_fault(error) from None

    def body(self, ask: EmbeddingAsk, model: str) -> tuple[bytes, tuple[str, ...]]:
        """What is sent, and what of the request could not be said. Raises `ProviderError` (caller)."""
        try:
            written = ask.written(self.dialect)
            body = self.dialect.with_model(written.body, self.row.model_id(model))
            body, dropped = fitted(body, self.endpoint)
        except PilothouseError as error:
            raise at_fault(error) from None
        # The encoding is between us and the caller: who asked for base64 gets it.
        lost = [name for name in (*written.lost, *dropped) if name != "encoding_format"]
        return body, tuple(lost)

    def vectors(self, ask: EmbeddingAsk, body: bytes, lost: tuple[str, ...]) -> Vectors:
        """What came back. Raises `ProviderError` (garbage)."""
        if _A_VECTOR not in body:
            raise ProviderError("garbage", "not embeddings: there are none")
        answer: EmbeddingAnswer | None = None
        if self.dialect is ask.dialect:
            usage = self.dialect.read_usage(body)
        else:
            answer = _checked(self.dialect.read_answer(body), len(ask.request.inputs))
            usage = answer.usage
        if usage is None:
            usage = _estimated(ask)
            if answer is not None:
                answer = EmbeddingAnswer(vectors=answer.vectors, usage=usage, model=answer.model)
        return Vectors(body, usage, self.dialect.name, lost, answer)


def _checked(answer: EmbeddingAnswer, inputs: int) -> EmbeddingAnswer:
    if len(answer.vectors) != inputs:
        raise ProviderError("garbage", f"{len(answer.vectors)} vectors came for {inputs} inputs")
    try:
        vectors = tuple([floats(vector) for vector in answer.vectors])
    except ValueError as error:
        raise ProviderError("garbage", f"not a vector: {error}") from None
    return EmbeddingAnswer(vectors=vectors, usage=answer.usage, model=answer.model)


def _estimated(ask: EmbeddingAsk) -> Usage:
    """Google mostly says nothing of usage. From bytes alone: counting by a vocabulary would hold up others."""
    try:
        inputs = ask.request.inputs
    except BadRequest:  # passed on unread, and more than texts
        return Usage(
            input_tokens=ask.size // _BYTES_A_TOKEN + 1, output_tokens=0, is_estimated=True
        )
    tokens = sum(text_tokens(one) if isinstance(one, str) else len(one) for one in inputs)
    return Usage(input_tokens=tokens, output_tokens=0, is_estimated=True)
