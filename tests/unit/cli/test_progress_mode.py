"""When there are progress bars."""

import pytest

from cip_async.cli import screen
from cip_async.cli.progress_mode import ProgressMode


@pytest.mark.parametrize(
    ("mode", "terminal", "bars", "lines"),
    [
        (ProgressMode.AUTO, True, True, False),
        (ProgressMode.AUTO, False, False, True),
        (ProgressMode.ALWAYS, False, True, False),
        (ProgressMode.ALWAYS, True, True, False),
        (ProgressMode.NEVER, True, False, False),
        (ProgressMode.NEVER, False, False, False),
    ],
)
def test_the_terminal_decides_unless_told_otherwise(
    mode: ProgressMode, terminal: bool, bars: bool, lines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "shows_bars", lambda: terminal)
    assert (mode.bars, mode.lines) == (bars, lines)
