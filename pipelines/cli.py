"""The command line `egov`: it calls the rooms and does nothing else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

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


imports = typer.Typer(no_args_is_help=True, help="Bring an official file, as downloaded, into raw/ as an edition.")
app.add_typer(imports, name="import")

Files = Annotated[list[Path], typer.Argument(help="The official file, as downloaded.", show_default=False)]
Revision = Annotated[
    bool, typer.Option("--revision", help="The publisher revised an edition that is held: keep both, use the newer.")
]


def _import(files: list[Path], reader: Callable[..., Any], revision: bool) -> None:
    from pipelines import importing

    for line in importing.import_files(Project.find(), files, reader, revision=revision):
        print(line)


@imports.command("un-egov-survey")
def import_un_egov_survey(files: Files, revision: Revision = False) -> None:
    """UN E-Government Survey: an edition, in the layout of the UN's data centre download."""
    from pipelines.importing import read_un_egov_survey

    _import(files, read_un_egov_survey, revision)


@imports.command("wb-gtmi")
def import_wb_gtmi(files: Files, revision: Revision = False) -> None:
    """World Bank GovTech Maturity Index: all editions of a file."""
    from pipelines.importing import read_wb_gtmi

    _import(files, read_wb_gtmi, revision)


@imports.command("wb-wdi")
def import_wb_wdi(files: Files, revision: Revision = False) -> None:
    """World Bank indicator in the wide layout, a column a year: Internet users."""
    from pipelines.importing import read_wb_wdi

    _import(files, read_wb_wdi, revision)


@imports.command("data360")
def import_data360(
    files: Files,
    mapping: Annotated[
        list[str],
        typer.Option(
            "--map", help="Which of our indicators an INDICATOR of the file is: WB_GTMI_GTMI=GTMI.", show_default=False
        ),
    ],
    revision: Revision = False,
) -> None:
    """World Bank Data360, SDMX-style columns: any indicator that it is told to map."""
    from pipelines.importing import read_data360

    pairs = [pair.partition("=") for pair in mapping]
    if wrong := [pair for pair, (theirs, _, ours) in zip(mapping, pairs, strict=True) if not (theirs and ours)]:
        raise EgovError(f"--map {wrong[0]}: expected THEIRS=OURS, as in WB_GTMI_GTMI=GTMI", 2)
    _import(files, partial(read_data360, mapping={theirs: ours for theirs, _, ours in pairs}), revision)


@imports.command("itu-datahub")
def import_itu_datahub(files: Files, revision: Revision = False) -> None:
    """ITU DataHub: individuals using the Internet, a row per country and year, with the ITU's notes."""
    from pipelines.importing import read_itu_datahub

    _import(files, read_itu_datahub, revision)


@imports.command("un-m49")
def import_un_m49(
    members: Annotated[Path, typer.Argument(help="UN member states with their flags.")],
    areas: Annotated[Path, typer.Argument(help="ISO 3166 areas with English and Russian names.")],
) -> None:
    """Countries: codes, names, regions and flags; Kazakh names are those of Unicode CLDR."""
    from pipelines.importing import import_countries

    print(f"{import_countries(Project.find(), members, areas)} countries in raw/codes/countries.csv")


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
