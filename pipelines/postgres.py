"""Postgres: the current release in a PostgreSQL database, for BI tools that many people share.

A release is loaded into schemas of its own beside the published ones (`marts__new`), checked, and put in their place by
renaming, in one short transaction; what was published stays as `marts__old` until the next publish drops it.

Renaming alone would let a reader see a mix: PostgreSQL looks up each table name of a query by itself, and again in each
query of a transaction, whatever its isolation level. So the swap first takes every table of the old release for itself. It
gets them only at a moment when no transaction is reading, it gives up after a tenth of a second, so that nobody queues
behind it for longer, and it does not even try while a long query is running.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
from rich.console import Console

from pipelines import read, releases
from pipelines.products.contract import PUBLIC_SCHEMAS, Column, Constraint, Table, read_tables
from pipelines.project import EgovError, Project, printable
from pipelines.runs import Progress, shown

try:
    import psycopg
    from psycopg import errors, sql
    from psycopg.conninfo import conninfo_to_dict
except ImportError:
    raise EgovError("the PostgreSQL driver is not installed: pip install 'egov-warehouse[postgres]'") from None

SCHEMAS = (*PUBLIC_SCHEMAS, "meta")
# The comment of every schema made here: it says which release it holds, and only what carries it is ever renamed or dropped.
MARK = "egov-warehouse release {}; replaced as a whole by each publish"
MARKED = re.compile(MARK.format(r"([\w.-]+)"))
# Two publishers of one database exclude each other by this advisory lock: the letters "egov".
LOCK = 0x65676F76
# How long a reader may have to wait behind one attempt to swap, and how long readers go undisturbed between two attempts.
ATTEMPT, PAUSE = 0.1, 0.2
# As many rows as DuckDB keeps together: a block is read without reading others.
ROWS_PER_BLOCK = 122_880

TYPES = {
    "VARCHAR": "text",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")

# What a DSN can hold that nobody else may see.
SECRETS = {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
# The user, the database and the environment may each have set the session up otherwise. First of all every name is to mean
# what PostgreSQL itself has under it: no schema of others comes before its own, and the user of the DSN acts as nobody else.
SESSION = "set search_path = pg_catalog, pg_temp; set role none; set statement_timeout = 0"
# Then how values are written and read, and when a statement ends: limits are meant for queries, not for a load, but for locks.
# Those that a version does not know are passed over.
SETTINGS = {
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "default_transaction_isolation": "read committed",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "lock_timeout": "10s",
}
# As long as PostgreSQL lets a name be: it cuts a longer one, which then is the name of another.
LONGEST_NAME = 63
# Roles of PostgreSQL's own whose members could write to the published tables, keep readers from them, or do anything at all.
POWERFUL = ["pg_write_all_data", "pg_maintain", "pg_write_server_files", "pg_execute_server_program"]
# Who has which right on the schemas %(schemas)s, their tables and columns, but for the owner.
RIGHTS = """
    with granted as (
        select 'schema' as kind, nspowner as owner, (aclexplode(nspacl)).* from pg_namespace where nspname = any(%(schemas)s)
        union all
        select 'all tables in schema', relowner, (aclexplode(relacl)).*
        from pg_class join pg_namespace as n on n.oid = relnamespace where nspname = any(%(schemas)s)
        union all
        select 'all tables in schema', relowner, (aclexplode(attacl)).*
        from pg_attribute join pg_class as c on c.oid = attrelid join pg_namespace as n on n.oid = relnamespace
        where nspname = any(%(schemas)s))
    select distinct kind, rolname, privilege_type,
        privilege_type = case kind when 'schema' then 'USAGE' else 'SELECT' end as reads, is_grantable
    from granted left join pg_roles as r on r.oid = grantee where grantee <> owner order by 1, 2, 3
