"""Meeting BaaS's API, both generations.

Source: https://github.com/Meeting-BaaS/docs at fd14185 (2026-05-13): `openapi.json`, `openapi-v2.json`,
`content/docs/api/reference/{get_meeting_data,retranscribe_bot,delete_data}.mdx`,
`content/docs/api-v2/{webhooks,artifacts,deduplication-rate-limiting}.mdx`; for v2's retranscription, which
these lack, https://github.com/Meeting-BaaS/sdk-generator at d0a1d42: `src/generated/v2/api/bots/bots.ts`.

Contradictions observed, and what is done about them:
- a wrong key is 401 in v1, 403 in v2, which gives 403 also to keys that may only send bots
- v1 has no published rate limit but that of `delete_data`; v2 says that GET has none, and lists 429 for each:
  v1 is asked five times a second at most, v2 until it says 429
- the wait after a 429 is in `Retry-After`, in `retryAfter` or in `x-ratelimit-reset`: all are read
- `artifacts_deleted` of v2's answer is called `data_deleted` in its webhooks: both are read; v1 says nothing
  of the kind, only "" for each file
- v2's deletion answers with a message (schema) or with `deleted` (prose): the status alone counts, unless
  `deleted` is false
"""

from infra.providers.meeting_baas.api import open_meeting_baas

__all__ = ["open_meeting_baas"]
