"""``python -m gmmlib``."""

import sys

from gmmlib.cli import main

sys.exit(main())
