"""`neuralprog tune`, for a clone: see `python scripts/tune.py --help`."""

import sys

try:
    from neuralprog_agents.cli import main
except ImportError:
    sys.exit("neuralprog is not installed here: run `make demo`, or pip install -e '.[agents]'")

if __name__ == "__main__":
    sys.exit(main(command="tune"))
