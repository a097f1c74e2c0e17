"""The page that a person sees at `GET /`."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>forge</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 3rem auto; padding: 0 1rem; color: #222; }}
  code {{ font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }}
  table {{ border-collapse: collapse; width: 100%; }}
  th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #ddd; }}
  @media (prefers-color-scheme: dark) {{ body {{ background: #16181c; color: #ddd; }} th, td {{ border-color: #444; }} }}
</style>
<h1>forge {version}</h1>
<p>This is a UCAN capability invocation service. It executes signed invocations that are addressed to</p>
<p><code>{did}</code></p>
<p>Send them as a container (<code>application/vnd.ipld.dag-cbor</code>) by <code>POST</code> to this address; what comes back
are signed receipts. Its DID document is at <a href="/.well-known/did.json"><code>/.well-known/did.json</code></a>.</p>
<h2>Commands</h2>
<table>
<tr><th>command</th><th>what it does</th><th>subject</th><th>effect</th></tr>
{rows}
</table>
</html>
"""


def page(description: Mapping[str, Any]) -> str:
    """Write the page from what `GET /` says to machines."""
    rows = "\n".join(
        f"<tr><td><code>{escape(one['command'])}</code></td><td>{escape(one['summary'])}</td>"
        f"<td>{escape(', '.join(one['subjects']))}</td><td>{escape(one['effect'])}</td></tr>"
        for one in description["commands"]
    )
    return _PAGE.format(version=escape(description["version"]), did=escape(description["did"]), rows=rows)