"""

Server = psycopg.Connection[tuple[Any, ...]]


def publish(project: Project, dsn: str, role: str, console: Console, *, wait: float) -> None:
    """Put the current release into the database that `dsn` names, readable for `role`.

    Nothing is loaded where the database holds the release already. `wait` is how many seconds to wait for open transactions
    of readers before the swap. Raises EgovError when a step fails: readers keep the release that they had. Exit code 2: the
    DSN or the name of the role is refused; 3: another publish is running, or readers were never done.
    """
    _require_name(role)
    release_id = releases.current_id(project)
    if release_id is None:
        raise EgovError("no release is published yet; `egov build` publishes one")
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it would warn of is in the error raised
    with read.connect(project.releases / release_id / "egov.duckdb") as release, _connect(dsn) as server:
        try:
            _publish(release, release_id, server, role, console, wait)
        except psycopg.Error as error:
            raise EgovError(f"{_explain(server, error)}; readers keep the release that they had") from None
        except duckdb.Error as error:
            raise EgovError(f"the release cannot be read: {error}; readers keep the release that they had") from None


def _publish(
    release: duckdb.DuckDBPyConnection, release_id: str, server: Server, role: str, console: Console, wait: float
) -> None:
    _set_up(server)
    if not _value(server, "select pg_try_advisory_lock(%s)", LOCK):
        raise EgovError("another publish to this database is running", 3)
    _require_reader(server, role)
    held = _held(server)
    if all(held.get(schema) == release_id for schema in SCHEMAS):
        with server.transaction():
            _make_role(server, role)
            taken = _grant(server, SCHEMAS, role, keep_readers=True)
        if taken:
            console.print(f"took back  rights beyond reading, or of everybody: {taken}")
        console.print(f"the database already holds release {release_id}")
        return
    if newer := max((held[schema] for schema in SCHEMAS if held.get(schema, "") > release_id), default=None):
        console.print(f"older      release {release_id} is to replace the newer {newer}, because `current` names it here")
    tables = read_tables(release, SCHEMAS)
    with shown(console, "clear"):
        clear(server, held)
    with server.transaction():
        _create(server, tables, release_id, role)
        with shown(console, "copy") as progress:
            copy(release, server, tables, progress)
        with shown(console, "keys"):
            add_constraints(server, tables, foreign=False)
        with shown(console, "references"):
            add_constraints(server, tables, foreign=True)
        with shown(console, "analyze"):
            server.execute(sql.SQL("analyze {}").format(sql.SQL(", ").join(map(_target, tables))))
        with shown(console, "check"):
            check(release, server, tables)
        _grant(server, [_new(schema) for schema in SCHEMAS], role, keep_readers=False)
    with shown(console, "swap"):
        try:
            swap(server, [schema for schema in SCHEMAS if schema in held], wait)
        except psycopg.OperationalError as error:
            if not server.closed:
                raise
            lost = "readers have the release that they had, or the new one, whole: run again"  # lost while it was confirmed
            raise EgovError(f"{_explain(server, error)}; {lost}") from None
    console.print(f"release    {release_id}")
    console.print(f"readable   by role {role}")


def postgres_type(table: Table, column: Column) -> str:
    """The type of a column in PostgreSQL. Raises EgovError for a type that is not mapped."""
    if decimal := DECIMAL.fullmatch(column.data_type):
        return f"numeric({decimal[1]},{decimal[2]})"
    if column.data_type not in TYPES:
        expected = ", ".join([*TYPES, "DECIMAL(p,s)"])
        raise EgovError(
            f"{table.full_name}.{column.name} is {column.data_type}, which is not mapped to PostgreSQL; expected {expected}"
        )
    return TYPES[column.data_type]


def clear(server: Server, held: dict[str, str]) -> None:
    """Drop the release before last, and what a publish that failed has left. Nothing that others made goes with them."""
    doomed = [schema for schema in held if schema not in SCHEMAS]
    with server.transaction():
        if tables := _tables(server, doomed):
            server.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(tables)))
        for schema in doomed:
            server.execute(sql.SQL("drop schema {}").format(sql.Identifier(schema)))


def copy(release: duckdb.DuckDBPyConnection, server: Server, tables: list[Table], progress: Progress) -> None:
    """Stream every table from the release into its empty table, made in this transaction.

    The rows are frozen: a transaction that began before the load and first reads after the swap finds them too.
    """
    for done, table in enumerate(tables):
        progress(done, len(tables))
        statement = sql.SQL("copy {} from stdin (format csv, freeze)").format(_target(table))
        blocks = contextlib.closing(_one_ahead(_csv_blocks(release, table)))
        with server.cursor() as cursor, cursor.copy(statement) as stream, blocks as ready:
            for block in ready:
                stream.write(block)


def add_constraints(server: Server, tables: list[Table], *, foreign: bool) -> None:
    """Add the constraints of the release to its loaded tables: the foreign keys, or all others, which those refer to."""
    for table in tables:
        for constraint in table.constraints:
            if foreign == (constraint.kind == "FOREIGN KEY"):
                added = sql.SQL("alter table {} add ").format(_target(table))
                server.execute(added + _constraint(table, constraint))


def check(release: duckdb.DuckDBPyConnection, server: Server, tables: list[Table]) -> None:
    """Ask both databases for the rows and the sums of every column. Raises EgovError where they do not agree."""
    for table in tables:
        sums = ["count(*)", *(term for column in table.columns for term in _sums(column))]
        query = f"select {', '.join(sums)} from "
        here = release.execute(f"{query} {_quoted(table.schema)}.{_quoted(table.name)}").fetchone()
        there = server.execute(sql.SQL(query) + _target(table)).fetchone()
        assert here
        assert there
        if differing := [f"{sums[n]} is {there[n]}, expected {here[n]}" for n in range(len(sums)) if here[n] != there[n]]:
            raise EgovError(
                f"{table.full_name} does not hold in PostgreSQL what the release holds: {'; '.join(differing)}; "
                "readers keep the release that they had"
            )


def swap(server: Server, published: list[str], wait: float) -> None:
    """Put the loaded schemas in the place of the published ones, at a moment when no transaction has any of their tables open.

    Raises EgovError when there was no such moment for `wait` seconds.
    """
    tables = _tables(server, published)
    # a reader that waits for as long as deadlock_timeout looks for a deadlock, and would be the one to fail
    detected = _value(server, "select setting::int from pg_settings where name = 'deadlock_timeout'")
    limit = min(int(ATTEMPT * 1000), detected // 2)
    deadline = time.monotonic() + wait
    while True:
        before = _transactions(server, published)
        time.sleep(PAUSE if before else 0)
        lasting = {name: pid for name, pid in _transactions(server, published).items() if name in before}
        if not lasting and _attempt(server, published, tables, limit):
            return
        if time.monotonic() > deadline:
            who = f" (server processes {', '.join(map(str, sorted(set(lasting.values()))))})" if lasting else ""
            raise EgovError(
                f"readers{who} kept the published release open for {wait:g} seconds, it could not be replaced without showing "
                "them a mix; they keep the release that they had. Run again, --wait waits longer",
                3,
            )


def _attempt(server: Server, published: list[str], tables: list[sql.Composable], limit: int) -> bool:
    """Swap within `limit` milliseconds, or leave everything as it is. Returns whether it was done."""
    with contextlib.suppress(errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected), server.transaction():
        if tables:
            server.execute(sql.SQL("set local statement_timeout = {}").format(limit))
            server.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(tables)))
            server.execute("set local statement_timeout = 0")
        # nor do readers wait for long behind one who keeps a schema locked
        server.execute(sql.SQL("set local lock_timeout = {}").format(limit))
        rename = sql.SQL("alter schema {} rename to {}")
        for schema in published:
            server.execute(rename.format(sql.Identifier(schema), sql.Identifier(_old(schema))))
        for schema in SCHEMAS:
            server.execute(rename.format(sql.Identifier(_new(schema)), sql.Identifier(schema)))
        return True
    return False


def refuse_password(dsn: str) -> None:
    """For a DSN that was given on the command line. Raises EgovError, exit code 2, where a password is in it."""
    if SECRETS & _parsed(dsn).keys():
        raise EgovError(
            "--dsn holds a password, and other users of the machine can see a command line: change that password. Put the DSN "
            "into the environment variable EGOV_POSTGRES_DSN, or the password alone into ~/.pgpass or PGPASSWORD",
            2,
        )


def _parsed(dsn: str) -> dict[str, str]:
    """What a DSN names.

    Raises EgovError that never repeats the DSN: it may hold a password, even where it is cut in the wrong places.
    """
    unreadable = EgovError(
        "--dsn cannot be read: expected postgresql://user@host:port/database, special characters in a password "
        "percent-encoded, or host=... port=... dbname=... user=...",
        2,
    )
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    except (psycopg.ProgrammingError, ValueError):
        raise unreadable from None
    # a password with a bare @ or / in it: libpq takes its end for a host, a port or a database, and would name it
    if "@" in given.get("host", "") + given.get("dbname", "") or not re.fullmatch("[0-9,]*", given.get("port", "")):
        raise unreadable
    return given


def _connect(dsn: str) -> Server:
    """A connection in autocommit mode. Raises EgovError, which never repeats the DSN."""
    defaults = {
        "application_name": "egov publish",
        "connect_timeout": "10",
        "keepalives_idle": "30",
        "tcp_user_timeout": "60000",
    }
    settings: dict[str, Any] = defaults | _parsed(dsn) | {"client_encoding": "utf8"}
    try:
        server: Server = psycopg.connect(autocommit=True, **settings)
    except (psycopg.ProgrammingError, ValueError):  # a value that is none, such as a number of seconds in letters
        raise EgovError("--dsn cannot be read: one of its values is not of the kind that PostgreSQL expects", 2) from None
    except psycopg.Error as error:
        raise EgovError(f"the PostgreSQL server cannot be reached: {_flat(str(error))}") from None
    return server


def _explain(server: Server, error: psycopg.Error) -> str:
    """What went wrong, in one line."""
    said = _flat(". ".join(filter(None, [error.diag.message_primary or str(error), error.diag.message_detail])))
    if isinstance(error, errors.DiskFull):
        return f"the disk of the PostgreSQL server is full: {said}"
    if server.closed:
        return f"the connection to the PostgreSQL server was lost: {said}"
    if isinstance(error, errors.LockNotAvailable):
        return (
            "a transaction keeps something open that is to go or to be made, as a rule a table of the release before last "
            "(schemas ending in __old): it has to end first"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return f"{said}. The user of the DSN needs CREATE on the database"
    return f"PostgreSQL refused: {said}"


def _set_up(server: Server) -> None:
    """Make the session that of a publisher, whatever the user, the database or the environment has set."""
    server.execute(SESSION)
    server.execute(
        "select set_config(s.name, wanted.value, false) from pg_settings as s "
        "join unnest(%s::text[], %s::text[]) as wanted (name, value) on wanted.name = lower(s.name)",
        [list(SETTINGS), list(SETTINGS.values())],
    )
    # what is said to be published is on disk; a stricter setting stays
    server.execute(
        "select set_config(name, 'on', false) from pg_settings where name = 'synchronous_commit' and setting = 'off'"
    )


def _held(server: Server) -> dict[str, str]:
    """The release of each schema made here that exists. Raises EgovError where another than the user made one of that name.

    Not even what belongs to a role that the user is a member of is taken for ours: whoever may make schemas could say of one
    that it holds the current release.
    """
    names = [name for schema in SCHEMAS for name in (schema, _new(schema), _old(schema))]
    held = {}
    for name, comment, owner, owned in server.execute(
        "select nspname, obj_description(oid, 'pg_namespace'), pg_get_userbyid(nspowner)::text, "
        "pg_get_userbyid(nspowner) = current_user from pg_namespace where nspname = any(%s) order by 1",
        [names],
    ).fetchall():
        mark = MARKED.fullmatch(comment or "")
        if not mark:
            raise EgovError(
                f"the database has a schema {name} that was not made by `egov publish postgres`; nothing is touched. "
                "Rename that schema, or publish to a database of its own"
            )
        if not owned:
            said = _flat(owner)
            raise EgovError(f"schema {name} was published by {said}: publish as {said} again; nothing is touched")
        held[name] = mark[1]
    return held


def _create(server: Server, tables: list[Table], release_id: str, role: str) -> None:
    """Make the empty tables with their comments, and the role if need be."""
    for schema in SCHEMAS:
        made = sql.Identifier(_new(schema))
        server.execute(sql.SQL("create schema {}").format(made))
        server.execute(sql.SQL("comment on schema {} is {}").format(made, MARK.format(release_id)))
        # default privileges may have kept their owner from them, here and below
        server.execute(sql.SQL("grant all on schema {} to current_user").format(made))
    for table in tables:
        columns = [
            sql.SQL("{} {} {}").format(
                sql.Identifier(column.name),
                sql.SQL(postgres_type(table, column)),
                sql.SQL("null" if column.is_nullable else "not null"),
            )
            for column in table.columns
        ]
        server.execute(sql.SQL("create table {} ({})").format(_target(table), sql.SQL(", ").join(columns)))
        server.execute(sql.SQL("comment on table {} is {}").format(_target(table), table.description))
        for column in table.columns:
            place = sql.Identifier(_new(table.schema), table.name, column.name)
            server.execute(sql.SQL("comment on column {} is {}").format(place, column.description))
    for schema in SCHEMAS:
        server.execute(sql.SQL("grant all on all tables in schema {} to current_user").format(sql.Identifier(_new(schema))))
    _make_role(server, role)


def _require_name(role: str) -> None:
    """Raises EgovError, exit code 2, where no role of that very name can be let in to read.

    What a terminal would obey or not show is refused as well: two names that look alike could not be told apart.
    """
    if not role or not role.isprintable() or len(role.encode()) > LONGEST_NAME:
        raise EgovError(f"--role {role!r}: expected 1 to {LONGEST_NAME} bytes of letters, digits and signs that can be seen", 2)
    if role in ("public", "none") or role.startswith("pg_"):
        raise EgovError(f"--role {role}: PostgreSQL keeps this name for itself; name a role of your own that reads", 2)


def _require_reader(server: Server, role: str) -> None:
    """Raises EgovError where the role exists and could write to the published tables, or let itself.

    Asked of every role that it is a member of, also of those that it would have to change into first.
    """
    found = server.execute(
        "select case when r.rolsuper then 'SUPERUSER' when r.rolcreaterole and r.rolname <> current_user then 'CREATEROLE' "
        "else r.rolname::text end "
        "from pg_roles as given join pg_roles as r on pg_has_role(given.oid, r.oid, 'member') "
        "where given.rolname = %s and (r.rolsuper or r.rolcreaterole or r.rolname = current_user or r.rolname = any(%s)) "
        "order by r.oid <> given.oid, 1 limit 1",
        [role, POWERFUL],
    ).fetchone()
    if found:
        raise EgovError(
            f"role {role} can write to the published tables or let itself, through {_flat(found[0])}; "
            "name one that only reads with --role"
        )


def _make_role(server: Server, role: str) -> None:
    """Make `role` where it is missing. Raises EgovError where the user may not."""
    if _value(server, "select count(*) from pg_roles where rolname = %s", role):
        return
    try:
        server.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    except errors.InsufficientPrivilege:
        raise EgovError(
            f"there is no role {role}, and the user of the DSN may not make roles. Let an administrator run "
            f"`create role {_quoted(role) if not re.fullmatch('[a-z_][a-z0-9_]*', role) else role} nologin`, "
            "or name another with --role"
        ) from None


def _grant(server: Server, schemas: Sequence[str], role: str, *, keep_readers: bool) -> str:
    """Let `role` read the schemas, and take back what anybody else but their owner can do there.

    Default privileges of an administrator give rights to all that is made. With `keep_readers`, roles that were let in by
    name to read go on reading. Returns from whom something was taken. Raises EgovError where it cannot be.
    """

    def excess() -> list[tuple[Any, ...]]:
        """Kind, role (None for everybody), right, whether it reads, for each right that is not to be."""
        return [
            (kind, name, right, reads)
            for kind, name, right, reads, grantable in server.execute(RIGHTS, {"schemas": list(schemas)}).fetchall()
            if not reads or name is None or grantable or not (keep_readers or name == role)
        ]

    names = sql.SQL(", ").join(map(sql.Identifier, schemas))
    taken = excess()
    for kind, name, right, reads in taken:
        only = "grant option for " if reads and name is not None and (keep_readers or name == role) else ""
        whom = sql.SQL("public") if name is None else sql.Identifier(name)
        revoke = sql.SQL("revoke {}{} on {} {} from {} cascade")
        server.execute(revoke.format(sql.SQL(only), sql.SQL(right), sql.SQL(kind), names, whom))
    for right in ("usage on schema", "select on all tables in schema"):
        server.execute(sql.SQL("grant {} {} to {}").format(sql.SQL(right), names, sql.Identifier(role)))
    if left := excess():
        raise EgovError(
            f"{_who(left)} can do more with the tables than read them, or read them beside role {role}, and it cannot be "
            "taken back: something gives rights to whatever is made in this database; readers keep the release that they had"
        )
    return _who(taken)


def _who(rights: list[tuple[Any, ...]]) -> str:
    return ", ".join(sorted({_flat(name or "PUBLIC") for _, name, _, _ in rights}))


def _constraint(table: Table, constraint: Constraint) -> sql.Composable:
    """A constraint as PostgreSQL writes it."""

    def names(columns: Sequence[str]) -> sql.Composable:
        return sql.SQL(", ").join(map(sql.Identifier, columns))

    match constraint.kind:
        case "PRIMARY KEY" | "UNIQUE":
            return sql.SQL("{} ({})").format(sql.SQL(constraint.kind), names(constraint.columns))
        case "FOREIGN KEY":
            return sql.SQL("foreign key ({}) references {} ({})").format(
                names(constraint.columns),
                sql.Identifier(_new(table.schema), constraint.table),
                names(constraint.referenced),
            )
        case _:
            return sql.SQL(constraint.text)


def _csv_blocks(release: duckdb.DuckDBPyConnection, table: Table) -> Iterator[str]:
    """The rows of a table as CSV, many to a block: text in quotes, and nothing at all for NULL, which concat passes over."""
    fields = ", ',', ".join(
        f"""'"' || replace({_quoted(column.name)}, '"', '""') || '"'"""
        if column.data_type == "VARCHAR"
        else _quoted(column.name)
        for column in table.columns
    )
    source = f"from {_quoted(table.schema)}.{_quoted(table.name)}"
    (last,) = release.execute(f"select max(rowid) {source}").fetchall()[0]
    for start in range(0, (last or 0) + 1, ROWS_PER_BLOCK):
        rows = f"rowid between {start} and {start + ROWS_PER_BLOCK - 1}"
        (block,) = release.execute(f"select string_agg(concat({fields}, chr(10)), '') {source} where {rows}").fetchall()[0]
        yield block or ""


def _one_ahead(blocks: Iterator[str]) -> Generator[str, None, None]:
    """The same blocks, the next of them being made while one is sent."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = worker.submit(next, blocks, None)
            yield block


