"""Which nodes are heard, over reconnections and floods."""

from herdbook.llama.herd.presence import MAX_HEARD, Presence


def test_only_changes_are_changes() -> None:
    presence = Presence()
    assert not presence.hear("a", online=False, known=False)
    assert presence.hear("a", online=True, known=False)
    assert not presence.hear("a", online=True, known=False)
    assert presence.is_online("a")
    assert presence.hear("a", online=False, known=False)
    assert not presence.is_online("a")


def test_who_is_not_confirmed_after_a_reconnection_went() -> None:
    presence = Presence()
    for node_id in "ab":
        presence.hear(node_id, online=True, known=False)
    presence.begin()
    assert not presence.hear("a", online=True, known=False), "confirmed, not changed"
    assert presence.settle() == {"b"}
    assert (presence.is_online("a"), presence.is_online("b")) == (True, False)
    assert presence.settle() == set()


def test_a_flood_of_ids_is_not_kept() -> None:
    presence = Presence()
    for number in range(MAX_HEARD):
        assert presence.hear(str(number), online=True, known=False)
    assert not presence.hear("one more", online=True, known=False)
    assert presence.hear("0", online=False, known=False)
    assert presence.hear("one more", online=True, known=False)


def test_a_flood_takes_no_place_of_a_known_node() -> None:
    presence = Presence()
    for number in range(MAX_HEARD):
        presence.hear(str(number), online=True, known=False)
    assert presence.hear("ours", online=True, known=True)
    assert presence.is_online("ours")
