"""Translator: translates the English texts of pages and of the tables into another language.

The catalogs in locale/ hold templates in which placeholders take the place of everything that changes with the figures. A text
from the tables is matched against the templates. Its values are formatted for the language, and names come from the tables.

The tables address people who query them, so their English names tables and codes. en.po holds what a reader of a page gets
instead; codes of countries, services, levels and sources become names in every language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from pipelines.products.pages import figures

HERE = Path(__file__).parent
# A text without such a word is a number or a code and needs no translation.
WORD = re.compile(r"[^\W\d_A-Z]{2}")
PLACE = re.compile(r"\{(\w+)\}")
FILE = re.compile(r"\S+\.(?:csv|xlsx)\b")
# A value must not hold the punctuation that separates values, unless the name of its placeholder ends in _list or _text.
SHORT, LONG = r"[^,;:]+?", r".*?"


@dataclass(frozen=True)
class Saying:
    """A translated text, and the catalog entries that were used for it."""

    text: str
    entries: frozenset[str] = frozenset()


@dataclass
class Translator:
    """Says English texts in one language, and collects in `missing` those that have no translation.

    `names` maps each English name or code that the texts use to the name in the tables.
    """

    language: str
    names: Mapping[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        with open(HERE / "locale" / f"{self.language}.po", "rb") as file:
            self.known = {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}
        self._templates = {entry: _pattern(entry) for entry in self.known if PLACE.search(entry)}

    def say(self, text: str | None) -> str:
        """The text in the language, with its figures in the format of the language; English if it has no translation."""
        if not text:
            return ""
        sayings = self.sayings(text)
        if sayings:
            return figures.in_text(sayings[0].text, self.language)
        if self.language == "en":
            return figures.in_text(text, "en")
        self.missing.add(text)
        return text

    def mark(self, text: str | None) -> Markup:
        """Like `say`, but as markup for the page: a text that stays English is marked as English for screen readers."""
        said = self.say(text)
        if text in self.missing:
            return Markup('<span lang="en">{}</span>').format(said)
        return escape(said)

    def title(self, text: str) -> Markup:
        """Like `mark`, for the title, publisher or terms of a source: they may stay in the language of the source."""
        if self.language == "en" or self.sayings(text):
            return self.mark(text)
        return Markup('<span lang="en">{}</span>').format(text)

    def fill(self, template: str, **values: str) -> str:
        """A template of the page in the language, filled with values that are already written in the language."""
        return self.say(template).format(**values)

    def sayings(self, text: str) -> list[Saying]:
        """The possible translations of a text from the catalog and the names; normally one, none if it has no translation."""
        if text in self.known:
            return [Saying(self.known[text], frozenset([text]))]
        if text in self.names:
            name = self.names[text]
            return [Saying(self.known[name], frozenset([name]))] if name in self.known else [Saying(name)]
        found = [
            saying
            for entry, pattern in self._templates.items()
            if (match := pattern.fullmatch(text)) and (saying := self._filled(entry, match.groupdict()))
        ]
        return found or self._named(text) or self._listed(text)

    def _named(self, text: str) -> list[Saying]:
        """A text of figures, codes, files and names alone, with the names in the language; none if it holds another word."""
        if any(WORD.search(word) and word not in self.names for word in re.findall(r"\w+", FILE.sub("", text))):
            return []
        # a part of a longer code, such as CAN in CAN-2914, is not a name
        return [Saying(re.sub(r"(?<![\w-])\w+(?![\w-])", lambda found: self.names.get(found[0], found[0]), text))]

    def _filled(self, entry: str, values: dict[str, str]) -> Saying | None:
        """The translation of a template, filled with these values, or None if one of them has no translation."""
        entries, said = {entry}, {}
        for place, value in values.items():
            saying = next(iter(self.sayings(value)), None) if value else Saying("")
            if saying is None and self.language == "en" and place.endswith("_text"):
                saying = Saying(value)
            if saying is None:
                return None
            entries |= saying.entries
            said[place] = saying.text
        return Saying(self.known[entry].format(**said), frozenset(entries))

    def _listed(self, text: str) -> list[Saying]:
        """The translation of a list, item by item: parts between semicolons, and items between commas within a part."""
        sign = "; " if "; " in text else ", "
        items = text.split(sign)
        found = [next(iter(self.sayings(item)), None) for item in items] if len(items) > 1 else []
        said = [saying for saying in found if saying]
        if not said or len(said) < len(items):
            return []
        between = "; " if any(", " in saying.text for saying in said) else sign
        return [Saying(between.join(saying.text for saying in said), frozenset().union(*(saying.entries for saying in said)))]


def _pattern(template: str) -> re.Pattern[str]:
    """A pattern that matches the texts of a template, with a group for each placeholder."""
    parts = PLACE.split(template)  # text and placeholders alternate
    pattern = ""
    for number, part in enumerate(parts):
        if number % 2:
            pattern += f"(?P<{part}>{LONG if part.endswith(('_list', '_text')) else SHORT})"
        else:
            pattern += re.escape(part)
    return re.compile(pattern, re.DOTALL)
