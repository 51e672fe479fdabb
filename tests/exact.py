"""The exact macros outside dbt, and what they have to give."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment

from tests.helpers import ROOT


def macros(engine: str) -> Any:
    """The macros of macros/exact.sql as functions that return the SQL for an engine, `default` or `spark`."""
    adapter = SimpleNamespace()
    template = Environment().from_string((ROOT / "macros/exact.sql").read_text(encoding="utf-8"))
    module = template.make_module({"adapter": adapter, "return": lambda text: text})
    adapter.dispatch = lambda name, package: getattr(module, f"{engine}__{name}")
    return module


def half_up(value: Fraction, decimals: int) -> Decimal:
    """The value with so many decimals, rounded half away from zero."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(-whole if value < 0 else whole).scaleb(-decimals)
