"""Makes `peer_files`, the writers of the peers' formats, importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
