"""``python -m darkmc``."""

import sys

from darkmc.cli import main

sys.exit(main())
