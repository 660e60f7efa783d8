"""When to show progress bars; apart from the bars themselves, which take long to import."""

import enum

from cip_async.cli import screen


class ProgressMode(enum.Enum):
    """When to show progress bars."""

    AUTO = "auto"
    """Bars on a terminal, lines elsewhere."""
    ALWAYS = "always"
    """Bars, terminal or not."""
    NEVER = "never"
    """Neither bars nor lines."""

    @property
    def bars(self) -> bool:
        """Whether this means bars, here."""
        return self is ProgressMode.ALWAYS or (self is ProgressMode.AUTO and screen.shows_bars())

    @property
    def lines(self) -> bool:
        """Whether this means lines, here."""
        return self is ProgressMode.AUTO and not screen.shows_bars()
