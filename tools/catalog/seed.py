"""Which sources, vendors and models the catalogue is built from, and what each source calls them."""

from __future__ import annotations

import re
from typing import Any

# Lower rank wins where sources disagree: our reading of the guide only fills what nobody else says.
VENDORS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "mistral": "mistral",
    "xai": "xai",
    "deepseek": "deepseek",
    "cohere": "cohere",
    "moonshot": "moonshot",
    "alibaba": "alibaba",
    "zhipu": "zhipu",
    "minimax": "minimax",
    "perplexity": "perplexity",
    "ai21": "ai21",
    "amazon": "amazon",
    "meta": "meta",
    "voyage": "voyage",
    "jina": "jina",
    "stepfun": "stepfun",
    "xiaomi": "xiaomi",
    "upstage": "upstage",
    "sarvam": "sarvam",
    "inception": "inception",
    "elevenlabs": "elevenlabs",
    "deepgram": "deepgram",
    "assemblyai": "assemblyai",
    "stability": "stability",
    "black-forest-labs": "black-forest-labs",
    "recraft": "recraft",
    "runwayml": "runwayml",
    "sakana": "sakana",
}
"""A host that serves its own models, and whose they are."""

RESOLD = {
    "perplexity": re.compile(r"codellama|llama-2|llama-3(\.\d)?-\d+b|mistral|mixtral"),
    "google": re.compile(r"claude"),
    "mistral": re.compile(r"deepseek|zai-"),
    "deepgram": re.compile(r"whisper"),
    "runwayml": re.compile(r"gemini|veo"),
}
"""What some of them serve of others, too: the beginnings of the names."""

MAKERS = {
    "mistralai": "mistral",
    "zhipuai": "zhipu",
    "zai-org": "zhipu",
    "moonshotai": "moonshot",
    "qwen": "alibaba",
    "tiiuae": "tii",
    "deepseek-ai": "deepseek",
    "huggingface": "stability",
    "stabilityai": "stability",
    "meta-llama": "meta",
    "facebook": "meta",
    "lmsys": "lmsys",
    "AlephAlpha": "aleph-alpha",
    "ibm-granite": "ibm",
    "codellama": "meta",
}
"""What lists call a maker, and our name."""

