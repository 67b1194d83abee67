"""The door's own commands: flags, keys, and what is kept beside things. Those about approvals stand by themselves."""

from django.utils.translation import gettext_lazy as _

from apps.operations import outputs, serializers
from apps.operations.registry import BY_OPERATORS, EVERYWHERE, Command, register
from apps.operations.services import beside, flags, keys

register(
    Command(
        name="operations.set_feature_flag",
        summary=_("Set a feature flag"),
        handler=flags.set_feature_flag,
        input=serializers.SetFeatureFlagInput,
        permission="operations.set_feature_flag",
        surfaces=BY_OPERATORS,
        aliases=("setFeatureFlag",),
    )
)
register(
    Command(
        name="operations.reset_key",
        summary=_("Free the key of a refused operation"),
        handler=keys.reset_key,
        input=serializers.ResetKeyInput,
        output=outputs.KeyResetResult,
        permission="operations.reset_key",
        scope="platform:write",
        path="operations/{operation}/reset-key",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="operations.add_note",
        summary=_("Add a note"),
        handler=beside.add_note,
        input=serializers.AddNoteInput,
        permission="operations.add_note",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="operations.assign",
        summary=_("Assign to somebody"),
        handler=beside.assign,
        input=serializers.AssignInput,
        permission="operations.assign",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="operations.attach_file",
        summary=_("Attach a file"),
        handler=beside.attach_file,
        input=serializers.AttachFileInput,
        permission="operations.attach_file",
        surfaces=BY_OPERATORS,
        # Neither drawn again nor kept in the operation, which has its hash.
        secret_fields=frozenset({"content"}),
    )
)
