"""The promoter of a command that only reads: how to reach registries, as the command line says."""

from collections.abc import Mapping

from cip_async.cli.options import Connection
from cip_async.events import Listener
from cip_async.promoter import Promoter
from cip_async.settings import Settings


def reader(connection: Connection, listener: Listener, service_accounts: Mapping[str, str] | None = None) -> Promoter:
    """A dry promoter; `service_accounts` are those of registries to use."""
    return Promoter(
        settings=Settings(threads=connection.threads),
        endpoints=connection.endpoints,
        strategies=connection.strategies,
        ca_cert=connection.ca_cert,
        docker_config=connection.docker_config,
        key_files=connection.key_files,
        service_accounts=service_accounts,
        listener=listener,
    )
