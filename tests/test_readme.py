"""What the README shows is what its reader gets. `python tests/test_readme.py` renews the shown outputs."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, egov

from pipelines.project import Project

BLOCK = re.compile(r"```sql\n(?P<query>.*?)```\n```text\n(?P<shown>.*?)```", re.S)
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", list(BLOCK.finditer(README)), ids=lambda block: block["query"].split("\n")[0][:60])
def test_query_has_the_shown_output(built: Project, block: re.Match[str]) -> None:
    said = egov(built, "sql", block["query"])
    assert said.stdout.strip() == block["shown"].strip()


def test_python_recipe_runs(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.root)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(code, names)
    assert len(names["claims"]) > 30  # type: ignore[arg-type]


if __name__ == "__main__":

    def renewed(block: re.Match[str]) -> str:
        output = egov(Project(ROOT), "sql", block["query"]).stdout.strip()
        return f"```sql\n{block['query']}```\n```text\n{output}\n```"

    (ROOT / "README.md").write_text(BLOCK.sub(renewed, README), encoding="utf-8")
