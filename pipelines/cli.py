"""The command line `egov`: it reads arguments, calls the other modules, and prints. __main__.py starts `run`."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import select
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console

from pipelines import importers, signals
from pipelines.build import Options, Steps
from pipelines.build import build as run_build
from pipelines.importers import Importer
from pipelines.project import EgovError, Exit, Project, printable, said_by
from pipelines.releases import inputs, store
from pipelines.releases.status import status as status_of

app = typer.Typer(
    name="egov",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text, which fits every terminal
    context_settings={"max_content_width": 120},
)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        now = None
        with contextlib.suppress(EgovError):  # outside a checkout, too
            now = store.current(Project.find())
        print(f"egov {version('egov-warehouse')}, DuckDB {version('duckdb')}, release {now.release_id if now else 'none'}")
        raise typer.Exit


@app.callback()
def main(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the versions of egov and DuckDB and the id of the current release.",
        ),
    ] = False,
) -> None:
    """A warehouse of published e-government figures: check the raw figures, build a release, query it."""


def _release_ids(incomplete: str) -> list[str]:
    """The releases whose ids begin like this, newest first, for the completion of a command line."""
    with contextlib.suppress(EgovError, OSError):
        return [each.release_id for each in store.existing(Project.find()) if each.release_id.startswith(incomplete)]
    return []


AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON, as docs/command-line.md describes it.")]


def _print_json(content: object) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))


class Target(StrEnum):
    """The engine that builds a release."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@app.command()
def build(
    context: typer.Context,
    target: Annotated[
        Target,
        typer.Option(
            help="The engine. A Spark release is a folder of Parquet files in warehouse/spark/; "
            "the variable EGOV_SPARK_MASTER names the master, by default local[*]."
        ),
    ] = Target.DUCKDB,
    force: Annotated[bool, typer.Option("--force", help="Build even if nothing has changed.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Build the whole feed from its files, not only the months that changed.")
    ] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Publish even if tables, columns or rows are lost.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for another build that is running.", min=0)] = 0,
    keep: Annotated[
        int, typer.Option(help="How many releases to keep.", min=1, envvar="EGOV_KEEP_RELEASES", show_envvar=True)
    ] = 10,
) -> None:
    """Check the raw figures, build and test every table, publish.

    A run that fails publishes nothing: the current release stays as it is. Exit code 0: published, or nothing to do;
    1: a model, a test or the machine failed; 2: raw/ is not valid; 3: another build is running; 4: data would be lost.
    """
    project = Project.find()
    if target is Target.SPARK:
        from pipelines.targets.spark import build as spark

        project, steps = spark.SparkProject(project.root), spark.STEPS
    else:
        steps = context.obj if isinstance(context.obj, Steps) else Steps()
    run_build(project, err, Options(force=force, full=full, accept=accept, wait=wait, keep=keep, steps=steps))


