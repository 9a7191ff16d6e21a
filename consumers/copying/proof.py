"""What proves that a file is complete, gathered while its bytes pass."""

import hashlib
from dataclasses import dataclass

from consumers.media import Format
from consumers.streams import Piece
from consumers.structure.checkers import Checker, checker_for
from infra.errors import Retryable
from schemas.manifest import Verified


@dataclass(slots=True)
class Proof:
    """`announced` is the file's length as its source told it, `size` the bytes of it that have come so far.

    The digest is null where not all of them were seen: another attempt brought those before. A structure is
    checked only where no length was told.
    """

    announced: int | None
    size: int
    digest: "hashlib._Hash | None"
    checker: Checker | None

    def take(self, piece: Piece) -> None:
        """The next bytes of the file. It takes its time: to be called in a thread, one piece at a time."""
        for chunk in piece:
            if self.digest is not None:
                self.digest.update(chunk)
            if self.checker is not None:
                self.checker.feed(chunk)
            self.size += len(chunk)

    def verified(self) -> Verified:
        """How the file was proved complete. Raises `Retryable` where it is not complete."""
        if self.announced is not None:
            if self.size != self.announced:
                raise Retryable(f"{self.size} of {self.announced} bytes came.")
            return "length"
        complete = None if self.checker is None else self.checker.complete()
        if complete is False:
            raise Retryable(f"what came, {self.size} bytes, ends in the middle by its own structure.")
        return "structure" if complete else "none"

    @property
    def sha256(self) -> str | None:
        return None if self.digest is None else self.digest.hexdigest()


def proof_of_all(form: Format, announced: int | None) -> Proof:
    """For a file whose bytes will all be seen."""
    return Proof(announced, 0, hashlib.sha256(), checker_for(form) if announced is None else None)


def proof_of_rest(announced: int, size: int) -> Proof:
    """For a file of which `size` bytes are stored already."""
    return Proof(announced, size, None, None)
