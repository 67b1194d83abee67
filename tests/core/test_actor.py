from apps.core.actor import Actor


def test_the_system_can_only_what_code_says():
    worker = Actor.system("worker", ["transfers.settle"])
    assert worker.id == "system:worker"
    assert worker.can("transfers.settle")
    assert not worker.can("transfers.cancel")
    assert not worker.is_person


def test_a_user_is_a_person():
    user = Actor(kind="user", id="usr_1", label="Ada", permissions=frozenset({"transfers.view"}), book_id=1)
    assert user.is_person
    assert user.roles == frozenset()
