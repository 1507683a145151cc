"""The one call path: attempts, fallback, streaming, recording."""
