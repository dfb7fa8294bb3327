"""The questions about every packet that a place is asked; what answers them is imported on use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from fwsim.machine.simulate import Simulation
    from fwsim.model.packet import Packet
    from fwsim.questions.coverage import Coverage
    from fwsim.questions.diff import Diff
    from fwsim.questions.exposed import Exposed
    from fwsim.questions.lint import Lint
    from fwsim.questions.policy.model import Policy
    from fwsim.questions.policy.outcome import Report
    from fwsim.questions.reach import Reach
    from fwsim.questions.remedies import Remedies
    from fwsim.questions.replay.run import OnLeg
    from fwsim.questions.replay.summary import Replay
    from fwsim.questions.verdicts import Verdicts

T = TypeVar("T")


def _printed(answer: T) -> T:
    """The answer; `print` shows it as its command would."""
    import fwsim.show.answers  # noqa: F401

    return answer


class Asking:
    """What `fwsim.net.Net` can be asked besides tracing."""

    if TYPE_CHECKING:

        @property
        def simulation(self) -> Simulation:
            """The place."""
            ...

    def reach(self, **asked: Any) -> Reach:
        """Which packets get through the host: `in_`, `out`, `src`, `dst`, `proto`, `sport`,
        `dport`, `state` as the options of `fwsim reach`. Truth says whether there are any.
        QuestionError for what the place does not know, or for sets too large to be told."""
        from fwsim.questions.asked import Asked
        from fwsim.questions.reach import reach

        return _printed(reach(self.simulation, Asked(**asked)))

    def verdicts(
        self,
        columns: Mapping[str, Any],
        table: str = "filter",
        chain: str = "FORWARD",
        family: int = 4,
    ) -> Verdicts:
        """What a table of the host does to many packets at once, told as columns of their fields
        (docs/verdicts.md). QuestionError for unknown names and for values that do not fit."""
        from fwsim.questions.verdicts import verdicts

        return verdicts(self.simulation, self._plans, columns, (table, chain, family))

    @cached_property
    def _plans(self) -> dict[Any, Any]:
        """What was made of the rules for `verdicts`."""
        return {}

    def diff(self, new: Asking, **asked: Any) -> Diff:
        """Which packets a new place treats otherwise than this one, and by which rules; of all, or
        of those that `in_`, `src`, `dst`, `proto`, `sport` and `dport` tell. Truth says whether
        there are any. QuestionError where the two cannot be compared, or for sets too
        large to be told."""
        from fwsim.questions.asked import Asked
        from fwsim.questions.diff import diff

        return _printed(diff(self.simulation, new.simulation, asked=Asked(**asked)))

    def exposed(self, in_: str = "") -> Exposed:
        """A host's open doors: what can be reached by a device (any, if ""), and by which rules.
        QuestionError for what the place does not know, or for sets too large to be told."""
        from fwsim.questions.exposed import exposed

        return _printed(exposed(self.simulation, in_))

    def repair(self, *, block: bool = False, one_way: bool = False, **asked: Any) -> Remedies:
        """Commands that let an exchange through (`src`, `dst`, … as of `trace`), each tried, with
        what else they open; or with `block` such as stop it. QuestionError for what the place does
        not know, or for sets too large to be told."""
        from fwsim.questions.remedies import remedies

        net: Any = self
        trace = net.trace(one_way=one_way, **asked)
        found = remedies(
            trace.net.simulation, trace.exchange, trace.packet, trace.start,
            one_way=one_way, block=block,
        )  # fmt: skip
        return _printed(found)

    def lint(
        self,
        *,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        everywhere: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Lint:
        """What is wrong with the host's rules themselves; with `everywhere` also what is untidy in
        chains that software writes itself. Truth says whether anything was found; `progress` is
        told how much is done, of how much. QuestionError for a code that there is not, or for sets
        too large to be told."""
        from fwsim.questions.lint import lint

        return _printed(
            lint(self.simulation, select, ignore, everywhere=everywhere, progress=progress)
        )

    def replay(
        self,
        file: str | PathLike[str],
        *,
        in_: str = "",
        any_mac: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        on_leg: OnLeg | None = None,
    ) -> Replay:
        """Every packet of a capture (pcap, pcapng) through the rules, in time order
        (docs/replay.md). `in_`: the device that it was taken on; `any_mac`: the place's MACs are
        not the capture's. `on_leg` is told of each packet. OSError if there is no such file; what
        is wrong in it stands in the answer's `damage`."""
        from fwsim.questions.replay import replay
        from fwsim.questions.replay.placing import Asked

        return _printed(replay(self.simulation, file, Asked(in_, any_mac), progress, on_leg))

    def coverage(
        self,
        *,
        packets: Iterable[tuple[Packet, str, float]] | None = None,
        capture: str | PathLike[str] | None = None,
        in_: str = "",
        any_mac: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Coverage:
        """Which of the host's rules were reached: by packets (as `packets` takes them), by a
        capture (as `replay` takes it), or, by default, by whatever moved the counters that stand
        in the rules. Truth says whether all were."""
        from fwsim.questions import coverage

        net: Any = self
        if packets is not None:
            return _printed(coverage.by_legs(self.simulation, net.packets(packets)))
        if capture is None:
            return _printed(coverage.by_counters(self.simulation))
        found = self.replay(capture, in_=in_, any_mac=any_mac, progress=progress)
        return _printed(coverage.by_replay(self.simulation, found))

    def test(
        self,
        policy: str | PathLike[str] | Policy,
        *,
        coverage: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Report:
        """The place held against a policy, or one in a file (docs/testing.md); with `coverage` also
        on which rules none of its lines depends. Truth says whether all of it holds. ReadError or
        QuestionError for what is wrong with the policy."""
        from fwsim.questions.policy import test

        net: Any = self
        return _printed(test(net, policy, self._said, coverage=coverage, progress=progress))

    @cached_property
    def _said(self) -> dict[Any, Any]:
        """What the machine said of packets, for `test`."""
        return {}