@app.command("check")
def check_raw(
    record: Annotated[
        bool,
        typer.Option("--update-hashes", help="Record an intended edit: the SHA-256 of each raw file as it is now."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the raw figures against their package, without building.

    Exit code 2: raw/ is not valid.
    """
    from pipelines.intake.check import check, update_hashes
    from pipelines.intake.package import NotValid, read_package, require_valid

    project = Project.find()
    if record and as_json:
        raise EgovError("expected either --update-hashes or --json, not both", Exit.REFUSED)
    if record:
        changed = update_hashes(project)
        for path in changed:
            print(f"recorded raw/{path}")
        print(f"{len(changed)} hash{'es' if len(changed) != 1 else ''} recorded")
        return
    if as_json:
        try:
            findings = check(project)
        except NotValid as error:  # the package itself
            findings = error.findings
        _print_json({"valid": not findings, "findings": [finding.as_json() for finding in findings]})
        raise typer.Exit(Exit.REFUSED if findings else Exit.FINE)
    require_valid(check(project))
    print(f"raw/ is valid: {len(read_package(project)['resources'])} files")


imports = typer.Typer(no_args_is_help=True, help="Bring an official file, as downloaded, into raw/ as an edition.")
app.add_typer(imports, name="import")

Files = Annotated[list[Path], typer.Argument(help="The official file, as downloaded.", show_default=False)]
Revision = Annotated[
    bool, typer.Option("--revision", help="The publisher revised an edition that raw/ holds: keep both, use the newer.")
]
Accessed = Annotated[
    str | None,
    typer.Option(
        help="The day on which the copy was taken from the publisher, YYYY-MM-DD. Needed unless the file states one.",
        show_default=False,
    ),
]
Mapping = Annotated[
    list[str],
    typer.Option("--map", help="An INDICATOR of the file = our indicator code: WB_GTMI_GTMI=GTMI.", show_default=False),
]


def _add_import(importer: Importer) -> None:
    """Add an importer as a command of `egov import`."""
    from functools import partial

    def run_import(files: list[Path], accessed: str | None, revision: bool, **options: object) -> None:
        from pipelines.importers.write import import_files

        read = partial(importer.read, **options)
        for line in import_files(Project.find(), files, read, accessed=accessed, revision=revision):
            print(printable(line))

    def plain(files: Files, accessed: Accessed = None, revision: Revision = False) -> None:
        run_import(files, accessed, revision)

    def mapped(files: Files, mapping: Mapping, accessed: Accessed = None, revision: Revision = False) -> None:
        pairs = [pair.partition("=") for pair in mapping]
        if wrong := [pair for pair, (theirs, _, ours) in zip(mapping, pairs, strict=True) if not (theirs and ours)]:
            raise EgovError(f"--map {wrong[0]}: expected THEIRS=OURS, as in WB_GTMI_GTMI=GTMI", Exit.REFUSED)
        run_import(files, accessed, revision, mapping={theirs: ours for theirs, _, ours in pairs})

    imports.command(importer.command, help=importer.help)(mapped if importer.maps_indicators else plain)


for each in importers.registered():
    _add_import(each)


@imports.command("un-m49")
def import_un_m49(
    members: Annotated[Path, typer.Argument(help="UN member states, with flags such as landlocked.")],
    areas: Annotated[Path, typer.Argument(help="ISO 3166 areas with English and Russian names.")],
    accessed: Accessed = None,
) -> None:
    """Countries: codes, names, regions and flags. Kazakh names come from Unicode CLDR."""
    from pipelines.importers.un_m49 import import_countries

    print(f"{import_countries(Project.find(), members, areas, accessed)} countries in raw/codes/countries.csv")


feed = typer.Typer(no_args_is_help=True, help="Take in the log of a national portal, one file per month.")
app.add_typer(feed, name="feed")


@feed.command("add")
def add_to_feed(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet files, one per month, each with its manifest beside it.")],
    quarantine: Annotated[int, typer.Option(help="How many bad rows of each file to set aside with their reasons.", min=0)] = 0,
    correction: Annotated[bool, typer.Option("--correction", help="Replace the months that the feed already holds.")] = False,
) -> None:
    """Check files and take them into the feed, all of them or none. The next build publishes them.

    A file has the columns usage_date, service_code, region_code, channel_code and usage_count. Its manifest,
    `<name>.manifest.json`, states the month, the rows and the sum that the portal counts.
    Exit code 2: a file is refused; 3: a build or an import is running.
    """
    from pipelines.feed.arrival import add

    for line in add(Project.find(), err, files, quarantine=quarantine, correction=correction):
        print(printable(line))


@feed.command("list")
def list_feed() -> None:
    """List the months of the feed with their rows and sums."""
    from pipelines.feed.arrival import listed

    for line in listed(Project.find()):
        print(printable(line))


@feed.command("withdraw")
def withdraw_from_feed(month: Annotated[str, typer.Argument(help="The month, YYYY-MM.")]) -> None:
    """Leave a month out of the next release. Its file is kept."""
    from pipelines.feed.arrival import withdraw

    print(printable(withdraw(Project.find(), month)))


@app.command()
def status(
    as_json: AsJson = False,
    last: Annotated[int, typer.Option(help="How many runs to show.", min=1)] = 5,
) -> None:
    """Show the current release, its inputs and the last runs.

    Exit code 0: everything is fine; 10: the inputs have changed since the release; 11: the last run failed, or no release can
    be read.
    """
    found = status_of(Project.find(), last)
    if as_json:
        _print_json(found.as_json())
    else:
        for line in found.lines():
            print(printable(line))
    raise typer.Exit(found.code)


@app.command("releases")
def list_releases(as_json: AsJson = False) -> None:
    """List the releases, newest first: time, figures, tests, size."""
    project = Project.find()
    now = store.current(project)
    releases = store.existing(project)
    if as_json:
        _print_json([{**release.as_json(), "is_current": release == now} for release in releases])
        return
    for release in releases:
        mark = "  current" if release == now else ""
        found = release.as_json()
        if found["is_damaged"]:
            print(f"{release.release_id}  damaged: its release.json cannot be read{mark}")
        else:
            print(
                f"{release.release_id}  {found['built_at']}  {found['figures']} figures  {found['tests_passed']} tests  "
                f"{found['bytes'] / 1e6:.1f} MB{mark}"
            )
    if not releases:
        err.print("no release is published yet; `egov build` publishes one")


@app.command()
def verify(
    release_id: Annotated[
        str | None, typer.Argument(help="A release; by default the current one.", autocompletion=_release_ids)
    ] = None,
) -> None:
    """Check that no file of a release has changed, and none was added.

    Exit code 1: something differs. release.json holds the SHA-256 of each file. Keep a copy of the hash of release.json itself
    in a place that nobody with write access here can change.
    """
    project = Project.find()
    release = store.find(project, release_id) if release_id else store.require_current(project)
    if changes := release.changes(thorough=True):
        lines = "\n".join(f"  {change}" for change in changes)
        raise EgovError(
            f"release {release.release_id} is not as it was published:\n{lines}\n"
            "`egov build --force` publishes a new release, `egov rollback` goes back to an earlier one"
        )
    print(f"release {release.release_id} is as it was published: {len(release.summary['files'])} files")
    print(f"SHA-256 of release.json: {inputs.hash_of(release.folder / 'release.json')}")


@app.command()
def rollback(
    release_id: Annotated[
        str | None, typer.Argument(help="A release; by default the one before the current one.", autocompletion=_release_ids)
    ] = None,
) -> None:
    """Move `current` back to an earlier release in one step. A build from the same inputs does not undo this.

    Exit code 3: a build is running.
    """
    project = Project.find()
    with store.only_writer(project, 0), signals.held():
        print(f"current is {store.roll_back(project, release_id).release_id}")


@app.command("diff")
def show_diff(
    old: Annotated[
        str | None, typer.Argument(help="The older release; by default the one before NEW.", autocompletion=_release_ids)
    ] = None,
    new: Annotated[
        str | None, typer.Argument(help="The newer release; by default the current one.", autocompletion=_release_ids)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two releases, row by row."""
    import duckdb

    from pipelines.releases.diff import compare

    project = Project.find()
    newer = store.find(project, new) if new else store.require_current(project)
    before = (release for release in store.existing(project) if release.release_id < newer.release_id)
    older = store.find(project, old) if old else next(before, None)
    if older is None:
        raise EgovError(f"there is no release before {newer.release_id}")
    if older == newer:
        raise EgovError(f"{newer.release_id} cannot be compared with itself: name two releases; `egov releases` lists them")
    try:
        found = compare(older.database, newer.database)
    except duckdb.Error as error:
        raise EgovError(f"the releases cannot be compared: {error}") from None
    if as_json:
        _print_json({"old": older.release_id, "new": newer.release_id, **found.as_json()})
    else:
        print(printable("\n".join([f"{older.release_id} -> {newer.release_id}", *found.full()])))


class Page(StrEnum):
    """A page of a release that `egov open` shows."""

    REPORT = "report"
    EXPLORE = "explore"
    CODEBOOK = "codebook"
    DOCS = "docs"


PAGES = {
    Page.REPORT: "report/index.html",
    Page.EXPLORE: "report/explore.html",
    Page.CODEBOOK: "codebook.html",
    Page.DOCS: "docs/index.html",
}


@app.command("open")
def open_page(
    page: Annotated[
        Page,
        typer.Argument(
            help="report: the story in charts; explore: every country and index; codebook: tables, columns and codes; "
            "docs: models and their lineage."
        ),
    ] = Page.REPORT,
) -> None:
    """Show a page of the current release in the browser.

    Its path is printed, too. The address stays the same through rebuilds: reload the page to see the newest release. The
    variable BROWSER names another browser.
    """
    import webbrowser

    project = Project.find()
    release = store.require_current(project)
    path = project.current / PAGES[page]  # not the folder of the release: a build may remove that while the page is open
    if not path.is_file():
        raise EgovError(f"release {release.release_id} has no {PAGES[page]}; `egov build --force` publishes one that has")
    print(path, flush=True)
    if not webbrowser.open(path.as_uri()):
        err.print("no browser could be started: open this file in one")


publishing = typer.Typer(no_args_is_help=True, help="Copy the current release to a place where other tools read it.")
app.add_typer(publishing, name="publish")


@publishing.command("postgres")
def publish_postgres(
    context: typer.Context,
    dsn: Annotated[
        str,
        typer.Option(
            help="The database: postgresql://user@host/database. Only the environment variable may hold a password.",
            envvar="EGOV_POSTGRES_DSN",
            show_envvar=True,
        ),
    ],
    role: Annotated[str, typer.Option(help="The role that may read; created if it does not exist.")] = "egov_reader",
    wait: Annotated[float, typer.Option(help="Seconds to wait for readers' open transactions.", min=0)] = 600,
) -> None:
    """Load the current release into a PostgreSQL database and replace the release published there, in one transaction.

    If a run fails, readers keep the release they had. Exit code 0: published, or already there; 1: something failed; 2: the
    DSN or the role is refused; 3: another publish is running, or readers never closed the published release.
    """
    from pipelines.targets.postgres.publish import publish
    from pipelines.targets.postgres.server import refuse_password

    source = context.get_parameter_source("dsn")
    if source and source.name == "COMMANDLINE":
        refuse_password(dsn)
    publish(Project.find(), dsn, role, err, wait=wait)


class Format(StrEnum):
    """The format of an answer."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


ENDINGS = {".csv": Format.CSV, ".json": Format.JSON, ".md": Format.MARKDOWN, ".parquet": Format.PARQUET}


@app.command()
def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            help="One SQL statement that reads. Without it, or with -, it is read from standard input.", show_default=False
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A file that holds the statement.", show_default=False)
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="By default: what --output ends in (.csv, .json, .md, .parquet); a table on a terminal; otherwise csv.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write, instead of standard output.", show_default=False)
    ] = None,
) -> None:
    """Query the current release. The connection can neither change anything nor reach any other file.

    `egov sql "show tables"` lists the public tables; describe, summarize and explain work too. Only a table on a terminal is
    limited: to 10,000 rows, and to the columns that fit. Exit code 1: the query failed; 2: it is not one statement that reads.
    """
    from pipelines.releases import query as asking
    from pipelines.releases.connect import connect

    text = _statement(query, file)
    terminal = output is None and sys.stdout.isatty()
    if output and output.suffix and not form and output.suffix not in ENDINGS:
        raise EgovError(
            f"{output}: no format ends in {output.suffix}; expected {', '.join(ENDINGS)}, or --format", Exit.REFUSED
        )
    chosen = form or ENDINGS.get(output.suffix if output else "", Format.TABLE if terminal else Format.CSV)
    if terminal and chosen is Format.PARQUET:
        raise EgovError("parquet is no text for a terminal: name a file with --output, or use a pipe", Exit.REFUSED)
    width = shutil.get_terminal_size().columns if terminal else None
    with connect(Project.find().published_file) as connection, _output(output) as sink:
        whole = asking.ask(connection, text, chosen, sink, width=width)
    if not whole:
        err.print(f"only the first {asking.MOST_ROWS:,} rows are shown; a pipe, or the file of --output, gets all of them")


def _statement(query: str | None, file: Path | None) -> str:
    """The text of the query: the argument, the content of the file, or standard input."""
    if query is not None and file:
        raise EgovError("expected either a query or --file, not both", Exit.REFUSED)
    if query is not None and query != "-":
        name, content = "the query", os.fsencode(query)
    elif file:
        name, content = str(file), file.read_bytes()
    elif sys.stdin is None or (query is None and sys.stdin.isatty()):  # None: it is closed
        raise EgovError('expected a query, as in: egov sql "show tables"', Exit.REFUSED)
    else:
        name, content = "standard input", sys.stdin.buffer.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EgovError(f"{name}: byte {error.start + 1} is not UTF-8; expected a query in UTF-8", Exit.REFUSED) from None


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """What takes the bytes of an answer: a file, which appears only when it is complete, or standard output.

    On a terminal, no character of the answer can control it.
    """
    if path is None and sys.stdout.isatty():
        decode = codecs.getincrementaldecoder("utf-8")().decode
        yield lambda piece: sys.stdout.write(printable(decode(piece)))
    elif path is None:
        yield sys.stdout.buffer.write
    elif path.exists() and not path.is_file():  # a pipe or a device
        with open(path, "wb") as file:
            yield file.write
    else:
        target = path.resolve()  # what a link leads to is replaced, not the link
        aside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with open(aside, "wb") as file:
                yield file.write
            os.replace(aside, target)
        except OSError as error:
            raise EgovError(f"{path}: {error.strerror}") from None
        finally:
            aside.unlink(missing_ok=True)


def run(arguments: list[str] | None = None, steps: Steps | None = None) -> int:
    """Run the command line. Returns its exit code. Every failure that a user can fix prints one message to standard error.

    `arguments` defaults to those of this process; `steps` replaces the steps of a build.
    """
    out = sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")  # standard output can be closed
    code = _run(arguments, steps)
    try:
        out.flush()
        unheard = code == Exit.FAILED and _is_unheard(out)  # typer ends a command like this if a write fails
    except BrokenPipeError:
        unheard = True
    if unheard:  # as with `| head`: nothing is wrong, and nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # what is left in the buffer goes there
        return Exit.SIGNALLED + signal.SIGPIPE
    return code


def _is_unheard(stream: TextIO) -> bool:
    """Whether the reader of a pipe is gone."""
    try:
        asked = select.poll()
        asked.register(stream, 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in asked.poll(0))
    except OSError:  # no file at all
        return False


def _run(arguments: list[str] | None, steps: Steps | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a character that the terminal lacks does not end the command
    try:
        app(arguments, obj=steps)
    except SystemExit as ended:  # typer ends a command like this
        return ended.code if isinstance(ended.code, int) else 0
    except BaseException as error:
        message, code = str(error), int(Exit.FAILED)
        if isinstance(error, EgovError):
            code = error.exit_code
        elif isinstance(error, OSError):
            message = said_by(error)
        elif not signals.received():
            raise
        if code < Exit.SIGNALLED and (stopped := signals.received()):  # whatever exception a library turned it into
            message, code = str(stopped), Exit.SIGNALLED + stopped.number
        with contextlib.suppress(OSError):  # the reader of a pipe may be gone
            err.print(f"egov: {printable(message)}", style="red")
        return code
    return 0
