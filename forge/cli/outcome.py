"""A receipt, as a person or a script sees it. It has been checked: the client gives no other."""

from __future__ import annotations

import typer

from forge.cli.exits import REFUSED
from forge.cli.terminal import complain, emit_json, show, show_field, show_json
from forge.invocation import Invocation
from forge.receipt import Receipt


def report(receipt: Receipt, invocation: Invocation | None = None, *, as_json: bool, executor: str = "") -> None:
    """Print a receipt.

    Args:
        receipt: what came back.
        invocation: what was sent, where it is known.
        as_json: whether for a script.
        executor: a remark about who signed.

    Raises:
        typer.Exit: the receipt holds an error, which was said on standard error.
    """
    if as_json:
        out = {"ok": receipt.ok} if receipt.error is None else {"error": receipt.error}
        cid = {} if invocation is None else {"cid": str(invocation.cid)}
        emit_json({"task": str(receipt.ran), **cid, "receipt": str(receipt.cid), "executor": receipt.executor, **out})
    else:
        show(("ok", "bold green") if receipt.error is None else ("error", "bold red"))
        show_field("task", str(receipt.ran))
        if invocation is not None:
            show_field("invocation", str(invocation.cid))
        show_field("receipt", f"{receipt.cid} (signature checked)")
        show_field("executor", f"{receipt.executor}{executor}")
        if receipt.error is None:
            show_json("result", receipt.ok)
        else:
            show_json("error", receipt.error)
    if receipt.error is not None:
        complain(f"{receipt.error_name}: {receipt.error_message}")
        raise typer.Exit(REFUSED)
