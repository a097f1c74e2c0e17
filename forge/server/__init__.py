"""The server: a Starlette app around one executor (protocol §10).

    POST /                      a container of invocations in, a container of receipts out
    GET  /                      what this service is: JSON for machines, a page for people
    GET  /.well-known/did.json  its DID document
    GET  /receipt/{task}        the receipt of a task that ran, never the invocation; ?executor=: what others said of it
    GET  /revocation/{cid}      who revoked a delegation, and what proves it
    GET  /revocations/{since}   the stream of all revocations
    GET  /{command}             a reading command, invoked by the header `X-UCAN-Container`
    GET  /{stream}/{since}      what such a command lists, as it comes; by the same header
    GET  /health/live           the process answers
    GET  /health/ready          the store answers too
    GET  /metrics               Prometheus' text format

What goes wrong before there is an invocation is a status and one line of text; afterwards it is always a receipt.
"""

from forge.server.app import create_app

__all__ = ["create_app"]
