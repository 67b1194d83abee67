from decimal import Decimal
from uuid import UUID

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models

from apps.core import ids
from apps.core.encryption import decrypt
from apps.core.fields import EncryptedTextField, MinorUnitsField, PrefixedIdField
from apps.core.money import LIMIT

ID = "je_01jd8x5v9q4m7k2h3n6p0r1s2t"


class TestPrefixedIdField:
    field = PrefixedIdField(prefix="je", primary_key=True)

    def test_text_in_python_and_uuid_in_storage(self):
        stored = self.field.get_prep_value(ID)
        assert isinstance(stored, UUID)
        assert self.field.from_db_value(stored, None, connection) == ID
        assert self.field.to_python(stored) == self.field.to_python(ID) == ID
        assert self.field.get_prep_value(stored) == stored
        assert (
            self.field.get_prep_value(None)
            is self.field.from_db_value(None)
            is self.field.to_python(None)
            is None
        )

    @pytest.mark.parametrize(
        "value", ["wal_01jd8x5v9q4m7k2h3n6p0r1s2t", "je_", "", "nonsense", 7, ID.upper()]
    )
    def test_a_malformed_id_is_a_validation_error(self, value):
        for read in (self.field.to_python, self.field.get_prep_value):
            with pytest.raises(ValidationError):
                read(value)

    def test_a_primary_key_makes_its_own_ids(self):
        assert ids.decode("je", self.field.get_default()).version == 7
        assert PrefixedIdField(prefix="je", null=True).get_default() is None

    def test_migrations_keep_the_prefix_and_nothing_that_follows_from_it(self):
        _, path, args, kwargs = self.field.deconstruct()
        assert (path, args, kwargs) == (
            "apps.core.fields.PrefixedIdField",
            [],
            {"primary_key": True, "prefix": "je"},
        )
        assert self.field.clone().get_default().startswith("je_")
        _, _, _, kwargs = PrefixedIdField(prefix="je", default=None, null=True).deconstruct()
        assert kwargs == {"prefix": "je", "default": None, "null": True}

    def test_form_takes_text(self):
        assert self.field.formfield().clean(ID) == ID

    @pytest.mark.django_db
    def test_the_column_is_a_native_uuid(self):
        assert self.field.db_type(connection) == "uuid"
        stored = self.field.get_db_prep_value(ID, connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::uuid", [stored])
            assert self.field.from_db_value(cursor.fetchone()[0]) == ID


class TestMinorUnitsField:
    field = MinorUnitsField(name="amount")

    @pytest.mark.parametrize("value", [0, 5, -5, LIMIT - 1, 1 - LIMIT])
    def test_int_in_python(self, value):
        for read in (
            self.field.to_python(Decimal(value)),
            self.field.from_db_value(Decimal(value)),
            self.field.to_python(str(value)),
        ):
            assert type(read) is int
            assert read == value
        assert self.field.get_prep_value(value) == self.field.clean(value, None) == value

    @pytest.mark.parametrize("value", [1.0, True])
    def test_no_float(self, value):
        with pytest.raises(TypeError):
            self.field.get_prep_value(value)

    @pytest.mark.parametrize("value", [Decimal("1.5"), "1.5", "x", "NaN", LIMIT])
    def test_whole_numbers_within_the_column(self, value):
        with pytest.raises(ValidationError):
            self.field.clean(value, None)

    def test_migrations_leave_the_digits_out(self):
        assert self.field.deconstruct()[1:] == ("apps.core.fields.MinorUnitsField", [], {})
        assert (self.field.clone().max_digits, self.field.clone().decimal_places) == (38, 0)

    @pytest.mark.django_db
    def test_the_column_holds_every_amount(self):
        assert self.field.db_type(connection) == "numeric(38, 0)"
        with connection.cursor() as cursor:
            for value in (0, 1 - LIMIT, LIMIT - 1):
                cursor.execute("SELECT %s::numeric(38,0)", [self.field.get_db_prep_value(value, connection)])
                assert self.field.from_db_value(cursor.fetchone()[0]) == value


class TestEncryptedTextField:
    field = EncryptedTextField()

    def test_encrypted_in_storage(self):
        stored = self.field.get_prep_value("GB33BUKB20201555555555")
        assert "GB33" not in stored
        assert decrypt(stored) == self.field.from_db_value(stored) == "GB33BUKB20201555555555"
        assert self.field.get_prep_value(None) is self.field.from_db_value(None) is None

    def test_cannot_be_searched(self):
        class Secret(models.Model):  # noqa: DJ008
            text = EncryptedTextField()

            class Meta:
                app_label = "core_tests"

        Secret.objects.filter(text__isnull=True)
        with pytest.raises(FieldError):
            Secret.objects.filter(text="x")
