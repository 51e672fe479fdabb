"""The command `egov`, and `python -m pipelines`. It catches signals before it imports anything else."""

from __future__ import annotations

import sys

from pipelines import signals


def main() -> None:
    """Run the command line. Every failure that a user can fix ends in one message on standard error and an exit code."""
    signals.catch()
    try:
        from pipelines.cli import run

        code = run()
    except signals.Stopped as stopped:  # while the command line itself was being imported
        print(f"egov: {stopped}", file=sys.stderr)
        code = 128 + stopped.number
    signals.ignore()
    sys.exit(code)


if __name__ == "__main__":
    main()
