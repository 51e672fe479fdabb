"""Server: a connection to PostgreSQL as a publisher, and the role that may read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from pipelines.project import EgovError, Exit, printable

Server = psycopg.Connection[tuple[Any, ...]]
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


def refuse_password(dsn: str) -> None:
    """For a DSN that was given on the command line. Raises EgovError, exit code 2, where a password is in it."""
    if SECRETS & _parsed(dsn).keys():
        raise EgovError(
            "--dsn holds a password, and other users of the machine can see a command line: change that password. Put the DSN "
            "into the environment variable EGOV_POSTGRES_DSN, or the password alone into ~/.pgpass or PGPASSWORD",
            Exit.REFUSED,
        )


def _parsed(dsn: str) -> dict[str, str]:
    """What a DSN names.

    Raises EgovError that never repeats the DSN: it may hold a password, even where it is cut in the wrong places.
    """
    unreadable = EgovError(
        "--dsn cannot be read: expected postgresql://user@host:port/database, special characters in a password "
        "percent-encoded, or host=... port=... dbname=... user=...",
        Exit.REFUSED,
    )
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    except (psycopg.ProgrammingError, ValueError):
        raise unreadable from None
    # a password with a bare @ or / in it: libpq takes its end for a host, a port or a database, and would name it
    if "@" in given.get("host", "") + given.get("dbname", "") or not re.fullmatch("[0-9,]*", given.get("port", "")):
        raise unreadable
    return given


def connect_to(dsn: str) -> Server:
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
        raise EgovError(
            "--dsn cannot be read: one of its values is not of the kind that PostgreSQL expects", Exit.REFUSED
        ) from None
    except psycopg.Error as error:
        raise EgovError(f"the PostgreSQL server cannot be reached: {flat(str(error))}") from None
    return server


def set_up(server: Server) -> None:
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


def explain(server: Server, error: psycopg.Error) -> str:
    """What went wrong, in one line."""
    said = flat(". ".join(filter(None, [error.diag.message_primary or str(error), error.diag.message_detail])))
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


def require_name(role: str) -> None:
    """Raises EgovError, exit code 2, where no role of that very name can be let in to read.

    What a terminal would obey or not show is refused as well: two names that look alike could not be told apart.
    """
    if not role or not role.isprintable() or len(role.encode()) > LONGEST_NAME:
        raise EgovError(
            f"--role {role!r}: expected 1 to {LONGEST_NAME} bytes of letters, digits and signs that can be seen", Exit.REFUSED
        )
    if role in ("public", "none") or role.startswith("pg_"):
        raise EgovError(
            f"--role {role}: PostgreSQL keeps this name for itself; name a role of your own that reads", Exit.REFUSED
        )


def require_reader(server: Server, role: str) -> None:
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
            f"role {role} can write to the published tables or let itself, through {flat(found[0])}; "
            "name one that only reads with --role"
        )


def make_role(server: Server, role: str) -> None:
    """Make `role` where it is missing. Raises EgovError where the user may not."""
    if value(server, "select count(*) from pg_roles where rolname = %s", role):
        return
    try:
        server.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    except errors.InsufficientPrivilege:
        raise EgovError(
            f"there is no role {role}, and the user of the DSN may not make roles. Let an administrator run "
            f"`create role {quoted(role) if not re.fullmatch('[a-z_][a-z0-9_]*', role) else role} nologin`, "
            "or name another with --role"
        ) from None


def grant(server: Server, schemas: Sequence[str], role: str, *, keep_readers: bool) -> str:
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
    return ", ".join(sorted({flat(name or "PUBLIC") for _, name, _, _ in rights}))


def value(server: Server, query: str, *parameters: object) -> Any:
    """The first column of the first row of a query."""
    row = server.execute(query, parameters).fetchone()
    assert row
    return row[0]


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def flat(text: str) -> str:
    """One line of what a server says or names, which may come from anybody: no terminal obeys it."""
    return printable(" ".join(text.split()))
