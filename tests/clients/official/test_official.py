"""The official Python client, python-socketio, with our server. The scenarios are the same in each mode.

    SERVER_URL=http://127.0.0.1:9000 tests/clients/.venv/bin/python tests/clients/official/test_official.py

The server is tests/common/app.rs. Its documentation lists what the server does. suite.mjs has the
same scenarios for the JavaScript client, and more where that client allows them: python-socketio
upgrades within `connect()`, so a test cannot send anything meanwhile.
"""

import unittest

from official_python.channels import Channels
from official_python.connecting import Connecting
from official_python.ending import Ending
from official_python.messages import Messages
from official_python.namespaces import Namespaces
from official_python.presence import Presence
from official_python.publishing import Publishing


class Conformance(Connecting, Channels, Presence, Publishing, Messages, Namespaces, Ending):
    """All scenarios."""


class Modes:
    """The modes. They are in a class of their own, so that unittest does not find the base without a mode."""

    class WebSocketOnly(Conformance, unittest.IsolatedAsyncioTestCase):
        transports = ["websocket"]
        ends = "websocket"

    class PollingOnly(Conformance, unittest.IsolatedAsyncioTestCase):
        transports = ["polling"]
        ends = "polling"

    class Default(Conformance, unittest.IsolatedAsyncioTestCase):
        transports = None
        ends = "websocket"


WebSocketOnly, PollingOnly, Default = Modes.WebSocketOnly, Modes.PollingOnly, Modes.Default

if __name__ == "__main__":
    unittest.main(verbosity=2)
