"""One run of the pipeline, from raw/ to a published release."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout
from rich.console import Console

from pipelines import releases
from pipelines.project import EgovError, Project
from pipelines.runs import Run, note_killed, recorded


def build(project: Project, console: Console, *, force: bool, accept: bool, wait: float, keep: int) -> str | None:
    """Validate, load, transform, publish. Returns the id of the new release, or None where there was nothing to do.

    Nothing is done when the inputs are those of the current release, or of one that was rolled back, unless `force` is
    set. A release that would lose tables, columns or rows needs `accept`. `wait` is how many seconds to wait for another
    build, `keep` how many releases stay. Raises EgovError when a step fails: the release that was current stays so.
    """
    with recorded(project, console) as run:
        project.warehouse.mkdir(exist_ok=True)
        with _only_writer(project, wait):
            fingerprint = releases.fingerprint(project)
            if not force and (reason := _nothing_to_do(project, fingerprint)):
                run.say(reason)
                run.end("unchanged")
                return None
            note_killed(project)
            release_id = _build(project, run, fingerprint, accept=accept, keep=keep)
        run.record["release_id"] = release_id
        run.end("published")
    return release_id


def _nothing_to_do(project: Project, fingerprint: str) -> str | None:
    """Why there is nothing to build, or None where there is something."""
    now = releases.current_id(project)
    if now is None:
        return None
    with contextlib.suppress(EgovError):
        if releases.summary(project, now)["fingerprint"] == fingerprint:
            return f"unchanged since release {now}: nothing to build (--force builds anyway)"
    left = releases.rolled_back(project)
    if left and left["fingerprint"] == fingerprint:
        return f"unchanged since release {left['left']}, which was rolled back: nothing is built (--force builds anyway)"
    return None


def _build(project: Project, run: Run, fingerprint: str, *, accept: bool, keep: int) -> str:
    # imports are here, not above: a run that has nothing to do is over before they would be
    import duckdb

    from pipelines import diff, products, publish
    from pipelines.transform import Transform

    products.require_extras()
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
                changes = diff.compare(project.published_file, project.build_file) if before else diff.Diff()
                if changes.losses and not accept:
                    raise EgovError(
                        "the new release would lose data, nothing is published; if that is meant, build with --accept:\n"
                        + "\n".join(f"  {loss}" for loss in changes.losses),
                        4,
                    )
            with run.step("products") as progress:
                draft = publish.prepare(project, result, fingerprint)
                run.record["products"] = products.make(project, draft.folder, draft.release_id, draft.built_at, progress)
            with run.step("publish"):
                publish.publish(project, draft)
        except duckdb.Error as error:
            raise EgovError(f"the database failed: {error}; the current release stays as it is") from None
        removed = releases.prune(project, keep)
        publish.clear_build(project)
    release_id = draft.release_id
    summary = releases.summary(project, release_id)
    run.say(f"\nrelease    {release_id}")
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
    return release_id


@contextlib.contextmanager
def _only_writer(project: Project, wait: float) -> Iterator[None]:
    """Hold the lock of the warehouse: it dies with its process, so a killed build never blocks the next."""
    lock = FileLock(project.warehouse / "build.lock")
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        waited = f"; waited {wait:g} seconds" if wait else ""
        raise EgovError(f"another build is running in this warehouse{waited}; --wait waits longer", 3) from None
    try:
        yield
    finally:
        lock.release()
