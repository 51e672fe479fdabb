"""Translator: says the English texts of the page and of the tables in another language.

The catalogs in locale/ hold templates: what changes with the figures is no part of a translated text, but a value in it. A text
of the tables is matched with the templates, its values are written as the language writes them, names are those of the tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.pofile import read_po
from markupsafe import Markup, escape

HERE = Path(__file__).parent
# What has no such thing is a number or a code, and needs no translation.
WORD = re.compile(r"[^\W\d_A-Z]{2}")
PLACE = re.compile(r"\{(\w+)\}")
# A value is short; only where its place is called a list or a text may it hold what parts the values of a text.
SHORT, LONG = r"[^,;:]+?", r".*?"
# A number that is no part of a date, a code or a word.
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w-]|[.,]\d)")


@dataclass(frozen=True)
class Saying:
    """A text as it is said in a language, and the entries of the catalog that it is made of."""

    text: str
    entries: frozenset[str] = frozenset()


@dataclass
class Translator:
    """Says English texts in a language, and remembers which it had no translation for.

    `names` are those that the tables hold, each by what the texts call it: an English name or a code.
    """

    language: str
    names: Mapping[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known: dict[str, str] = {}
        if self.language != "en":
            with open(HERE / "locale" / f"{self.language}.po", "rb") as file:
                self.known = {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}
        self._templates = {entry: _pattern(entry) for entry in self.known if PLACE.search(entry)}

    def say(self, text: str | None) -> str:
        """The text in the language, or as it is."""
        if not text or self.language == "en":
            return text or ""
        sayings = self.sayings(text)
        if not sayings:
            self.missing.add(text)
            return text
        return sayings[0].text

    def mark(self, text: str | None) -> Markup:
        """As `say`, for the page: a text that stays English says so to a screen reader."""
        said = self.say(text)
        if text in self.missing:
            return Markup('<span lang="en">{}</span>').format(said)
        return escape(said)

    def sayings(self, text: str) -> list[Saying]:
        """The ways in which the catalog and the names can say a text: one, or none where it has no translation."""
        if text in self.known:
            return [Saying(self.known[text], frozenset([text]))]
        if text in self.names:
            return [Saying(self.names[text])]
        if all(word in self.names or not WORD.search(word) for word in re.findall(r"\w+", text)):
            return [Saying(re.sub(r"\w+", lambda found: self.names.get(found[0], found[0]), text))]
        found = [
            saying
            for entry, pattern in self._templates.items()
            if (match := pattern.fullmatch(text)) and (saying := self._filled(entry, match.groupdict()))
        ]
        return found or self._listed(text)

    def _filled(self, entry: str, values: dict[str, str]) -> Saying | None:
        """The translation of a template with these values in it, or None where one of them cannot be said."""
        entries, said = {entry}, {}
        for place, value in values.items():
            saying = next(iter(self.sayings(value)), None) if value else Saying("")
            if saying is None:
                return None
            entries |= saying.entries
            said[place] = NUMBER.sub(self._number, saying.text) if saying.text == value else saying.text
        return Saying(self.known[entry].format(**said), frozenset(entries))

    def _listed(self, text: str) -> list[Saying]:
        """The saying of a list, item by item."""
        items = text.split(", ")
        found = [next(iter(self.sayings(item)), None) for item in items] if len(items) > 1 else []
        said = [saying for saying in found if saying]
        if not said or len(said) < len(items):
            return []
        between = "; " if any(", " in saying.text for saying in said) else ", "
        return [Saying(between.join(saying.text for saying in said), frozenset().union(*(saying.entries for saying in said)))]

    @staticmethod
    def _number(found: re.Match[str]) -> str:
        """A number as Russian and Kazakh write it: blanks from five digits on, so that years stay whole, and a comma."""
        whole, _, decimals = found[0].partition(".")
        grouped = re.sub(r"\B(?=(?:\d{3})+$)", "\u00a0", whole) if len(whole) > 4 else whole
        return f"{grouped},{decimals}" if decimals else grouped


def _pattern(template: str) -> re.Pattern[str]:
    """What matches the texts of a template, each place a group."""
    parts = PLACE.split(template)  # text and places by turns
    pattern = ""
    for number, part in enumerate(parts):
        if number % 2:
            pattern += f"(?P<{part}>{LONG if part.endswith(('_list', '_text')) else SHORT})"
        else:
            pattern += re.escape(part)
    return re.compile(pattern, re.DOTALL)
