"""What was shown of the hardware, and by what the report was made. What was not checked is never shown as passed."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.report.blocks import Block, Chapter, Code, Listing, Status, Text
from lgc.report.results import Proved
from lgc.report.subject import Subject

_TITLES = {
    "verify": ("Compared with the model", "lgc verify {model} {file} --data test.npz --json verify.json"),
    "mutate": (
        "Faults that the vectors notice",
        "lgc verify {model} {file} --data test.npz --mutate 200 --json verify.json",
    ),
    "cover": ("What the vectors exercise", "lgc verify {model} {file} --data test.npz --coverage --json verify.json"),
}


def verification(subject: Subject) -> Chapter:
    """The verdict, the certificate, the mutation score and the coverage."""
    lead = "What was shown, by comparison and by proof, and what was not."
    blocks: list[Block] = [*_proof(subject)]
    missing = [] if subject.certificate else [f"lgc verify {subject.model_word} {subject.verilog_word} --formal"]
    for kind, (title, command) in _TITLES.items():
        found = subject.check(kind)
        if found is None:
            blocks.append(Status("open", f"{title}: not checked."))
            missing.append(command.format(model=subject.model_word, file=subject.verilog_word))
            continue
        blocks.append(Status(found.state, f"{title}: {found.text}."))
        blocks += found.tables
        blocks += [Text(note) for note in found.notes]
    if missing:
        blocks += [Text("What is missing, these commands bring:"), Code("\n".join(missing))]
    return Chapter("verification", "Verification", lead, blocks)


def _proof(subject: Subject) -> Iterator[Block]:
    proof = subject.certificate
    if proof is None:
        yield Status("open", "Proved equal to the model: not checked.")
        return
    outputs = ", ".join(proof.outputs)
    yield Status(proof.state, f"Equal to the model: {proof.result}, of {outputs}, for {proof.domain}.")
    yield from _of_this_file(subject, proof)
    rows = tuple((claim, result, engine, f"{seconds:.1f}") for claim, result, engine, seconds in proof.claims)
    yield Listing(("claim", "result", "by", "seconds>"), rows, f"The certificate of {proof.rtl}", folded=True)


def _of_this_file(subject: Subject, proof: Proved) -> Iterator[Block]:
    """Whether the certificate is of the Verilog that the report shows."""
    made = subject.hardware
    if made is None or not made.sha256:
        yield Text(f"The certificate is of {proof.rtl} with SHA-256 {proof.sha256[:16]}…; that file was not looked at.")
    elif made.sha256 == proof.sha256:
        yield Text(f"The certificate is of {made.file} as it is now, byte for byte.")
    else:
        yield Status("open", f"The certificate is of another text than {made.file} as it is now.")


def origin(subject: Subject) -> Chapter:
    """Every command and version that made it."""
    lead = "What the report was made from, and the commands that make all of it again."
    sources = tuple((one.what, one.name, one.note or "used") for one in subject.sources)
    versions = tuple(subject.versions.items())
    blocks: list[Block] = [
        Listing(("what", "file", "used"), sources, "Read"),
        Listing(("what", "version"), versions, "Versions"),
    ]
    if subject.commands:
        blocks += [Text("The commands, with the options that the files tell:"), Code("\n".join(subject.commands))]
    return Chapter("origin", "How this was made", lead, blocks)
