import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from apps.core.encryption import DecryptionFailed, decrypt, encrypt


@given(st.text())
def test_every_text_comes_back(text):
    assert decrypt(encrypt(text)) == text


def test_the_same_text_never_looks_the_same():
    assert encrypt("secret") != encrypt("secret")


def test_old_keys_decrypt_and_the_first_encrypts(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    token = encrypt("secret")
    settings.ENCRYPTION_KEYS = [new, old]
    assert decrypt(token) == "secret"
    token = encrypt("secret")
    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(token) == "secret"


@pytest.mark.parametrize("damage", [lambda token: token[:-4] + "AAAA", lambda _: "nonsense", lambda _: ""])
def test_without_its_key_or_damaged_it_is_refused(damage):
    with pytest.raises(DecryptionFailed) as refusal:
        decrypt(damage(encrypt("secret")))
    assert refusal.value.code == "DECRYPTION_FAILED"
    assert "ENCRYPTION_KEYS" in refusal.value.message


@pytest.mark.parametrize("keys", [[], ["short"]])
def test_bad_settings_are_named(settings, keys):
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS"):
        encrypt("secret")
