"""DDL: the schemas and tables of a release in PostgreSQL, their types, comments and constraints.

The tables that hold the usage feed are views here: each month is a table of its own in schema egov_feed, which the releases
share, so that only a month that is new or was corrected has to travel.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from pipelines.project import EgovError
from pipelines.releases.catalog import PUBLIC_SCHEMAS, Column, Constraint, Table
from pipelines.targets.postgres.server import Server, flat, make_role, quoted, value

SCHEMAS = (*PUBLIC_SCHEMAS, "meta")
# The schema that holds the months of the feed. It is never renamed.
FEED = "egov_feed"
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
# The lengths of codes that a standard fixes: ISO 3166-1 and UN M49. Other texts have no length that the contract knows, and a
# length taken from the values would change the type of a column from release to release.
LENGTHS = {"country_code": 3, "country_iso2": 2, "m49_code": 3}
# How DuckDB writes the list of values that the contract of a column allows.
LISTED = re.compile(r"CHECK\(\(\w+ IN \((.*)\)\)\)")
# The kinds of relation in our schemas: tables, and the views on the months of the feed.
KINDS = ["r", "v"]
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass(frozen=True)
class Load:
    """A table to fill: a whole table of the release, or the rows of one file of the feed."""

    table: Table
    place: sql.Composable
    feed_file_id: str | None = None

    @property
    def rows(self) -> str:
        """The rows of the release that belong here, as the FROM clause of a query in DuckDB."""
        only = f" where feed_file_id = '{self.feed_file_id}'" if self.feed_file_id else ""
        return f"from {quoted(self.table.schema)}.{quoted(self.table.name)}{only}"


def held_releases(server: Server) -> dict[str, str]:
    """The existing schemas that this user published, each with its release. Raises EgovError if anyone else owns such a schema.

    A schema is refused even if it belongs to a role of which the user is a member: anyone who may create schemas could claim in
    a comment that one holds the current release.
    """
    names = [FEED, *(name for schema in SCHEMAS for name in (schema, new(schema), old(schema)))]
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
    """Drop the previous release and everything that a failed publish left behind. Objects of other users are never dropped.

    Months of the feed that the published release does not show are dropped too.
    """
    doomed = [schema for schema in held if schema not in (*SCHEMAS, FEED)]
    with server.transaction():
        for kind, name in (("v", "view"), ("r", "table")):
            if relations := relations_in(server, doomed, [kind]):
                server.execute(sql.SQL("drop {} {}").format(sql.SQL(name), sql.SQL(", ").join(relations)))
        for schema in doomed:
            server.execute(sql.SQL("drop schema {}").format(sql.Identifier(schema)))
        unused = server.execute(
            "select c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
            "where n.nspname = %s and c.relkind = 'r' and not exists (select from pg_depend as d where d.refobjid = c.oid "
            "and d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass)",
            [FEED],
        ).fetchall()
        if unused and FEED in held:
            places = [sql.Identifier(FEED, name) for (name,) in unused]
            server.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(places)))


def create(server: Server, tables: list[Table], release_id: str, structure: str, role: str) -> list[Load]:
    """Create the empty tables with their comments, and the role if it does not exist. Returns the tables to fill.

    `structure` names what the models were: months of the feed that were loaded from the same models are kept.
    """
    for schema in SCHEMAS:
        made = sql.Identifier(new(schema))
        server.execute(sql.SQL("create schema {}").format(made))
        server.execute(sql.SQL("comment on schema {} is {}").format(made, MARK.format(release_id)))
        # default privileges may have denied the owner access, here and below
        server.execute(sql.SQL("grant all on schema {} to current_user").format(made))
    loads = []
    for table in tables:
        if table.parts:
            loads += _create_months(server, table, structure)
        else:
            server.execute(sql.SQL("create table {} ({})").format(target(table), _columns(table)))
            loads.append(Load(table, target(table)))
        kind = sql.SQL("view" if table.parts else "table")
        server.execute(sql.SQL("comment on {} {} is {}").format(kind, target(table), table.description))
        for column in table.columns:
            place = sql.Identifier(new(table.schema), table.name, column.name)
            server.execute(sql.SQL("comment on column {} is {}").format(place, column.description))
    for schema in map(new, SCHEMAS):
        server.execute(sql.SQL("grant all on all tables in schema {} to current_user").format(sql.Identifier(schema)))
    make_role(server, role)
    return loads


def _create_months(server: Server, table: Table, structure: str) -> list[Load]:
    """Create a table for each file of the feed that the server lacks, and a view on all of them. Returns the new tables."""
    if not value(server, "select count(*) from pg_namespace where nspname = %s", FEED):
        server.execute(sql.SQL("create schema {}").format(sql.Identifier(FEED)))
        server.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(FEED), MARK.format("feed")))
        server.execute(sql.SQL("grant all on schema {} to current_user").format(sql.Identifier(FEED)))
    held = {name for (name,) in server.execute(
        "select relname from pg_class join pg_namespace as n on n.oid = relnamespace where nspname = %s", [FEED]
    ).fetchall()}  # fmt: skip
    version = hashlib.sha256(f"{structure} {table.columns}".encode()).hexdigest()[:8]
    loads, places = [], []
    for feed_file_id in table.parts:
        name = f"{table.name}_{feed_file_id.replace('-', '_')}_{version}"
        place = sql.Identifier(FEED, name)
        places.append(place)
        if name not in held:
            # the planner skips the months that a condition on the file or the day excludes
            checks = [sql.SQL("check (feed_file_id = {})").format(feed_file_id)]
            if any(column.name == "month" for column in table.columns):
                checks.append(sql.SQL("check (month = {})").format(feed_file_id[:7]))
            else:
                first = sql.SQL("date {}").format(f"{feed_file_id[:7]}-01")
                checks.append(sql.SQL("check (usage_date >= {0} and usage_date < {0} + interval '1 month')").format(first))
            parts = sql.SQL(", ").join([_columns(table), *checks])
            server.execute(sql.SQL("create table {} ({})").format(place, parts))
            server.execute(sql.SQL("grant all on table {} to current_user").format(place))
            loads.append(Load(table, place, feed_file_id))
    rows = sql.SQL(" union all ").join(sql.SQL("select * from {}").format(place) for place in places)
    server.execute(sql.SQL("create view {} as {}").format(target(table), rows))
    return loads


def _columns(table: Table) -> sql.Composed:
    """The columns of a table as CREATE TABLE takes them."""
    return sql.SQL(", ").join(
        sql.SQL("{} {} {}").format(
            sql.Identifier(column.name),
            sql.SQL(postgres_type(table, column)),
            sql.SQL("null" if column.is_nullable else "not null"),
        )
        for column in table.columns
    )


def postgres_type(table: Table, column: Column) -> str:
    """The type of a column in PostgreSQL. Raises EgovError for a type that is not mapped.

    Text has a length if the contract knows it, because ODBC takes text without a length for a long text, which many tools
    neither group nor filter.
    """
    if column.data_type == "VARCHAR" and (length := _length(table, column)):
        return f"varchar({length})"
    if decimal := DECIMAL.fullmatch(column.data_type):
        return f"numeric({decimal[1]},{decimal[2]})"
    if column.data_type not in TYPES:
        expected = ", ".join([*TYPES, "DECIMAL(p,s)"])
        raise EgovError(
            f"{table.full_name}.{column.name} is {column.data_type}, which is not mapped to PostgreSQL; expected {expected}"
        )
    return TYPES[column.data_type]


def _length(table: Table, column: Column) -> int | None:
    """The greatest length of a text that the contract allows in a column, None if it does not say."""
    lists = [LISTED.fullmatch(constraint.text) for constraint in table.constraints if constraint.columns == (column.name,)]
    values = [value for listed in lists if listed for value in re.findall(r"'((?:[^']|'')*)'", listed[1])]
    return LENGTHS.get(column.name) or max(map(len, values), default=None)


def add_constraints(server: Server, tables: list[Table], *, foreign: bool) -> None:
    """Add the constraints of the release to its loaded tables: either the foreign keys, or all others, which must go first."""
    for table in tables:
        for constraint in table.constraints:
            if foreign == (constraint.kind == "FOREIGN KEY") and not table.parts:
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


def relations_in(server: Server, schemas: list[str], kinds: list[str] = KINDS) -> list[sql.Composable]:
    """Every table and view in the schemas, or only those of some kinds."""
    found = server.execute(
        "select nspname, relname from pg_class join pg_namespace as n on n.oid = relnamespace "
        "where nspname = any(%s) and relkind::text = any(%s) order by 1, 2",
        [schemas, kinds],
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
