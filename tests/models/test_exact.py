"""Quotients, means and medians are exact on DuckDB, and no model works one out in another way. tests/targets has Spark."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.project import Project
from tests.exact import half_up, macros

DUCKDB = macros("default")
figures = st.decimals(min_value=-(10**7), max_value=10**7, places=10)
counts = st.integers(-(10**12), 10**12)
divisors = st.integers(-(10**9), 10**9)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def answer(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> Any:
    row = connection.execute(query, list(values)).fetchone()
    assert row
    return row[0]


@settings(max_examples=500, deadline=None)
@given(numerator=figures, denominator=divisors, decimals=st.integers(0, 10))
def test_a_quotient_of_decimals(
    connection: duckdb.DuckDBPyConnection, numerator: Decimal, denominator: int, decimals: int
) -> None:
    query = f"select {DUCKDB.quotient('n', 'd', decimals)} from (select $1::decimal(18, 10) as n, $2::bigint as d)"
    expected = half_up(Fraction(numerator) / denominator, decimals) if denominator else None
    assert answer(connection, query, numerator, denominator) == expected


@settings(max_examples=300, deadline=None)
@given(numerator=counts, denominator=divisors.filter(bool), decimals=st.integers(0, 4))
def test_a_quotient_of_counts(connection: duckdb.DuckDBPyConnection, numerator: int, denominator: int, decimals: int) -> None:
    query = f"select {DUCKDB.quotient('n', 'd', decimals)} from (select $1::bigint as n, $2::bigint as d)"
    assert answer(connection, query, numerator, denominator) == half_up(Fraction(numerator, denominator), decimals)


@settings(max_examples=300, deadline=None)
@given(values=st.lists(st.none() | figures, max_size=9), decimals=st.sampled_from([1, 2, 10]))
def test_a_mean_and_a_median(connection: duckdb.DuckDBPyConnection, values: list[Decimal | None], decimals: int) -> None:
    held = sorted(Fraction(value) for value in values if value is not None)
    rows = "(select unnest($1::decimal(18, 10)[]) as x)"
    mean = answer(connection, f"select {DUCKDB.mean('x', decimals)} from {rows}", values)
    median = answer(connection, f"select {DUCKDB.median('x', decimals)} from {rows}", values)
    assert mean == (half_up(sum(held, Fraction()) / len(held), decimals) if held else None)
    middle = [held[(len(held) - 1) // 2], held[len(held) // 2]] if held else []
    assert median == (half_up(sum(middle, Fraction()) / 2, decimals) if held else None)


def test_an_overflow_is_an_error(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error):
        answer(connection, f"select {DUCKDB.quotient('n', 1, 10)} from (select 1000000000::bigint as n)")


# Engines differ in these: they go through floating point, or round twice. macros/exact.sql has the exact ones.
INEXACT = re.compile(r"\b(avg|mean|median|corr|covar_\w+|stddev\w*|variance|var_\w+|sqrt|pow|power|exp|ln|log\d*)\s*\(|"
                     r"\b(double|float|real)\b|(?<!/)/(?!/)")  # fmt: skip
# Where a model uses one of them all the same, how often, and why its result is the same on every engine.
ALLOWED = {
    # the root, the product and the quotient of numbers that floating point holds exactly
    # powers of two up to 2^31
    "rpt_service_usage_monthly": ["power("],
    "rpt_index_against_use": ["/", "double", "double", "double", "sqrt(", "sqrt("],
}


def inexact(code: str) -> list[str]:
    """The inexact functions and divisions in SQL, outside its comments and texts, in order of the alphabet."""
    bare = re.sub(r"--.*|/\*.*?\*/|'[^']*'", "", code.lower())
    return sorted(found.group() for found in INEXACT.finditer(bare))


def test_the_guard_notices_each_form() -> None:
    for code in ("select avg(x)", "select a / b", "select a/b", "select median (x)", "cast(x as double)", "sqrt(x)"):
        assert inexact(code), code
    assert not inexact("select a // b, 'per a/b' -- a / b\n from /* a / b */ averages")


def test_no_model_works_out_a_figure_inexactly(built: Project) -> None:
    manifest = json.loads((built.root / "target/manifest.json").read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert {model["name"]: found for model in models if (found := inexact(model["compiled_code"]))} == ALLOWED
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test":
            kwargs = node.get("test_metadata", {"kwargs": {}})["kwargs"]
            rules = kwargs.get("rules", {"": node["raw_code"]}).values()
            assert [rule for rule in rules if inexact(re.sub(r"\{[{%].*?[}%]\}", "", rule))] == [], node["name"]
