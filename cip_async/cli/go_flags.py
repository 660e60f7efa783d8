"""The flags of the Go promoter, and what each is today; pure.

They are listed at https://github.com/kubernetes-sigs/promo-tools/tree/v2.4.1 (`cip.go`); those of klog, its logging
library, at https://pkg.go.dev/k8s.io/klog#section-readme.
"""

import enum
from collections.abc import Mapping
from typing import Final

import attrs


class Mode(enum.Enum):
    """What a command line asks for as a whole."""

    RUN = "run"
    SNAPSHOT = "snapshot"
    WANTED_SNAPSHOT = "manifest-based snapshot"
    AUDIT = "audit"
    VERSION = "version"
    HELP = "help"


class Meaning(enum.Enum):
    """What becomes of a flag that does not simply have another name today."""

    SWITCH = "switch"
    """On or off; handed on as the option if it is on."""
    VALUE = "value"
    """Handed on with its value; one that is empty, which is what all are by default, was not given."""
    MODE = "mode"
    """Chooses the command."""
    DRY_RUN = "dry-run"
    FORMAT = "format"
    SEVERITY = "severity"
    IMAGE_SIZE = "image-size"
    NUMBER = "number"
    VERBOSITY = "verbosity"
    IGNORED_SWITCH = "ignored switch"
    """Accepted and without effect: klog's."""
    IGNORED_VALUE = "ignored value"
    ACCOUNT = "account"
    """Says as which service account, which counts only along with `-use-service-account`."""
    ACCOUNTS_USED = "accounts used"
    """Off unless it is given; today it is on unless it is denied."""


@attrs.frozen
class Flag:
    """One flag of the Go promoter: what it means, and the option or command it is today."""

    name: str
    meaning: Meaning
    today: str
    modes: frozenset[Mode] = frozenset(Mode)
    """Where it says something; elsewhere it is accepted, and without effect."""

    @property
    def takes_value(self) -> bool:
        """Whether it is nothing without a value; others are on if none is given."""
        return self.meaning not in _SWITCHES and (self.meaning is not Meaning.MODE or self.has_subject)

    @property
    def may_be_empty(self) -> bool:
        """Whether an empty value is as good as none."""
        return self.meaning in (Meaning.VALUE, Meaning.ACCOUNT) or self.has_subject

    @property
    def has_subject(self) -> bool:
        """Whether it chooses a command, and its value says what that is about."""
        return self.name in ("snapshot", "manifest-based-snapshot-of")


_SWITCHES: Final = frozenset({Meaning.SWITCH, Meaning.DRY_RUN, Meaning.ACCOUNTS_USED, Meaning.IGNORED_SWITCH})
_RUN: Final = frozenset({Mode.RUN})
_ASKING: Final = frozenset({Mode.RUN, Mode.SNAPSHOT})
_SNAPSHOT: Final = frozenset({Mode.SNAPSHOT})
_READING: Final = frozenset({Mode.RUN, Mode.WANTED_SNAPSHOT})
_LISTING: Final = frozenset({Mode.SNAPSHOT, Mode.WANTED_SNAPSHOT})
_TALKING: Final = frozenset({Mode.RUN, Mode.SNAPSHOT, Mode.WANTED_SNAPSHOT})
_AUDIT: Final = frozenset({Mode.AUDIT})

FLAGS: Final = (
    Flag("manifest", Meaning.VALUE, "--manifest", _READING),
    Flag("thin-manifest-dir", Meaning.VALUE, "--thin-manifest-dir", _READING),
    Flag("dry-run", Meaning.DRY_RUN, "--confirm", _RUN),
    Flag("parse-only", Meaning.SWITCH, "--parse-only", _RUN),
    Flag("threads", Meaning.NUMBER, "--threads", _ASKING),
    Flag("json-log-summary", Meaning.SWITCH, "--log-format json", _TALKING),
    Flag("key-files", Meaning.ACCOUNT, "--key-files", _ASKING),
    Flag("use-service-account", Meaning.ACCOUNTS_USED, "--use-service-account", _ASKING),
    Flag("max-image-size", Meaning.IMAGE_SIZE, "--check image-size --max-image-size", _RUN),
    Flag("vuln-severity-threshold", Meaning.SEVERITY, "--check vulnerabilities --vuln-severity-threshold", _RUN),
    Flag("snapshot", Meaning.MODE, "cip snapshot REGISTRY"),
    Flag("manifest-based-snapshot-of", Meaning.MODE, "cip snapshot --from-manifests --of"),
    Flag("output-format", Meaning.FORMAT, "--output", _LISTING),
    Flag("minimal-snapshot", Meaning.SWITCH, "--minimal", _SNAPSHOT),
    Flag("snapshot-tag", Meaning.VALUE, "--tag", _SNAPSHOT),
    Flag("snapshot-service-account", Meaning.ACCOUNT, "--service-account", _SNAPSHOT),
    Flag("audit", Meaning.MODE, "cip audit serve"),
    Flag("audit-manifest-repo-url", Meaning.VALUE, "--manifest-repo-url", _AUDIT),
    Flag("audit-manifest-repo-branch", Meaning.VALUE, "--manifest-repo-branch", _AUDIT),
    Flag("audit-manifest-path", Meaning.VALUE, "--manifest-path", _AUDIT),
    Flag("audit-gcp-project-id", Meaning.VALUE, "--gcp-project-id", _AUDIT),
    Flag("version", Meaning.MODE, "cip version"),
    Flag("help", Meaning.MODE, "cip --help"),
    Flag("h", Meaning.MODE, "cip --help"),
    Flag("v", Meaning.VERBOSITY, "--verbose", _TALKING),
    *(
        Flag(name, Meaning.IGNORED_SWITCH, "")
        for name in (
            *("logtostderr", "alsologtostderr", "skip_headers", "skip_log_headers", "add_dir_header", "one_output"),
            "legacy_stderr_threshold_behavior",
        )
    ),
    *(
        Flag(name, Meaning.IGNORED_VALUE, "")
        for name in ("stderrthreshold", "vmodule", "log_dir", "log_file", "log_file_max_size", "log_backtrace_at")
    ),
)
"""Every flag of the Go promoter."""

MODES: Final = {
    "help": Mode.HELP,
    "h": Mode.HELP,
    "version": Mode.VERSION,
    "audit": Mode.AUDIT,
    "snapshot": Mode.SNAPSHOT,
    "manifest-based-snapshot-of": Mode.WANTED_SNAPSHOT,
}
"""The flags that choose the command; of several, the first of these counts, wherever it stands."""

COMMANDS: Final[Mapping[Mode, tuple[str, ...]]] = {
    Mode.RUN: ("run",),
    Mode.SNAPSHOT: ("snapshot",),
    Mode.WANTED_SNAPSHOT: ("snapshot",),
    Mode.AUDIT: ("audit", "serve"),
    Mode.VERSION: ("version",),
    Mode.HELP: (),
}
"""The command that each mode comes to."""
