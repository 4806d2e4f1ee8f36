"""``python -m gmmlib``."""

import sys

from gmmlib.cli.main import main

sys.exit(main())
