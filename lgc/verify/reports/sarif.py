"""SARIF 2.1.0: a difference as a location at its line of the compiled file, for code-scanning views."""

from __future__ import annotations

import json

from lgc import __version__
from lgc.verify.report import Report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "mismatch": "The compiled file and the model differ on a vector",
    "timing": "A result does not come at the clock that the manifest promises",
}


def sarif_json(report: Report, path: str, explanation: str) -> str:
    """One run; no results if all is well.

    Args:
        path: of the compiled file, as the repository's viewer knows it.
        explanation: what is wrong, for people.
    """
    results = []
    if report.mismatch is not None:
        gate = report.mismatch.location.gate if report.mismatch.location else None
        results.append(_result("mismatch", explanation, path, gate.line if gate else 1))
    if report.timing is not None:
        results.append(_result("timing", report.timing, path, 1))
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in _RULES.items()]
    run = {
        "tool": {"driver": {"name": "lgc verify", "version": __version__, "rules": rules}},
        "invocations": [{"executionSuccessful": True}],
        "properties": {
            "reference": report.reference,
            "simulator": report.simulator,
            "checked": list(report.checked),
            "vectors": {one.kind: one.vectors for one in report.sets},
        },
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(rule: str, message: str, path: str, line: int) -> dict[str, object]:
    place = {"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": line}}}
    return {"ruleId": rule, "level": "error", "message": {"text": message}, "locations": [place]}
