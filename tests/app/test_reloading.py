"""The configuration read again: taken whole, refused whole, and no stream is dropped."""

from __future__ import annotations

import http.client
import json
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from running import CONFIG, Gateway, ask, served, within_10_s
from slow_upstream import slow_upstream

from pilothouse.app.config import load_config
from pilothouse.app.reloading import fixed_changes, with_fixed
from pilothouse.core.ports import CallFilter
from pilothouse.stores.sqlite import SqliteStore

SLOW = """\
providers:
  slow: {{kind: openai_compatible, base_url: "{url}"}}
targets:
  slow: {{provider: slow, model: m}}
routes:
  talk: {{targets: [slow]}}
server: {{port: 0}}
admin: {{port: 0, key_env: TEST_ADMIN_KEY}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pilothouse.yaml"
    path.write_text(CONFIG)
    return path


def reload(gateway: Gateway, config: Path, text: str) -> None:
    config.write_text(text)
    gateway.process.send_signal(signal.SIGHUP)


@pytest.mark.slow
def test_a_stream_that_runs_across_a_reload_comes_whole_from_a_provider_that_is_gone(
    config: Path,
) -> None:
    with slow_upstream() as upstream:
        config.write_text(SLOW.format(url=upstream.base_url))
        with served(config) as gateway:
            connection = http.client.HTTPConnection("127.0.0.1", _port(gateway), timeout=20)
            body = {"model": "talk", "stream": True, "messages": [{"role": "user", "content": "?"}]}
            connection.request("POST", "/v1/chat/completions", json.dumps(body))
            answer = connection.getresponse()
            assert b"Fo" in answer.readline()
            reload(gateway, config, CONFIG)
            within_10_s(lambda: gateway.models() == {"small", "support"}, "no reload")
            assert ask(gateway.url) == 200, "new requests go by the new file"
            upstream.go_on.set()
            rest = answer.read()
            assert b"ur." in rest
            assert rest.rstrip().endswith(b"[DONE]")
            connection.close()
    store = SqliteStore(config.parent / "pilothouse.db")
    assert [call.status for call in store.calls(CallFilter(target="slow"))] == ["ok"]
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers: [", ":1"),
        (CONFIG.replace("[small]", "[smal]"), 'unknown target "smal"'),
        (CONFIG.replace("TEST_ADMIN_KEY", "NOT_SET"), "NOT_SET is not set"),
        (CONFIG.replace("kind: replay", "kind: replay, key_file: gone.txt"), "no such file"),
        (CONFIG + "unknown_section: {}\n", "unknown_section"),
        ("", ""),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole_and_the_old_one_serves_on(
    config: Path, text: str, said: str
) -> None:
    with served(config) as gateway:
        reload(gateway, config, text)
        within_10_s(lambda: "the configuration stays as it was" in gateway.log, "nothing was said")
        assert said in gateway.log
        assert "Traceback" not in gateway.log
        assert ask(gateway.url) == 200
        status, body = gateway.admin("/admin/reload", method="POST")
        assert status == 422
        assert said in body["error"]["message"]
        config.write_text(CONFIG.replace("support:", "helpdesk:"))
        assert gateway.admin("/admin/reload", method="POST")[0] == 200
        assert gateway.models() == {"small", "helpdesk"}


@pytest.mark.slow
def test_what_only_a_restart_changes_is_named_and_the_rest_is_taken(config: Path) -> None:
    with served(config) as gateway:
        text = CONFIG.replace(
            "server: {port: 0}", "server: {port: 1, host: 0.0.0.0, is_open: true}"
        )
        config.write_text(text.replace("support:", "helpdesk:") + "store: {path: other.db}\n")
        status, done = gateway.admin("/admin/reload", method="POST")
        assert status == 200
        assert set(done["needs_restart"]) == {"server.host", "server.port", "store.path"}
        assert "store.path changes with a restart only" in gateway.log
        assert gateway.models() == {"small", "helpdesk"}
    assert not (config.parent / "other.db").exists()


@pytest.mark.slow
def test_what_the_command_line_says_is_not_taken_for_a_change_of_the_file(config: Path) -> None:
    config.write_text(CONFIG.replace("server: {port: 0}", "server: {port: 8790}"))
    with served(config, "--port", "0") as gateway:
        done = gateway.admin("/admin/reload", method="POST")[1]
        assert done["needs_restart"] == []
        assert ask(gateway.url) == 200


@pytest.mark.slow
def test_many_reloads_under_traffic_lose_no_request(config: Path) -> None:
    with served(config) as gateway:
        for number in range(12):
            name = "extra" if number % 2 else "other"
            reload(
                gateway,
                config,
                CONFIG.replace("routes:\n", f"aliases: {{{name}: support}}\nroutes:\n"),
            )
            assert [ask(gateway.url) for _ in range(4)] == [200] * 4
        gateway.process.terminate()
        assert gateway.process.wait(20) == 0
    assert "error" not in gateway.log.lower()


def test_the_port_stays_and_the_body_limit_follows_the_file(config: Path) -> None:
    running = load_config(config)
    config.write_text(CONFIG.replace("server: {port: 0}", "server: {port: 9, max_body_mb: 1}"))
    written = load_config(config)
    assert fixed_changes(running, written) == ("server.port",)
    served_by = with_fixed(written, running)
    assert (served_by.server.port, served_by.server.max_body_mb) == (0, 1)


def _port(gateway: Gateway) -> int:
    return int(gateway.url.rpartition(":")[2])
