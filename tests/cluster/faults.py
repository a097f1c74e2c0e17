"""What can happen to a primary, how it is undone, and a round of it: broken, another one serves, mended, whole again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.cluster.cluster import Cluster
from tests.cluster.machine import Machine

_BEHIND_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Fault:
    """Something that another machine has to take over for."""

    name: str
    what: str
    break_it: Callable[[Cluster, Machine], object]
    mend_it: Callable[[Cluster, Machine], object]

    def befall(self, cluster: Cluster, serves: Callable[[], None]) -> tuple[str, str]:
        """Break the primary, wait until another has the lead, and then for `serves`; mend it, and wait until all is well.

        Returns:
            the names of the primary that was, and of the one that is.
        """
        before = cluster.wait_for_primary()
        self.break_it(cluster, before)
        after = cluster.wait_for_primary(other_than=before)
        serves()
        self.mend_it(cluster, before)
        cluster.wait_until_whole()
        return before.name, after.name


def _kill_behind(cluster: Cluster, primary: Machine) -> None:
    standbys = [machine for machine in cluster.machines.values() if machine is not primary]
    for standby in standbys:
        standby.pause()
    # What is committed in the meantime is on one disk alone; it must not be answered.
    time.sleep(_BEHIND_SECONDS)
    primary.kill()
    for standby in standbys:
        standby.resume()


FAULTS: Final = {
    fault.name: fault
    for fault in (
        Fault(
            "switchover",
            "an operator has it hand over",
            lambda cluster, _: cluster.switchover(),
            lambda *_: None,
        ),
        Fault(
            "crash",
            "kill -9 of its PostgreSQL; Patroni lives and brings it back",
            lambda _, machine: machine.crash(),
            lambda *_: None,
        ),
        Fault(
            "kill",
            "kill -9 of all that runs on its machine; started again",
            lambda _, machine: machine.kill(),
            lambda _, machine: machine.start(),
        ),
        Fault(
            "behind",
            "the same, when the standbys have hung for a second",
            _kill_behind,
            lambda _, machine: machine.start(),
        ),
        Fault(
            "orphan",
            "kill -9 of its Patroni; its PostgreSQL still believes to be the primary",
            lambda _, machine: machine.orphan(),
            lambda _, machine: machine.start(),
        ),
        Fault(
            "pause",
            "its machine hangs (SIGSTOP), and wakes up when another has taken over",
            lambda _, machine: machine.pause(),
            lambda _, machine: machine.resume(),
        ),
        Fault(
            "cut",
            "its machine's network cable is pulled, and plugged in again; needs a private network",
            lambda cluster, machine: cluster.network.cut(machine.name),
            lambda cluster, machine: cluster.network.mend(machine.name),
        ),
    )
}
