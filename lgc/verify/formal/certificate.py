"""The certificate: what was proved, by what, in which time, and what was not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

PROVED, REFUTED, OPEN = "proved", "refuted", "not proved"


@dataclass(frozen=True)
class Claim:
    """One claim. ``result`` is ``proved``, ``refuted`` or ``not proved``; ``note`` says how, or why not."""

    claim: str
    result: str
    engine: str
    seconds: float
    note: str = ""


@dataclass
class Certificate:
    """What is written as JSON.

    Attributes:
        rtl_sha256: of the Verilog file's bytes, as yosys read them.
        model_circuit: digest of the unoptimised circuit of the model.
        domain: which inputs are meant.
    """

    rtl: str
    rtl_sha256: str
    model_digest: str
    model_circuit: str
    domain: str
    tools: dict[str, str]
    outputs: tuple[str, ...]
    latency: int
    parts: list[Claim] = field(default_factory=list)

    @property
    def result(self) -> str:
        """Of the whole: proved only if every part is, and there is one."""
        results = {part.result for part in self.parts}
        if REFUTED in results:
            return REFUTED
        return PROVED if results == {PROVED} else OPEN

    @property
    def is_proved(self) -> bool:
        """Whether every part is proved."""
        return self.result == PROVED

    @property
    def open(self) -> list[Claim]:
        """The parts that were not proved."""
        return [part for part in self.parts if part.result == OPEN]

    def to_json(self) -> str:
        """The text of the file."""
        seconds = round(sum(part.seconds for part in self.parts), 3)
        head = {"format": "lgc-certificate", "version": 1, "result": self.result, "seconds": seconds}
        return json.dumps(head | asdict(self), indent=2) + "\n"