# The models the guide names: our id -> vendor, and what each source calls it (absent = not there).
GUIDE: dict[str, dict[str, Any]] = {
    "gpt-4": {
        "vendor": "openai",
        "litellm": "gpt-4",
        "llm-stats": "openai/gpt-4-0613",
        "aliases": ["gpt-4-0613"],
    },
    "gpt-4-32k": {"vendor": "openai", "litellm-2025": "gpt-4-32k", "litellm": "azure/gpt-4-32k"},
    "gpt-4-turbo": {
        "vendor": "openai",
        "litellm": "gpt-4-turbo",
        "llm-stats": "openai/gpt-4-turbo-2024-04-09",
        "aliases": ["gpt-4-turbo-2024-04-09", "gpt-4-turbo-vision"],
    },
    "gpt-4-1106-preview": {
        "vendor": "openai",
        "litellm": "gpt-4-1106-preview",
        "litellm-2025": "gpt-4-1106-preview",
    },
    "gpt-4o": {
        "vendor": "openai",
        "litellm": "gpt-4o",
        "llm-stats": "openai/gpt-4o-2024-08-06",
        "aliases": ["gpt-4o-2024-08-06", "gpt-4o-2024-11-20"],
    },
    "gpt-4o-mini": {
        "vendor": "openai",
        "litellm": "gpt-4o-mini",
        "llm-stats": "openai/gpt-4o-mini-2024-07-18",
        "aliases": ["gpt-4o-mini-2024-07-18"],
    },
    "gpt-3.5-turbo": {
        "vendor": "openai",
        "litellm": "gpt-3.5-turbo",
        "llm-stats": "openai/gpt-3.5-turbo-0125",
        "aliases": ["gpt-3.5-turbo-0125"],
    },
    "gpt-4-vision-preview": {
        "vendor": "openai",
        "litellm-2025": "gpt-4-vision-preview",
        "aliases": ["gpt-4v"],
    },
    "claude-3-opus": {
        "vendor": "anthropic",
        "litellm-2025": "claude-3-opus-20240229",
        "llm-stats": "anthropic/claude-3-opus-20240229",
        "aliases": ["claude-3-opus-20240229", "claude-3-vision"],
    },
    "claude-3.5-sonnet": {
        "vendor": "anthropic",
        "litellm-2025": "claude-3-5-sonnet-20241022",
        "llm-stats": "anthropic/claude-3-5-sonnet-20241022",
        "aliases": [
            "claude-3-5-sonnet",
            "claude-3-5-sonnet-20241022",
            "claude-3-5-sonnet-20240620",
        ],
    },
    "claude-3-sonnet": {
        "vendor": "anthropic",
        "litellm-2025": "claude-3-sonnet-20240229",
        "llm-stats": "anthropic/claude-3-sonnet-20240229",
        "aliases": ["claude-3-sonnet-20240229"],
    },
    "claude-3-haiku": {
        "vendor": "anthropic",
        "litellm-2025": "claude-3-haiku-20240307",
        "llm-stats": "anthropic/claude-3-haiku-20240307",
        "aliases": ["claude-3-haiku-20240307"],
    },
    "gemini-1.5-pro": {
        "vendor": "google",
        "litellm-2025": "gemini-1.5-pro-002",
        "llm-stats": "google/gemini-1.5-pro",
        "aliases": ["gemini-1.5-pro-002", "gemini-pro-1.5", "gemini-vision"],
    },
    "gemini-1.5-flash": {
        "vendor": "google",
        "litellm-2025": "gemini-1.5-flash-002",
        "llm-stats": "google/gemini-1.5-flash",
        "aliases": ["gemini-1.5-flash-002", "gemini-flash-1.5"],
    },
    "gemini-1.0-pro": {
        "vendor": "google",
        "litellm-2025": "gemini-1.0-pro",
        "llm-stats": "google/gemini-1.0-pro",
        "aliases": ["gemini-pro"],
    },
    "gemini-1.0-ultra": {
        "vendor": "google",
        "litellm-2025": "gemini-1.0-ultra",
        "aliases": ["gemini-ultra"],
    },
    "llama-3.1-8b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-8b-instruct-v1:0",
        "llm-stats": "meta/llama-3.1-8b-instruct",
        "aliases": ["llama-3.1-8b-instruct"],
    },
    "llama-3.1-70b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-70b-instruct-v1:0",
        "llm-stats": "meta/llama-3.1-70b-instruct",
        "aliases": ["llama-3.1-70b-instruct"],
    },
    "llama-3.1-405b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-405b-instruct-v1:0",
        "llm-stats": "meta/llama-3.1-405b-instruct",
        "aliases": ["llama-3.1-405b-instruct"],
    },
    "mistral-large-2": {
        "vendor": "mistral",
        "litellm": "mistral.mistral-large-2407-v1:0",
        "llm-stats": "mistral/mistral-large-2-2407",
        "aliases": ["mistral-large-2407"],
    },
    "mixtral-8x7b": {
        "vendor": "mistral",
        "litellm-2025": "mistral/open-mixtral-8x7b",
        "helm": "mistralai/mixtral-8x7b-instruct-v0.1",
        "aliases": ["open-mixtral-8x7b", "mixtral-8x7b-instruct-v0.1"],
    },
    "mixtral-8x22b": {
        "vendor": "mistral",
        "litellm-2025": "mistral/open-mixtral-8x22b",
        "helm": "mistralai/mixtral-8x22b-instruct-v0.1",
        "aliases": ["open-mixtral-8x22b"],
    },
    "mistral-7b": {
        "vendor": "mistral",
        "litellm-2025": "mistral/open-mistral-7b",
        "helm": "mistralai/mistral-7b-instruct-v0.3",
        "aliases": ["open-mistral-7b"],
    },
    "codellama-34b": {
        "vendor": "meta",
        "litellm": "anyscale/codellama/CodeLlama-34b-Instruct-hf",
        "helm": "codellama/codellama-34b-instruct",
        "aliases": ["codellama"],
    },
    "starcoder2-15b": {
        "vendor": "bigcode",
        "litellm": "fireworks_ai/accounts/fireworks/models/starcoder2-15b",
        "aliases": ["starcoder2"],
    },
    "starcoder": {
        "vendor": "bigcode",
        "litellm": "fireworks_ai/accounts/fireworks/models/starcoder-16b",
        "helm": "bigcode/starcoder",
    },
    "phi-3-medium": {
        "vendor": "microsoft",
        "litellm": "azure_ai/Phi-3-medium-128k-instruct",
        "helm": "microsoft/phi-3-medium-4k-instruct",
        "aliases": ["phi-3"],
    },
    "falcon-40b": {"vendor": "tii", "helm": "tiiuae/falcon-40b", "aliases": ["falcon"]},
    "bloom": {"vendor": "bigscience", "helm": "bigscience/bloom"},
    "galactica-120b": {"vendor": "meta", "helm": "meta/galactica-120b", "aliases": ["galactica"]},
    "code-davinci-002": {
        "vendor": "openai",
        "helm": "openai/code-davinci-002",
        "aliases": ["codex"],
    },
    "dall-e-3": {"vendor": "openai", "helm": "openai/dall-e-3", "aliases": ["dall-e"]},
    "stable-diffusion-1.4": {
        "vendor": "stability",
        "helm": "huggingface/stable-diffusion-v1-4",
        "aliases": ["stable-diffusion"],
    },
}

