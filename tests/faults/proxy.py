"""A proxy between the operator and the API server. It passes on what it gets, except where a fault says otherwise."""

import asyncio
import json
import re
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import yaml
import yarl
from aiohttp import web

NOT_PASSED_ON = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"}
LARGEST_BODY = 64 * 1024 * 1024
FLOOD = 2 * 1024**3
"""Bytes of an answer that is too large for anybody."""


@dataclass
class Fault:
    """What happens to some requests.

    ``kind`` is the name of a method of :class:`Proxy`. ``path`` and ``method`` are regular expressions; of what a POST
    creates, the body counts as well. ``spared`` is how many such requests pass first, and ``times`` to how many it
    happens then; None for all of them. ``do`` is called by ``none``, and by those that end somebody. ``seen`` are the
    requests that it happened to, ``waiting`` those without an answer.
    """

    kind: str
    path: str
    method: str = ""
    spared: int = 0
    times: int | None = None
    do: Callable[[], object] = lambda: None
    seen: list = field(default_factory=list)
    waiting: set = field(default_factory=set)

    def is_for(self, request, body):
        """Return whether it happens to this request. It counts those that are spared."""
        text = f"{request.raw_path} {body.decode(errors='replace') if request.method == 'POST' else ''}"
        is_left = self.times is None or len(self.seen) < self.times
        if not (is_left and re.fullmatch(self.method or ".*", request.method) and re.search(self.path, text)):
            return False
        self.spared -= 1
        return self.spared < 0


@dataclass
class EventFault:
    """What happens to an event of a watch, the first one with such a text after those that are spared.

    ``kind`` is the name of a method of :class:`_Stream`. ``seen`` says whether it has happened.
    """

    kind: str
    text: str
    spared: int = 0
    seen: bool = False

    def is_for(self, event):
        """Return whether it happens to this event. It counts those that are spared."""
        if self.seen or not re.search(self.text, event):
            return False
        self.spared -= 1
        self.seen = self.spared < 0
        return self.seen


LATE = 2.0
"""Seconds by which an event is late."""


