"""One run of the pipeline, from raw/ to a published release."""

from __future__ import annotations

import contextlib

from rich.console import Console

from pipelines import releases
from pipelines.project import EgovError, Project, said_by
from pipelines.runs import STAYS, Run, note_killed, recorded


def build(project: Project, console: Console, *, force: bool, accept: bool, wait: float, keep: int) -> None:
    """Validate, load, transform, publish.

    Nothing is done when the inputs are those of the current release, or of one that was rolled back, unless `force` is
    set. A release that would lose tables, columns or rows needs `accept`. `wait` is how many seconds to wait for another
    build, `keep` how many releases stay. Raises EgovError when a step fails: the release that was current stays so.
    """
    with recorded(project, console) as run, releases.only_writer(project, wait):
        note_killed(project)
        fingerprint = releases.fingerprint(project)
        if not force and (reason := _nothing_to_do(project, fingerprint)):
            run.say(reason)
            run.record["outcome"] = "unchanged"
            return
        _build(project, run, fingerprint, accept=accept, keep=keep)
        run.record["outcome"] = "published"


def _nothing_to_do(project: Project, fingerprint: str) -> str | None:
    """Why there is nothing to build, or None where there is something."""
    now = releases.current_id(project)
    if now is None:
        return None
    with contextlib.suppress(EgovError):
        if releases.summary(project, now)["fingerprint"] == fingerprint:
            return f"unchanged since release {now}: nothing to build (--force builds anyway)"
    if left := releases.held_back(project, fingerprint):
        return f"unchanged since release {left}, which was rolled back: nothing is built (--force builds anyway)"
    return None


def _build(project: Project, run: Run, fingerprint: str, *, accept: bool, keep: int) -> None:
    # imports are here, not above: a run that has nothing to do is over before they would be
    import duckdb

    from pipelines import diff, products, publish
    from pipelines.products import contract
    from pipelines.transform import Transform

    made = products.every()
    products.require_extras(made)
    with Transform(project) as transform:
        from pipelines import load, validate  # after the child has started: pandas takes a while to import

        publish.clear_build(project)
        run.begin()
        try:
            with run.step("validate"):
                validate.require_valid(validate.check(project))
            with run.step("load"):
                load.load(project, project.build_file)
            with run.step("transform") as progress:
                result = transform.run(progress)
            before = releases.current_id(project)
            with run.step("compare"):
                changes = diff.Diff()
                if before:
                    try:
                        changes = diff.compare(project.published_file, project.build_file)
                    except (duckdb.Error, EgovError) as error:
                        changes.unreadable = str(error)
                if changes.losses and not accept:
                    raise EgovError(
                        "the new release would lose data, nothing is published; if that is meant, build with --accept:\n"
                        + "\n".join(f"  {loss}" for loss in changes.losses),
                        4,
                    )
            with run.step("products") as progress:
                draft = publish.prepare(project, result, fingerprint)
                in_making = contract.Draft(project, draft.folder, draft.release_id, draft.built_at)
                run.record["products"] = products.make(in_making, progress, made)
            with run.step("publish"):
                if releases.fingerprint(project) != fingerprint:
                    raise EgovError("the inputs changed while they were being built, nothing is published; build again")
                run.publishes(draft.release_id)
                publish.publish(project, draft)
        except duckdb.Error as error:
            raise EgovError(f"the database failed: {error}; {STAYS}") from None
        try:
            project.rolled_back_file.unlink(missing_ok=True)
            removed = releases.prune(project, keep)
            publish.clear_build(project)
        except OSError as error:  # the release stands: what cannot be cleared away now is tried again by the next build
            removed = []
            run.say(f"warning: {said_by(error)}; not everything could be cleared away")
    summary = releases.summary(project, draft.release_id)
    run.say(f"\nrelease    {draft.release_id}")
    run.say("facts      " + ", ".join(f"{name.removeprefix('fct_')} {rows}" for name, rows in summary["facts"].items()))
    run.say(f"tests      {summary['tests_passed']} passed, {summary['tests_warned']} warned")
    run.say("claims     " + ", ".join(f"{verdict} {count}" for verdict, count in summary["claims"].items()))
    if before:
        run.say(f"since      {before}")
        for line in changes.short():
            run.say(f"           {line}")
    if removed:
        run.say(f"removed    {', '.join(removed)}")
    run.say(f"database   {project.published_file}")
    run.say(f"report     {project.current / 'report' / 'index.html'}")
