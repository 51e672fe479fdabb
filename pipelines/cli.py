"""The command line `egov`: it calls the rooms and does nothing else. `run` is what __main__.py starts."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pipelines import releases, signals, validate
from pipelines.project import EgovError, Project, printable, said_by
from pipelines.runs import history

app = typer.Typer(
    name="egov",
    help="A warehouse of published e-government figures: check the raw figures, build a release, ask it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@app.command()
def build(
    force: Annotated[bool, typer.Option("--force", help="Build even if nothing has changed.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Publish even if tables, columns or rows go.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for another build that is running.", min=0)] = 0,
    keep: Annotated[
        int, typer.Option(help="How many releases to keep.", min=1, envvar="EGOV_KEEP_RELEASES", show_envvar=True)
    ] = 10,
) -> None:
    """Check the raw figures, build and test every table, and publish a new release.

    A run that fails publishes nothing: the current release stays as it is. Exit code 0: published, or nothing to do;
    1: a model, a test or the machine failed; 2: raw/ is not valid; 3: another build is running; 4: data would be lost.
    """
    from pipelines.build import build as run  # here: no other command has to wait for what a build imports

    run(Project.find(), err, force=force, accept=accept, wait=wait, keep=keep)


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
        print(printable(line))


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


FINE, STALE, FAILED = 0, 10, 11


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For monitoring: one JSON object.")] = False,
    last: Annotated[int, typer.Option(help="How many runs to show.", min=1)] = 5,
) -> None:
    """Show the current release, whether its inputs have changed since, and the last runs.

    Exit code 0: all is fine; 10: the inputs have changed since the release; 11: the last run failed, or there is no release
    that can be read.
    """
    project = Project.find()
    now = releases.current_id(project)
    runs = history(project, last)
    failed = bool(runs) and runs[0].get("outcome") not in ("published", "unchanged")
    inputs = releases.fingerprint(project)
    found: dict[str, Any] = {}
    damaged = ""
    try:
        found = releases.summary(project, now) if now else {}
        tampered = releases.changes_since_publishing(project, now, thorough=False) if now and "files" in found else []
    except EgovError as problem:
        damaged, tampered = str(problem), []
    changed = found.get("fingerprint") != inputs
    left = releases.rolled_back(project)
    held_back = releases.held_back(project, inputs)
    code = FAILED if failed or damaged or tampered or not found else STALE if changed and not held_back else FINE
    state = {FINE: "fine", STALE: "stale", FAILED: "failed"}[code]
    if as_json:
        shown = {name: told for name, told in found.items() if name != "files"}
        report = {
            "state": state, "release": shown or None, "changed_since_publishing": tampered, "inputs_changed": changed,
            "rolled_back": list(left), "runs": runs,
        }  # fmt: skip
        print(json.dumps(report, ensure_ascii=False, indent=2))
        raise typer.Exit(code)
    for line in tampered:
        print(printable(f"warning    {line}"))
    if found:
        age = datetime.now(UTC) - datetime.fromisoformat(found["built_at"])
        print(f"release    {now}")
        print(f"built      {found['built_at']}, {age.days} days and {age.seconds // 3600} hours ago")
        print(f"tests      {found['tests_passed']} passed, {found['tests_warned']} warned")
        told = "those of the release that was rolled back" if held_back else "changed since: `egov build` publishes them"
        print(f"inputs     {told if changed else 'unchanged since'}")
    elif damaged:
        print(f"release    {damaged}")
    elif project.current.is_symlink():
        print(f"release    none: {project.current} leads nowhere; `egov build` or `egov rollback` mends it")
    else:
        print("release    none is published yet: `egov build` publishes one")
    if left:
        print(f"rolled     back from {', '.join(left)}; a build from the same inputs does not bring them back")
    for run in runs:
        said = str(run.get("error") or "")
        error = ": " + " ".join(" ".join(said.splitlines()[:2]).split()) if said else ""
        print(printable(f"run        {run.get('started_at')} {run.get('seconds', 0):6.1f} s  {run.get('outcome')}{error}"))
    print(f"state      {state}")
    raise typer.Exit(code)


@app.command("releases")
def list_releases() -> None:
    """List the releases, newest first, with time, figures, tests and size."""
    project = Project.find()
    now = releases.current_id(project)
    for release_id in releases.existing(project):
        mark = "  current" if release_id == now else ""
        try:
            found = releases.summary(project, release_id)
        except EgovError:
            print(f"{release_id}  damaged: its release.json cannot be read{mark}")
            continue
        figures = found["facts"]["fct_index_observations"] + found["facts"]["fct_service_usage"]
        print(
            f"{release_id}  {found['built_at']}  {figures} figures  {found['tests_passed']} tests  "
            f"{found['bytes'] / 1e6:.1f} MB{mark}"
        )


@app.command()
def verify(
    release_id: Annotated[str | None, typer.Argument(help="A release; the current one, if none is given.")] = None,
) -> None:
    """Check that every file of a release is what was published, by its SHA-256, and that nothing was added.

    Exit code 1: something differs. release.json holds the hashes: note the one of release.json itself where nobody who can
    write here can change it.
    """
    project = Project.find()
    release_id = release_id or releases.current_id(project)
    if release_id is None:
        raise EgovError("no release is published yet; `egov build` publishes one")
    if release_id not in releases.existing(project):
        raise EgovError(f"there is no release {release_id}; `egov releases` lists those there are")
    if changes := releases.changes_since_publishing(project, release_id, thorough=True):
        lines = "\n".join(f"  {change}" for change in changes)
        raise EgovError(
            f"release {release_id} is not as it was published:\n{lines}\n"
            "`egov build --force` publishes it anew, `egov rollback` goes back to an earlier one"
        )
    print(f"release {release_id} is as it was published: {len(releases.summary(project, release_id)['files'])} files")
    print(f"SHA-256 of release.json: {releases.hash_of(project.releases / release_id / 'release.json')}")


@app.command()
def rollback(
    release_id: Annotated[str | None, typer.Argument(help="A release; the one before the current, if none is given.")] = None,
) -> None:
    """Move `current` back to an earlier release, in one step. A build from the same inputs does not undo it.

    Exit code 3: a build is running.
    """
    project = Project.find()
    with releases.only_writer(project, 0), signals.held():
        print(f"current is {releases.roll_back(project, release_id)}")


@app.command("diff")
def show_diff(
    old: Annotated[str | None, typer.Argument(help="The older release; the one before NEW, if none is given.")] = None,
    new: Annotated[str | None, typer.Argument(help="The newer release; the current one, if none is given.")] = None,
) -> None:
    """Show what changed between two releases: rows added, removed and changed, with both values."""
    import duckdb

    from pipelines.diff import compare

    project = Project.find()
    known = releases.existing(project)
    new = new or releases.current_id(project)
    if new is None:
        raise EgovError("no release is published yet; `egov build` publishes one")
    old = old or next((release for release in known if release < new), None)
    if old is None:
        raise EgovError(f"there is no release before {new}")
    for release in (old, new):
        if release not in known:
            raise EgovError(f"there is no release {release}; `egov releases` lists those there are")
    files = [project.releases / release / "egov.duckdb" for release in (old, new)]
    if old == new:
        raise EgovError(f"{old} differs in nothing from itself: name two releases, `egov releases` lists them")
    try:
        lines = compare(*files).full()
    except duckdb.Error as error:
        raise EgovError(f"the releases cannot be compared: {error}") from None
    print(printable("\n".join([f"{old} -> {new}", *lines])))


publishing = typer.Typer(no_args_is_help=True, help="Put the current release where other tools read it.")
app.add_typer(publishing, name="publish")


@publishing.command("postgres")
def publish_postgres(
    context: typer.Context,
    dsn: Annotated[
        str,
        typer.Option(
            help="The database: postgresql://user@host/database, without a password here; the variable may hold one.",
            envvar="EGOV_POSTGRES_DSN",
            show_envvar=True,
        ),
    ],
    role: Annotated[str, typer.Option(help="The role that may read, made where it is missing.")] = "egov_reader",
    wait: Annotated[float, typer.Option(help="Seconds to wait for readers' open transactions.", min=0)] = 600,
) -> None:
    """Load the current release into a PostgreSQL database and swap it for the one published there, in one transaction.

    A run that fails leaves what readers had. Exit code 0: published, or held already; 1: something failed; 2: the DSN or
    the role is refused; 3: another publish is running, or readers never closed the published release.
    """
    from pipelines.postgres import publish, refuse_password

    source = context.get_parameter_source("dsn")
    if source and source.name == "COMMANDLINE":
        refuse_password(dsn)
    publish(Project.find(), dsn, role, err, wait=wait)


MOST_ROWS = 10_000  # DuckDB draws no more


@app.command()
def sql(query: Annotated[str, typer.Argument(help="One SQL query.")]) -> None:
    """Ask the current release. The connection can change nothing and reach no other file."""
    import duckdb

    from pipelines import read

    with read.connect(Project.find().published_file) as connection:
        try:
            answer = connection.sql(query)
            if answer is not None:
                # a terminal is as wide as it is; what is piped or kept has all its columns
                width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 1_000_000
                answer = answer.limit(MOST_ROWS + 1).materialize()  # one row more tells whether there are more
                answer.limit(MOST_ROWS).show(max_rows=MOST_ROWS, max_width=width)
                if len(answer) > MOST_ROWS:
                    err.print(f"only the first {MOST_ROWS:,} rows are shown; csv/ and parquet/ hold whole tables")
        except duckdb.OutOfMemoryException:
            raise EgovError(
                "the query needs more memory than this machine has to give, and the connection writes nothing to disk: "
                "ask for less at a time, or read the files in parquet/"
            ) from None
        except duckdb.Error as error:
            raise EgovError(str(error)) from None


def run() -> int:
    """Run the command line. Returns its exit code; every failure that a user can mend is one message on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter does not end the command
    try:
        app()
    except SystemExit as ended:  # how the library that reads the arguments ends
        return ended.code if isinstance(ended.code, int) else 0
    except BaseException as error:
        message, code = str(error), 1
        if isinstance(error, EgovError):
            code = error.exit_code
        elif isinstance(error, OSError):
            message = said_by(error)
        elif not signals.received():
            raise
        if code < 128 and (stopped := signals.received()):  # whatever it was turned into on its way here
            message, code = str(stopped), 128 + stopped.number
        with contextlib.suppress(OSError):  # nobody may be there to hear it
            err.print(f"egov: {printable(message)}", style="red")
        return code
    return 0
