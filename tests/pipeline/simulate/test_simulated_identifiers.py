import base64
import uuid
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.simulate import identifiers

accounts = st.integers(0, 10**12 - 1).map("{:012d}".format)
seeds = st.integers(0, 2**32)


def test_a_published_key_id_decodes_to_its_account():
    assert identifiers.account_of_key("ASIAY34FZKBOKMUTVV7A") == "609629065308"


@given(account_id=accounts, seed=seeds, prefix=st.sampled_from(["AKIA", "ASIA"]))
def test_a_key_id_carries_its_account(account_id: str, seed: int, prefix: str):
    key_id = identifiers.access_key_id(prefix, account_id, Random(seed))
    assert len(key_id) == 20
    assert key_id.startswith(prefix)
    assert identifiers.account_of_key(key_id) == account_id


@pytest.mark.parametrize(
    "key_id", ["", "AKIA", "AKIAIOSFODNN7EXAMPLE", "AKIA0000000000000000", "AKIA" + "Q" * 17]
)
def test_what_holds_no_account_has_none(key_id: str):
    assert identifiers.account_of_key(key_id) is None


@given(value=st.uuids())
def test_a_token_id_is_a_guid_little_endian_and_back(value: uuid.UUID):
    token_id = identifiers.token_id_of(str(value))
    assert len(token_id) == 22
    assert base64.urlsafe_b64decode(token_id + "==") == value.bytes_le
    assert identifiers.guid_of_token(token_id) == str(value)


def test_a_published_token_id_is_read():
    assert identifiers.guid_of_token("IdP3SUJGtkGlt7dDQVRPAA") == "49f7d321-4642-41b6-a5b7-b74341544f00"


def test_another_text_is_no_token_id():
    with pytest.raises(ValueError, match="expected 22"):
        identifiers.guid_of_token("49f7d321-4642-41b6-a5b7-b74341544f00")


@given(seed=seeds)
def test_ids_have_their_vendors_shape(seed: int):
    rng = Random(seed)
    assert uuid.UUID(identifiers.guid(rng)).version == 4
    assert identifiers.request_guid(rng)[-2:] in {"00", "01"}
    assert identifiers.aws_resource_id("snap", rng).startswith("snap-0")
    assert len(identifiers.aws_resource_id("vol", rng)) == len("vol-0") + 16
    role_id = identifiers.principal_id("AROA", rng)
    assert len(role_id) == 21
    assert set(role_id) <= set(identifiers.BASE32)


@given(seed=seeds)
def test_the_same_seed_gives_the_same_ids(seed: int):
    first, second = Random(seed), Random(seed)
    assert identifiers.guid(first) == identifiers.guid(second)
    assert identifiers.session_token(first) == identifiers.session_token(second)
