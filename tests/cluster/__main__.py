"""`python -m tests.cluster`: run a cluster until Ctrl+C or SIGTERM; end one; or break one again and again."""

from __future__ import annotations

import argparse
import itertools
import os
import secrets
import shutil
import signal
import sys
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.cluster import network, residents
from tests.cluster.cluster import BRISK, GENEROUS, Cluster
from tests.cluster.failovers import play
from tests.cluster.faults import FAULTS
from tests.cluster.layout import missing

_STOPPED: Final = (signal.SIGINT, signal.SIGTERM)
_RUNNING: Final = "running.pid"
_PAUSE: Final = 0.2


def run(folder: Path, *, bouncer: bool) -> None:
    """Run a cluster until it is told to stop."""
    cluster = Cluster(folder, bouncer=bouncer)
    running = cluster.folder / _RUNNING
    running.write_text(str(os.getpid()))
    print(f"starting in {folder} …", flush=True)
    try:
        with cluster:
            print(f"primary    {cluster.wait_for_primary().name}")
            print(f"HAProxy    {cluster.url()}")
            if bouncer:
                print(f"PgBouncer  {cluster.url(bouncer=True)}")
            print(f"libpq      {cluster.url(direct=True)}")
            print("Ctrl+C stops it.", flush=True)
            while True:
                signal.pause()
    finally:
        running.unlink()


def stop(folder: Path) -> None:
    """End what runs in a folder, by whoever started it, or without them where they are gone."""
    folder = folder.resolve()
    running = folder / _RUNNING
    if running.exists() and "tests.cluster" in _command(pid := int(running.read_text())):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + GENEROUS
        while running.exists() and time.monotonic() < deadline:
            time.sleep(_PAUSE)
    residents.end(folder)
    running.unlink(missing_ok=True)


def failovers(given: argparse.Namespace) -> bool:
    """Break a new cluster, in a network of its own where that can be."""
    private = network.possible()
    if private and not network.is_private():
        again = [sys.executable, "-m", "tests.cluster", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "--net", "--", *again])  # noqa: S606, S607 - ourselves; util-linux
    names = given.faults.split(",") if given.faults else [name for name in FAULTS if private or name != "cut"]
    # Others may have a cluster on this interface, too.
    prefix = f"127.{secrets.choice(range(1, 255))}.{secrets.choice(range(1, 255))}."
    dcs = BRISK if given.brisk else {}
    other = {"etcd_api": "etcd3"} if given.unsafe == "etcd3" else {}
    folder = given.folder or Path(mkdtemp(prefix="forge-cluster-"))
    folder.chmod(0o755)
    cluster = Cluster(folder / "cluster", prefix=prefix, private=private, bouncer=given.bouncer, dcs=dcs, **other)
    held = play(cluster, list(itertools.islice(itertools.cycle(names), given.rounds)), bouncer=given.bouncer)
    if held and not given.folder:
        shutil.rmtree(folder)
    else:
        print(f"its logs are in {folder}")
    return held


def main() -> None:
    if lacking := missing():
        sys.exit(f"install first: {' '.join(lacking)}")
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    doing = parser.add_subparsers(required=True, dest="what")
    for name, about in (("run", "run a cluster"), ("stop", "end the cluster that runs in a folder")):
        doing.add_parser(name, help=about).add_argument("folder", type=Path)
    breaking = doing.add_parser("failovers", help="break a new cluster under load, and see whether what was answered is there")
    breaking.add_argument("--rounds", type=int, default=len(FAULTS), metavar="N", help="how often; once each way without")
    breaking.add_argument("--faults", default="", metavar="A,B", help=f"how, in turn: {', '.join(FAULTS)}; all without")
    breaking.add_argument("--brisk", action="store_true", help="with a ttl of 8 s instead of 20 s")
    unsafe = "what is lost otherwise, with --faults pause: a lead held by etcd3, before Patroni 3.0.3"
    breaking.add_argument("--unsafe", choices=["etcd3"], help=unsafe)
    breaking.add_argument("--folder", type=Path, help="where; kept. Without, one that goes away unless something went wrong")
    for parser_with_bouncer in (doing.choices["run"], breaking):
        parser_with_bouncer.add_argument("--bouncer", action="store_true", help="with PgBouncer before HAProxy")
    given = parser.parse_args()
    for number in _STOPPED:
        signal.signal(number, _stop)
    try:
        if given.what == "run":
            run(given.folder, bouncer=given.bouncer)
        elif given.what == "stop":
            stop(given.folder)
        elif not failovers(given):
            sys.exit(1)
    except RuntimeError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("stopped.")


def _stop(*_: object) -> None:
    # Once: whoever is impatient must not end the ending.
    for number in _STOPPED:
        signal.signal(number, signal.SIG_IGN)
    print("stopping …", flush=True)
    raise KeyboardInterrupt


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    main()
