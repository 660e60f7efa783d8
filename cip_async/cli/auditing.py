"""What `cip audit serve` does, once its options are understood: serve the auditor until a signal ends it."""

import functools
import importlib.metadata
import json
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import anyio

from cip_async.audit.app import VerifyToken
from cip_async.audit.cloud_log import CloudLog
from cip_async.audit.folder_source import FolderSource
from cip_async.audit.git_source import GitSource
from cip_async.audit.happenings import Happening
from cip_async.audit.keeper import ManifestSource
from cip_async.audit.limits import RETRIES, AuditLimits
from cip_async.audit.service import auditing, served
from cip_async.cli.audit import AuditOptions
from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.logs import configure
from cip_async.cli.screen import Screen
from cip_async.gcp.push_tokens import PushTokens
from cip_async.promoter import Promoter
from cip_async.registry.google_http import GoogleHttp
from cip_async.registry.session import HttpSession
from cip_async.settings import Settings, Timeouts

log = logging.getLogger(__name__)

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_TALKATIVE: Final = 2


def serve_until_terminated(options: AuditOptions) -> None:
    """Serve, and return after SIGINT or SIGTERM, when the requests in flight have ended.

    Raises:
        InvalidSettings: the repository or the port cannot be used.
        FileProblem: the certificate authorities cannot be read.
    """
    screen = Screen()
    level = logging.DEBUG if options.verbosity else logging.INFO
    configure(screen, options.log_format, level, foreign=options.verbosity >= _TALKATIVE)
    run_in_event_loop(functools.partial(_serve, options, screen))


async def _serve(options: AuditOptions, screen: Screen) -> None:
    limits = AuditLimits(poll_s=options.poll_s, heartbeat_s=options.heartbeat_s)
    source = _source(options, limits)
    teller = _Teller(screen, _cloud_log(options), talkative=options.verbosity > 0)
    with anyio.open_signal_receiver(*_ENDING) as signals:
        async with (
            _verification(options) as verify_token,
            _reader(options) as reader,
            auditing(source, reader.document, limits=limits, tell=teller, verify_token=verify_token) as app,
            served(app, address=options.address, port=options.port, limits=limits) as port,
        ):
            log.info("listening on port %d; push tokens are %s", port, "verified" if verify_token else "not verified")
            async for number in signals:
                log.info("ending after %s", signal.Signals(number).name)
                break
    log.info("ended")


class _Teller:
    """Writes happenings to stdout, one JSON object a line; unless `talkative`, without those that change nothing."""

    def __init__(self, screen: Screen, cloud_log: CloudLog, *, talkative: bool) -> None:
        self._screen = screen
        self._cloud_log = cloud_log
        self._talkative = talkative

    def __call__(self, happening: Happening) -> None:
        entry = self._cloud_log.entry(happening)
        if self._talkative or entry["severity"] != "DEBUG":
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._screen.stream(f"{json.dumps({'time': now, **entry})}\n")


def _source(options: AuditOptions, limits: AuditLimits) -> ManifestSource:
    if options.repository_url is None:
        return FolderSource(Path(options.path))
    return GitSource(options.repository_url, branch=options.branch, path=options.path, timeout_s=limits.git_s)


def _cloud_log(options: AuditOptions) -> CloudLog:
    """Called what Cloud Run calls the service (https://cloud.google.com/run/docs/container-contract#env-vars)."""
    return CloudLog(
        service=os.environ.get("K_SERVICE") or "cip-auditor",
        version=os.environ.get("K_REVISION") or importlib.metadata.version("cip-async"),
        project=options.project,
    )


def _reader(options: AuditOptions) -> Promoter:
    """A dry promoter that reads sources."""
    return Promoter(
        settings=Settings(retries=RETRIES),
        endpoints=options.endpoints,
        ca_cert=options.ca_cert,
        docker_config=options.docker_config,
    )


@asynccontextmanager
async def _verification(options: AuditOptions) -> AsyncIterator[VerifyToken | None]:
    """What checks push tokens; None if nobody asked for that."""
    if options.audience is None:
        yield None
        return
    session = HttpSession(timeouts=Timeouts(), ca_cert=options.ca_cert)
    await session.open()
    try:
        tokens = PushTokens(
            GoogleHttp(session),
            audience=options.audience,
            account=options.push_account,
            certificates_url=options.certificates_url,
        )
        yield tokens.verify
    finally:
        await session.close()
