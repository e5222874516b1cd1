"""What stands against taking a proof for one person."""

from identity.identifiers import normalise
from identity.proofs import accounts_conflict


def accounts(*values, scope="shop"):
    return [normalise("account", value, scope, None) for value in values]


def test_accounts_of_one_shop_conflict_where_none_is_in_common():
    assert accounts_conflict(accounts("17", "18"), accounts("42", "n/a", scope="Shop"))
    assert not accounts_conflict(accounts("17"), [])
    assert not accounts_conflict(accounts("17", "42"), accounts("42"))
    assert not accounts_conflict(accounts("17"), accounts("42", scope="other"))
    assert not accounts_conflict([normalise("email", "a@x.de", None, None)], accounts("42"))


def test_an_account_that_is_nobodys_contradicts_nothing():
    assert not accounts_conflict(accounts("17"), accounts("n/a"))
