"""Which sources, vendors and models the catalogue is built from, and what each source calls them."""

from __future__ import annotations

import re
from typing import Any

# Lower rank wins where sources disagree: our reading of the guide only fills what nobody else says.
SOURCES: dict[str, dict[str, Any]] = {
    "genai-prices": {"version": "0.2.3", "licence": "MIT", "observed_on": "2026-10-14", "rank": 1},
    "litellm": {"version": "1.109.1", "licence": "MIT", "observed_on": "2026-10-19", "rank": 2},
    "models.dev": {
        "version": "f3fc69229967",
        "licence": "MIT",
        "observed_on": "2026-07-02",
        "rank": 3,
    },
    "tokencost": {
        "version": "e7f7c1928084",
        "licence": "MIT",
        "observed_on": "2025-09-05",
        "rank": 4,
    },
    "deprecations-rss": {
        "version": "aba3a0156999",
        "licence": "MIT",
        "observed_on": "2025-11-23",
        "rank": 2,
    },
    "llm-stats": {
        "version": "24a9ccf74023",
        "licence": "CC BY 4.0",
        "observed_on": "2025-10-16",
        "rank": 5,
    },
    "helm": {
        "version": "63754d05db6f",
        "licence": "Apache-2.0",
        "observed_on": "2026-05-27",
        "rank": 6,
    },
    "epoch": {
        "version": "f87d3cc8e8a8",
        "licence": "MIT",
        "observed_on": "2025-12-03",
        "rank": 4,
    },
    "guide": {"version": "2025-12-31", "licence": "facts", "observed_on": "2025-12-31", "rank": 9},
}

VENDORS = {  # our name: (litellm provider, litellm prefix, models.dev provider, genai-prices provider)
    "openai": ("openai", "", "openai", "openai"),
    "anthropic": ("anthropic", "", "anthropic", "anthropic"),
    "google": ("gemini", "gemini/", "google", "google"),
    "mistral": ("mistral", "mistral/", "mistral", "mistral"),
    "xai": ("xai", "xai/", "xai", "x-ai"),
    "deepseek": ("deepseek", "deepseek/", "deepseek", "deepseek"),
    "cohere": ("cohere_chat", "", "cohere", "cohere"),
}

