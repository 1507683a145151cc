"""What a provider's refusal means: its status, its code and its words to one `ErrorClass`.

Vendors put the same thing under different statuses (a dead key is 400 at Google and xAI, an empty account
429 at OpenAI, a rate limit 413 at Groq), so the code decides before the words, and the words before the
status. Sources of each wording: tests/core/recorded_errors.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.core.errors import ErrorClass


class VendorWord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vendor's own meaning: what must be seen (all that is given), and the class it then is."""

    means: ErrorClass
    status: int | None = None
    code: str | None = None
    """Compared without case."""
    says: str | None = None
    """A part of the message, in lower case."""


def classify(
    status: int | None, code: str | None, message: str, own: Sequence[VendorWord] = ()
) -> ErrorClass:
    """The class of an error answer, or of an error in the middle of a stream (`status` None or 200).

    `code` is whatever short word the body has: OpenAI's `code` or `type`, Anthropic's `type`, Google's
    `status`, AWS's exception name. `own` are the vendor's peculiarities, which go first.
    """
    word = _plain(code)
    if word.isdigit() and len(word) == 3 and (status is None or status < 400):
        status, word = int(word), ""
    text = message.lower()
    for rule in own:
        if _holds(rule, status, word, text):
            return rule.means
    if status == 402:  # payment required, whatever else is said
        return "auth"
    if word in _BY_CODE:
        return _BY_CODE[word]
    if status is None or status in _WORDS_COUNT:
        for part, means in _BY_WORDS:
            if part in text:
                return means
    if status is None or status == 200:
        return _BY_TYPE.get(word, "provider_down")
    return _by_status(status)


def _plain(code: str | None) -> str:
    """`com.amazon.coral#ThrottlingException:http://...` and `ThrottlingException` are the same."""
    if not code:
        return ""
    return code.rpartition("#")[2].partition(":")[0].strip().lower()


def _holds(rule: VendorWord, status: int | None, word: str, text: str) -> bool:
    return (
        (rule.status is None or rule.status == status)
        and (rule.code is None or rule.code.lower() == word)
        and (rule.says is None or rule.says in text)
    )


def _by_status(status: int) -> ErrorClass:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "provider_down"
    return "caller" if status >= 400 else "garbage"


_BY_STATUS: dict[int, ErrorClass] = {
    401: "auth",
    402: "auth",
    403: "auth",
    408: "timeout",
    409: "provider_down",  # a lock or a race on their side: the vendors' own SDKs try again
    424: "provider_down",  # Bedrock: the model behind it failed
    425: "provider_down",
    429: "rate_limited",
    504: "timeout",
}

_WORDS_COUNT = frozenset({200, 400, 403, 413, 422, 429, 500})
"""Statuses that do not settle it. 500: some open servers answer so to a prompt that is too long."""

_BY_CODE: dict[str, ErrorClass] = {
    # The key, its rights or its money are gone.
    "invalid_api_key": "auth",
    "api_key_invalid": "auth",
    "incorrect_api_key": "auth",
    "authentication_error": "auth",
    "permission_error": "auth",
    "permission_denied": "auth",
    "unauthenticated": "auth",
    "insufficient_quota": "auth",
    "billing_error": "auth",
    "billing_not_active": "auth",
    "billing_hard_limit_reached": "auth",
    "account_deactivated": "auth",
    "access_terminated": "auth",
    "unsupported_country_region_territory": "auth",
    "accessdeniedexception": "auth",
    "unrecognizedclientexception": "auth",
    "invalidsignatureexception": "auth",
    "expiredtokenexception": "auth",
    "incompletesignatureexception": "auth",
    "missingauthenticationtokenexception": "auth",
    # Slow down.
    "rate_limit_exceeded": "rate_limited",
    "rate_limit_error": "rate_limited",
    "rate_limited": "rate_limited",
    "too_many_requests": "rate_limited",
    "tokens_exceeded_error": "rate_limited",
    "throttlingexception": "rate_limited",
    "throttling": "rate_limited",
    "toomanyrequestsexception": "rate_limited",
    "servicequotaexceededexception": "rate_limited",
    "resource_exhausted": "rate_limited",
    # Their side is in trouble.
    "overloaded_error": "provider_down",
    "server_error": "provider_down",
    "engine_overloaded": "provider_down",
    "internalserverexception": "provider_down",
    "serviceunavailableexception": "provider_down",
    "modelnotreadyexception": "provider_down",
    "modelerrorexception": "provider_down",
    "modelstreamerrorexception": "provider_down",
    "unavailable": "provider_down",
    "internal": "provider_down",
    "timeout_error": "timeout",
    "modeltimeoutexception": "timeout",
    "deadline_exceeded": "timeout",
    # Too long for this model.
    "context_length_exceeded": "context_window",
    "context_length_exceeded_error": "context_window",
    "context_window_exceeded": "context_window",
    "model_context_window_exceeded": "context_window",
    "exceed_context_size_error": "context_window",
    # What was asked, or what would have been said, is not wanted.
    "content_filter": "refused",
    "content_policy_violation": "refused",
    "responsibleaipolicyviolation": "refused",
    "moderation_blocked": "refused",
    "content_moderation": "refused",
    "guardrail_intervened": "refused",
    "invalid_prompt": "refused",
    "prohibited_content": "refused",
    "image_safety": "refused",
    "safety": "refused",
    "blocklist": "refused",
    "spii": "refused",
    "cyber_policy_violation": "refused",
}

_BY_WORDS: tuple[tuple[str, ErrorClass], ...] = (
    ("api key not valid", "auth"),
    ("incorrect api key", "auth"),
    ("invalid api key", "auth"),
    ("api key expired", "auth"),
    ("credit balance is too low", "auth"),
    ("insufficient balance", "auth"),
    ("insufficient credits", "auth"),
    ("used all available credits", "auth"),
    ("content management policy", "refused"),
    ("content filtering policy", "refused"),
    ("content exists risk", "refused"),
    ("result of our safety system", "refused"),
    ("violating our usage policy", "refused"),
    ("maximum context length", "context_window"),
    ("context length exceeded", "context_window"),
    ("exceeds the context window", "context_window"),
    ("exceed context limit", "context_window"),
    ("exceeds the available context size", "context_window"),
    ("context length is only", "context_window"),
    ("maximum model length", "context_window"),
    ("prompt is too long", "context_window"),
    ("input is too long", "context_window"),
    ("maximum prompt length", "context_window"),
    ("exceeds the maximum number of tokens allowed", "context_window"),
    ("tokens + `max_new_tokens` must be", "context_window"),
    ("inputs tokens + max_new_tokens must be", "context_window"),
    ("total number of tokens in the prompt cannot exceed", "context_window"),
)
"""Parts of messages in lower case; the first that is found decides. Only full phrases: a message may
repeat words of the prompt."""

_BY_TYPE: dict[str, ErrorClass] = {
    "invalid_request_error": "caller",
    "invalid_argument": "caller",
    "validationexception": "caller",
    "not_found_error": "caller",
    "not_found": "caller",
    "request_too_large": "caller",
    "bad_request": "caller",
    "badrequesterror": "caller",
}
"""Broad words, asked only where no status says more."""