# Models that lists call by several names, none of which leads to the others: our id -> vendor, names.
SAME: dict[str, tuple[str, tuple[str, ...]]] = {
    "claude-3.5-haiku": ("anthropic", ("claude-3-5-haiku", "claude-3-5-haiku-20241022")),
    "claude-3.7-sonnet": ("anthropic", ("claude-3-7-sonnet", "claude-3-7-sonnet-20250219")),
    "claude-opus-4": (
        "anthropic",
        ("claude-4-opus", "claude-4-opus-20250514", "claude-opus-4-0", "claude-opus-4-20250514"),
    ),
    "claude-sonnet-4": (
        "anthropic",
        (
            "claude-4-sonnet",
            "claude-4-sonnet-20250514",
            "claude-sonnet-4-0",
            "claude-sonnet-4-20250514",
        ),
    ),
    "whisper-1": ("openai", ("whisper",)),
    "stable-diffusion-xl": ("stability", ("stable-diffusion-xl-base-1.0", "sdxl")),
}

# What the guide itself says (line numbers of the guide): speed, and the latency class it recommends them in.
GUIDE_SAYS: dict[str, list[tuple[str, Any, str]]] = {
    "gpt-3.5-turbo": [
        ("latency_class", "interactive", "lines 215-228"),
        ("speed_stars", 5, "line 513"),
    ],
    "claude-3-haiku": [
        ("latency_class", "interactive", "lines 215-228"),
        ("speed_stars", 5, "line 511"),
    ],
    "gpt-4o-mini": [("latency_class", "interactive", "lines 215-228")],
    "gpt-4": [("latency_class", "near_real_time", "lines 215-228"), ("speed_stars", 2, "line 507")],
    "claude-3.5-sonnet": [
        ("latency_class", "near_real_time", "lines 215-228"),
        ("speed_stars", 4, "line 509"),
    ],
    "gpt-4o": [("speed_stars", 4, "line 508")],
    "claude-3-opus": [("speed_stars", 3, "line 510")],
    "gemini-1.5-pro": [("speed_stars", 3, "line 512")],
    "llama-3.1-405b": [("speed_stars", 2, "line 514")],
}
RETIRED = {  # read off deprecations-rss and litellm where their rows do not carry our id
    "claude-3-sonnet": ("2025-07-21", "deprecations-rss"),
    "gemini-1.5-pro": ("2025-09-24", "litellm-2025"),
    "gemini-1.5-flash": ("2025-09-24", "litellm-2025"),
    "gemini-1.0-pro": ("2025-04-09", "litellm-2025"),
    "claude-3-opus": ("2026-01-05", "deprecations-rss"),
    "claude-3.5-sonnet": ("2025-10-28", "deprecations-rss"),
    "gpt-4-32k": ("2025-06-06", "deprecations-rss"),
    "gpt-4-vision-preview": ("2024-12-06", "deprecations-rss"),
    "dall-e-3": ("2026-05-12", "deprecations-rss"),
}
PURPOSES = {
    "audio": "audio",
    "voxtral": "audio",
    "lyria": "music",
    "robotics": "robotics",
    "omni": "video",
    "codex": "code",
    "code": "code",
    "codestral": "code",
    "coder": "code",
    "codellama": "code",
    "starcoder": "code",
    "starcoder2": "code",
    "devstral": "code",
    "grok-build": "code",
    "vibe-cli": "code",
    "leanstral": "code",
    "galactica": "science",
    "search": "web search",
    "deep-research": "research agent",
    "multi-agent": "research agent",
    "computer-use": "computer use",
    "cyber": "security",
    "daybreak": "security",
    "rosalind": "life sciences",
    "law": "legal",
    "safety": "moderation",
    "safeguard": "moderation",
    "guard": "moderation",
    "voicechat": "voice",
    "live": "voice",
    "realtime": "voice",
    "transcribe": "transcription",
    "translate": "translation",
    "ocr": "ocr",
}
"""A special purpose by a part of the id: such a model is only offered for that task."""

