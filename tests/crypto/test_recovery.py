import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.crypto.recovery import new_recovery_code, read_recovery_code
from herdbook.errors import RecoveryCodeInvalid

CODE = new_recovery_code()


def test_a_code_has_eight_groups_of_four_without_letters_that_look_alike() -> None:
    groups = CODE.split("-")
    assert [len(group) for group in groups] == [4] * 8
    assert not set("".join(groups)) & set("ILOU")


def test_no_two_codes_are_alike() -> None:
    assert len({new_recovery_code() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " – "),
        f"  {CODE}\n",
        CODE.replace("0", "O").replace("1", "l"),
        CODE.replace("0", "o").replace("1", "I"),
    ],
    # The code is another one in each worker, and names of tests must not be.
    ids=["lower", "joined", "spaced", "around", "O and l", "o and I"],
)
def test_the_usual_ways_of_typing_are_forgiven(typed: str) -> None:
    assert read_recovery_code(typed) == CODE


@given(st.integers(0, 31), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_letter_is_always_noticed(place: int, letter: str) -> None:
    letters = list(CODE.replace("-", ""))
    if letters[place] == letter:
        return
    letters[place] = letter
    with pytest.raises(RecoveryCodeInvalid, match="mistake"):
        read_recovery_code("".join(letters))


@given(st.text(max_size=80))
def test_any_other_text_is_refused_and_never_repeated(typed: str) -> None:
    with pytest.raises(RecoveryCodeInvalid) as raised:
        read_recovery_code(typed)
    # Fewer than twelve characters can stand in our own words by chance.
    assert len(typed) < 12 or typed not in str(raised.value)


def test_a_password_is_not_a_recovery_code() -> None:
    with pytest.raises(RecoveryCodeInvalid):
        read_recovery_code("correct horse battery staple")
