"""The benchmarks measure what they say: all is counted, what fails is noticed, no figure is missing. No time is looked at."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
import pytest

from benchmarks import cores, processes, served
from benchmarks.bench import Bench, prepared
from benchmarks.cast import BATCH, Cast, fresh_did
from benchmarks.crowd import CONSUMERS, Crowd
from benchmarks.failure import MeasurementError
from benchmarks.figures import CEILING, DIRECT, FIGURES, ONE, SCALE, Figures
from benchmarks.load import Passed, _Closed, _Connection, closed, open_loop, request
from benchmarks.processes import Running, forge, running
from benchmarks.served import Requests
from benchmarks.setup import Setup
from benchmarks.size import FULL, QUICK, Size
from benchmarks.stages import STAGES, resolve
from benchmarks.stopwatch import Stopwatch, watching
from benchmarks.stores import SQLITE, SQLiteStores, stores
from benchmarks.targets import targets
from forge.container import Container
from tests.faults.processes import free_port
from tests.store import postgresql

TINY = Size(
    runs=1,
    floor=2,
    direct=4,
    requests=10,
    containers=1,
    bare=10,
    canned=10,
    warm=2,
    memory=40,
    rows=(),
    scale_runs=0,
)
MANY = 200
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\x63out\xa1\x62ok\xa0"
ASKED_FOR = """
floor_us floor_known_us cpu_us cpu_ratio cpu_known_ratio cpu_cold_us cpu_cold_ratio batch100_us batch100_ratio
batch100_known_ratio batch100_cold_us batch100_cold_ratio bare_rps http1_rps http1_vs_bare http1_cold_rps http2_rps
http2_load_cores http2_vs_http1 http100_rps read_rps read_vs_change repeat_rps repeat_vs_first p50_ms p99_ms p50_peak_ms
p99_peak_ms load_ceiling_rps rss_mb bytes_per_invocation bytes_per_repeat bytes_per_read year_gb_at_100_rps scale scale_change
"""


@dataclass
class Place:
    """A service, and its store."""

    cast: Cast
    server: Running
    stores: SQLiteStores
    url: str

    def count(self, table: str, url: str | None = None) -> int:
        with closing(sqlite3.connect((url or self.url).removeprefix(SQLITE))) as connection:
            return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - our own names

    def adding(self, many: int) -> list[bytes]:
        return [request(self.cast.added(own=number % 2 == 0)) for number in range(many)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("benchmarks")
    cast, made = Cast(folder), SQLiteStores(folder)
    url = made.fresh("store")
    with forge(cast, url, workers=1, on=cores.both()) as server:
        yield Place(cast, server, made, url)


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    folder = tmp_path_factory.mktemp("setup")
    with prepared(folder, stores(None, folder), TINY, lambda _: None) as made:
        yield made


@contextmanager
def answering(*pieces: bytes) -> Iterator[int]:
    """Answer on one connection, whatever comes, in these pieces; hang up where they are nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while connection.recv(65_536) and any(pieces):
                    for piece in pieces:
                        connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


# -- the load ----------------------------------------------------------------------------------------------------------


def test_a_closed_load_is_counted_and_every_request_runs_once(place: Place) -> None:
    before = place.count("ledger")
    requests = place.adding(MANY)
    for _ in range(2):  # what is sent once more is answered from the ledger
        passed = closed(place.server.port, requests, connections=8)
        assert (passed.requests, passed.failed, len(passed.latencies)) == (MANY, 0, MANY)
        assert place.count("ledger") == before + MANY


def test_an_open_load_is_counted(place: Place) -> None:
    before = place.count("ledger")
    passed = open_loop(place.server.port, place.adding(MANY), rate=100_000, connections=8)
    assert (passed.requests, passed.failed, len(passed.latencies)) == (MANY, 0, MANY)
    assert place.count("ledger") == before + MANY


def test_a_request_of_an_open_load_is_as_old_as_its_schedule() -> None:
    # Ten requests are due at once, and one connection has them answered one after the other.
    with answering(ANSWER) as port:
        passed = open_loop(port, [b"x"] * 10, rate=1e9, connections=1)
    assert passed.latencies == sorted(passed.latencies)
    assert sum(passed.latencies) > passed.seconds


def test_a_container_of_a_hundred_has_a_hundred_receipts(place: Place) -> None:
    before = place.count("ledger")
    batches = [request(place.cast.batch(own=own)) for own in (False, True)]
    assert closed(place.server.port, batches, connections=2, receipts=BATCH).requests == len(batches)
    assert place.count("ledger") == before + len(batches) * BATCH
    with pytest.raises(MeasurementError, match=r"^1 of 1 answers were not what they had to be"):
        closed(place.server.port, batches[:1], connections=1, receipts=BATCH + 1)


