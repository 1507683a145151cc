"""The HTTP door: an asyncio HTTP/1.1 server that speaks dialects."""