FAMILIES = (
    (r"gpt-(4|5)[^/]*-mini|gpt-4o-mini", "gpt-mini"),
    (r"gpt-[^/]*-nano", "gpt-nano"),
    (r"gpt-oss", "gpt-oss"),
    (r"gpt-image|dall-e", "openai-images"),
    (r"(chat)?gpt-[345]|gpt-6", "gpt"),
    (r"o[134](-|$)", "o"),
    (r"claude-.*opus", "claude-opus"),
    (r"claude-.*sonnet", "claude-sonnet"),
    (r"claude-.*haiku", "claude-haiku"),
    (r"claude", "claude"),
    (r"gemini-.*flash-lite", "gemini-flash-lite"),
    (r"gemini-.*flash", "gemini-flash"),
    (r"gemini-.*pro", "gemini-pro"),
    (r"gemini-.*ultra", "gemini-ultra"),
    (r"gemini-.*nano", "gemini-nano"),
    (r"gemma", "gemma"),
    (r"codellama", "codellama"),
    (r"(meta-)?llama", "llama"),
    (r"mixtral|open-mixtral", "mixtral"),
    (r"mistral-large", "mistral-large"),
    (r"mistral-medium", "mistral-medium"),
    (r"mistral-small", "mistral-small"),
    (r"mistral-7b|open-mistral-7b", "mistral"),
    (r"codestral", "codestral"),
    (r"starcoder", "starcoder"),
    (r"phi-", "phi"),
    (r"falcon", "falcon"),
    (r"bloom(z|$|-)", "bloom"),
    (r"galactica", "galactica"),
    (r"code-(davinci|cushman)", "codex"),
    (r"stable-diffusion|sd3|sdxl", "stable-diffusion"),
    (r"med-palm", "med-palm"),
    (r"sam(-|$)", "sam"),
    (r"alphafold", "alphafold"),
    (r"text-embedding", "text-embedding"),
    (r"whisper", "whisper"),
    (r"qwen|qwq|qvq", "qwen"),
    (r"deepseek", "deepseek"),
    (r"grok", "grok"),
    (r"command", "command"),
)
"""A family by the beginning of the id, where no list names one."""

CLOSED = {
    "openai": (r"(chat)?gpt-(image|realtime|audio|chat|3|4|5|6)|o[134](-|$)|dall-e|tts-1|sora"
               r"|text-embedding|code-|omni-mod|babbage|davinci", "https://openai.com/policies/"),
    "anthropic": (r"claude", "https://www.anthropic.com/legal/commercial-terms"),
    "google": (r"gemini|imagen|veo|med-palm", "https://ai.google.dev/gemini-api/terms"),
    "xai": (r"grok-([34]|code|latest)", "https://x.ai/legal/terms-of-service-enterprise"),
}  # fmt: skip
"""Vendor to the models that it serves and does not give away, and its terms."""

PREVIEW = re.compile(r"(^|-)(preview|beta|exp|experimental|latest|labs)(-|$)")

LICENCES = {  # by the start of the licence's name, in lower case
    "apache": "osi",
    "mit": "osi",
    "bsd": "osi",
    "modified-mit": "use-restricted",
    "modified mit": "use-restricted",
    "proprietary": "proprietary",
    "llama": "use-restricted",
    "gemma": "use-restricted",
    "mistral_research": "research-only",
    "mistral-research": "research-only",
    "mnpl": "research-only",
    "cc-by-nc": "research-only",
    "cc_by_nc": "research-only",
    "qwen-research": "research-only",
    "qwen_research": "research-only",
    "tongyi": "use-restricted",
    "qwen": "use-restricted",
    "deepseek": "use-restricted",
    "jamba": "use-restricted",
    "nvidia": "use-restricted",
    "health_ai": "use-restricted",
    "creativeml": "use-restricted",
    "bigcode": "use-restricted",
}
