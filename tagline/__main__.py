"""The `tagline` command; `python -m tagline` is the same."""

import sys


def main() -> None:
    """Run a command; packing goes past the others' machinery, which takes as long as 100 images."""
    if sys.argv[1:2] == ["im2rec"]:
        from tagline.cli.errors import Refused  # noqa: PLC0415
        from tagline.cli.im2rec import im2rec  # noqa: PLC0415

        try:
            im2rec(sys.argv[2:])
        except Refused as exc:
            sys.exit(f"tagline: {exc}")
    if sys.argv[1:2] == ["__complete"]:  # asked by a shell: `tagline completion` prints how
        from tagline.cli.completing import complete  # noqa: PLC0415

        complete(sys.argv[2:])
        return
    from tagline.cli.main import app  # noqa: PLC0415

    app()


if __name__ == "__main__":
    main()
