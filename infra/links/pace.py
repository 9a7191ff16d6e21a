"""How many connections are worth having for one file: one more, as long as each brings what it should."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """A download holds at most `most_connections` pieces of `piece_bytes`, and all of them `held_bytes`.

    look_seconds       a look at how fast bytes come takes so long at least, and two pieces of each
    least_waited       this share of a look must have been waiting for the source, or another is not tried
    least_looks_left   the rest of the file must take as long as so many looks, or another is not tried
    patience_seconds   how long the first answer is not read on, where the first piece is not under way yet
    least_gain         a third or fourth must bring this share of what each of the others gives
    least_speedup      together they must be so many times as fast as one: every piece costs a request
    """

    piece_bytes: int = 2 * 1024 * 1024
    most_connections: int = 4
    held_bytes: int = 16 * 1024 * 1024
    look_seconds: float = 1.0
    least_waited: float = 0.5
    least_looks_left: float = 5.0
    patience_seconds: float = 1.0
    least_gain: float = 1 / 3
    least_speedup: float = 1.2


@dataclass(slots=True)
class Crew:
    """The `connections` that read side by side, where one gave `alone_rate` bytes a second."""

    pace: Pace
    alone_rate: float
    connections: int = 2
    settled: bool = False
    _before: float = 0.0

    def judge(self, rate: float, *, may_grow: bool) -> None:
        """After a look at so many: one more, or `settled` for these, for one less, or for one alone."""
        if self.connections > 2 and rate < self._before * (1 + self.pace.least_gain / (self.connections - 1)):
            self.connections, rate, self.settled = self.connections - 1, self._before, True
        elif may_grow:
            self.connections, self._before = self.connections + 1, rate
        else:
            self.settled = True
        if self.settled and rate < self.alone_rate * self.pace.least_speedup:
            self.connections = 1
