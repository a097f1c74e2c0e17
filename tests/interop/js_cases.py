"""Cases with implementations in JavaScript: `iso-ucan`, and `@did-plc/lib` with the official directory server."""

from __future__ import annotations

from collections.abc import Iterator

from tests.interop import js_containers, js_fields, js_kinds, js_plc, js_service, js_transport
from tests.interop.js_chains import CHAINS, OURS, THEIRS
from tests.interop.js_driver import driver
from tests.interop.js_judged import Bench
from tests.interop.js_made import ours, theirs
from tests.interop.js_people import People
from tests.interop.js_policies import POLICIES
from tests.interop.stage import Stage
from tests.interop.table import Row

OTHERS = (js_kinds, js_fields, js_containers, js_transport, js_service)


def rows(stage: Stage) -> Iterator[Row]:
    """Play them."""
    with driver() as js:
        bench, people = Bench(stage.service, js), People.of(stage.service, js)
        for chain in (*CHAINS, *POLICIES):
            yield Row(chain.case, THEIRS, chain.ours, bench.by_us(theirs(js, people, chain)))
            yield Row(chain.case, OURS, chain.theirs, bench.by_them(ours(people, chain)))
        for module in OTHERS:
            yield from module.rows(bench, people)
        yield from js_plc.rows(stage, js)
