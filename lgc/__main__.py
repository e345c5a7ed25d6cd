"""The program `lgc`, and ``python -m lgc``: whatever goes wrong from the first import on has its exit code."""

from __future__ import annotations

import sys

from lgc.ends import ending, show_traceback


def main() -> None:
    """Run the command line."""
    try:
        from lgc.cli import main as command
    except BaseException as error:  # a package is damaged, or Ctrl-C came very early
        code, text = ending(error)
        show_traceback(error)
        if sys.stderr is not None:
            sys.stderr.write(f"lgc: {text}\n")
        sys.exit(code)
    command()


if __name__ == "__main__":
    main()
