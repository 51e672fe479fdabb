"""DDL: the schemas and tables of a release in PostgreSQL, their types, comments and constraints."""

from __future__ import annotations

import re
from collections.abc import Sequence

from psycopg import sql

from pipelines.project import EgovError
from pipelines.releases.catalog import PUBLIC_SCHEMAS, Column, Constraint, Table
from pipelines.targets.postgres.server import Server, flat, make_role

SCHEMAS = (*PUBLIC_SCHEMAS, "meta")
# The comment on every schema created here. It names the release, and only schemas with this comment are renamed or dropped.
MARK = "egov-warehouse release {}; replaced as a whole by each publish"
MARKED = re.compile(MARK.format(r"([\w.-]+)"))
TYPES = {
    "VARCHAR": "text",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def held_releases(server: Server) -> dict[str, str]:
    """The existing schemas that this user published, each with its release. Raises EgovError if anyone else owns such a schema.

    A schema is refused even if it belongs to a role of which the user is a member: anyone who may create schemas could claim in
    a comment that one holds the current release.
    """
    names = [name for schema in SCHEMAS for name in (schema, new(schema), old(schema))]
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
                "Rename that schema, or publish to a separate database"
            )
        if not owned:
            said = flat(owner)
            raise EgovError(f"schema {name} was published by {said}: publish as {said}; nothing is touched")
        held[name] = mark[1]
    return held


def clear(server: Server, held: dict[str, str]) -> None:
    """Drop the previous release and everything that a failed publish left behind. Objects of other users are never dropped."""
    doomed = [schema for schema in held if schema not in SCHEMAS]
    with server.transaction():
        if tables := tables_in(server, doomed):
            server.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(tables)))
        for schema in doomed:
            server.execute(sql.SQL("drop schema {}").format(sql.Identifier(schema)))


def create(server: Server, tables: list[Table], release_id: str, role: str) -> None:
    """Create the empty tables with their comments, and the role if it does not exist."""
    for schema in SCHEMAS:
        made = sql.Identifier(new(schema))
        server.execute(sql.SQL("create schema {}").format(made))
        server.execute(sql.SQL("comment on schema {} is {}").format(made, MARK.format(release_id)))
        # default privileges may have denied the owner access, here and below
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
        server.execute(sql.SQL("create table {} ({})").format(target(table), sql.SQL(", ").join(columns)))
        server.execute(sql.SQL("comment on table {} is {}").format(target(table), table.description))
        for column in table.columns:
            place = sql.Identifier(new(table.schema), table.name, column.name)
            server.execute(sql.SQL("comment on column {} is {}").format(place, column.description))
    for schema in SCHEMAS:
        server.execute(sql.SQL("grant all on all tables in schema {} to current_user").format(sql.Identifier(new(schema))))
    make_role(server, role)


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


def add_constraints(server: Server, tables: list[Table], *, foreign: bool) -> None:
    """Add the constraints of the release to its loaded tables: either the foreign keys, or all others, which must go first."""
    for table in tables:
        for constraint in table.constraints:
            if foreign == (constraint.kind == "FOREIGN KEY"):
                added = sql.SQL("alter table {} add ").format(target(table))
                server.execute(added + _constraint(table, constraint))


def _constraint(table: Table, constraint: Constraint) -> sql.Composable:
    """A constraint in the syntax of PostgreSQL."""

    def names(columns: Sequence[str]) -> sql.Composable:
        return sql.SQL(", ").join(map(sql.Identifier, columns))

    match constraint.kind:
        case "PRIMARY KEY" | "UNIQUE":
            return sql.SQL("{} ({})").format(sql.SQL(constraint.kind), names(constraint.columns))
        case "FOREIGN KEY":
            return sql.SQL("foreign key ({}) references {} ({})").format(
                names(constraint.columns),
                sql.Identifier(new(table.schema), constraint.table),
                names(constraint.referenced),
            )
        case _:
            return sql.SQL(constraint.text)


def tables_in(server: Server, schemas: list[str]) -> list[sql.Composable]:
    """Every table in the schemas."""
    found = server.execute(
        "select nspname, relname from pg_class join pg_namespace as n on n.oid = relnamespace "
        "where nspname = any(%s) and relkind = 'r' order by 1, 2",
        [schemas],
    )
    return [sql.Identifier(schema, table) for schema, table in found.fetchall()]


def target(table: Table) -> sql.Composable:
    """The name under which a table is loaded."""
    return sql.Identifier(new(table.schema), table.name)


def new(schema: str) -> str:
    """The schema into which a release is loaded before it replaces the published one."""
    return f"{schema}__new"


def old(schema: str) -> str:
    """The schema that keeps the previously published release."""
    return f"{schema}__old"
