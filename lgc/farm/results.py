"""Results as files, each named by the digest of the request that it answers: to work twice changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgc.files import replacing, write_text

CHECKPOINT = "checkpoint"


def digest_of(request: Mapping[str, Any]) -> str:
    """Of what decides a result, as JSON."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Results:
    """A folder of results: ``DIGEST.json``, and where a network came of it ``DIGEST.pt``.

    The network is written first, and the JSON says its digest: what lies there is whole, or counts as not there.
    """

    folder: Path

    def path(self, digest: str) -> Path:
        """Of the network of a result."""
        return self.folder / f"{digest}.pt"

    def find(self, digest: str) -> dict[str, Any] | None:
        """A result; None if there is none that is whole."""
        try:
            content: dict[str, Any] = json.loads((self.folder / f"{digest}.json").read_text(encoding="utf-8"))
            wanted = content.get(CHECKPOINT)
            if wanted and hashlib.sha256(self.path(digest).read_bytes()).hexdigest() != wanted:
                return None
        except (OSError, ValueError, AttributeError):
            return None
        return content

    def keep(self, digest: str, content: Mapping[str, Any], checkpoint: bytes | None) -> None:
        """Write a result, unless there is one.

        Raises:
            OutputError: it cannot be written.
        """
        if self.find(digest) is not None:
            return
        named = dict(content)
        if checkpoint is not None:
            named[CHECKPOINT] = hashlib.sha256(checkpoint).hexdigest()
            with replacing(self.path(digest)) as temporary:
                temporary.write_bytes(checkpoint)
        write_text(self.folder / f"{digest}.json", json.dumps(named, indent=1, sort_keys=True) + "\n")