# The models the guide names: our id -> vendor, and what each source calls it (absent = not there).
GUIDE: dict[str, dict[str, Any]] = {
    "gpt-4": {
        "vendor": "openai",
        "litellm": "gpt-4",
        "stats": "openai/gpt-4-0613",
        "aliases": ["gpt-4-0613"],
    },
    "gpt-4-32k": {"vendor": "openai", "tokencost": "gpt-4-32k", "litellm": "azure/gpt-4-32k"},
    "gpt-4-turbo": {
        "vendor": "openai",
        "litellm": "gpt-4-turbo",
        "stats": "openai/gpt-4-turbo-2024-04-09",
        "aliases": ["gpt-4-turbo-2024-04-09", "gpt-4-turbo-vision"],
    },
    "gpt-4-1106-preview": {
        "vendor": "openai",
        "litellm": "gpt-4-1106-preview",
        "tokencost": "gpt-4-1106-preview",
    },
    "gpt-4o": {
        "vendor": "openai",
        "litellm": "gpt-4o",
        "stats": "openai/gpt-4o-2024-08-06",
        "aliases": ["gpt-4o-2024-08-06", "gpt-4o-2024-11-20"],
    },
    "gpt-4o-mini": {
        "vendor": "openai",
        "litellm": "gpt-4o-mini",
        "stats": "openai/gpt-4o-mini-2024-07-18",
        "aliases": ["gpt-4o-mini-2024-07-18"],
    },
    "gpt-3.5-turbo": {
        "vendor": "openai",
        "litellm": "gpt-3.5-turbo",
        "stats": "openai/gpt-3.5-turbo-0125",
        "aliases": ["gpt-3.5-turbo-0125"],
    },
    "gpt-4-vision-preview": {
        "vendor": "openai",
        "tokencost": "gpt-4-vision-preview",
        "aliases": ["gpt-4v"],
    },
    "claude-3-opus": {
        "vendor": "anthropic",
        "tokencost": "claude-3-opus-20240229",
        "stats": "anthropic/claude-3-opus-20240229",
        "aliases": ["claude-3-opus-20240229"],
    },
    "claude-3.5-sonnet": {
        "vendor": "anthropic",
        "tokencost": "claude-3-5-sonnet-20241022",
        "stats": "anthropic/claude-3-5-sonnet-20241022",
        "aliases": [
            "claude-3-5-sonnet",
            "claude-3-5-sonnet-20241022",
            "claude-3-5-sonnet-20240620",
        ],
    },
    "claude-3-sonnet": {
        "vendor": "anthropic",
        "tokencost": "claude-3-sonnet-20240229",
        "stats": "anthropic/claude-3-sonnet-20240229",
        "aliases": ["claude-3-sonnet-20240229"],
    },
    "claude-3-haiku": {
        "vendor": "anthropic",
        "tokencost": "claude-3-haiku-20240307",
        "stats": "anthropic/claude-3-haiku-20240307",
        "aliases": ["claude-3-haiku-20240307"],
    },
    "gemini-1.5-pro": {
        "vendor": "google",
        "tokencost": "gemini-1.5-pro-002",
        "stats": "google/gemini-1.5-pro",
        "aliases": ["gemini-1.5-pro-002"],
    },
    "gemini-1.5-flash": {
        "vendor": "google",
        "tokencost": "gemini-1.5-flash-002",
        "stats": "google/gemini-1.5-flash",
        "aliases": ["gemini-1.5-flash-002"],
    },
    "gemini-1.0-pro": {
        "vendor": "google",
        "tokencost": "gemini-1.0-pro",
        "stats": "google/gemini-1.0-pro",
        "aliases": ["gemini-pro"],
    },
    "gemini-1.0-ultra": {
        "vendor": "google",
        "tokencost": "gemini-1.0-ultra",
        "aliases": ["gemini-ultra"],
    },
    "llama-3.1-8b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-8b-instruct-v1:0",
        "stats": "meta/llama-3.1-8b-instruct",
        "aliases": ["llama-3.1-8b-instruct"],
    },
    "llama-3.1-70b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-70b-instruct-v1:0",
        "stats": "meta/llama-3.1-70b-instruct",
        "aliases": ["llama-3.1-70b-instruct"],
    },
    "llama-3.1-405b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-405b-instruct-v1:0",
        "stats": "meta/llama-3.1-405b-instruct",
        "aliases": ["llama-3.1-405b-instruct"],
    },
    "mistral-large-2": {
        "vendor": "mistral",
        "litellm": "mistral.mistral-large-2407-v1:0",
        "stats": "mistral/mistral-large-2-2407",
        "aliases": ["mistral-large-2407"],
    },
    "mixtral-8x7b": {
        "vendor": "mistral",
        "tokencost": "mistral/open-mixtral-8x7b",
        "helm": "mistralai/mixtral-8x7b-instruct-v0.1",
        "aliases": ["open-mixtral-8x7b", "mixtral-8x7b-instruct-v0.1"],
    },
    "mixtral-8x22b": {
        "vendor": "mistral",
        "tokencost": "mistral/open-mixtral-8x22b",
        "helm": "mistralai/mixtral-8x22b-instruct-v0.1",
        "aliases": ["open-mixtral-8x22b"],
    },
    "mistral-7b": {
        "vendor": "mistral",
        "tokencost": "mistral/open-mistral-7b",
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
    "gemini-1.5-pro": ("2025-09-24", "tokencost"),
    "gemini-1.5-flash": ("2025-09-24", "tokencost"),
    "gemini-1.0-pro": ("2025-04-09", "tokencost"),
    "claude-3-opus": ("2026-01-05", "deprecations-rss"),
    "claude-3.5-sonnet": ("2025-10-28", "deprecations-rss"),
    "gpt-4-32k": ("2025-06-06", "deprecations-rss"),
    "gpt-4-vision-preview": ("2024-12-06", "deprecations-rss"),
    "dall-e-3": ("2026-05-12", "deprecations-rss"),
}
BENCHMARKS = {
    "mmlu": "mmlu",
    "gpqa": "gpqa",
    "humaneval": "humaneval",
    "gsm8k": "gsm8k",
    "math": "math",
    "mmlu-pro": "mmlu-pro",
}
NAMES = {
    "MMLU": "mmlu",
    "GPQA": "gpqa",
    "GPQA Diamond": "gpqa",
    "HumanEval": "humaneval",
    "MMLU-Pro": "mmlu-pro",
}
PEAK = "at its dearest time of day"
NOT_CHAT = re.compile(r"embed|tts|image|audio|transcribe|moderation|ocr")
EPOCH_NAMES = {  # Epoch's name where it is not one of our ids or aliases
    "Llama-3.1-405B-Instruct": "llama-3.1-405b",
    "Llama-3.1-70B-Instruct": "llama-3.1-70b",
    "Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "Mistral-7B-Instruct-v0.3": "mistral-7b",
    "Phi-3-medium-128k-instruct": "phi-3-medium",
    "gemini-1.0-pro-001": "gemini-1.0-pro",
    "open-mixtral-8x7b": "mixtral-8x7b",
    "open-mixtral-8x22b": "mixtral-8x22b",
    "open-mistral-nemo-2407": "open-mistral-nemo",
}
DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{2}-\d{2}|\d{3})$")
