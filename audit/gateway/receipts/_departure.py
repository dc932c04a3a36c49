"""Hearing that a client left while its answer is still being written.

A server says so through `receive`, which nobody asks once the request was read.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from audit.gateway._asgi import Message, Receive

_GONE = "http.disconnect"


class Departure:
    """Stands before a server's `receive`, and keeps listening after the request."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """Return the next message of the server."""
        if self._listening is not None:
            await self._gone.wait()
            return {"type": _GONE}
        message = await self._receive()
        if message["type"] == _GONE:
            self._gone.set()
        elif not message.get("more_body", False):
            self._listening = asyncio.create_task(self._listen())
        return message

    async def run(self, work: Coroutine[Any, Any, None]) -> bool:
        """Run `work` to its end, or until the client leaves; return whether it ended.

        Work that did not end is cancelled. Its exceptions are raised here.
        """
        task, gone = asyncio.create_task(work), asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if task.cancelled():
                return False
            task.result()
            return True
        finally:
            for one in (task, gone, self._listening):
                if one is not None:
                    one.cancel()

    async def _listen(self) -> None:
        while (await self._receive())["type"] != _GONE:
            continue
        self._gone.set()
