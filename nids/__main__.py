"""The ``nids`` command, also as ``python -m nids`` where it is not on the path."""

from __future__ import annotations

from nids import interruption


def main() -> None:
    """Run the command; SIGINT and SIGTERM end it in order from here on, its own imports included."""
    interruption.run(_command)


def _command() -> None:
    from nids.cli import main

    main()


if __name__ == "__main__":
    main()
