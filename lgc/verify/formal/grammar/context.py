"""What the productions share: the lines, the manifest, and what has been defined so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgc.backend.manifest import Manifest
from lgc.mapping.shape import HeadShape, bits_for
from lgc.parts.fabrics import Fabric
from lgc.verify.formal.grammar.gates import Computed
from lgc.verify.formal.grammar.lines import Lines


@dataclass
class Context:
    """A text that is being read.

    Attributes:
        middle: the text between what every file begins and ends with, which ``lines`` are of.
        fabric: whose cells the file brings models of; None if it brings none.
        widths: nets of each vector that modules read, by the name of its section; the input's first.
        reads: what each section reads, in order: vectors and how many nets they have.
        defined: names of the modules so far.
        folded: gate lines of tables that are parts of carry cells, by net: in hardware nothing else may read them.
        seen: names of each vector in the top module, clock by clock.
    """

    middle: str
    lines: Lines
    manifest: Manifest
    fabric: Fabric | None
    widths: dict[str, int] = field(default_factory=dict)
    reads: dict[str, dict[str, int]] = field(default_factory=dict)
    defined: list[str] = field(default_factory=list)
    folded: dict[str, Computed] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)

    @property
    def top(self) -> str:
        """The top module's name."""
        return self.manifest.top

    @property
    def shape(self) -> HeadShape:
        """Widths of the head, by the manifest."""
        manifest = self.manifest
        classes, count = len(manifest.classes), bits_for(max(manifest.group_sizes, default=0))
        return HeadShape(count, manifest.score_width, manifest.score_signed, bits_for(classes - 1), classes)

    def width(self, section: str) -> int:
        """Nets of a vector, at least one."""
        return max(1, self.widths.get(section, 0))

    def end(self, module: str, *, blank: bool = True) -> None:
        """Take a module's end."""
        self.lines.literal("endmodule\n" if blank else "endmodule")
        self.defined.append(module)
