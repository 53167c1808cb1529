"""``python -m demo``: see scripts/demo."""

from demo.main import main

raise SystemExit(main())
