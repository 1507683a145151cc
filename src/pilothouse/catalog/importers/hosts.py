"""What each list calls a host, in our names. What is not here keeps the name the list gives it."""

from __future__ import annotations

_OURS = {
    # models.dev
    "amazon-bedrock": "bedrock",
    "azure-cognitive-services": "azure",
    "google-vertex": "vertex",
    "google-vertex-anthropic": "vertex",
    "togetherai": "together",
    "fireworks-ai": "fireworks",
    "moonshotai": "moonshot",
    "zhipuai": "zhipu",
    "zai": "zhipu",
    "llama": "meta",
    "nova": "amazon",
    # litellm
    "gemini": "google",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock",
    "azure_ai": "azure",
    "azure_text": "azure",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks",
    "fireworks_ai-embedding-models": "fireworks",
    "together_ai": "together",
    "text-completion-openai": "openai",
    "text-completion-codestral": "mistral",
    "codestral": "mistral",
    "dashscope": "alibaba",
    "amazon_nova": "amazon",
    "meta_llama": "meta",
    "nvidia_nim": "nvidia",
    "jina_ai": "jina",
    "black_forest_labs": "black-forest-labs",
    # genai-prices
    "aws": "bedrock",
    "x-ai": "xai",
    "voyageai": "voyage",
    # Portkey
    "mistral-ai": "mistral",
    "azure-openai": "azure",
    "azure-ai": "azure",
    "x-ai-portkey": "xai",
    "vertex-ai": "vertex",
    "together-ai": "together",
    "deepinfra": "deepinfra",
    "palm": "google-palm",
}


def host(theirs: str) -> str:
    """Our name of a host."""
    if theirs.startswith("vertex_ai"):
        return "vertex"
    return _OURS.get(theirs, theirs.replace("_", "-"))
