"""Studies of tests need not outlive a power cut: SQLite waits for no disk here."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy.engine import Engine


@sqlalchemy.event.listens_for(Engine, "connect")
def _hasty(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA synchronous=OFF")