def test_a_failing_receipt_is_noticed(place: Place) -> None:
    taken = fresh_did()
    requests = [*place.adding(19), request(place.cast.added(taken)), request(place.cast.added(taken))]
    with pytest.raises(MeasurementError, match=r"^1 of 21 answers were not what they had to be: .* already exists"):
        closed(place.server.port, requests, connections=1)


def test_a_refused_request_is_noticed(place: Place) -> None:
    with pytest.raises(MeasurementError, match=r"^1 of 1 answers were not what they had to be: b'HTTP/1.1 400"):
        open_loop(place.server.port, [request(b"no container")], rate=1000, connections=1)


def test_a_read_is_answered(place: Place) -> None:
    customer = fresh_did()
    before = place.count("ledger")
    closed(place.server.port, [request(place.cast.added(customer)), request(place.cast.got(customer))], connections=1)
    assert place.count("ledger") == before + 1


def test_a_server_that_hangs_up_is_noticed() -> None:
    with answering(b"") as port, pytest.raises(MeasurementError, match="closed a connection"):
        closed(port, [b"x"], connections=1)


def test_an_answer_without_a_length_is_noticed() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as port, pytest.raises(MeasurementError, match="without a length"):
        closed(port, [b"x"], connections=1)


def test_a_server_that_is_not_there_is_noticed() -> None:
    with pytest.raises(MeasurementError, match="nobody answers"):
        closed(free_port(), [b"x"], connections=1)


@pytest.mark.parametrize("size", [1, 7, 40, len(ANSWER), 1000])
def test_an_answer_may_come_in_pieces(size: int) -> None:
    got: list[tuple[bytes, bytes]] = []

    class Load(_Closed):
        def answered(self, connection: _Connection, head: bytes, body: bytes) -> None:
            del connection
            got.append((head, body))

    connection = _Connection(Load(iter(()), 1))
    for _ in range(2):
        for begin in range(0, len(ANSWER), size):
            connection.data_received(ANSWER[begin : begin + size])
    head, _, body = ANSWER.partition(b"\r\n\r\n")
    assert got == [(head, body)] * 2


def test_a_result_with_another_status_is_noticed() -> None:
    with answering(ANSWER.replace(b"200 OK", b"500 No")) as port, pytest.raises(MeasurementError, match=r"^1 of 1 answers"):
        closed(port, [b"x"], connections=1)


def test_percentiles() -> None:
    passed = Passed(latencies=[number / 1000 for number in range(100, 0, -1)])
    assert (passed.percentile(0), passed.percentile(0.5), passed.percentile(0.99), passed.percentile(1)) == (1, 51, 100, 100)


def test_each_invocation_is_a_task_of_its_own_on_the_delegation_that_was_asked_for(place: Place) -> None:
    for own, delegations in ((False, 1), (True, MANY)):
        sent = [Container.from_cbor(place.cast.added(own=own)) for _ in range(MANY)]
        assert len({invocation.task for one in sent for invocation in one.invocations}) == MANY
        assert len({cid for one in sent for cid in one.delegations}) == delegations
        batch = Container.from_cbor(place.cast.batch(own=own))
        assert (len(batch.invocations), len(batch.delegations)) == (BATCH, BATCH if own else 1)


# -- processes ---------------------------------------------------------------------------------------------------------


