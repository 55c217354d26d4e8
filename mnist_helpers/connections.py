"""The connection of a Jupyter server to its browsers, as ``make lab`` sets it up."""

from asyncio import Future

from jupyter_server.services.kernels.connection.channels import (
    ZMQChannelsWebsocketConnection,
)


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Send each message of a kernel at once.

    The server's own connection lets the system hold a small message back until the one
    before is acknowledged (Nagle's algorithm, RFC 896), which the browser's system puts
    off, on Linux by about 40 ms: more than everything else from stroke to answer.
    """

    def connect(self) -> Future[None] | None:
        """Connect a browser and a kernel."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
