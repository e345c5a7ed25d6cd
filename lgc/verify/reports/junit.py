"""JUnit XML, for continuous integration."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from lgc.verify.report import Report, SetResult

_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: Report, name: str, explanation: str) -> str:
    """One test case per kind of vectors; the first failing one holds the explanation."""
    suite = ET.Element(
        "testsuite",
        name=_legal(f"lgc verify {name}"),
        tests=str(len(report.sets)),
        failures=str(sum(_failed(report, one) for one in report.sets)),
        errors="0",
        skipped="0",
        time=f"{report.build_seconds + report.simulate_seconds:.3f}",
    )
    told = False
    for one in report.sets:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_legal(name),
            name=f"{one.kind}: {one.vectors} vectors",
            time=f"{one.seconds:.3f}",
        )
        if _failed(report, one):
            differ = f"{one.mismatches} of {one.vectors} vectors differ"
            failure = ET.SubElement(case, "failure", message=differ if one.mismatches else "out_valid is wrong")
            failure.text = "" if told else _legal(explanation)
            told = True
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _failed(report: Report, one: SetResult) -> bool:
    """A wrong ``out_valid`` is nobody's in particular: every set fails."""
    return one.mismatches > 0 or report.timing is not None


def _legal(text: str) -> str:
    """Text without what XML 1.0 cannot hold: control characters and lone surrogates, in names of files and classes."""
    return _ILLEGAL.sub("?", text)
