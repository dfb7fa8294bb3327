"""`python -m fwsim`."""

import os

try:
    from fwsim.cli import main

    if __name__ == "__main__":
        main()
except KeyboardInterrupt:  # before main was there to see to it
    os._exit(130)
