"""Vonage Video's API, in both of its worlds: OpenTok projects and Vonage applications.

Source: https://tokbox.com/developer/rest/; https://developer.vonage.com/en/api/video; OpenAPI 0.3.2 as
https://github.com/api-evangelist/vonage at 89d17b3 mirrors it (`openapi/vonage-archives-api-openapi.yml`).

Contradictions observed, and what is done about them:
- no rate limit is published: it is asked five times a second at most
- nothing but the archives of a session can be asked for: a session without one is unknown here
- an archive's link lives for ten minutes, and each answer has another one: a list's is as good as a single
  archive's, and one question tells of all
- where a transcription is in the customer's own bucket is not documented: it is looked for beside the archive
"""

from infra.providers.vonage.api import open_vonage
from infra.providers.vonage.tokens import Authorize, application, opentok

__all__ = ["Authorize", "application", "open_vonage", "opentok"]
