"""HTTP/1.1 on asyncio: the only place, beside the server, that speaks it."""
