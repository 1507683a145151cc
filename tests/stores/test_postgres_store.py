"""What PostgreSQL adds: upgrades, refusals in words, lost connections, many writers, killed writers."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("psycopg")
import psycopg
from msgspec import structs

from pilothouse.core.call import Score
from pilothouse.core.errors import StoreError
from pilothouse.core.grade import Given
from pilothouse.core.limits import Account, Spent
from pilothouse.core.ports import AuditEntry, CallFilter
from pilothouse.stores._pg_address import PgAddress, address_from_url
from pilothouse.stores._pg_errors import explained
from pilothouse.stores._pg_link import PgLink
from pilothouse.stores._pg_schema import migrations, upgrade
from pilothouse.stores.postgres import PostgresStore

from .make import a_call, a_key, a_rollout, a_run, an_answer
from .postgres_server import Doorkeeper, dropped, run_sql, started

ACCOUNT = Account("key:k", "2026-09")


# Versions


def old_database(address: PgAddress, version: int) -> None:
    link = PgLink(address)
    link.alone(lambda db: upgrade(db, address, up_to=version))
    link.close()
    run_sql(
        address,
        "INSERT INTO calls (id, request_id, at_us, source, route, arm, target, provider, model, "
        "status, attempt, is_stream, cached_input_tokens, is_usage_estimated, cost_pico_usd, repeat, "
        "run_id, case_id) VALUES ('c', 'r', 5, 'prove', 'poc', 'main', 't', 'p', 'm', 'ok', 1, 0, 0, "
        "0, 1500000, 0, 'run', 'case'); "
        "INSERT INTO runs VALUES ('run', '{}', 1); "
        "INSERT INTO answers VALUES ('run', 'case', 't', 0, 'c', 'forty-two'); "
        "INSERT INTO scores VALUES ('c', 'number', 1.0, '42')",
    )


@pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
def test_every_older_version_is_upgraded_and_keeps_its_data(
    address: PgAddress, version: int
) -> None:
    old_database(address, version)
    store = PostgresStore(address)
    assert store.query("SELECT version FROM schema_version") == [(len(migrations()),)]
    (answer,) = store.proofs.answers_of(["c"], "run")
    assert answer.given == Given(text="forty-two", finish_reason="stop")
    assert answer.call.cost_usd == Decimal("0.0000015")
    assert answer.call.propensity is None
    assert answer.scores == (Score(call_id="c", scorer="number", value=1.0, detail="42"),)
    assert store.save_rollout(a_rollout(1), [])
    assert store.keys.save_key(a_key(1))
    assert store.budgets.draw("h", ACCOUNT, limit=10, least=1, now_us=1, until_us=2).pico_usd
    store.close()


def test_a_newer_schema_is_refused_with_both_versions_and_left_as_it_is(
    pg_store: PostgresStore,
) -> None:
    run_sql(pg_store.address, "UPDATE schema_version SET version = 99")
    with pytest.raises(
        StoreError, match=r"newer Pilothouse \(schema 99; this one knows \d+\).*--store"
    ):
        PostgresStore(pg_store.address)
    assert pg_store.query("SELECT version FROM schema_version") == [(99,)]


def test_a_migration_that_fails_leaves_the_version_before_it(
    address: PgAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilothouse.stores import _pg_schema

    broken = (*migrations(), "CREATE TABLE half (a INTEGER); SELECT no_such_function ()")
    with monkeypatch.context() as patch:
        patch.setattr(_pg_schema, "migrations", lambda: broken)
        with pytest.raises(StoreError, match="no_such_function"):
            PostgresStore(address)
    store = PostgresStore(address)
    assert store.query("SELECT version, to_regclass('half') FROM schema_version") == [
        (len(migrations()), None)
    ]
    store.close()


@pytest.mark.slow
def test_processes_that_start_at_once_on_an_empty_database_all_find_it_ready(
    address: PgAddress,
) -> None:
    code = (
        "import sys; from pilothouse.stores.postgres import PostgresStore as S; "
        "from pilothouse.stores._pg_address import address_from_url as at; "
        "s = S(at(sys.argv[1], schema=sys.argv[2])); print(s.query('SELECT version FROM schema_version')); "
        "s.close()"
    )
    running = [started(code, address) for _ in range(4)]
    said = f"[({len(migrations())},)]\n".encode()
    assert [p.communicate() for p in running] == [(said, b"")] * 4


def test_what_must_exist_is_not_made(address: PgAddress) -> None:
    with pytest.raises(StoreError, match="there is nothing of Pilothouse here yet"):
        PostgresStore(address, must_exist=True)
    with psycopg.connect(address.url.reveal()) as db:
        found = db.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [address.schema])
        assert found.fetchall() == []
    db.close()


def test_stores_in_two_schemas_know_nothing_of_each_other(
    pg_store: PostgresStore, address: PgAddress
) -> None:
    beside = structs.replace(address, schema=address.schema[:-1])
    other = PostgresStore(beside)
    pg_store.write_calls([a_call(1)])
    assert other.calls(CallFilter()) == []
    other.close()
    dropped(beside)


# Refusals in words


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        PostgresStore(address_from_url(url))
    return str(caught.value)


def test_an_absent_database_is_named_with_what_to_do(postgres_url: str) -> None:
    said = refusal(postgres_url.rpartition("/")[0] + "/nowhere")
    assert "/nowhere: there is no such database: make it first" in said


def test_a_port_where_nothing_listens_is_said() -> None:
    said = refusal("postgresql://ann:hunter2@127.0.0.1:1/db")
    assert said.startswith("postgresql://ann@127.0.0.1:1/db: nothing listens there")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            'password authentication failed for user "ann" (hunter2)',
            "look at PGPASSWORD, ~/.pgpass",
        ),
        ("fe_sendauth: no password supplied", "it asks for a password"),
        ('FATAL:  role "ann" does not exist', "no such user"),
        ("FATAL:  sorry, too many clients already", "no connection left"),
        ("connection timeout expired", "does not answer"),
        ("the database system is starting up", "try again"),
        ("strange", "PostgreSQL refused"),
    ],
)
def test_postgresqls_reasons_become_advice_without_the_password(text: str, advice: str) -> None:
    address = address_from_url("postgresql://ann:hunter2@db/calls")
    error = explained(address, psycopg.OperationalError(text + "\nsecond line"))
    assert isinstance(error, StoreError)
    assert str(error).startswith("postgresql://ann@db/calls: ")
    assert advice in str(error)
    assert "hunter2" not in str(error) and "second line" not in str(error)


@pytest.mark.parametrize("way", ["url", "environment"])
def test_a_wrong_password_is_said_without_the_password(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Doorkeeper()
    userinfo = "ann:hunter2" if way == "url" else "ann"
    if way == "environment":
        monkeypatch.setenv("PGPASSWORD", "hunter2")
    said = refusal(f"postgresql://{userinfo}@127.0.0.1:{door.port}/db?gssencmode=disable")
    door.close()
    assert b"hunter2" in door.heard[0]
    assert "the user or its password is wrong: look at PGPASSWORD" in said
    assert "hunter2" not in said


def test_a_user_without_rights_is_told_what_it_lacks(pg_store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="its user lacks a right"):
        pg_store._durable.write(  # pyright: ignore[reportPrivateUsage]
            lambda db: (
                db.execute("SET LOCAL ROLE pg_monitor"),
                db.execute(f"DELETE FROM {pg_store.address.schema}.runs"),
            )
        )


# What PostgreSQL enforces


@pytest.mark.parametrize(
    "sql", ["UPDATE audit SET why = ''", "DELETE FROM audit", "TRUNCATE audit"]
)
def test_the_audit_trail_cannot_be_rewritten(pg_store: PostgresStore, sql: str) -> None:
    pg_store.save_rollout(a_rollout(1), [AuditEntry(at_us=1, who="tick", what="start", why="w")])
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        run_sql(pg_store.address, sql)
    assert len(pg_store.audit("ro")) == 1


def test_a_booking_is_written_whole_or_not_at_all(pg_store: PostgresStore) -> None:
    run_sql(pg_store.address, "ALTER TABLE budgets ADD CHECK (scope_id <> 'zbad')")
    with pytest.raises(StoreError, match="zbad|check constraint"):
        pg_store.budgets.report(
            "a", [Spent(ACCOUNT, 5), Spent(Account("zbad", "total"), 5)], until_us=1
        )
    assert pg_store.budgets.spent(ACCOUNT) == 0


def test_a_nul_in_a_text_is_replaced_and_the_answer_kept(pg_store: PostgresStore) -> None:
    a_run(pg_store, "case")
    call = a_call(1, run_id="run", case_id="case", error=r"a literal \u0000 stays")
    pg_store.proofs.keep_answers([an_answer(1, "a\0b", call=call)])
    (answer,) = pg_store.proofs.answers("run", 0, 1)
    assert answer.given is not None and answer.given.text == "a\ufffdb"
    assert answer.call == call


def test_whole_numbers_come_back_whole_and_averages_as_floats(pg_store: PostgresStore) -> None:
    sql = "SELECT SUM(n), AVG(n), SUM(n)::numeric * ? FROM (VALUES (?::bigint), (2)) AS t (n)"
    assert pg_store.query(sql, (2, 1)) == [(3, 1.5, 6)]
    assert pg_store.query("SELECT '?', ?::text", ("it's $1 ?",)) == [("?", "it's $1 ?")]


def test_commits_wait_for_the_disk_even_where_the_server_does_not_ask_for_it(
    address: PgAddress,
) -> None:
    lazy = structs.replace(
        address, url=type(address.url)(address.url.reveal() + "?options=-csynchronous_commit%3Doff")
    )
    store = PostgresStore(lazy)
    assert store.query("SHOW synchronous_commit") == [("on",)]
    store.close()
