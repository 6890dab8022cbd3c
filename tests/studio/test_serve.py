"""The start and the end of the studio's server."""

from __future__ import annotations

import socket

import pytest

from maskstyle.errors import SettingsError
from maskstyle.studio import serve


def test_a_project_is_open_once_and_ctrl_c_ends_it(tmp_path, monkeypatch):
    served = []

    def run(self, sockets):
        with socket.create_connection(sockets[0].getsockname(), 5):  # by a browser that is quicker than the server
            sockets[0].close()
        served.append(self)
        if len(served) == 1:
            with pytest.raises(SettingsError, match=r"another studio has the project .* open; close it"):
                serve.serve(tmp_path, port=0, browser=False, say=print)
        raise KeyboardInterrupt  # as uvicorn does when it was interrupted

    monkeypatch.setattr(serve._Server, "run", run)
    serve.serve(tmp_path, port=0, browser=False, say=print)
    serve.serve(tmp_path, port=0, browser=False, say=print)
    assert len(served) == 2
