"""One run of the pipeline, from raw/ to a published release."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from filelock import FileLock, Timeout
from rich.console import Console

from pipelines import publish
from pipelines.project import EgovError, Project
from pipelines.read import connect
from pipelines.transform import Transform, TransformResult

FACTS = """
    select table_name, estimated_size from duckdb_tables()
    where schema_name = 'marts' and table_name like 'fct%' order by 1
"""
VERDICTS = "select verdict, count(*) from reports.rpt_claims group by 1 order by 2 desc, 1"


def build(project: Project, console: Console) -> str:
    """Validate, load, transform, publish. Returns the id of the new release; progress and summary go to `console`.

    Raises EgovError when a step fails: the release that was current stays so.
    """
    started = time.monotonic()
    project.warehouse.mkdir(exist_ok=True)
    with _only_writer(project), Transform(project) as transform:
        from pipelines import load, validate  # after the child has started: pandas takes a while to import

        publish.clear_build(project)
        with _step(console, "validate"):
            validate.require_valid(validate.check(project))
        with _step(console, "load"):
            load.load(project, project.build_file)
        with _step(console, "transform") as progress:
            result = transform.run(progress)
        with _step(console, "publish"):
            release_id = publish.publish(project, result)
        publish.clear_build(project)
    _summarise(project, console, result, time.monotonic() - started)
    return release_id


@contextlib.contextmanager
def _only_writer(project: Project) -> Iterator[None]:
    """Hold the lock of the warehouse: it dies with its process, so a killed build never blocks the next."""
    try:
        with FileLock(project.warehouse / "build.lock", timeout=0):
            yield
    except Timeout:
        raise EgovError("another build is running in this warehouse; try again when it has ended", 3) from None


@contextlib.contextmanager
def _step(console: Console, name: str) -> Iterator[Callable[[int, int], None]]:
    """Show a step while it runs and leave a line with its seconds; yields a callback that shows how far it is."""
    started = time.monotonic()
    with console.status(name) as status:
        yield lambda done, total: status.update(f"{name} {done} of {total}")
    console.print(f"{name:<10} {time.monotonic() - started:6.1f} s")


def _summarise(project: Project, console: Console, result: TransformResult, seconds: float) -> None:
    with connect(project.published_file) as connection:
        facts = connection.execute(FACTS).fetchall()
        verdicts = connection.execute(VERDICTS).fetchall()
    console.print(f"\nrelease    {project.current.readlink().name}, {seconds:.1f} s")
    console.print("facts      " + ", ".join(f"{name.removeprefix('fct_')} {rows}" for name, rows in facts))
    console.print(f"tests      {result.tests_passed} passed, {result.tests_warned} warned")
    console.print("claims     " + ", ".join(f"{verdict} {count}" for verdict, count in verdicts))
    console.print(f"database   {project.published_file}")
