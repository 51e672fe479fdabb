"""Pages: how every page of a release is rendered, and what it may do.

What is put in is escaped, what is missing is an error, and the browser is told to run nothing but the scripts that the page was
made with: text that got in as markup by a mistake of ours, or of dbt's, still runs nothing and fetches nothing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def templates(folder: Path) -> Environment:
    """The templates in a folder. They can ask for `policy()` and test whether a text `is web_address`."""
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["policy"] = policy
    environment.tests["web_address"] = is_web_address
    return environment


def policy(*scripts: str) -> Markup:
    """The meta element that lets a page run these inline scripts, written as they stand between their tags, and nothing else.

    A script is known by its hash. It must not hold text of the data, or the text would be allowed with it. Styles may stand
    anywhere; pictures and fonts are those that the page holds itself.
    """
    allowed = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts) or "'none'"
    content = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return Markup(f'<meta http-equiv="Content-Security-Policy" content="{content}">')


def is_web_address(text: str | None) -> bool:
    """Whether a text is an address that a link may lead to: no javascript:, no data:, nothing of this machine."""
    return re.match(r"https?://[^\s\x00-\x1f]", text or "", re.IGNORECASE) is not None


def embeddable(json: str) -> str:
    """The same JSON in a form that can stand in a script element of a page: a `<`, which might end it, is an escape."""
    return json.replace("<", "\\u003c")
