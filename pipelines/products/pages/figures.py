"""Figures on a page: rounded by one rule, and written in the format of the language.

A figure is rounded half away from zero, from its exact decimal digits, as SQL rounds a decimal and as the models do
(macros/exact.sql): 186816.5 is 186,817 everywhere. Python and babel alone would round it to the even 186,816.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from babel.dates import format_date
from babel.numbers import format_decimal

ABSENT = "–"
DAYS = {"en": "MMMM d, y", "ru": "d MMMM y 'года'", "kk": "y 'жылғы' d MMMM"}
MONTHS = {"en": "LLLL y", "ru": "LLLL y 'года'", "kk": "y 'жылғы' MMMM"}
# A number, a day or a month that is not part of a code, a word or another number.
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w-]|[.,]\d)")
DAY = re.compile(r"(?<![\w.,-])\d{4}-\d{2}-\d{2}(?![\w-])")
MONTH = re.compile(r"(?<![\w.,-])\d{4}-(?:0[1-9]|1[0-2])(?![\w-])")
# The hyphen between two whole numbers: a range.
RANGE = re.compile(r"(?<![\w.,/-])(\d+)-(\d+)(?![\w-]|[.,]\d)")


def rounded(value: Decimal | float, decimals: int) -> Decimal:
    """The value with so many decimals, rounded half away from zero. A float counts as the decimal that it prints as."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@cache  # a figure appears in a table and in a chart of each width
def number(value: Decimal | float | None, decimals: int, language: str) -> str:
    """A number with so many decimals in the format of the language; a dash for null."""
    if value is None:
        return ABSENT
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(rounded(value, decimals), format=pattern, locale=language)


def percent(value: Decimal | float, decimals: int, language: str) -> str:
    """A number of percent (93.3 is 93.3%) in the format of the language: Russian and Kazakh put a blank before the sign."""
    return number(value, decimals, language) + ("%" if language == "en" else "\u00a0%")


def day(value: date | None, language: str) -> str:
    """A date in the format of the language; a dash for null."""
    return format_date(value, format=DAYS[language], locale=language) if value else ABSENT


def in_text(text: str, language: str) -> str:
    """A text with its numbers, ranges, percents, days (2005-01-31) and months (2005-01) in the format of the language.

    Digits are grouped from five up, so that a year stays a year.
    """

    def of_number(found: re.Match[str]) -> str:
        whole, _, decimals = found[0].partition(".")
        return number(Decimal(found[0]), len(decimals), language) if len(whole) > 4 else found[0].replace(".", point)

    point = "." if language == "en" else ","
    text = DAY.sub(lambda found: day(date.fromisoformat(found[0]), language), text)
    text = MONTH.sub(lambda found: format_date(date.fromisoformat(f"{found[0]}-01"), MONTHS[language], language), text)
    text = RANGE.sub(r"\1–\2", text)
    text = NUMBER.sub(of_number, text)
    return text if language == "en" else re.sub(r"(?<=\d)%", "\u00a0%", text)
