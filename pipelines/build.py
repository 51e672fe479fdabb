"""Build: one run of the pipeline, from raw/ to a published release.

Its steps are parameters, so that tests can replace them. The heavy modules are imported inside the functions: a run without
changes ends before they are needed.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rich.console import Console

from pipelines.project import EgovError, Exit, Project, said_by
from pipelines.releases import inputs, store
from pipelines.releases.draft import Draft, Tested
from pipelines.releases.runs import STAYS, Progress, Run, note_killed, recorded

if TYPE_CHECKING:
    from pipelines.products.contract import Product
    from pipelines.releases.diff import Diff


class Transform(Protocol):
    """Builds the models in the database of a draft and runs the tests on it: see transform/dbt.py."""

    def start_models(self, *, only_feed: bool) -> None: ...
    def finish_models(self, progress: Progress) -> frozenset[str]: ...
    def start_tests(self) -> None: ...
    def finish_tests(self, progress: Progress) -> Tested: ...


def _check(project: Project) -> None:
    from pipelines.intake.check import check
    from pipelines.intake.package import require_valid

    require_valid(check(project))


def _load(project: Project, database: Path) -> None:
    from pipelines.intake.load import load

    load(project, database)


def _transform(project: Project, units: bool) -> AbstractContextManager[Transform]:
    from pipelines.transform.dbt import Dbt

    return Dbt(project, units=units)


def _products() -> Sequence[Product]:
    from pipelines.products import every

    return every()


@dataclass(frozen=True)
class Steps:
    """The steps of a build: check raw/, load it into a new database, build and test the models, and make the products.

    The second argument of `transform` says whether to run the unit tests as well. `draft` is the kind of release that is made,
    and `carries` says whether such a release can take tables over from the one before.
    """

    check: Callable[[Project], None] = _check
    load: Callable[[Project, Path], None] = _load
    transform: Callable[[Project, bool], AbstractContextManager[Transform]] = _transform
    products: Callable[[], Sequence[Product]] = _products
    draft: type[Draft] = Draft
    carries: bool = True


@dataclass(frozen=True)
class Options:
    """How to build. `force` builds even if nothing has changed, and `accept` allows a release that loses data.

    `full` builds the whole feed from its files again, instead of taking over the months that have not changed.
    `wait` is how many seconds to wait for another build, and `keep` is how many releases to keep.
    """

    force: bool
    full: bool
    accept: bool
    wait: float
    keep: int
    steps: Steps


def build(project: Project, console: Console, options: Options) -> None:
    """Check, load, transform and publish, unless the current release was built from the same inputs.

    Raises EgovError if a step fails: the current release stays as it is.
    """
    with _no_garbage_collection(), recorded(project, console) as run, store.only_writer(project, options.wait):
        note_killed(project)
        fingerprint = inputs.fingerprint(project)
        if not (options.force or options.full) and (reason := _nothing_to_do(project, fingerprint)):
            run.say(reason)
            run.record["outcome"] = "unchanged"
            return
        _build(project, run, fingerprint, options)
        run.record["outcome"] = "published"


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Most objects of a build live until its end: looking for garbage among them takes longer than its memory is worth."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _nothing_to_do(project: Project, fingerprint: str) -> str | None:
    """Why there is nothing to build, or None if there is something."""
    current = store.current(project)
    if current is None:
        return None
    with contextlib.suppress(EgovError):
        if current.summary["fingerprint"] == fingerprint:
            return f"unchanged since release {current.release_id}: nothing to build (--force builds anyway)"
    if left := store.held_back(project, fingerprint):
        return f"unchanged since release {left}, which was rolled back: nothing is built (--force builds anyway)"
    return None


def _build(project: Project, run: Run, fingerprint: str, options: Options) -> None:
    import duckdb

    from pipelines import products
    from pipelines.releases import carry

    steps = options.steps
    before = store.current(project)
    carried = carry.plan(project, before) if steps.carries and not options.full else None
    with steps.transform(project, _models_changed(before, project)) as transform:
        draft = store.begin(project, fingerprint, steps.draft)
        run.begin()
        try:
            if carried:
                with run.step("carry"):
                    if not carry.carry(carried, draft):
                        run.say(f"warning: {carried.release.database} is not as it was published: nothing is taken over")
                        carried = None
                    else:
                        draft = replace(
                            draft,
                            carried=carried.release.folder,
                            carried_files=carried.release.summary["files"],
                            only_feed=carried.everything,
                        )
            if not draft.only_feed:  # otherwise raw/ is what it was when it was found valid
                with run.step("validate"):
                    steps.check(project)
            with run.step("load"):
                steps.load(project, draft.database)
            with run.step("transform") as progress:
                transform.start_models(only_feed=draft.only_feed)
                chosen = steps.products()
                products.require_extras(chosen)
                # the models are built in another process: this one has nothing else to do
                if carried and draft.only_feed:
                    early = [product for product in chosen if not product.shows_feed]
                    run.record["products"] = products.make(draft, progress, early, carried.release.database)
                else:
                    early = []
                    for product in chosen:
                        product.warm_up()
                draft = replace(draft, built=transform.finish_models(progress))
                draft.require_closed()
                draft.describe()
            late = [product for product in chosen if product not in early]
            if chosen:
                late.append(products.described(chosen))
            tested, changes = _test_and_make(run, draft, transform, late, before)
            if changes.losses and not options.accept:
                raise EgovError(
                    "the new release would lose data, nothing is published; if that is intended, build with --accept:\n"
                    + "\n".join(f"  {loss}" for loss in changes.losses),
                    Exit.NOT_ACCEPTED,
                )
            with run.step("publish"):
                draft.finish(tested)
                if inputs.fingerprint(project) != fingerprint:
                    raise EgovError("the inputs changed while they were being built, nothing is published; build again")
                run.publishes(draft.release_id)
                release = store.publish(draft)
        except duckdb.Error as error:
            raise EgovError(f"the database failed: {error}; {STAYS}") from None
        removed = _clear(project, run, options.keep)
    summary = release.summary
    run.say(f"\nrelease    {release.release_id}")
    run.say("facts      " + ", ".join(f"{name.removeprefix('fct_')} {rows}" for name, rows in summary["facts"].items()))
    run.say(f"tests      {summary['tests_passed']} passed, {summary['tests_warned']} warned")
    run.say("claims     " + ", ".join(f"{verdict} {count}" for verdict, count in summary["claims"].items()))
    if before:
        run.say(f"since      {before.release_id}")
        for line in changes.short():
            run.say(f"           {line}")
    if removed:
        run.say(f"removed    {', '.join(each.release_id for each in removed)}")
    if chosen:
        run.say(f"database   {project.published_file}")
        run.say(f"report     {project.current / 'report' / 'index.html'}")
    else:
        run.say(f"tables     {project.current}")


def _test_and_make(
    run: Run, draft: Draft, transform: Transform, late: Sequence[Product], before: store.Release | None
) -> tuple[Tested, Diff]:
    """Test the models, make the products that need them, and compare the draft with the current release, all at the same time.

    The database of the draft is only read from here on. The tests run in the process of dbt, the comparison in a thread.
    """
    from pipelines import products

    failed = None
    transform.start_tests()
    with ThreadPoolExecutor(1) as thread:
        comparison = thread.submit(_changes, before, draft)
        try:
            if late:
                with run.step("products") as progress:
                    run.record["products"] |= products.make(draft, progress, late, draft.database)
        except EgovError as error:
            failed = error
        with run.step("compare"):
            changes = comparison.result()
    with run.step("tests") as progress:
        tested = transform.finish_tests(progress)
    if failed:  # only now: if a test fails as well, the data is the cause, and the message of the test says more
        raise failed
    return tested, changes


def _changes(before: store.Release | None, draft: Draft) -> Diff:
    """How the draft differs from the current release. If that cannot be read, the diff says why."""
    import duckdb

    from pipelines.releases.diff import Diff

    if before is None:
        return Diff()
    try:
        return draft.changes_since(before.folder)
    except (duckdb.Error, EgovError) as error:
        return Diff(unreadable=str(error))


def _models_changed(before: store.Release | None, project: Project) -> bool:
    """Whether the models, the macros or the versions differ from those of the current release, so that unit tests must run.

    Unit tests prove code, not data. Data tests run in every build.
    """
    with contextlib.suppress(EgovError):
        return before is None or before.summary.get("models_fingerprint") != inputs.models_fingerprint(project)
    return True


def _clear(project: Project, run: Run, keep: int) -> list[store.Release]:
    """Remove old releases and everything left in the build folder. Returns the removed releases.

    The new release is already published. The next build removes whatever cannot be removed now.
    """
    try:
        project.rolled_back_file.unlink(missing_ok=True)
        removed = store.prune(project, keep)
        store.clear_build(project)
    except OSError as error:
        run.say(f"warning: {said_by(error)}; not everything could be removed")
        return []
    return removed
