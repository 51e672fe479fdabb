"""Pages: how every page of a release is rendered, and what it may do.

Templates escape every value and fail if one is missing. A content security policy lets the browser run only the scripts that
the page was made with. If our templates or dbt mistakenly let text through as markup, it still runs and fetches nothing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HERE = Path(__file__).parent


def templates(folder: Path) -> Environment:
    """The templates in a folder. They can call `policy()` and test whether a text `is web_address`."""
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["policy"] = policy
    environment.tests["web_address"] = is_web_address
    return environment


def base_style() -> str:
    """The style that all pages share: colours in light and dark mode, type, languages, the buttons under a chart."""
    return (HERE / "base.css").read_text(encoding="utf-8")


def toolbar_script() -> str:
    """The JavaScript function `toolbar`, which puts the buttons under a chart."""
    return (HERE / "toolbar.js").read_text(encoding="utf-8")


def policy(*scripts: str) -> Markup:
    """The meta element that lets a page run only these inline scripts, given exactly as they appear between their tags.

    The policy identifies a script by its hash. A script must not contain text from the data, because that text would then be
    allowed to run. Styles are allowed anywhere; pictures and fonts must be embedded in the page.
    """
    allowed = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts) or "'none'"
    content = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return Markup(f'<meta http-equiv="Content-Security-Policy" content="{content}">')


def is_web_address(text: str | None) -> bool:
    """Whether a text is an address that a link may use: http or https, but not javascript:, data: or a local file."""
    return re.match(r"https?://[^\s\x00-\x1f]", text or "", re.IGNORECASE) is not None


def embeddable(json: str) -> str:
    """The same JSON in a form that is safe in a script element: each `<`, which could end the element, is escaped."""
    return json.replace("<", "\\u003c")
