import pytest

from tests.disk import disk as disk
from tests.vault.locked import Locked, make_locked


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Locked:
    """A vault that is copied, never changed."""
    return make_locked(tmp_path_factory.mktemp("locked"))