def _sums(column: Column) -> list[str]:
    """What both databases work out alike of a column: how many values it has, and a sum over them (of texts, their lengths)."""
    name = _quoted(column.name)
    match column.data_type:
        case "VARCHAR":
            return [f"count({name})", f"sum(length({name}))"]
        case "BOOLEAN":
            return [f"count({name})", f"sum(cast({name} as integer))"]
        case "DATE":
            return [f"count({name})", f"sum({name} - date '1970-01-01')"]
        case "TIMESTAMP WITH TIME ZONE":
            return [f"count({name})"]
        case _:
            return [f"count({name})", f"sum({name})"]


def _tables(server: Server, schemas: list[str]) -> list[sql.Composable]:
    """Every table in the schemas."""
    found = server.execute(
        "select nspname, relname from pg_class join pg_namespace as n on n.oid = relnamespace "
        "where nspname = any(%s) and relkind = 'r' order by 1, 2",
        [schemas],
    )
    return [sql.Identifier(schema, table) for schema, table in found.fetchall()]


def _transactions(server: Server, schemas: list[str]) -> dict[str, int]:
    """The transactions of others that have a table of the schemas open, each with its server process."""
    return dict(
        server.execute(
            "select virtualtransaction, l.pid from pg_locks as l join pg_class as c on c.oid = l.relation "
            "join pg_namespace as n on n.oid = c.relnamespace join pg_database as d on d.oid = l.database "
            "where d.datname = current_database() and nspname = any(%s) and c.relkind = 'r' and l.pid <> pg_backend_pid()",
            [schemas],
        ).fetchall()
    )


def _value(server: Server, query: str, *parameters: object) -> Any:
    row = server.execute(query, parameters).fetchone()
    assert row
    return row[0]


def _target(table: Table) -> sql.Composable:
    """Where a table is loaded."""
    return sql.Identifier(_new(table.schema), table.name)


def _new(schema: str) -> str:
    return f"{schema}__new"


def _old(schema: str) -> str:
    return f"{schema}__old"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _flat(text: str) -> str:
    """One line of what a server says or names, which may come from anybody: no terminal obeys it."""
    return printable(" ".join(text.split()))
