"""The command line `egov`: it calls the rooms and does nothing else."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from pipelines import publish, read, validate
from pipelines.project import EgovError, Project

app = typer.Typer(
    name="egov",
    help="A warehouse of published e-government figures: check the raw figures, build a release, ask it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@app.command()
def build() -> None:
    """Check the raw figures, build and test every table, and publish a new release.

    A run that fails publishes nothing: the current release stays as it is.
    """
    from pipelines.build import build as run  # here: no other command has to wait for what a build imports

    run(Project.find(), err)


@app.command()
def check(
    update_hashes: Annotated[
        bool,
        typer.Option("--update-hashes", help="Record an intended edit: the SHA-256 of each raw file as it is now."),
    ] = False,
) -> None:
    """Check the raw figures against their package, without building."""
    project = Project.find()
    if update_hashes:
        changed = validate.update_hashes(project)
        for path in changed:
            print(f"recorded raw/{path}")
        print(f"{len(changed)} hash{'es' if len(changed) != 1 else ''} recorded")
        return
    validate.require_valid(validate.check(project))
    print(f"raw/ is valid: {len(validate.read_package(project)['resources'])} files")


@app.command()
def status() -> None:
    """Show the current release, its age, and whether raw/ has changed since."""
    project = Project.find()
    info = read.build_info(project)
    built_at = info["built_at"]
    assert isinstance(built_at, datetime)
    age = datetime.now(UTC) - built_at
    print(f"release    {info['release_id']}")
    print(
        f"built      {built_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {age.days} days and {age.seconds // 3600} hours ago"
    )
    print(f"from       commit {info['git_commit'] or 'unknown'}")
    print(f"tests      {info['tests_passed']} passed, {info['tests_warned']} warned")
    changed = info["raw_sha256"] != publish.raw_hash(project)
    print(f"raw/       {'changed since: `egov build` publishes it' if changed else 'unchanged since'}")


@app.command()
def sql(query: Annotated[str, typer.Argument(help="One SQL query.")]) -> None:
    """Ask the current release. The connection can change nothing and reach no other file."""
    import duckdb

    with read.connect(Project.find().published_file) as connection:
        try:
            answer = connection.sql(query)
            if answer is not None:
                answer.show(max_rows=10_000, max_width=max(shutil.get_terminal_size((160, 24)).columns, 80))
        except duckdb.Error as error:
            raise EgovError(str(error)) from None


def main() -> None:
    """Run the command line. Every failure that a user can mend is one message on standard error and an exit code."""
    try:
        app()
    except EgovError as error:
        err.print(f"egov: {error}", style="red")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("egov: interrupted; nothing was published")
        sys.exit(130)
