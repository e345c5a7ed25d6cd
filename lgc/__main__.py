"""``python -m lgc``."""

from lgc.cli import main

if __name__ == "__main__":
    main()
