"""Serve the fake registry as its options say, until a signal ends it."""

import functools
import signal
from typing import Final

import anyio
import click

from cip_async.cli.event_loop import run_in_event_loop
from cip_async.cli.fake_registry import FakeRegistryOptions
from cip_async.cli.screen import Screen
from cip_async.errors import InvalidReference
from cip_async.fake_registry import images
from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.auth import BasicAuth
from cip_async.fake_registry.faults import Dice, Faults
from cip_async.fake_registry.host import FakeRegistries, Latency
from cip_async.fake_registry.quotas import Bucket, Quotas, Window
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import serve
from cip_async.fake_registry.store import Store
from cip_async.fake_registry.tokens import TokenAuth
from cip_async.reference import parse_host, parse_image_name, parse_tag
from cip_async.reporting.amounts import count

_LAST_PORT: Final = 65535
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def serve_until_interrupted(options: FakeRegistryOptions) -> None:
    """Serve, print where, and return after SIGINT or SIGTERM.

    Raises:
        click.UsageError: an option means nothing.
        click.ClickException: a port cannot be had.
    """
    registries = _registries(options)
    run_in_event_loop(functools.partial(_serve, registries, options, Screen()))


async def _serve(registries: FakeRegistries, options: FakeRegistryOptions, screen: Screen) -> None:
    with anyio.open_signal_receiver(*_ENDING) as signals:
        try:
            async with serve(registries, address=options.address, port=options.port) as servers:
                endpoints = (f"--endpoint {name}={url}" for name, url in servers.endpoints.items())
                screen.results([" ".join(endpoints)])
                screen.note("Serving until interrupted (Ctrl-C)")
                async for _ in signals:
                    break
        except OSError as error:
            reason = (error.strerror or str(error)).partition(" (while")[0]
            raise click.ClickException(f"cannot listen on {options.address}:{options.port}: {reason}") from error
    for host in registries.values():
        screen.note(f"{host.name}: {count(host.ledger.totals.total(), 'request')}")


def _registries(options: FakeRegistryOptions) -> FakeRegistries:
    if options.window_s is not None and options.reads_per_second is None and options.writes_per_second is None:
        raise click.UsageError("--window needs --reads or --writes.")
    registries = FakeRegistries()
    names = options.hosts or (f"localhost:{options.port}" if options.port else "localhost",)
    if options.port and options.port + len(names) - 1 > _LAST_PORT:
        raise click.UsageError(f"--port {options.port} leaves no ports for {len(names)} hosts.")
    for name in names:
        host = registries.add(_host_name(name, registries), _rules(options))
        host.ledger.keeps_entries = False
        host.latency = Latency(ms=options.latency_ms)
        host.quotas = Quotas(
            reads=_quota(options.reads_per_second, options.window_s),
            writes=_quota(options.writes_per_second, options.window_s),
        )
        host.auth = _auth(options)
        host.faults = _faults(options)
    for image in options.images:
        _fill(next(iter(registries.values())).store, image)
    return registries


def _host_name(text: str, taken: FakeRegistries) -> str:
    try:
        name = parse_host(text)
    except InvalidReference as error:
        raise click.UsageError(f"--host: {error}.") from error
    if name in taken:
        raise click.UsageError(f"--host {name} is given twice.")
    return name


def _rules(options: FakeRegistryOptions) -> Rules:
    rules = Rules.google() if options.listing == "google" else Rules()
    rules.keeps_uploads = not options.drop_uploads
    rules.exact_locations = False  # clients in the field quote them anew
    return rules


def _quota(per_second: float | None, window_s: int | None) -> Bucket | Window | None:
    """Of a bucket, a second's worth of requests may come at once; of a window, all."""
    if per_second is None:
        return None
    if window_s is not None:
        return Window(max(1, round(per_second * window_s)), window_s)
    return Bucket(per_second=per_second, burst=max(1.0, per_second))


def _auth(options: FakeRegistryOptions) -> BasicAuth | TokenAuth | None:
    if not options.users:
        if options.anonymous_pull:
            raise click.UsageError("--anonymous-pull needs a --user, who may push.")
        return None
    passwords = dict[str, str]()
    for user in options.users:
        name, colon, password = user.partition(":")
        if not (name and colon and password):
            raise click.UsageError("--user is not NAME:PASSWORD.")
        passwords[name] = password
    accounts = Accounts(passwords, anonymous_pull=options.anonymous_pull)
    return BasicAuth(accounts) if options.auth == "basic" else TokenAuth(accounts)


def _faults(options: FakeRegistryOptions) -> Faults:
    faults = Faults(Dice(options.seed))
    for text in options.faults:
        rest, at, requests = text.partition("@")
        kind, equals, probability = rest.partition("=")
        try:
            faults.add(kind, probability=_probability(probability) if equals else 1.0, on=[requests] if at else None)
        except ValueError as error:
            raise click.UsageError(f"--fault {text}: {error}.") from error
    return faults


def _probability(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a probability") from None


def _fill(store: Store, text: str) -> None:
    """Put an image where `REPOSITORY:TAG` says, made from just that."""
    path, _, tag = text.rpartition(":")
    try:
        images.push(store, parse_image_name(path), images.multi_arch(seed=text), [parse_tag(tag)])
    except InvalidReference as error:
        raise click.UsageError(f"--image {text}: {error}.") from error
