"""The promoters of commands: how to reach registries, as the command line says."""

from collections.abc import Mapping
from typing import Any

from cip_async.cli.options import Connection
from cip_async.events import Listener
from cip_async.promoter import Promoter
from cip_async.settings import Retries, Settings


def reader(connection: Connection, listener: Listener, service_accounts: Mapping[str, str] | None = None) -> Promoter:
    """A dry promoter; `service_accounts` are those of registries to use."""
    return connected(connection, listener, service_accounts=service_accounts)


def connected(
    connection: Connection, listener: Listener, *, retries: Retries | None = None, **options: Any
) -> Promoter:
    """A promoter that reaches registries as `connection` says; `options` are further ones of `Promoter`."""
    return Promoter(
        settings=Settings(threads=connection.threads, retries=retries or Retries(), rates=dict(connection.rates)),
        endpoints=connection.endpoints,
        strategies=connection.strategies,
        ca_cert=connection.ca_cert,
        docker_config=connection.docker_config,
        key_files=connection.key_files,
        listener=listener,
        **options,
    )
