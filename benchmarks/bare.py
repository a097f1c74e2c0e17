"""A bare Starlette POST on uvicorn, set up as the service is: it reads the body, and answers with bytes that it was given.

    python -m benchmarks.bare FILE MEDIA-TYPE

What a Python web server costs that does nothing: the service is measured against it.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def create_app(answer: bytes, media_type: str) -> Starlette:
    """Make the app that answers with these bytes."""

    async def post(request: Request) -> Response:
        await request.body()
        return Response(answer, media_type=media_type)

    return Starlette(routes=[Route("/", post, methods=["POST"])])


def main() -> None:
    """Serve on a free port."""
    app = create_app(Path(sys.argv[1]).read_bytes(), sys.argv[2])
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]} started\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_level="error",
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
