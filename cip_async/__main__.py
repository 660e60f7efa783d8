"""`python -m cip_async` is `cip`."""

from cip_async.cli import main

if __name__ == "__main__":
    main()
