"""The admin API of a real gateway: who may use it, what it does, and the document that describes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "cli"))

from running import ADMIN_KEY, CONFIG, QUESTIONS, Gateway, ask, fetch, served

pytestmark = pytest.mark.slow
PLANTED = "planted-secret-value"
WITH_SECRETS = CONFIG.replace(
    "targets:\n",
    '  other: {kind: openai_compatible, base_url: "http://127.0.0.1:9/v1", key_file: key.txt}\n'
    "targets:\n",
    1,
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    path = tmp_path_factory.mktemp("admin") / "pilothouse.yaml"
    path.write_text(WITH_SECRETS)
    (path.parent / "key.txt").write_text(PLANTED)
    with served(path) as running:
        yield running


def status(gateway: Gateway, path: str, headers: dict[str, str]) -> int:
    return fetch(gateway.admin_url + path, headers=headers)[0]


def test_nothing_is_told_without_the_admin_key_in_the_authorization_header(
    gateway: Gateway,
) -> None:
    for path in ("/admin/keys", "/metrics", "/admin/openapi.json", "/admin/nothing"):
        for headers in (
            {},
            {"authorization": ADMIN_KEY},
            {"authorization": "Bearer wrong"},
            {"authorization": "Bearer "},
            {"authorization": f"Basic {ADMIN_KEY}"},
            {"authorization": f"Bearer {ADMIN_KEY}x"},
            {"authorization": "Bearer \xe9"},
            {"cookie": f"key={ADMIN_KEY}; authorization={ADMIN_KEY}"},
            {"x-api-key": ADMIN_KEY},
        ):
            assert status(gateway, path, headers) == 401, (path, headers)
        assert status(gateway, f"{path}?key={ADMIN_KEY}", {}) == 401


def test_the_public_port_knows_nothing_of_the_admin_api(gateway: Gateway) -> None:
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    for path in ("/admin/keys", "/metrics", "/admin/config"):
        assert fetch(gateway.url + path, headers=headers)[0] == 404


def test_a_key_lives_its_life_over_http(gateway: Gateway) -> None:
    made_status, made = gateway.admin(
        "/admin/keys", {"name": "ci robot", "budgets": [{"usd": "5", "per": "day"}]}
    )
    assert made_status == 201
    key_id, secret = made["key"]["id"], made["secret"]
    as_robot = {"authorization": f"Bearer {secret}"}
    assert ask(gateway.url, QUESTIONS[0], **as_robot) == 200, "it counts at once"
    assert secret not in str(gateway.admin("/admin/keys")[1])
    assert gateway.admin("/admin/keys/ci%20robot")[1]["id"] == key_id
    changed = gateway.admin(f"/admin/keys/{key_id}", {"team": "search"}, method="PATCH")[1]
    assert (changed["team"], changed["name"]) == ("search", "ci robot")
    assert gateway.admin(f"/admin/keys/{key_id}/spend")[1]["rows"][0]["budget_usd"] == "5"
    rotated = gateway.admin(f"/admin/keys/{key_id}/rotate", {})[1]
    assert ask(gateway.url, QUESTIONS[0], **as_robot) == 401
    as_robot = {"authorization": f"Bearer {rotated['secret']}"}
    assert ask(gateway.url, QUESTIONS[0], **as_robot) == 200
    assert gateway.admin(f"/admin/keys/{key_id}/revoke", method="POST")[1]["status"] == "revoked"
    assert ask(gateway.url, QUESTIONS[0], **as_robot) == 401
    assert key_id not in str(gateway.admin("/admin/keys")[1])
    assert key_id in str(gateway.admin("/admin/keys?closed=true")[1])


def test_only_keys_with_the_scope_admin_administer(gateway: Gateway) -> None:
    caller = gateway.admin("/admin/keys", {"name": "caller"})[1]["secret"]
    admin = gateway.admin("/admin/keys", {"name": "an admin", "scopes": ["admin"]})[1]["secret"]
    assert status(gateway, "/admin/keys", {"authorization": f"Bearer {caller}"}) == 403
    assert status(gateway, "/admin/keys", {"authorization": f"Bearer {admin}"}) == 200
    gateway.admin("/admin/keys/an%20admin/revoke", method="POST")
    assert status(gateway, "/admin/keys", {"authorization": f"Bearer {admin}"}) == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "expected", "said"),
    [
        ("POST", "/admin/keys", b"{", 422, "not JSON"),
        ("POST", "/admin/keys", b"\xff\xfe", 422, ""),
        ("POST", "/admin/keys", {"name": 7}, 422, "$.name"),
        ("POST", "/admin/keys", {"name": ""}, 422, "a name is"),
        ("POST", "/admin/keys", {"name": "x", "modles": []}, 422, "modles"),
        ("POST", "/admin/keys", None, 422, "name"),
        ("GET", "/admin/keys/nobody", None, 404, 'no key "nobody"'),
        ("PATCH", "/admin/keys/nobody", {}, 404, "nobody"),
        ("POST", "/admin/keys/nobody/rotate", {"overlap_s": -1}, 422, "overlap_s"),
        ("DELETE", "/admin/keys", None, 405, "GET, POST"),
        ("POST", "/admin/reload", {"file": "/etc/passwd"}, 422, "no body"),
        ("GET", "/admin/calls?limit=0", None, 422, "limit"),
        ("GET", "/admin/calls?limit=1001", None, 422, "limit"),
        ("GET", "/admin/calls?since=soon", None, 422, "soon"),
        ("GET", "/admin/calls?nonsense=1", None, 422, "nonsense"),
        ("GET", "/admin/calls?limit", None, 422, "query"),
        ("GET", "/admin/routes?x=1", None, 422, "no query"),
        ("POST", "/admin/routes/suport/explain", {}, 404, 'Did you mean "support"?'),
        ("POST", "/admin/routes/support/explain", {"input_tokens": -1}, 422, "input_tokens"),
        ("GET", "/admin", None, 404, "/admin/openapi.json"),
        ("GET", "/admin/../admin/keys", None, 404, "nothing"),
        ("GET", "/admin/keys%2fx", None, 404, "nothing"),
    ],
)
def test_what_is_wrong_is_said_as_an_error_object(
    gateway: Gateway, method: str, path: str, body: Any, expected: int, said: str
) -> None:
    found, answer = gateway.admin(path, body, method=method)
    assert (found, set(answer)) == (expected, {"error"}), answer
    assert set(answer["error"]) == {"type", "message"}
    assert said in answer["error"]["message"]


def test_routes_are_listed_and_explained(gateway: Gateway) -> None:
    rows = gateway.admin("/admin/routes")[1]["routes"]
    assert [row["route"] for row in rows] == ["small", "support"]
    found = gateway.admin("/admin/routes/support/explain", {"input_tokens": 9000})[1]
    assert (found["route"], found["targets"]) == ("support", ["small"])
    assert found["why"]


def test_calls_targets_and_metrics_tell_what_happened(gateway: Gateway) -> None:
    secret = gateway.admin("/admin/keys", {"name": "asker"})[1]["secret"]
    assert ask(gateway.url, QUESTIONS[1], authorization=f"Bearer {secret}") == 200
    [target] = gateway.admin("/admin/targets")[1]["targets"]
    assert (target["state"], target["in_flight"]) == ("closed", 0)
    assert target["successes"] >= 1
    text = gateway.admin("/metrics")[1]
    assert (
        'pilothouse_attempts_total{source="serve",route="support",target="small",status="ok"'
        in text
    )
    assert secret not in text and "asker" not in text
    gateway.admin("/admin/calls?route=support&status=ok&limit=1&since=1h")


def test_no_secret_is_in_the_configuration_that_is_shown(gateway: Gateway) -> None:
    shown = gateway.admin("/admin/config")[1]
    assert PLANTED not in str(shown) and ADMIN_KEY not in str(shown)
    assert shown["providers"]["other"]["base_url"] == "http://127.0.0.1:9/v1"
    assert shown["admin"]["key_env"] == "TEST_ADMIN_KEY"
    assert PLANTED not in gateway.log and ADMIN_KEY not in gateway.log


def test_the_document_names_every_operation_and_every_schema_it_refers_to(
    gateway: Gateway,
) -> None:
    document = gateway.admin("/admin/openapi.json")[1]
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    refs = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(document)))
    assert refs <= set(schemas)
    ids: list[str] = []
    for path, methods in document["paths"].items():
        for method, entry in methods.items():
            ids.append(entry["operationId"])
            declared = {p["name"] for p in entry.get("parameters", []) if p["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))
            assert entry["summary"] and "default" in entry["responses"]
            if method == "get" and not declared:
                assert gateway.admin(path)[0] == 200, path
    assert len(ids) == len(set(ids)) == 16


def test_answers_have_the_shape_that_the_document_promises(gateway: Gateway) -> None:
    document = gateway.admin("/admin/openapi.json")[1]
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        if "get" not in methods or "{" in path or path == "/metrics":
            continue
        content = methods["get"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"]
        if "$ref" in schema:
            promised = schemas[schema["$ref"].rpartition("/")[2]]
            answer = gateway.admin(path)[1]
            assert set(promised["required"]) <= set(answer) <= set(promised["properties"]), path
