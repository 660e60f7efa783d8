"""What the suite borrows: clients that speak to scripted servers, promotions, an auditor, accounts, the real `cip`."""

from tests.service.accounts.conftest import google, key_file, private_key, programs
from tests.service.audit.conftest import auditor, serve_auditor
from tests.service.cli.conftest import cip, environment
from tests.service.cli.test_audit import auditor as auditor_process
from tests.service.conftest import promoter_for, serve_hosts, staging
from tests.service.copying.conftest import copying
from tests.service.registry.conftest import (
    _no_authorities_of_this_machine,
    _no_proxy_of_this_machine,
    reach,
    serve,
    stack,
)

__all__ = [
    "_no_authorities_of_this_machine",
    "_no_proxy_of_this_machine",
    "auditor",
    "auditor_process",
    "cip",
    "copying",
    "environment",
    "google",
    "key_file",
    "private_key",
    "programs",
    "promoter_for",
    "reach",
    "serve",
    "serve_auditor",
    "serve_hosts",
    "stack",
    "staging",
]