def test_a_server_ends_whatever_happens(tmp_path: Path) -> None:
    (tmp_path / "answer").write_bytes(b"")
    pids = []

    def interrupted() -> None:
        with running(["benchmarks.canned", str(tmp_path / "answer"), "x/y"], tmp_path, on=cores.both()) as it:
            os.kill(it.pid, 0)
            pids.append(it.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    server = running(["benchmarks.canned", str(tmp_path), "x/y"], tmp_path, on=cores.both())
    with pytest.raises(MeasurementError, match=r"benchmarks\.canned-\d+ did not start:\n(.*\n)*IsADirectoryError"), server:
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells, and pins")
def test_memory_is_that_of_children_too() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:  # noqa: S607 - wherever it is
        assert Running(0, os.getpid()).rss() > Running(0, child.pid).rss() > 0
        assert {os.getpid(), child.pid} <= set(processes._family(os.getpid()))
        child.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells, and pins")
def test_pinning_ends() -> None:
    before = os.sched_getaffinity(0)
    with cores.on(cores.server_core()):
        assert os.sched_getaffinity(0) == cores.server_core()
    assert os.sched_getaffinity(0) == before


# -- stores ------------------------------------------------------------------------------------------------------------


def test_a_crowd_has_the_rows_of_a_real_customer(place: Place) -> None:
    crowd = Crowd.of(place.cast)
    counts = {table: place.count(table) for table in ("customer", "subscription", "holding", "assignment", "event", "ledger")}
    for body in crowd.bodies:
        closed(place.server.port, [request(body)], connections=1)
    one = {table: place.count(table) - count for table, count in counts.items()}
    assert one == {"customer": 1, "subscription": 1, "holding": 1, "assignment": CONSUMERS, "event": 2 + CONSUMERS, "ledger": 3}
    copied = place.stores.copy(place.url, "crowded")
    place.stores.multiply(copied, crowd, 30)
    for table, count in counts.items():
        assert place.count(table, copied) == count + 31 * one[table], table
    with closing(sqlite3.connect(copied.removeprefix(SQLITE))) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM customer WHERE task NOT IN (SELECT task FROM ledger)").fetchall() == [
            (0,)
        ]
        names = [did for (did,) in connection.execute("SELECT did FROM customer")]
    assert {known.decode() for known in crowd.known} <= set(names)
    assert len(set(crowd.known)) == 30


def test_volume_is_what_lies_there(place: Place) -> None:
    copied = place.stores.copy(place.url, "volume")
    volume = place.stores.volume(copied)
    assert volume.everything == Path(copied.removeprefix(SQLITE)).stat().st_size
    assert 0 < volume.ledger < volume.everything
    place.stores.remove(copied)
    assert not Path(copied.removeprefix(SQLITE)).exists()


TABLES = ("customer", "subscription", "holding", "assignment", "event", "ledger")


def counted(url: str) -> list[int]:
    """Count rows on PostgreSQL, and look for what would not be there if the service had written them."""
    with psycopg.connect(url, autocommit=True) as connection:
        strangers = connection.execute("SELECT count(*) FROM customer WHERE task NOT IN (SELECT task FROM ledger)").fetchall()
        gaps = connection.execute("SELECT max(seq) - count(*) FROM event").fetchall()
        assert (strangers, gaps) == ([(0,)], [(0,)])
        return [row[0] for name in TABLES for row in connection.execute(f"SELECT count(*) FROM {name}".encode())]  # noqa: S608 - our own names


def test_a_crowd_on_postgresql_has_the_rows_of_a_real_customer(tmp_path: Path) -> None:
    postgresql.needed()
    made = stores(postgresql.server().url("postgres"), tmp_path)
    assert made.version.startswith("PostgreSQL 1")
    cast, url = Cast(tmp_path), made.fresh("store")
    crowd = Crowd.of(cast)
    with forge(cast, url, workers=1, on=cores.both()) as server:
        for body in crowd.bodies:
            closed(server.port, [request(body)], connections=1)
    one = counted(url)
    copied = made.copy(url, "crowded")
    made.multiply(copied, crowd, 30)
    assert counted(copied) == [31 * count for count in one]
    assert counted(url) == one
    assert len(set(crowd.known)) == 30
    volume = made.volume(copied)
    assert 0 < volume.ledger < volume.everything
    # It is served on: numbers go on after those that others were given.
    with forge(cast, copied, workers=1, on=cores.both()) as server:
        closed(server.port, [request(cast.got(crowd.known[0])), request(cast.added())], connections=1)
    made.remove(copied)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        counted(copied)


@pytest.mark.parametrize("url", ["postgresql://localhost:1", "sqlite:////nowhere/at/all"])
def test_where_no_stores_can_be_is_said(url: str, tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=f"^--store {url}: "):
        stores(url, tmp_path)
    assert stores(f"sqlite:///{tmp_path}", Path("/other")).fresh("one") == f"sqlite:///{tmp_path}/one.db"


# -- figures -----------------------------------------------------------------------------------------------------------


