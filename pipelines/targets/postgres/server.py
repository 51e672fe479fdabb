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
# The secrets that a DSN can hold.
SECRETS = {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
# The defaults of the user, the database and the environment may affect the session. First, every name must mean PostgreSQL's
# own object: no other schema comes before pg_catalog. The user of the DSN must not act as another role.
SESSION = "set search_path = pg_catalog, pg_temp; set role none; set statement_timeout = 0"
# Then come the formats of values and the time limits. Limits that are meant for queries must not end a load; only waiting for a
# lock is limited. Settings that a PostgreSQL version does not know are skipped.
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
# The maximum length of a name in bytes: PostgreSQL truncates a longer name, which could then match another role.
LONGEST_NAME = 63
# PostgreSQL's built-in roles whose members could write to the published tables, block their readers, or do anything at all.
POWERFUL = ["pg_write_all_data", "pg_maintain", "pg_write_server_files", "pg_execute_server_program"]
# Of each table with a key, one column that is not a key by itself. Readers get REFERENCES on it, because information_schema
# lists keys and relations only to those who have more than SELECT on the table. No foreign key can refer to such a column.
HARMLESS = """
    select a.attrelid as relation, min(a.attnum) as column_number from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace
    where nspname = any(%(schemas)s) and a.attnum > 0 and not a.attisdropped
        and exists (select from pg_constraint where conrelid = c.oid and contype in ('p', 'f', 'u'))
        and not exists (select from pg_index where indrelid = c.oid and indisunique and indnkeyatts = 1 and indkey[0] = attnum)
    group by a.attrelid
"""
# The rights of every role except the owner on the schemas %(schemas)s, their tables and their columns.
RIGHTS = f"""
    with harmless as ({HARMLESS}),
    granted as (
        select 'schema' as kind, nspowner as owner, array['USAGE'] as reading, (aclexplode(nspacl)).*
        from pg_namespace where nspname = any(%(schemas)s)
        union all
        select 'all tables in schema', relowner, array['SELECT'], (aclexplode(relacl)).*
        from pg_class join pg_namespace as n on n.oid = relnamespace where nspname = any(%(schemas)s)
        union all
        select 'all tables in schema', relowner,
            case when column_number = attnum then array['SELECT', 'REFERENCES'] else array['SELECT'] end, (aclexplode(attacl)).*
        from pg_attribute join pg_class as c on c.oid = attrelid join pg_namespace as n on n.oid = relnamespace
        left join harmless on relation = attrelid
        where nspname = any(%(schemas)s))
    select distinct kind, rolname, privilege_type, privilege_type = any(reading) as reads, is_grantable
    from granted left join pg_roles as r on r.oid = grantee where grantee <> owner order by 1, 2, 3
"""


def refuse_password(dsn: str) -> None:
    """Raise EgovError, exit code 2, if a DSN from the command line holds a password."""
    if SECRETS & _parsed(dsn).keys():
        raise EgovError(
            "--dsn holds a password, and other users of this machine can see it on the command line: change it. Put the DSN "
            "into the environment variable EGOV_POSTGRES_DSN, or only the password into ~/.pgpass or PGPASSWORD",
            Exit.REFUSED,
        )


def _parsed(dsn: str) -> dict[str, str]:
    """The settings in a DSN.

    Raises EgovError if it cannot be read. The message never repeats any part of the DSN: a malformed DSN may hold a password.
    """
    unreadable = EgovError(
        "--dsn cannot be read: expected postgresql://user@host:port/database, with special characters in a password "
        "percent-encoded, or host=... port=... dbname=... user=...",
        Exit.REFUSED,
    )
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    except (psycopg.ProgrammingError, ValueError):
        raise unreadable from None
    # if a password holds a bare @ or /, libpq takes the rest of it for a host, a port or a database, and would print it
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
    except (psycopg.ProgrammingError, ValueError):  # an invalid value, such as letters for a number of seconds
        raise EgovError(
            "--dsn cannot be read: one of its values is not of the type that PostgreSQL expects", Exit.REFUSED
        ) from None
    except psycopg.Error as error:
        raise EgovError(f"the PostgreSQL server cannot be reached: {flat(str(error))}") from None
    return server


def set_up(server: Server) -> None:
    """Set up the session for a publish, whatever the defaults of the user, the database or the environment are."""
    server.execute(SESSION)
    server.execute(
        "select set_config(s.name, wanted.value, false) from pg_settings as s "
        "join unnest(%s::text[], %s::text[]) as wanted (name, value) on wanted.name = lower(s.name)",
        [list(SETTINGS), list(SETTINGS.values())],
    )
    # a release that is reported as published must be on disk; stricter settings are kept
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
            "another transaction holds a lock that the publish needs, usually on a table of the previous release "
            "(schemas ending in __old): that transaction must end first"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return f"{said}. The user of the DSN needs CREATE on the database"
    return f"PostgreSQL refused: {said}"


def require_name(role: str) -> None:
    """Raise EgovError, exit code 2, if `role` cannot be the name of a role that reads.

    Control and invisible characters are refused too: names that look alike could not be told apart.
    """
    if not role or not role.isprintable() or len(role.encode()) > LONGEST_NAME:
        raise EgovError(
            f"--role {role!r}: expected 1 to {LONGEST_NAME} bytes of letters, digits and other visible characters", Exit.REFUSED
        )
    if role in ("public", "none") or role.startswith("pg_"):
        raise EgovError(f"--role {role}: PostgreSQL reserves this name; name a role of your own that only reads", Exit.REFUSED)


def require_reader(server: Server, role: str) -> None:
    """Raise EgovError if the role exists and could write to the published tables or give itself the right to.

    The check covers every role of which it is a member, including those to which it would have to switch with SET ROLE.
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
            f"role {role} can write to the published tables, or give itself the right to, through {flat(found[0])}; "
            "name a role that only reads with --role"
        )


def make_role(server: Server, role: str) -> None:
    """Create `role` if it does not exist. Raises EgovError if the user may not create roles."""
    if value(server, "select count(*) from pg_roles where rolname = %s", role):
        return
    try:
        server.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    except errors.InsufficientPrivilege:
        raise EgovError(
            f"there is no role {role}, and the user of the DSN may not create roles. Ask an administrator to run "
            f"`create role {quoted(role) if not re.fullmatch('[a-z_][a-z0-9_]*', role) else role} nologin`, "
            "or name another role with --role"
        ) from None


def grant(server: Server, schemas: Sequence[str], role: str, *, keep_readers: bool) -> str:
    """Let `role` read the schemas and see their keys, and revoke all other rights on them except those of their owner.

    Default privileges may give rights on every new object. With `keep_readers`, roles that have been granted the right to read
    by name keep it. Returns the roles from which rights were revoked. Raises EgovError if a right cannot be revoked.
    """

    def excess() -> list[tuple[Any, ...]]:
        """Each right to revoke: kind of object, role (None for PUBLIC), right, and whether it is a right to read."""
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
    for schema, table, column in server.execute(
        f"select nspname, relname, attname from ({HARMLESS}) as h join pg_class as c on c.oid = relation "
        "join pg_namespace as n on n.oid = relnamespace join pg_attribute on attrelid = relation and attnum = column_number",
        {"schemas": list(schemas)},
    ).fetchall():
        shown = sql.SQL("grant references ({}) on {} to {}")
        server.execute(shown.format(sql.Identifier(column), sql.Identifier(schema, table), sql.Identifier(role)))
    if left := excess():
        raise EgovError(
            f"{_who(left)} has rights on the tables that only their owner and role {role} should have, and they cannot be "
            "revoked: something in this database grants rights on every new object; readers keep the release that they had"
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
    """Text from a server as one line, escaped for a terminal: anybody may have written it."""
    return printable(" ".join(text.split()))
