"""One SDK generation against one gateway: prints a JSON object, `{"<client> <vendor>": {"<check>": "ok" | why}}`.

Run by tools/sdk_matrix.py inside an environment that has the SDKs and not our package:
`python tests/sdk_client.py <url of the gateway>`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "server"))

from sdk_speakers import SPEAKERS, speaking

TEXT = "Four — quatre — 四."
RAISED = {
    "error-401": {"InternalServerError", "ServerError"},
    "error-404": {"NotFoundError", "ClientError"},
    "error-422": {"UnprocessableEntityError", "ClientError"},
    "error-429-7": {"RateLimitError", "ClientError"},
    "error-500": {"InternalServerError", "ServerError"},
    "error-529": {"InternalServerError", "ServiceUnavailableError", "ServerError"},
}
IN_BAND = {"APIError", "StreamFailed", "APIStatusError", "ServerError"}
Check = Callable[[Any, str, bool], Awaitable[None]]


async def text(sdk: Any, vendor: str, stream: bool) -> None:
    """Words and usage."""
    heard = await sdk.ask(f"{vendor}-text", sdk.start("2 + 2?"), stream=stream)
    assert heard.text == TEXT, heard.text
    whole = heard.usage["input"] + (heard.usage["cached"] if heard.usage["input"] == 60 else 0)
    assert (whole, heard.usage["output"]) == (100, 20), heard.usage


async def tools(sdk: Any, vendor: str, stream: bool) -> None:
    """Two parallel calls, their results, with thinking before them."""
    first = sdk.start("Weather in Paris and Oslo?")
    for model in (f"{vendor}-tools", f"{vendor}-thinking"):
        heard = await sdk.ask(model, first, stream=stream, tools=True)
        assert [a for _, _, a in heard.calls] == [{"city": "Paris"}, {"city": "Oslo"}], heard.calls
        results = {i: a["city"] for i, _, a in heard.calls}
        then = sdk.after(first, heard, results)
        end = await sdk.ask(model, then, stream=stream, tools=True)
        assert end.text == "Paris 21, Oslo 9.", end.text


async def schema(sdk: Any, vendor: str, stream: bool) -> None:
    """JSON by a schema."""
    heard = await sdk.ask(f"{vendor}-json", sdk.start("Capital?"), stream=stream, schema=True)
    assert json.loads(heard.text) == {"city": "Paris"}


async def image(sdk: Any, vendor: str, stream: bool) -> None:
    """An image in."""
    asked = sdk.start("What is this?", image=True)
    assert (await sdk.ask(f"{vendor}-image", asked, stream=stream)).text == "A red dot."


async def errors(sdk: Any, vendor: str, stream: bool) -> None:
    """Each as the SDK's own class; one in mid-stream, too."""
    wanted = {**RAISED, "error-in-band": IN_BAND} if stream else RAISED
    for what, names in wanted.items():
        try:
            await sdk.ask(f"{vendor}-{what}", sdk.start("2 + 2?"), stream=stream)
        except Exception as error:
            assert type(error).__name__ in names, f"{what}: {error!r}"
        else:
            raise AssertionError(f"{what}: nothing was raised")


async def models(sdk: Any, vendor: str, stream: bool) -> None:
    """The list of models in the SDK's own shape."""
    if hasattr(sdk.client, "aio"):
        names = [m.name async for m in await sdk.client.aio.models.list()]
    else:
        names = [m.id async for m in sdk.client.models.list()]
    assert any(name.endswith(f"{vendor}-text") for name in names), names[:3]


CHECKS: tuple[Check, ...] = (text, tools, schema, image, errors, models)


async def cell(client: str, vendor: str, url: str) -> dict[str, str]:
    """All checks of one client before one vendor, whole and streamed."""
    found: dict[str, str] = {}
    async with speaking(client, url) as sdk:
        for check in CHECKS:
            for stream in (False, True):
                name = f"{check.__name__}{' streamed' if stream else ''}"
                try:
                    await asyncio.wait_for(check(sdk, vendor, stream), 20)
                    found[name] = "ok"
                except Exception as error:
                    found[name] = f"{type(error).__name__}: {error}"[:300]
    return found


async def frameworks(url: str) -> dict[str, dict[str, str]]:
    """What people put on top, where it is installed."""
    found: dict[str, dict[str, str]] = {}
    for name, check in (("langchain-openai", _langchain), ("pydantic-ai", _pydantic_ai)):
        for vendor in SPEAKERS:
            try:
                await asyncio.wait_for(check(url, vendor), 20)
                said = "ok"
            except ImportError:
                continue
            except Exception as error:
                said = f"{type(error).__name__}: {error}"[:300]
            found[f"{name} {vendor}"] = {"text, stream, tools": said}
    return found


async def _langchain(url: str, vendor: str) -> None:
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool
    def weather(city: str) -> str:
        """Of a city."""
        return city

    def model(what: str) -> Any:
        return ChatOpenAI(model=f"{vendor}-{what}", base_url=f"{url}/v1", api_key="any")

    assert (await model("text").ainvoke("2 + 2?")).content == TEXT
    pieces = [piece.content async for piece in model("text").astream("2 + 2?")]
    assert "".join(pieces) == TEXT
    called = await model("tools").bind_tools([weather]).ainvoke("Weather?")
    assert [c["args"] for c in called.tool_calls] == [{"city": "Paris"}, {"city": "Oslo"}]


async def _pydantic_ai(url: str, vendor: str) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    def agent(what: str) -> Any:
        provider = OpenAIProvider(base_url=f"{url}/v1", api_key="any")
        return Agent(OpenAIChatModel(f"{vendor}-{what}", provider=provider))

    assert (await agent("text").run("2 + 2?")).output == TEXT
    async with agent("text").run_stream("2 + 2?") as streamed:
        assert await streamed.get_output() == TEXT
    helper, asked = agent("tools"), []

    @helper.tool_plain
    def weather(city: str) -> str:
        """Of a city."""
        asked.append(city)
        return city

    assert (await helper.run("Weather?")).output == "Paris 21, Oslo 9."
    assert sorted(asked) == ["Oslo", "Paris"]


async def main(url: str) -> None:
    """Print what was found."""
    found = {
        f"{client} {vendor}": await cell(client, vendor, url)
        for client in SPEAKERS
        for vendor in SPEAKERS
    }
    print(json.dumps(found | await frameworks(url)))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(main(sys.argv[1]))
