"""Real servers, one of each kind for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lib.servers import SECRET, SERVERS, Server, running


@pytest.fixture(scope="session", params=SERVERS)
def any_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each kind of server in turn."""
    with running(SERVERS[request.param]) as server:
        yield server


@pytest.fixture
def server(any_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The same, with the secret of its reader in MDP_DUI and an empty base afterwards."""
    monkeypatch.setenv("MDP_DUI", SECRET)
    yield any_server
    any_server.empty()
