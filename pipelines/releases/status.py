"""Status: the health of the warehouse, for people and for monitoring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.project import EgovError, Exit, Project
from pipelines.releases import inputs, store
from pipelines.releases.runs import Record, history

STATES = {Exit.FINE: "fine", Exit.STALE: "stale", Exit.UNHEALTHY: "failed"}


@dataclass(frozen=True)
class Status:
    """The current release, its inputs, and the last runs.

    `summary` is the content of release.json without the list of files, and empty if it cannot be read; `damaged` then says why.
    `tampered` has one line for each file that has changed since publishing. `rolled_back` lists the ids of releases that were
    rolled back, and `held_back` says whether one of them was built from the current inputs.
    """

    summary: dict[str, Any]
    damaged: str
    tampered: list[str]
    inputs_changed: bool
    rolled_back: list[str]
    held_back: bool
    leads_nowhere: bool
    runs: list[Record]

    @property
    def code(self) -> Exit:
        """The exit code of `egov status`."""
        failed = bool(self.runs) and self.runs[0].get("outcome") not in ("published", "unchanged")
        if failed or self.damaged or self.tampered or not self.summary:
            return Exit.UNHEALTHY
        return Exit.STALE if self.inputs_changed and not self.held_back else Exit.FINE

    @property
    def state(self) -> str:
        """The exit code as a word: fine, stale or failed."""
        return STATES[self.code]

    def as_json(self) -> dict[str, Any]:
        """What `egov status --json` prints."""
        return {
            "state": self.state,
            "release": self.summary or None,
            "changed_since_publishing": self.tampered,
            "inputs_changed": self.inputs_changed,
            "rolled_back": self.rolled_back,
            "runs": self.runs,
        }

    def lines(self) -> list[str]:
        """What `egov status` prints."""
        lines = [f"warning    {line}" for line in self.tampered]
        if self.summary:
            age = datetime.now(UTC) - datetime.fromisoformat(self.summary["built_at"])
            lines += [
                f"release    {self.summary['release_id']}",
                f"built      {self.summary['built_at']}, {age.days} days and {age.seconds // 3600} hours ago",
                f"tests      {self.summary['tests_passed']} passed, {self.summary['tests_warned']} warned",
            ]
            if not self.inputs_changed:
                lines.append("inputs     unchanged since")
            elif self.held_back:
                lines.append("inputs     the same as those of a release that was rolled back")
            else:
                lines.append("inputs     changed since: `egov build` publishes them")
        elif self.damaged:
            lines.append(f"release    {self.damaged}")
        elif self.leads_nowhere:
            lines.append("release    none: warehouse/current leads nowhere; `egov build` or `egov rollback` repairs it")
        else:
            lines.append("release    none is published yet: `egov build` publishes one")
        if self.rolled_back:
            back = ", ".join(self.rolled_back)
            lines.append(f"rolled     back from {back}; a build from the same inputs does not bring them back")
        for run in self.runs:
            said = str(run.get("error") or "")
            error = ": " + " ".join(" ".join(said.splitlines()[:2]).split()) if said else ""
            lines.append(f"run        {run.get('started_at')} {run.get('seconds', 0):6.1f} s  {run.get('outcome')}{error}")
        return [*lines, f"state      {self.state}"]


def status(project: Project, last: int) -> Status:
    """The status of a warehouse, with its `last` runs."""
    release = store.current(project)
    fingerprint = inputs.fingerprint(project)
    summary: dict[str, Any] = {}
    damaged, tampered = "", []
    try:
        if release:
            summary = {name: told for name, told in release.summary.items() if name != "files"}
            tampered = release.changes(thorough=False) if "files" in release.summary else []
    except EgovError as problem:
        damaged = str(problem)
    return Status(
        summary=summary,
        damaged=damaged,
        tampered=tampered,
        inputs_changed=summary.get("fingerprint") != fingerprint,
        rolled_back=list(store.rolled_back(project)),
        held_back=store.held_back(project, fingerprint) is not None,
        leads_nowhere=project.current.is_symlink() and release is None,
        runs=history(project, last),
    )