def test_every_figure_of_a_run_is_taken(setup: Setup) -> None:
    bench = Bench(setup)
    bench.measure_direct(setup.stores.fresh("direct"))
    assert setup.figures.values.keys() == {figure.key for figure in DIRECT}
    url = setup.stores.fresh("one")
    served.measure_one(setup, url, Requests.of(setup.cast, TINY))
    bench.measure_ceiling()
    assert setup.figures.values.keys() == {figure.key for figure in (*DIRECT, *ONE, *CEILING)}
    assert setup.figures.values["bytes_per_repeat"] == setup.figures.values["bytes_per_read"] == [0]
    assert setup.figures.median("bytes_per_invocation") >= setup.figures.median("ledger_bytes_per_invocation") > 0
    with closing(sqlite3.connect(url.removeprefix(SQLITE))) as connection:
        # Warm, first, on delegations of their own, by a schedule, and in containers; no repeat, and no read.
        expected = TINY.warm + 3 * TINY.requests + TINY.containers * BATCH
        assert connection.execute("SELECT count(*) FROM ledger").fetchall() == [(expected,)]
    with pytest.raises(MeasurementError, match="not measured: http2_rps"):
        setup.figures.document()


def test_the_bare_server_answers_with_as_many_bytes(setup: Setup, place: Place) -> None:
    plain = request(place.cast.added())
    ours, bare, canned = (
        closed(port, [plain], connections=1).answer for port in (place.server.port, setup.bare.port, setup.canned.port)
    )
    assert len(ours) == len(bare)
    assert bare == canned


def filled() -> Figures:
    figures = Figures()
    for figure in FIGURES:
        figures.add(**{figure.key: 1.0})
        figures.add(**{figure.key: 3.0})
        figures.add(**{figure.key: 8.0})
    figures.memory = {"start": 1.0, "middle": 2.0, "end": 2.0}
    figures.scale = {rows: {key: [1.0, value] for key in SCALE} for rows, value in ((10, 1.0), (30, 2.0), (20, 1.2))}
    return figures


def test_the_document_has_every_key_that_was_asked_for() -> None:
    document = json.loads(json.dumps(filled().document()))
    assert set(ASKED_FOR.split()) <= document.keys()
    assert document["cpu_us"] == median(document["cpu_us_runs"]) == 3
    assert document["rss_mb"].keys() == {"start", "middle", "end"}
    assert document["scale"]["30"]["http1_vs_bare"] == 1.5
    assert document["scale_change"]["http1_vs_bare"] == 0.5
    # 3 bytes, 100 times a second, for 365 days.
    assert document["year_gb_at_100_rps"]["everything"] == pytest.approx(9.4608)


def test_targets_are_compared_with_what_was_measured() -> None:
    aims = {target.key: target for target in targets(filled(), FULL)}
    assert aims["http1_vs_bare"].holds
    assert aims["http1_vs_bare"].stretched
    assert not aims["cpu_ratio"].holds
    assert aims["rss_mb"].holds
    assert not aims["scale_change"].holds
    assert "rss_mb" not in {target.key for target in targets(filled(), QUICK)}


# -- the profile -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for _, path in STAGES])
def test_a_stage_is_where_it_is_said_to_be(path: str) -> None:
    owner, name, _ = resolve(path)
    assert callable(getattr(owner, name))


def test_a_stage_that_is_gone_says_what_to_do() -> None:
    with pytest.raises(MeasurementError, match=r"adapt benchmarks/stages\.py"):
        resolve("forge.container:Container.gone")


class Hand:
    """The hand of a clock, which moves by what is done and not by itself."""

    at = 0


class Watched:
    """What is watched: of each kind one."""

    def outer(self) -> int:
        Hand.at += 5
        return self.inner(1) + self.within()

    @staticmethod
    def inner(number: int) -> int:
        Hand.at += 100
        return number

    @classmethod
    def within(cls) -> int:
        Hand.at += 10
        return len(cls.__name__)

    async def waits(self) -> int:
        Hand.at += 2
        await asyncio.sleep(0)
        return self.inner(2)


class Heir(Watched):
    """Who has what is watched by inheritance."""


async def test_a_stopwatch_counts_each_function_by_itself() -> None:
    watch, module = Stopwatch(lambda: Hand.at), f"{__name__}:"
    paths = {"a": "Watched.outer", "b": "Watched.inner", "c": "Heir.within", "d": "Watched.waits"}
    before = dict(vars(Watched)), dict(vars(Heir))
    plain = (Heir().outer(), await Heir().waits())
    with watching(watch, tuple((label, module + path) for label, path in paths.items())):
        assert (Heir().outer(), await Heir().waits()) == plain
    assert watch.read() == {"a": 5, "b": 200, "c": 10, "d": 2}
    watch.reset()
    assert (Heir().outer(), await Heir().waits()) == plain
    assert watch.read() == {}, "nothing is watched any more"
    assert (dict(vars(Watched)), dict(vars(Heir))) == before