class _Stream:
    """Passes on the events of one watch, line by line."""

    def __init__(self, response, faults):
        self._response, self._faults = response, faults
        self._rest = b""

    async def feed(self, chunk):
        """Pass on a part of the stream. Return False where it is cut."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            fault = next((fault for fault in self._faults if fault.is_for(text)), None)
            if not await (getattr(self, fault.kind) if fault else self._pass_on)(line + b"\n"):
                return False
        return True

    async def _pass_on(self, line):
        await self._response.write(line)
        return True

    async def drop(self, _line):
        """Lose it."""
        return True

    async def double(self, line):
        """Tell it twice."""
        return await self._pass_on(line + line)

    async def delay(self, line):
        """Tell it late, and so all that come after it."""
        await asyncio.sleep(LATE)
        return await self._pass_on(line)

    async def cut(self, line):
        """End the connection within it."""
        await self._response.write(line[: len(line) // 2])
        return False


class Proxy:
    """Serves on loopback in a thread of its own, until it is closed.

    Args:
        kubeconfig: the path of a kubeconfig with a client certificate, which is used for whoever brings no credentials.
    """

    def __init__(self, kubeconfig):
        self._upstream = yaml.safe_load(kubeconfig.read_text())
        self._faults, self._event_faults = [], []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    def close(self):
        """End all requests, and the proxy."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(30)

    def add(self, kind, path, **options):
        """Have a fault happen from now on; returns it."""
        fault = Fault(kind, path, **options)
        self._faults.append(fault)
        return fault

    def add_to_events(self, kind, text, **options):
        """Have a fault happen to an event; returns it."""
        fault = EventFault(kind, text, **options)
        self._event_faults.append(fault)
        return fault

    def clear(self):
        """Let all faults end."""
        self._faults.clear()
        self._event_faults.clear()

    def remove(self, fault):
        """Let the fault end, and those go on that wait because of it."""
        self._faults.remove(fault)

    def kubeconfig(self, folder):
        """Write a kubeconfig that leads here; returns its path."""
        path = folder / "kubeconfig-of-the-proxy"
        clusters = [{"name": "proxy", "cluster": {"server": self.address}}]
        contexts = [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}]
        users = [{"name": "proxy", "user": {}}]
        kind = {"apiVersion": "v1", "kind": "Config", "current-context": "proxy"}
        path.write_text(yaml.safe_dump({**kind, "clusters": clusters, "contexts": contexts, "users": users}))
        return path

    async def _serve(self):
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        (cluster,), (user,) = self._upstream["clusters"], self._upstream["users"]
        self._server = cluster["cluster"]["server"]
        context = ssl.create_default_context(cafile=cluster["cluster"]["certificate-authority"])
        context.load_cert_chain(user["user"]["client-certificate"], user["user"]["client-key"])
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.address = "http://{}:{}".format(*runner.addresses[0])
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as self._session:
            self._ready.set()
            await self._ended.wait()
            await runner.cleanup()
        await asyncio.sleep(0.25)  # TLS connections end a moment later: aiohttp's documentation, "Graceful Shutdown"

    async def _handle(self, request):
        body = await request.read()
        fault = next((fault for fault in list(self._faults) if fault.is_for(request, body)), None)
        if fault is None:
            with suppress(ConnectionError):  # who asked may be gone
                return await self._pass_on(request)
            return web.Response()
        shown = f"{request.method} {request.raw_path}"
        fault.seen.append(shown)
        fault.waiting.add(shown)
        try:
            return await getattr(self, fault.kind)(request, fault)
        except ConnectionError:  # who asked is gone
            return web.Response()
        finally:
            fault.waiting.discard(shown)

    async def _pass_on(self, request, most=None):
        """Pass on a request and its answer, as it comes; of the answer so many bytes at most."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON}
        url = yarl.URL(self._server + request.raw_path, encoded=True)
        body = await request.read()
        async with self._session.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_PASSED_ON}
            if most == 0:
                await answer.read()
                request.transport.abort()
                return web.Response()
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            stream = _Stream(response, self._event_faults) if "watch" in request.query else None
            async for chunk in answer.content.iter_any():
                if stream:
                    is_cut = not await stream.feed(chunk)
                else:
                    await response.write(chunk[:most])
                    is_cut = most is not None
                if is_cut:
                    request.transport.abort()
                    break
            with suppress(ConnectionError):
                await response.write_eof()
            return response

    # the faults
    async def none(self, request, fault):
        """Pass it on, as ever, when what is to be done was done: it is only noted."""
        await asyncio.to_thread(fault.do)
        return await self._pass_on(request)

    async def silence(self, request, fault):
        """Give no answer until the client is tired of it."""
        while fault in self._faults:
            await asyncio.sleep(0.05)
        return await self._pass_on(request)

    async def reset(self, request, _fault):
        """End the connection before the request reaches the server."""
        request.transport.abort()
        return web.Response()

    async def lost_answer(self, request, _fault):
        """Have the server do it, and end the connection without a word of it."""
        return await self._pass_on(request, most=0)

    async def end_before(self, request, fault):
        """End somebody before the request reaches the server."""
        await asyncio.to_thread(fault.do)
        return await self.reset(request, fault)

    async def end_after_commit(self, request, fault):
        """End somebody when the server has done it, before the answer."""
        answer = await self._pass_on(request, most=0)
        await asyncio.to_thread(fault.do)
        return answer

    async def end_after_answer(self, request, fault):
        """End somebody after the answer."""
        answer = await self._pass_on(request)
        await asyncio.to_thread(fault.do)
        return answer

    async def cut_answer(self, request, _fault):
        """End the connection within the answer."""
        return await self._pass_on(request, most=20)

    async def flood(self, request, _fault):
        """Answer with more than fits into memory."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"items": [')
        for _ in range(FLOOD // 2**20):
            await response.write(b'"' + b"x" * (2**20 - 3) + b'",')
        return response

    async def no_json(self, _request, _fault):
        """Answer as a proxy that has its own trouble."""
        return web.Response(text="<html>Bad Gateway</html>")

    async def unavailable(self, _request, _fault):
        """Refuse, and ask to be left alone for two minutes."""
        return _status(503, "ServiceUnavailable", {"Retry-After": "120"})

    async def too_many_requests(self, _request, _fault):
        return _status(429, "TooManyRequests", {"Retry-After": "120"})

    async def conflict(self, _request, _fault):
        return _status(409, "Conflict")

    async def internal_error(self, _request, _fault):
        return _status(500, "InternalError")

    async def unauthorized(self, _request, _fault):
        return _status(401, "Unauthorized")

    async def forbidden(self, _request, _fault):
        return _status(403, "Forbidden")

    async def not_found(self, _request, _fault):
        return _status(404, "NotFound")


def _status(code, reason, headers=None):
    body = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": reason, "code": code}
    body["message"] = f"{reason}, since a test says so"
    return web.Response(status=code, headers=headers, content_type="application/json", text=json.dumps(body))
