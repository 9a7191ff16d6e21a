"""The headers of a record: CloudEvents 1.0, Kafka protocol binding, binary mode. Every value is text."""

from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.contract.models import Headers
from schemas.dead_letter import DeadLetterKind

_TIME: Final = {"format": "date-time"}
_WHOLE_NUMBER: Final = "^[0-9]+$"
_WHOLE_NUMBER_OR_EMPTY: Final = "^[0-9]*$"


class EventHeaders(Headers):
    """The attributes of an event. Others may come: pass over what you do not know."""

    ce_specversion: Literal["1.0"]
    ce_id: Annotated[
        str,
        Field(
            min_length=1,
            description="The same for every delivery of the same event or fact: what you have done under it"
            " is done.",
        ),
    ]
    ce_source: Annotated[
        str, Field(description="`/webhooks/<provider>`, or `/consumers/<name>` for a fact.", min_length=1)
    ]
    ce_type: Annotated[
        str,
        Field(description="`<provider>.<event>` for a webhook, the fact's name for a fact.", min_length=1),
    ]
    ce_subject: Annotated[
        str, Field(description="The meeting (calendar, alert rule) it is about; absent where there is none.")
    ] = ""
    ce_time: Annotated[
        str,
        Field(
            json_schema_extra=_TIME,
            description="When it happened by the sender's clock; where it does not say, when it came.",
        ),
    ]
    content_type: Annotated[
        str, Field(alias="content-type", description="Of the value; of a webhook as the sender gave it.")
    ]
    traceparent: Annotated[
        str, Field(description="W3C trace context: a fact carries on that of the webhook which caused it.")
    ] = ""
    replay: Annotated[
        str, Field(description="Only of what was republished: the name of the replay by which it came again.")
    ] = ""


class DeadLetterHeaders(EventHeaders):
    """The headers that the record had, and beside them who gave up on it and why."""

    dl_consumer: Annotated[
        str, Field(description="Who gave up; `receiver` for what never was an event.", min_length=1)
    ]
    dl_kind: Annotated[
        DeadLetterKind,
        Field(
            description="`invalid`: the receiver could not read it. `poison`: it can never work. `exhausted`:"
            " tried too often. `bug`: an error of our own."
        ),
    ]
    dl_error: Annotated[str, Field(description="The reason in one line, without secrets, for people.")]
    dl_attempts: Annotated[str, Field(pattern=_WHOLE_NUMBER)]
    dl_topic: Annotated[str, Field(description="Where the record stands, or would have stood.")]
    dl_partition: Annotated[
        str, Field(pattern=_WHOLE_NUMBER_OR_EMPTY, description='"" where it never reached a topic.')
    ]
    dl_offset: Annotated[
        str, Field(pattern=_WHOLE_NUMBER_OR_EMPTY, description='"" where it never reached a topic.')
    ]
    dl_time: Annotated[str, Field(json_schema_extra=_TIME, description="When it was given up.")]
    dl_channel: Annotated[
        str, Field(description="How the webhook was authenticated; only from the receiver.")
    ] = ""
    dl_traceback: Annotated[str, Field(description="Only of a `bug`.")] = ""
    dl_replay: Annotated[
        str, Field(description="Only of what failed again: the name of the replay in which it did.")
    ] = ""
