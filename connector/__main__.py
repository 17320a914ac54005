"""`python -m connector`, and the command `dui-connector`."""

from connector.cli.main import run


def main() -> None:
    """Run the command line."""
    run()


if __name__ == "__main__":
    main()
