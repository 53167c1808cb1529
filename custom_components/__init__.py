"""Makes this folder a regular package, so that tests import it before the test harness's own."""
