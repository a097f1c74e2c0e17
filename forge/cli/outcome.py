"""A receipt, as a person or a script sees it. It has been checked: the client gives no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import typer

from forge.cli.exits import REFUSED
from forge.cli.parameter import Parameter, parameters
from forge.cli.terminal import complain, emit_json, json_text, show, show_field, show_json
from forge.cli.times import date_beside
from forge.dagcbor import Value
from forge.invocation import Invocation
from forge.model import Arguments, UnixTime
from forge.receipt import Receipt

_PAGE: Final = frozenset({"results", "cursor"})
_INDENT: Final = 2


def report(
    receipt: Receipt,
    invocation: Invocation | None = None,
    *,
    as_json: bool,
    executor: str = "",
    model: type[Arguments] | None = None,
) -> None:
    """Print a receipt.

    Args:
        receipt: what came back.
        invocation: what was sent, where it is known.
        as_json: whether for a script.
        executor: a remark about who signed.
        model: the command's result, where the command is known: it says which numbers are times.

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
        results = results_of(receipt)
        known = {} if model is None else parameters(model)
        if results is not None:
            _show_page([_dated(one, known.get("results")) for one in results], cursor_of(receipt))
        elif receipt.error is None:
            show_json("result", _dated_map(receipt.ok, known))
        else:
            show_json("error", receipt.error)
    if receipt.error is not None:
        complain(f"{receipt.error_name}: {receipt.error_message}")
        raise typer.Exit(REFUSED)


def results_of(receipt: Receipt) -> Sequence[Value] | None:
    """Give the results of a page of a list; None where that is not what the receipt holds."""
    ok = receipt.ok
    results = ok.get("results") if isinstance(ok, dict) and ok.keys() <= _PAGE else None
    return results if isinstance(results, list) else None


def cursor_of(receipt: Receipt) -> str | None:
    """Give the cursor of the next page of a list; None where there is none."""
    cursor = receipt.ok.get("cursor") if isinstance(receipt.ok, dict) else None
    return cursor if isinstance(cursor, str) else None


def _show_page(results: Sequence[Value], cursor: str | None) -> None:
    show_field("results", str(len(results)))
    for one in results:
        show()
        if not isinstance(one, Mapping):
            show(_text(one), indent=_INDENT)
            continue
        width = max((len(key) for key in one), default=0)
        for key, value in one.items():
            show((key.ljust(width), "dim"), f"  {_text(value)}", indent=_INDENT)
    if cursor is not None:
        show()
        show_field("cursor", f"{cursor} (there is more: go on with it)")


def _dated(value: Value, parameter: Parameter | None) -> Value:
    """Put the date beside each time in a value. What does not fit the model stays as it is: a service may say anything."""
    if parameter is None:
        return value
    if isinstance(value, list):
        return [_dated(one, parameter) for one in value]
    if type(value) is int and UnixTime in parameter.kinds:
        return date_beside(value)
    for kind in parameter.kinds:
        if isinstance(kind, type) and issubclass(kind, Arguments):
            value = _dated_map(value, parameters(kind))
    return value


def _dated_map(value: Value, known: Mapping[str, Parameter]) -> Value:
    if not isinstance(value, dict):
        return value
    return {key: _dated(one, known.get(key)) for key, one in value.items()}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json_text(value)
