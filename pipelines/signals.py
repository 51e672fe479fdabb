"""Signals: a command that is stopped by signal n cleans up, prints one line, exits with 128 + n, and leaves a correct record.

A signal becomes an exception, Stopped, in the main thread, so that the code that cleans up after a failure also cleans up after
a signal. While work must not be interrupted, for example between a publish and its record, the signal is noted and raised
afterwards. Signals after the first one are ignored: they would only disturb the cleanup.

This module imports nothing else of this package, so that it can be set up before anything else is imported.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

# The signals that the system sends for a fault in the program itself: to continue after one would repeat the fault.
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
# The signals that do not end a process, and the two that Python ignores: the failed write itself reports what is wrong.
ENDS_NOTHING = {
    signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
    signal.SIGPIPE, signal.SIGXFSZ,
}  # fmt: skip
# Every signal that ends a process and can be caught.
ENDING = sorted(set(signal.valid_signals()) - FAULTS - ENDS_NOTHING - {signal.SIGKILL, signal.SIGSTOP})


class Stopped(BaseException):
    """This process received a signal that ends it. `number` is the number of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {name(number)}")
        self.number = number


class _Received:
    number: int | None = None
    raises = True


def name(number: int) -> str:
    """The name of a signal, such as SIGTERM; its number if it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def catch() -> None:
    """Turn every signal that ends a process into Stopped. A signal that is already ignored (as under nohup) stays so."""
    for number in ENDING:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, _note)


def _note(number: int, _: FrameType | None) -> None:
    if _Received.number is None:
        _Received.number = number
        if _Received.raises:
            raise Stopped(number)


def received() -> Stopped | None:
    """The signal that was received, whether or not its exception got through; None if there was none."""
    return None if _Received.number is None else Stopped(_Received.number)


def hold() -> None:
    """From now on, note a signal but raise nothing."""
    _Received.raises = False


def ignore() -> None:
    """Ignore signals at the end of a command: Python would let a late signal replace the exit code of the finished work."""
    hold()
    for number in ENDING:
        if signal.getsignal(number) == _note:
            signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """A block in which signals are raised, including a signal that arrived before it. Signals are on hold again after it.

    The exception can get lost when a library turns it into another one or suppresses it during its cleanup. It is therefore
    raised again at the end of the block.
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
    """A block that no signal interrupts: a signal that arrives meanwhile is raised at its end."""
    before, _Received.raises = _Received.raises, False
    try:
        yield
    finally:
        _Received.raises = before
        if before:
            check()


def check() -> None:
    """Raise Stopped if a signal was received."""
    if stopped := received():
        raise stopped
