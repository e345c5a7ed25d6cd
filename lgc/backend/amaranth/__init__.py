"""Amaranth: a circuit as a `wiring.Component`, in memory (:func:`LogicNet`) or as a module of its own."""

from __future__ import annotations

from typing import Any

from lgc.backend.amaranth.format import Amaranth

__all__ = ["Amaranth", "LogicNet"]


def LogicNet(circuit: Any, *, pipeline: int = 0, stream: bool = False) -> Any:  # noqa: N802 - reads as a class
    """The component of a circuit, for use inside another Amaranth design.

    Args:
        circuit: a :class:`lgc.ir.Circuit`.
        pipeline: register stages, which is the latency in clocks; placed as the Verilog backend places those of its
            arithmetic head.
        stream: stream ports ``i`` and ``o`` instead of the plain ``bits``, ``scores`` and ``class_id``.

    Raises:
        MissingToolError: the package ``amaranth`` is not installed.
        OptionError: an impossible pipeline.
    """
    from lgc.backend.amaranth.format import component_data, require_amaranth

    target = Amaranth(pipeline=pipeline, stream=stream)
    target.validate(circuit)
    require_amaranth()
    from lgc.backend.amaranth.component import NetComponent

    return NetComponent(component_data(circuit, pipeline), stream=stream)
