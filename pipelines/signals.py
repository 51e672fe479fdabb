"""Signals: whatever ends a command from outside leaves it in order, with one line, exit code 128 + n, and a true record.

A signal becomes an exception, Stopped, in the main thread, so that what cleans up after a failure cleans up after a signal
too. Where work must not be torn apart, as between a publish and the record of it, the signal is noted and raised afterwards.
What comes after the first signal changes nothing: it would only disturb the clearing up.

This module imports nothing of ours: it is in place before anything else is imported.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

# Those that the system sends for a fault in the program itself: going on after one of them would repeat the fault.
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
# Those that end no process, and the two that Python ignores, so that the write that failed says what is wrong.
ENDS_NOTHING = {
    signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
    signal.SIGPIPE, signal.SIGXFSZ,
}  # fmt: skip
# Every signal that ends a process and can be caught.
ENDING = sorted(set(signal.valid_signals()) - FAULTS - ENDS_NOTHING - {signal.SIGKILL, signal.SIGSTOP})


class Stopped(BaseException):
    """A signal has come that ends this process. `number` is the number of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {name(number)}")
        self.number = number


class _Received:
    number: int | None = None
    raises = True


def name(number: int) -> str:
    """The name of a signal, as SIGTERM; its number where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def catch() -> None:
    """Turn every signal that ends a process into Stopped. One that is ignored from the start, as under nohup, stays ignored."""
    for number in ENDING:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, _note)


def _note(number: int, _: FrameType | None) -> None:
    if _Received.number is None:
        _Received.number = number
        if _Received.raises:
            raise Stopped(number)


def received() -> Stopped | None:
    """The signal that has come, whether or not its exception got through; None where none has."""
    return None if _Received.number is None else Stopped(_Received.number)


def hold() -> None:
    """From here on a signal is noted and raises nothing."""
    _Received.raises = False


def ignore() -> None:
    """For the end of a command: what it did is done, and its exit code says so. Python would let a signal end it otherwise."""
    hold()
    for number in ENDING:
        if signal.getsignal(number) == _note:
            signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Between `hold` and the record of how it all ended: the stretch in which a signal is raised, one that has come before too.

    An exception can get lost where libraries turn it into another, or pass it over in what they clear away. So it is raised
    again at the end.
    """
    _Received.raises = True
    try:
        check()
        yield
        check()
    finally:
        hold()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """A stretch of work that no signal tears apart: one that comes meanwhile is raised at its end."""
    before, _Received.raises = _Received.raises, False
    try:
        yield
    finally:
        _Received.raises = before
        if before:
            check()


def check() -> None:
    """Raise Stopped where a signal has come."""
    if stopped := received():
        raise stopped
